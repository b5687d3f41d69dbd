"""The questions asked of the matches: read them with their parties, and keep their steps."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import RowMapping, text
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Identity
from chassis.paging import PageAsked
from contracts.event import new_id
from contracts.matching import Party, Reason
from contracts.members import Place
from contracts.vocabulary import Kind, Language, Role
from services.matching.rules import Proposal
from services.matching.steps import RUNNING, Match, MatchNotFound, State
from services.matching.store import MatchRow, ask

_TABLE = MatchRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Wording:
    """What a side wrote, as it stands now."""

    text: str
    themes: tuple[str, ...]
    language: Language
    place: Place
    starts_on: date | None
    ends_on: date | None
    mbo_level: int | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A match with what only its readers see: what both sides wrote, and the ambassador's note."""

    match: Match
    request: Wording
    offer: Wording
    note: str | None


def _side_columns(side: str, table: str) -> str:
    columns = (
        "organisation_id", "title", "text", "themes", "language", "place_name", "province", "latitude", "longitude",
        "starts_on", "ends_on", "mbo_level",
    )  # fmt: skip
    name = f"(SELECT name FROM organisation n WHERE n.organisation_id = {table}.organisation_id)"
    return ", ".join(
        [*(f"{table}.{column} AS {side}_{column}" for column in columns), f"{name} AS {side}_organisation_name"]
    )


_SELECT = f"""
    SELECT m.*, {_side_columns("request", "r")}, {_side_columns("offer", "o")}
    FROM match m
    JOIN proposition r ON r.proposition_id = m.request_id
    JOIN proposition o ON o.proposition_id = m.offer_id
    """

_FOR_UPDATE = " ORDER BY m.match_id FOR UPDATE OF m"


def new_match(proposal: Proposal, ambassador_ids: tuple[str, ...], now: datetime, *, needs_ambassador: bool) -> Match:
    """A proposal as a match: it waits for an ambassador, or where its kind needs none, for both sides."""
    request, offer = proposal.pair.request, proposal.pair.offer
    return Match(
        match_id=new_id(),
        version=1,
        request_id=request.id,
        offer_id=offer.id,
        asker=request.party(),
        offerer=offer.party(),
        request_kind=request.kind,
        offer_kind=offer.kind,
        score=proposal.fit.score,
        reasons=proposal.fit.reasons,
        ambassador_ids=ambassador_ids,
        state=State.PROPOSED if needs_ambassador else State.ENDORSED,
        waiting_since=now,
        endorsed_at=None if needs_ambassador else now,
    )


async def add(session: AsyncSession, matches: Sequence[Match]) -> None:
    """Keeps new matches, in one statement."""
    if matches:
        await ask(session, sa.insert(_TABLE), [_values(match) for match in matches])


_CHANGING = (
    "version", "ambassador_ids", "state", "waiting_since", "endorsed_at", "reminded_at", "asker_accepted",
    "offerer_accepted", "dismissed_because", "declined_because", "lapsed_because",
)  # fmt: skip

_SAVE = (
    sa.update(_TABLE)
    .where(_TABLE.c.match_id == sa.bindparam("id_"))
    .values({name: sa.bindparam(f"new_{name}") for name in _CHANGING})
)


async def save(session: AsyncSession, *matches: Match) -> None:
    """Keeps the state that matches have come to; their rows are locked by the reading of them."""
    if matches:
        values = [_values(match) for match in matches]
        await ask(
            session, _SAVE, [{"id_": v["match_id"]} | {f"new_{name}": v[name] for name in _CHANGING} for v in values]
        )


async def note(session: AsyncSession, match_id: str, words: str, by: str) -> None:
    """Keeps what an ambassador wrote beside a dismissal, for other ambassadors."""
    await ask(session, sa.update(_TABLE).where(_TABLE.c.match_id == match_id).values(note=words, note_by=by))


_GET = text(_SELECT + "WHERE m.match_id = :match_id")
_GET_LOCKED = text(_SELECT + "WHERE m.match_id = :match_id" + _FOR_UPDATE)


async def show(session: AsyncSession, match_id: str) -> Shown:
    """A match with its texts; raises `MatchNotFound`."""
    row = (await ask(session, _GET, {"match_id": match_id})).mappings().one_or_none()
    if row is None:
        raise MatchNotFound
    return _shown(row)


async def show_locked(session: AsyncSession, match_id: str) -> Shown:
    """A match for a change, its row locked until the transaction ends; raises `MatchNotFound`."""
    row = (await ask(session, _GET_LOCKED, {"match_id": match_id})).mappings().one_or_none()
    if row is None:
        raise MatchNotFound
    return _shown(row)


async def find_locked(session: AsyncSession, match_id: str) -> Match | None:
    """A match for a change, when it still exists."""
    row = (await ask(session, _GET_LOCKED, {"match_id": match_id})).mappings().one_or_none()
    return _shown(row).match if row else None


_RUNNING_OF = text(
    _SELECT
    + "WHERE (m.request_id = :proposition_id OR m.offer_id = :proposition_id) AND m.state = ANY(:running)"
    + _FOR_UPDATE
)
_RUNNING_OF_MEMBER = text(
    _SELECT + "WHERE (m.asker_id = :member_id OR m.offerer_id = :member_id) AND m.state = ANY(:running)" + _FOR_UPDATE
)
_WAITING_FOR = text(
    _SELECT + "WHERE m.state = 'proposed' AND m.ambassador_ids @> CAST(ARRAY[:member_id] AS text[])" + _FOR_UPDATE
)
_WAITING_FOR_NOBODY = text(_SELECT + "WHERE m.state = 'proposed' AND m.ambassador_ids[1] IS NULL" + _FOR_UPDATE)


