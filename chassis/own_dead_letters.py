"""A service's own dead letters, for the node's team: seen, handled once more, or thrown away.

A service reads and removes only what it left itself, and says what it says as itself: it hands a letter to its own
handler again, where the operator's command puts it back in the stream for everybody. No address of these is forwarded:
the page asks with the identity of whoever is at it. The letters about one
entity, of one event type, are seen as one and go together, the oldest first.
"""

from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from nats.aio.msg import Msg
from nats.errors import TimeoutError as NothingMore
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from pydantic import BaseModel
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.dead_letters import is_of_erasure, rejection_of
from chassis.deeds import note_deed
from chassis.identity import Identity, NodeTeam
from chassis.mailboxes import say
from chassis.problems import Problem, Unavailable
from chassis.telemetry import describe
from chassis.transactions import Item
from contracts.deeds import Deed
from contracts.event import is_subject_token, new_id

if TYPE_CHECKING:
    from chassis.service import Service

router = APIRouter(prefix="/team/dead-letters", include_in_schema=False)

#: How many letters are shown, and how many of them are read at once.
LETTERS_MAX, READ_AT_ONCE = 200, 200
ASKING_SECONDS = 2.0


class LetterNotFound(
    Problem, slug="dead-letter-not-found", status=404, title="This dead letter is not here (any more)"
):
    """It was handled, thrown away, or is another service's."""


class StillFails(Problem, slug="dead-letter-fails", status=409, title="It could not be handled this time either"):
    """`reason` tells why, as it stands in the letter."""


class LetterOfErasure(
    Problem, slug="dead-letter-of-erasure", status=409, title="Somebody is erased by it: mend the cause, and try again"
):
    """Thrown away, what the service has of them would stay for good."""


LetterId = Annotated[str, Path(max_length=300)]


class LetterView(BaseModel):
    """What could not be handled; without its content, which may be personal."""

    letter_id: str
    event: str
    reason: str
    attempts: int
    buried_at: str
    may_go: bool


@router.get("", response_model=list[LetterView])
async def list_letters(request: Request, _: NodeTeam) -> list[LetterView]:
    """The service's own dead letters, the newest first and no more than `LETTERS_MAX`: the newest of each entity."""
    service: Service = request.app.state.service
    newest: deque[Msg] = deque(maxlen=LETTERS_MAX)
    async for letter in _read(service, ">", deliver_policy=DeliverPolicy.LAST_PER_SUBJECT, headers_only=True):
        newest.appendleft(letter)
    return [_view(service, letter) for letter in newest]


@router.post("/{letter_id}/replay", status_code=204)
async def replay(letter_id: LetterId, request: Request, who: NodeTeam) -> Response:
    """Whoever hears it here gets it once more; what was handled meanwhile is left alone."""
    service: Service = request.app.state.service
    letters, done = await _letters(service, letter_id), None
    try:
        for letter in letters:
            await _handle_once_more(service, letter)
            done = letter
    finally:
        if done:
            await _remove(service, letter_id, done, who, Deed.DEAD_LETTER_REPLAYED)
    return Response(status_code=204)


@router.delete("/{letter_id}", status_code=204)
async def throw_away(letter_id: LetterId, request: Request, who: NodeTeam) -> Response:
    """Nobody will handle it, which whoever said it hears; raises `LetterOfErasure`."""
    service: Service = request.app.state.service
    letters = await _letters(service, letter_id)
    if not all(_may_go(service, letter) for letter in letters):
        raise LetterOfErasure
    await _remove(service, letter_id, letters[-1], who, Deed.DEAD_LETTER_DROPPED, thrown_away=letters)
    return Response(status_code=204)


async def _handle_once_more(service: "Service", letter: Msg) -> None:
    """Raises `StillFails`. Of two who hear it, who did not leave the letter finds the event in the inbox."""
    subject = (letter.headers or {}).get("Odh-Subject", "")
    consumers = [one for one in service.consumers if one.is_of(subject)]
    if not consumers:
        raise StillFails(reason="nobody here hears it any more")
    for consumer in consumers:
        try:
            prevented = await consumer.once_more(Msg(letter._client, subject=subject, data=letter.data))
        except Exception as error:
            prevented = error
        if prevented is not None:
            raise StillFails(reason=describe(prevented))


async def _letters(service: "Service", letter_id: str) -> list[Msg]:
    """Those that are seen as this one, oldest first; raises `LetterNotFound`."""
    if not all(map(is_subject_token, letter_id.split("."))):
        raise LetterNotFound
    found = [letter async for letter in _read(service, letter_id)]
    if not found:
        raise LetterNotFound
    return found


async def _read(service: "Service", letter_id: str, **how: Any) -> AsyncIterator[Msg]:
    """The service's own letters, oldest first: by a consumer of a moment, as a service may make one."""
    if not service.streams.is_ready:
        raise Unavailable("the broker is away")
    js, stream = service.streams.js, service.streams.name("dead")
    config = ConsumerConfig(
        name=f"{service.name}-letters-{new_id()}",
        filter_subject=_subject(service, letter_id),
        ack_policy=AckPolicy.NONE,
        inactive_threshold=10,
        **how,
    )
    made = await js.add_consumer(stream, config)
    left = made.num_pending or 0
    found = await js.pull_subscribe_bind(consumer=made.name, stream=stream)
    while left > 0:
        try:
            letters = await found.fetch(min(left, READ_AT_ONCE), timeout=ASKING_SECONDS)
        except NothingMore:  # they were removed meanwhile
            return
        left -= len(letters)
        for letter in letters:
            yield letter


async def _remove(
    service: "Service", letter_id: str, newest: Msg, who: Identity, deed: Deed, *, thrown_away: Sequence[Msg] = ()
) -> None:
    """Takes a letter away with the older ones; what has been left since is seen again."""

    async def note(session: AsyncSession) -> None:
        for rejection in filter(None, map(rejection_of, thrown_away)):
            say(session, rejection)
        note_deed(session, service.name, who, deed, service.now(), matter="dead-letter", matter_id=letter_id[:128])

    await service.transactions.do(Item(note))
    await service.streams.purge("dead", newest.subject, before=newest.metadata.sequence.stream + 1)


def _subject(service: "Service", letter_id: str) -> str:
    return f"odh.{service.settings.node}.dead.{service.name}.{letter_id}"


def _id_of(service: "Service", letter: Msg) -> str:
    """The event and the entity that it is about, which is the rest of its subject."""
    return letter.subject.removeprefix(_subject(service, ""))


def _may_go(service: "Service", letter: Msg) -> bool:
    """What erases somebody may not, unless nobody here hears it any more."""
    subject = (letter.headers or {}).get("Odh-Subject", "")
    return not is_of_erasure(letter) or not any(one.is_of(subject) for one in service.consumers)


def _view(service: "Service", letter: Msg) -> LetterView:
    headers = letter.headers or {}
    subject = headers.get("Odh-Subject", letter.subject).split(".")
    return LetterView(
        letter_id=_id_of(service, letter),
        event=".".join(subject[-3:-1]),
        reason=headers.get("Odh-Reason", ""),
        attempts=int(headers.get("Odh-Attempts", "0") or 0),
        buried_at=headers.get("Odh-Buried-At", ""),
        may_go=_may_go(service, letter),
    )
