"""What is told of an initiative: to the country without words, to the node of the other side whole, to people here."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import say, say_later
from contracts.requests import (
    InitiativeEnded,
    InitiativeNews,
    InitiativeNoteTold,
    InitiativeQuietDue,
    InitiativeStarted,
    InitiativeTold,
    Reader,
)
from contracts.vocabulary import InitiativeStatus, Side
from services.requests import rules as days
from services.requests.initiatives import rules, store
from services.requests.initiatives.tables import Initiative, Introduction, Note

_OTHER = {Side.REQUEST: Side.OFFER, Side.OFFER: Side.REQUEST}

_WORDS = (
    "title", "text", "started_by", "started_at", "ended_by", "ended_at", "because", "because_words", "outcome",
    "students", "may_be_told", "erased", "wording",
)  # fmt: skip


def to_the_country(session: AsyncSession, known: Introduction, initiative: Initiative) -> None:
    """That it started, or ended and how; a sentence of what it brought only when its writer lets it be told."""
    state = _state(known, initiative)
    if initiative.status == InitiativeStatus.RUNNING:
        say(session, InitiativeStarted(**state))
        return
    ended = {"because": initiative.because, "students": initiative.students}
    outcome = initiative.outcome if initiative.may_be_told else None
    say(session, InitiativeEnded(**state, **ended, outcome=outcome))


def to_the_other_node(session: AsyncSession, known: Introduction, initiative: Initiative) -> None:
    """Its whole state, when a side of it is of another node."""
    if node := known.other_node():
        words = {name: getattr(initiative, name) for name in _WORDS}
        say(session, InitiativeTold(**_state(known, initiative), **words), to=node)


def note_to_the_other_node(session: AsyncSession, known: Introduction, note: Note) -> None:
    """What a side of ours noted, when the other is of another node."""
    if (node := known.other_node()) and known.node_of(note.side) is None:
        say(session, InitiativeNoteTold.model_validate(note.told()), to=node)


async def to_people(
    session: AsyncSession,
    known: Introduction,
    initiative: Initiative,
    news: Literal["started", "changed", "ended", "quiet"],
    sides: Collection[Side],
) -> None:
    """The members of this node on these sides are to hear it; not who left."""
    on_these = [side for side in known.own_sides() if side in sides and known.member_of(side)]
    gone = await store.who_left(session, [known.member_of(side) for side in on_these])
    readers = tuple(
        Reader(
            member_id=known.member_of(side),
            other_organisation=known.organisation_of(_OTHER[side]),
            other_member_id=known.member_of(_OTHER[side]),
            other_node=known.node_of(_OTHER[side]),
        )
        for side in on_these
        if known.member_of(side) not in gone
    )
    if readers:
        facts = {name: getattr(initiative, name) for name in ("status", "starts_on", "ends_on", "outcome")}
        told = InitiativeNews(
            initiative_id=initiative.initiative_id,
            news=news,
            readers=readers,
            title=initiative.title or "",
            quiet_since=quiet_since(initiative) if news == "quiet" else None,
            version=initiative.edition,
            **facts,
        )
        say(session, told)


def other_than(side: Side) -> tuple[Side]:
    """The other side."""
    return (_OTHER[side],)


def look_whether_quiet(session: AsyncSession, initiative: Initiative, quiet_days: int, now: datetime) -> None:
    """Sets the timer, instead of the one that may wait already."""
    due = InitiativeQuietDue(initiative_id=initiative.initiative_id, version=initiative.version)
    at = quiet_since(initiative) + timedelta(days=quiet_days)
    say_later(session, due, at=max(at, now))


def quiet_since(initiative: Initiative) -> datetime:
    """Since when nothing was noted of it."""
    begins = days.end_of(initiative.starts_on) if initiative.starts_on else None
    return rules.quiet_since(initiative.started_at, initiative.noted_at, begins)


def _state(known: Introduction, initiative: Initiative) -> dict[str, Any]:
    of_initiative = ("initiative_id", "version", "kind", "themes", "place", "starts_on", "ends_on", "status")
    of_introduction = (
        *("request_id", "offer_id", "request_node", "offer_node"),
        *("request_organisation_id", "offer_organisation_id"),
    )
    return {name: getattr(initiative, name) for name in of_initiative} | {
        name: getattr(known, name) for name in of_introduction
    }