async def running_of(session: AsyncSession, proposition_id: str) -> list[Match]:
    """The running matches of a request or an offer."""
    return await _all(session, _RUNNING_OF, proposition_id=proposition_id, running=sorted(RUNNING))


async def running_of_member(session: AsyncSession, member_id: str) -> list[Match]:
    """The running matches that somebody is a side of."""
    return await _all(session, _RUNNING_OF_MEMBER, member_id=member_id, running=sorted(RUNNING))


async def waiting_for(session: AsyncSession, member_id: str) -> list[Match]:
    """The matches that wait for somebody to look at them."""
    return await _all(session, _WAITING_FOR, member_id=member_id)


async def waiting_for_nobody(session: AsyncSession) -> list[Match]:
    """The matches that nobody was there to look at."""
    return await _all(session, _WAITING_FOR_NOBODY)


#: `looks_as` is the caller's id for an ambassador, and nobody's for others.
_MINE = """
    (m.ambassador_ids @> CAST(ARRAY[:looks_as] AS text[])
     OR m.endorsed_at IS NOT NULL AND (m.asker_id = :me OR m.offerer_id = :me))"""
_AWAITING = """
    (m.state = 'proposed' AND m.ambassador_ids @> CAST(ARRAY[:looks_as] AS text[])
     OR m.state = 'endorsed' AND (m.asker_id = :me AND m.asker_accepted IS NULL
                                  OR m.offerer_id = :me AND m.offerer_accepted IS NULL))"""
_PAGES = {
    (sees_all, awaiting_me): text(
        f"""{_SELECT}
        WHERE (CAST(:cursor AS text) IS NULL OR m.match_id < :cursor)
        AND (CAST(:state AS text) IS NULL OR m.state = :state)
        {"" if sees_all else f"AND {_MINE}"} {f"AND {_AWAITING}" if awaiting_me else ""}
        ORDER BY m.match_id DESC LIMIT :rows"""
    )
    for sees_all in (True, False)
    for awaiting_me in (True, False)
}


async def page(
    session: AsyncSession, who: Identity, paging: PageAsked, *, awaiting_me: bool, state: State | None
) -> list[Shown]:
    """The matches that somebody may see, newest first; one more than a page."""
    sees_all = who.has(Role.NODE_TEAM)
    values: dict[str, Any] = {"state": state, "cursor": paging.cursor, "rows": paging.limit + 1}
    if not sees_all or awaiting_me:
        looks = sees_all or who.has(Role.AMBASSADOR)
        values |= {"me": who.member_id, "looks_as": who.member_id if looks else ""}
    found = await ask(session, _PAGES[sees_all, awaiting_me], values)
    return [_shown(row) for row in found.mappings()]


async def _all(session: AsyncSession, statement: Any, **values: Any) -> list[Match]:
    return [_shown(row).match for row in (await ask(session, statement, values)).mappings()]


def _values(match: Match) -> dict[str, Any]:
    values = {field.name: getattr(match, field.name) for field in fields(match)}
    asker, offerer = values.pop("asker"), values.pop("offerer")
    return values | {
        "asker_id": asker.member_id,
        "offerer_id": offerer.member_id,
        "offerer_organisation_id": offerer.organisation_id,
        "request_kind": match.request_kind.value,
        "offer_kind": match.offer_kind.value,
        "state": match.state.value,
        "ambassador_ids": list(match.ambassador_ids),
        "reasons": [reason.model_dump(mode="json") for reason in match.reasons],
    }


def _shown(row: RowMapping) -> Shown:
    match = Match(
        match_id=row["match_id"],
        version=row["version"],
        request_id=row["request_id"],
        offer_id=row["offer_id"],
        asker=_party(row, "request", row["asker_id"]),
        offerer=_party(row, "offer", row["offerer_id"]),
        request_kind=Kind(row["request_kind"]),
        offer_kind=Kind(row["offer_kind"]),
        score=row["score"],
        reasons=tuple(Reason.model_validate(reason) for reason in row["reasons"]),
        ambassador_ids=tuple(row["ambassador_ids"]),
        state=State(row["state"]),
        waiting_since=row["waiting_since"],
        endorsed_at=row["endorsed_at"],
        reminded_at=row["reminded_at"],
        asker_accepted=row["asker_accepted"],
        offerer_accepted=row["offerer_accepted"],
        dismissed_because=row["dismissed_because"],
        declined_because=row["declined_because"],
        lapsed_because=row["lapsed_because"],
    )
    return Shown(match, _wording(row, "request"), _wording(row, "offer"), row["note"])


def _party(row: RowMapping, side: str, member_id: str) -> Party:
    """A side as it stands now; an organisation that has not been heard of yet goes by its place."""
    return Party(
        member_id=member_id,
        organisation_id=row[f"{side}_organisation_id"],
        organisation_name=row[f"{side}_organisation_name"] or row[f"{side}_place_name"],
        place=row[f"{side}_place_name"],
        title=row[f"{side}_title"],
    )


def _wording(row: RowMapping, side: str) -> Wording:
    return Wording(
        text=row[f"{side}_text"],
        themes=tuple(row[f"{side}_themes"]),
        language=Language(row[f"{side}_language"]),
        place=Place(
            name=row[f"{side}_place_name"],
            province=row[f"{side}_province"],
            latitude=row[f"{side}_latitude"],
            longitude=row[f"{side}_longitude"],
        ),
        starts_on=row[f"{side}_starts_on"],
        ends_on=row[f"{side}_ends_on"],
        mbo_level=row[f"{side}_mbo_level"],
    )
