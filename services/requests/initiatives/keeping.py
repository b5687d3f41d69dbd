"""What is heard of introductions, and what other nodes tell of initiatives with people of ours."""

from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Streams
from contracts.matching import IntroductionMade
from contracts.requests import InitiativeNoteTold, InitiativeTold
from contracts.vocabulary import InitiativeStatus, Side
from services.requests import store as propositions
from services.requests.initiatives import erasing, rules, store, telling
from services.requests.initiatives.tables import Initiative, Introduction, Note
from services.requests.settings import RequestsSettings

_STATE = (
    "version", "status", "text", "kind", "started_by", "started_at", "ended_by", "ended_at", "because",
    "because_words", "outcome", "students", "may_be_told",
)  # fmt: skip

#: What either of the two can change while it goes on: the newest of it stands by itself.
_WORDED = ("wording", "title", "starts_on", "ends_on")


async def introduce(
    session: AsyncSession,
    event: IntroductionMade,
    now: datetime,
    settings: RequestsSettings,
    *,
    introduced_at: datetime,
) -> None:
    """Two people can start something together; what the other did meanwhile in another node is seen from now on."""
    await store.one_at_a_time(session, event.match_id)
    if await store.introduction_of(session, event.match_id):
        return
    known = await _introduction(session, event, introduced_at)
    initiative = await store.initiative(session, event.match_id)
    if known is None or (initiative and initiative.told_by != known.other_node()):
        await store.remove(session, event.match_id)  # of somebody who was erased, or not that node's to tell
        if initiative:
            await session.delete(initiative)
            initiative = None
    if known is None:
        return
    session.add(known)
    for side in known.own_sides():  # who could not write yet wrote nothing, whatever another node told
        await store.remove(session, event.match_id, side=side)
    if initiative:
        await _tell_news(session, known, initiative, settings, now)


async def _introduction(session: AsyncSession, event: IntroductionMade, introduced_at: datetime) -> Introduction | None:
    """As it is kept; none when what was asked or offered here went with its member.

    The national node brings together people of two others. Nothing can start from that there; it is known by it what
    to remove when one of them is erased, since what the two nodes tell each other passes here.
    """
    own_id = event.request_id if event.asker.node is None else event.offer_id
    members = [party.member_id for party in (event.asker, event.offerer) if party.node is None]
    own = await propositions.find(session, own_id) if members else None
    if members and (own is None or await propositions.any_erased(session, members)):
        return None
    return Introduction(
        match_id=event.match_id,
        request_id=event.request_id,
        offer_id=event.offer_id,
        request_member_id=event.asker.member_id,
        offer_member_id=event.offerer.member_id,
        request_node=event.asker.node,
        offer_node=event.offerer.node,
        request_organisation_id=event.asker.organisation_id,
        offer_organisation_id=event.offerer.organisation_id,
        request_party=event.asker.model_dump(include={"organisation_name", "node_name"}),
        offer_party=event.offerer.model_dump(include={"organisation_name", "node_name"}),
        ambassador_ids=list(event.ambassador_ids),
        title=event.asker.title if own else "",
        kind=event.request_kind,
        themes=own.themes if own else [],
        place=own.place.model_dump() if own else {},
        introduced_at=introduced_at,
    )


async def keep_told(
    session: AsyncSession,
    told: InitiativeTold,
    said_by: str,
    now: datetime,
    settings: RequestsSettings,
    streams: Streams,
) -> None:
    """The other side did something in its node: the highest version stands, and who was erased there is forgotten."""
    known, initiative = await _of(session, told.initiative_id, said_by)
    before, worded = (initiative.version, initiative.wording) if initiative else (0, 0)
    gone = set(initiative.erased) if initiative else set()
    if set(told.erased) - gone:
        await erasing.forget_messages_of(session, told.initiative_id, streams)
    if initiative is None:
        initiative = Initiative(
            initiative_id=told.initiative_id, told_by=said_by, erased=[], **_of_others(told), **_worded(told)
        )
        session.add(initiative)
    else:
        newer = _of_others(told) if told.version > before else {}
        newer |= _worded(told) if (told.wording, told.version) > (worded, before) else {}
        if newer:
            initiative.erased = []  # what it tells may have the words of a side of ours that was erased meanwhile
        for name, value in newer.items():
            setattr(initiative, name, value)
    for side in sorted({*told.erased, *gone}):
        await erasing.forget_side(session, known, initiative, Side(side), now)
    if known is None or await erasing.removed_without_sides(session, known, initiative):
        return
    if initiative.version > before:
        await _tell_news(session, known, initiative, settings, now)
    elif initiative.wording > worded:
        await telling.to_people(session, known, initiative, "changed", known.own_sides())
        _look_after(session, initiative, settings, now)


async def keep_note(
    session: AsyncSession, told: InitiativeNoteTold, said_by: str, now: datetime, settings: RequestsSettings
) -> None:
    """The other side noted something in its node: the silence that our own side is reminded of begins anew."""
    known, initiative = await _of(session, told.initiative_id, said_by)
    if known and known.node_of(told.side) != said_by:
        raise rules.NotTheirsToTell
    if (initiative and told.side in initiative.erased) or await store.is_noted(session, told.note_id):
        return
    session.add(Note(**told.model_dump(exclude={"version"})))
    if initiative:
        initiative.noted_at = max(told.noted_at, initiative.noted_at or told.noted_at)
        if known:
            _look_after(session, initiative, settings, now)


async def tell_again(session: AsyncSession, node: str) -> None:
    """A node that was put back from a backup hears what is known here of what it has a side of."""
    for known, initiative in await store.with_node(session, node):
        telling.to_the_other_node(session, known, initiative)
        for note in reversed(await store.notes(session, initiative.initiative_id)):
            telling.note_to_the_other_node(session, known, note)


async def _of(session: AsyncSession, initiative_id: str, said_by: str) -> tuple[Introduction | None, Initiative | None]:
    await store.one_at_a_time(session, initiative_id)
    known, initiative = await store.introduction(session, initiative_id), await store.initiative(session, initiative_id)
    if (known and (known.other_node() != said_by or not known.own_sides())) or (
        initiative and not known and initiative.told_by != said_by
    ):
        raise rules.NotTheirsToTell
    return known, initiative


def _of_others(told: InitiativeTold) -> dict[str, Any]:
    """What another node tells, as it is kept; of erased sides that is done apart."""
    state = {name: getattr(told, name) for name in _STATE}
    return state | {"themes": [theme.value for theme in told.themes], "place": told.place.model_dump()}


def _worded(told: InitiativeTold) -> dict[str, Any]:
    return {name: getattr(told, name) for name in _WORDED}


async def _tell_news(
    session: AsyncSession, known: Introduction, initiative: Initiative, settings: RequestsSettings, now: datetime
) -> None:
    """Our own side hears what the other did, and a new one is looked after here too."""
    running = initiative.status == InitiativeStatus.RUNNING
    await telling.to_people(session, known, initiative, "started" if running else "ended", known.own_sides())
    _look_after(session, initiative, settings, now)


def _look_after(session: AsyncSession, initiative: Initiative, settings: RequestsSettings, now: datetime) -> None:
    if initiative.status == InitiativeStatus.RUNNING:
        telling.look_whether_quiet(session, initiative, settings.quiet_days, now)
