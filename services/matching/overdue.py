"""In the background: where nobody has answered for long enough, that is found and dealt with as `waiting` says.

It is looked for in the tables, which know it, whatever happens to the broker or to a process; see decision 0055.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import TextClause, text
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Service
from chassis.database import is_away
from chassis.locks import unless_busy
from chassis.telemetry import describe, log
from chassis.transactions import Item, Work
from services.matching import patience, waiting
from services.matching.propositions import UNANSWERED
from services.matching.settings import MatchingSettings
from services.matching.showing import NOT_ENDORSED_HERE
from services.matching.store import ask
from services.matching.turns import take_turn

#: So many share a turn: however much is due at once, nobody waits for long for theirs.
TOGETHER = 20

Then = Callable[[AsyncSession, str, datetime, MatchingSettings], Awaitable[None]]

# What these find is looked at once more in its turn: an answer may come meanwhile. Only for what somebody here can be
# asked, or what can be ended here, a turn is taken: the rest waits for another node, and would be found at every look.
_TO_REMIND = text(
    f"""
    SELECT match_id FROM match m
    WHERE state IN ('proposed', 'endorsed') AND waiting_since <= :before AND reminded_at IS NULL
        AND CASE state WHEN 'proposed' THEN ambassador_ids <> '{{}}' AND {NOT_ENDORSED_HERE}
            ELSE asker_node IS NULL AND asker_accepted IS NULL OR offerer_node IS NULL AND offerer_accepted IS NULL END
        AND NOT EXISTS (SELECT FROM proposition p WHERE p.proposition_id IN (m.request_id, m.offer_id)
                        AND p.status <> 'open')
    ORDER BY waiting_since
    """
)
_OUT_OF_PATIENCE = text(
    f"""
    SELECT match_id FROM match m
    WHERE state IN ('proposed', 'endorsed') AND waiting_since <= :before
        AND CASE WHEN owner IS NULL
            THEN asker_node IS NULL AND offerer_node IS NULL OR waiting_since <= :before_twice
            ELSE state = 'proposed' AND {NOT_ENDORSED_HERE}
                AND EXISTS (SELECT FROM node_team_member t WHERE t.is_active AND t.member_id <> ALL(ambassador_ids)) END
    ORDER BY waiting_since
    """
)
_UNANSWERED = text(f"SELECT proposition_id FROM proposition p WHERE {UNANSWERED} ORDER BY opened_at")


async def keep_looking(service: Service) -> None:
    """Looks every so many seconds, for as long as the service runs; one replica at a time."""
    while True:
        async with unless_busy(service.engine, "matching.overdue") as mine:
            if mine:
                await look(service)
        await asyncio.sleep(cast(MatchingSettings, service.settings).overdue_seconds)


async def look(service: Service) -> None:
    """Deals with all that is due by now."""
    settings, now = cast(MatchingSettings, service.settings), service.now()
    until_given_up = patience.until_given_up(settings)
    await _deal_with(service, _TO_REMIND, waiting.remind, before=now - patience.until_reminder(settings))
    out_of_it = {"before": now - until_given_up, "before_twice": now - 2 * until_given_up}
    await _deal_with(service, _OUT_OF_PATIENCE, waiting.end_patience, **out_of_it)
    await _deal_with(service, _UNANSWERED, waiting.end_asking, before=now - waiting.until_unanswered(settings))


async def _deal_with(service: Service, overdue: TextClause, then: Then, **moments: datetime) -> None:
    async with service.sessions() as session:
        ids = list((await ask(session, overdue, moments)).scalars())
    for start in range(0, len(ids), TOGETHER):
        await in_one_turn(service, ids[start : start + TOGETHER], then)


async def in_one_turn(service: Service, ids: Sequence[str], then: Then) -> None:
    """Deals with these, each on its own; what cannot be done of one is tried again at the next look."""
    outcomes = await service.transactions.group([Item(_work(service, one, then)) for one in ids])
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            if is_away(outcome):
                raise outcome
            log.error("overdue, and not dealt with", fault=describe(outcome))


def _work(service: Service, one: str, then: Then) -> Work:
    async def work(session: AsyncSession) -> None:
        await take_turn(session)
        await then(session, one, service.now(), cast(MatchingSettings, service.settings))

    return work
