"""A service's own dead letters, for the node's team: seen, handled once more, or thrown away.

A service reads and removes only what it left itself, and says what it says as itself: it hands a letter to its own
handler again, where the operator's command puts it back in the stream for everybody. No address of these is forwarded:
the page asks with the identity of whoever is at it. A letter is about one event; an
older one about the same entity goes with it, for the highest version wins.
"""

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Request, Response
from nats.aio.msg import Msg
from nats.errors import TimeoutError as NothingMore
from nats.js.api import AckPolicy, ConsumerConfig
from pydantic import BaseModel
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.deeds import note_deed
from chassis.identity import Identity, NodeTeam
from chassis.problems import Problem, Unavailable
from chassis.telemetry import describe
from chassis.transactions import Item
from contracts.deeds import Deed
from contracts.event import is_subject_token, new_id

if TYPE_CHECKING:
    from chassis.service import Service

router = APIRouter(prefix="/team/dead-letters", include_in_schema=False)

LETTERS_MAX = 200
ASKING_SECONDS = 2.0


class LetterNotFound(
    Problem, slug="dead-letter-not-found", status=404, title="This dead letter is not here (any more)"
):
    """It was handled, thrown away, or is another service's."""


class StillFails(Problem, slug="dead-letter-fails", status=409, title="It could not be handled this time either"):
    """`reason` tells why, as it stands in the letter."""


class LetterView(BaseModel):
    """What could not be handled; without its content, which may be personal."""

    letter_id: str
    event: str
    reason: str
    attempts: int
    buried_at: str


@router.get("", response_model=list[LetterView])
async def list_letters(request: Request, _: NodeTeam) -> list[LetterView]:
    """The service's own dead letters, the newest first."""
    service: Service = request.app.state.service
    return [_view(service, letter) for letter in reversed(await _letters(service))]


@router.post("/{letter_id}/replay", status_code=204)
async def replay(letter_id: Annotated[str, Path(max_length=300)], request: Request, who: NodeTeam) -> Response:
    """The handler gets it once more; what was handled meanwhile is left alone."""
    service: Service = request.app.state.service
    letter = await _letter(service, letter_id)
    subject = (letter.headers or {}).get("Odh-Subject", "")
    consumer = next((one for one in service.consumers if one.is_of(subject)), None)
    if consumer is None:
        raise StillFails(reason="nobody here hears it any more")
    try:
        prevented = await consumer.once_more(Msg(letter._client, subject=subject, data=letter.data))
    except Exception as error:
        prevented = error
    if prevented is not None:
        raise StillFails(reason=describe(prevented))
    await _remove(service, letter, who, Deed.DEAD_LETTER_REPLAYED)
    return Response(status_code=204)


@router.delete("/{letter_id}", status_code=204)
async def throw_away(letter_id: Annotated[str, Path(max_length=300)], request: Request, who: NodeTeam) -> Response:
    """Nobody will handle it."""
    service: Service = request.app.state.service
    await _remove(service, await _letter(service, letter_id), who, Deed.DEAD_LETTER_DROPPED)
    return Response(status_code=204)


async def _letters(service: "Service") -> list[Msg]:
    """The newest of each entity, oldest first: a consumer of a moment, as a service may make one."""
    if not service.streams.is_ready:
        raise Unavailable("the broker is away")
    js, stream = service.streams.js, service.streams.name("dead")
    config = ConsumerConfig(
        name=f"{service.name}-letters-{new_id()}",
        filter_subject=f"odh.{service.settings.node}.dead.{service.name}.>",
        ack_policy=AckPolicy.NONE,
        inactive_threshold=10,
    )
    made = await js.add_consumer(stream, config)
    if not made.num_pending:
        return []
    found = await js.pull_subscribe_bind(consumer=made.name, stream=stream)
    letters: dict[str, Msg] = {}
    try:
        for letter in await found.fetch(min(made.num_pending, LETTERS_MAX), timeout=ASKING_SECONDS):
            letters.pop(letter.subject, None)
            letters[letter.subject] = letter
    except NothingMore:
        pass
    return list(letters.values())


async def _letter(service: "Service", letter_id: str) -> Msg:
    if not all(map(is_subject_token, letter_id.split("."))):
        raise LetterNotFound
    found = next((one for one in await _letters(service) if _id_of(service, one) == letter_id), None)
    if found is None:
        raise LetterNotFound
    return found


async def _remove(service: "Service", letter: Msg, who: Identity, deed: Deed) -> None:
    async def note(session: AsyncSession) -> None:
        matter_id = _id_of(service, letter)[:128]
        note_deed(session, service.name, who, deed, service.now(), matter="dead-letter", matter_id=matter_id)

    await service.transactions.do(Item(note))
    await service.streams.purge("dead", letter.subject)


def _id_of(service: "Service", letter: Msg) -> str:
    """The event and the entity that it is about, which is the rest of its subject."""
    return letter.subject.removeprefix(f"odh.{service.settings.node}.dead.{service.name}.")


def _view(service: "Service", letter: Msg) -> LetterView:
    headers = letter.headers or {}
    subject = headers.get("Odh-Subject", letter.subject).split(".")
    return LetterView(
        letter_id=_id_of(service, letter),
        event=".".join(subject[-3:-1]),
        reason=headers.get("Odh-Reason", ""),
        attempts=int(headers.get("Odh-Attempts", "0") or 0),
        buried_at=headers.get("Odh-Buried-At", ""),
    )
