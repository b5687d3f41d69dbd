"""The matches as they are kept: new ones, the steps that they take, and which of them run.

Whoever changes matches has taken their turn (`turns.take_turn`), so that nobody else changes them meanwhile.
"""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic_core import to_json
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.sql import write
from contracts.event import new_id
from services.matching import feedback, telling
from services.matching.match import RUNNING, Match, State
from services.matching.rules import Proposal
from services.matching.showing import SELECT, WITH_IDS, match_of
from services.matching.store import MatchRow, ask
from services.matching.turns import must_have_turn

_TABLE = MatchRow.__table__  # type: ignore[attr-defined]


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
        asked_about=request.about_offer_id == offer.id,
    )


async def add(
    session: AsyncSession,
    matches: Sequence[Match],
    begun: Sequence[dict[str, Any]],
    elsewhere: dict[str, Any] | None = None,
) -> None:
    """Keeps new matches and the feedback that begins with them, in one statement; other nodes are told of theirs.

    `elsewhere` is the side of another node, beside a copy.
    """
    must_have_turn(session)
    if matches:
        rows = to_json([_values(match) | {"elsewhere": elsewhere} for match in matches]).decode()
        await ask(session, _ADD, {"rows": rows, "begun": to_json(begun).decode()})
        await telling.tell_other_nodes(session, matches)


_ADD = text(
    """
    WITH added AS (
        INSERT INTO match
        SELECT new.* FROM jsonb_populate_recordset(CAST(NULL AS match), CAST(:rows AS jsonb)) AS new)
    INSERT INTO feedback
    SELECT new.* FROM jsonb_populate_recordset(CAST(NULL AS feedback), CAST(:begun AS jsonb)) AS new
    """
)


_CHANGING = (
    "endorsed_for", "told_version",
    "version", "ambassador_ids", "state", "waiting_since", "endorsed_at", "reminded_at", "asker_accepted",
    "offerer_accepted", "dismissed_because", "declined_because", "lapsed_because",
)  # fmt: skip

# What was written beside a hand-over has served when somebody has looked.
_IS_LOOKED_AT = "m.state = 'proposed' AND new.state <> 'proposed'"
_NOTE = ", ".join(f"{name} = CASE WHEN {_IS_LOOKED_AT} THEN NULL ELSE m.{name} END" for name in ("note", "note_by"))

_SAVE = text(
    f"""
    WITH saved AS (
        UPDATE match AS m SET {", ".join(f"{name} = new.{name}" for name in _CHANGING)},
            {_NOTE}
        FROM jsonb_populate_recordset(CAST(NULL AS match), CAST(:rows AS jsonb)) AS new
        WHERE m.match_id = new.match_id)
    {feedback.KEEP}
    """
)


async def save(session: AsyncSession, *matches: Match) -> None:
    """Keeps the state that matches have come to, and what it says of what they were proposed on, in one statement.

    The nodes of their sides are told here, so that no step can be taken without.
    """
    must_have_turn(session)
    if matches:
        rows = [{"match_id": match.match_id} | {name: getattr(match, name) for name in _CHANGING} for match in matches]
        write(session, _SAVE, {"rows": to_json(rows).decode(), "became": feedback.became_of(matches)})
        await telling.tell_other_nodes(session, matches)


async def keep_elsewhere(session: AsyncSession, match_id: str, elsewhere: dict[str, Any]) -> None:
    """Keeps the side of another node, beside a copy, as its owner told it last."""
    await ask(session, sa.update(_TABLE).where(_TABLE.c.match_id == match_id).values(elsewhere=elsewhere))


async def note(session: AsyncSession, match_id: str, words: str, by: str) -> None:
    """Keeps what an ambassador wrote beside a dismissal, or beside a hand-over for who looks from then on."""
    await ask(session, sa.update(_TABLE).where(_TABLE.c.match_id == match_id).values(note=words, note_by=by))


_FOLLOW = text(
    """
    UPDATE match m SET offerer_organisation_id = p.organisation_id FROM proposition p
    WHERE p.proposition_id = :offer_id AND m.offer_id = p.proposition_id
        AND m.offerer_organisation_id <> p.organisation_id
    """
)


async def follow_organisation(session: AsyncSession, offer_id: str) -> None:
    """What came of an offer is its organisation's, also where that one was merged into another since, or parted."""
    must_have_turn(session)
    await ask(session, _FOLLOW, {"offer_id": offer_id})


_RUNNING_OF = text(
    SELECT
    + """WHERE (m.request_id = :proposition_id OR m.offer_id = :proposition_id)
            AND m.state IN ('proposed', 'endorsed')
            AND (CAST(:version AS integer) IS NULL OR EXISTS (
                SELECT FROM proposition p WHERE p.proposition_id = :proposition_id AND p.version = :version))"""
)
_OF_MEMBER = text(
    SELECT
    + """WHERE (m.asker_id = :member_id AND m.asker_node IS NOT DISTINCT FROM CAST(:node AS text)
            OR m.offerer_id = :member_id AND m.offerer_node IS NOT DISTINCT FROM CAST(:node AS text))"""
)
_LOOKED_AT_BY = text(
    SELECT + "WHERE m.state IN ('proposed', 'endorsed') AND m.ambassador_ids @> CAST(ARRAY[:member_id] AS text[])"
)
_WAITING_FOR_NOBODY = text(SELECT + "WHERE m.state = 'proposed' AND m.ambassador_ids[1] IS NULL")


async def with_ids(session: AsyncSession, ids: Iterable[str]) -> list[Match]:
    """Matches by their ids."""
    return await _all(session, WITH_IDS, ids=list(ids))


_INTRODUCED = text(
    """
    SELECT 1 FROM match WHERE request_id = :request_id AND offer_id = :offer_id AND state = 'introduced'
        AND match_id <> :match_id LIMIT 1
    """
)


async def are_introduced(session: AsyncSession, match: Match) -> bool:
    """Whether its two sides met already, by another match of the same request and offer."""
    values = {"request_id": match.request_id, "offer_id": match.offer_id, "match_id": match.match_id}
    return (await ask(session, _INTRODUCED, values)).scalar_one_or_none() is not None


async def running_of(session: AsyncSession, proposition_id: str, *, version: int | None = None) -> list[Match]:
    """The running matches of a request or an offer; with a `version`, none when something newer was kept of it."""
    return await _all(session, _RUNNING_OF, proposition_id=proposition_id, version=version)


async def of_member(session: AsyncSession, member_id: str, node: str | None) -> list[Match]:
    """The matches that somebody (of another node) is a side of."""
    return await _all(session, _OF_MEMBER, member_id=member_id, node=node)


async def running_of_member(session: AsyncSession, member_id: str, node: str | None) -> list[Match]:
    """Those of them that run."""
    return [match for match in await of_member(session, member_id, node) if match.state in RUNNING]


async def looked_at_by(session: AsyncSession, member_id: str) -> list[Match]:
    """The matches that run of which somebody is the ambassador, also those that they looked at already."""
    return await _all(session, _LOOKED_AT_BY, member_id=member_id)


async def waiting_for_nobody(session: AsyncSession) -> list[Match]:
    """The matches that nobody was there to look at."""
    return await _all(session, _WAITING_FOR_NOBODY)


async def _all(session: AsyncSession, statement: Any, **values: Any) -> list[Match]:
    return [match_of(row) for row in (await ask(session, statement, values)).mappings()]


def _values(match: Match) -> dict[str, Any]:
    values = {field.name: getattr(match, field.name) for field in fields(match)}
    asker, offerer = values.pop("asker"), values.pop("offerer")
    return values | {
        "asker_id": asker.member_id,
        "offerer_id": offerer.member_id,
        "asker_node": asker.node,
        "offerer_node": offerer.node,
        "offerer_organisation_id": offerer.organisation_id,
        "request_kind": match.request_kind.value,
        "offer_kind": match.offer_kind.value,
        "state": match.state.value,
        "ambassador_ids": list(match.ambassador_ids),
        "endorsed_for": [side.value for side in match.endorsed_for],
        "reasons": [reason.model_dump(mode="json") for reason in match.reasons],
    }
