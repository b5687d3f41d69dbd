"""After a node was put back from a backup: it is told what was heard of it, and says what is otherwise.

Its neighbours know requests, offers and matches of it that it does not know any more, or know them in a later state.
The neighbour asks, by what it knows; the node itself answers, so that nothing depends on clocks or on the order in
which things come. Heard twice, it changes nothing.
"""

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import EventRouter, say, say_later
from contracts.event import new_id
from contracts.matching import HeardVersion, MatchLost, TellAgainDue, TellBackDue, ToldBack
from contracts.members import NodeRestored
from contracts.requests import PropositionLost
from services.matching import matches, proposing, telling
from services.matching.match import RUNNING
from services.matching.settings import MatchingSettings
from services.matching.store import ask
from services.matching.turns import TAKE_TURN

#: So many ids in one event: far below what the broker takes.
PAGE = 2000

router = EventRouter(first=[TAKE_TURN])


@router.hears(NodeRestored, elsewhere=True)
async def tell_back_later(
    event: NodeRestored, session: AsyncSession, now: datetime, settings: MatchingSettings, said_by: str
) -> None:
    """First what both said meanwhile is heard, so that what comes by itself need not be told."""
    if said_by == event.node:
        say_later(session, TellBackDue(node=said_by), at=now + timedelta(seconds=settings.tell_back_after_seconds))


_HEARD = text("SELECT proposition_id, version FROM proposition WHERE node = :node AND expires_at > :now ORDER BY 1")
_COPIES = text("SELECT match_id FROM match WHERE owner = :node ORDER BY 1")


@router.hears(TellBackDue)
async def tell_back(event: TellBackDue, session: AsyncSession, now: datetime) -> None:
    """Everything that is known here of the node."""
    asked = {"node": event.node}
    heard = [
        HeardVersion(proposition_id=row.proposition_id, version=row.version)
        for row in await ask(session, _HEARD, asked | {"now": now})
    ]
    copies = [row.match_id for row in await ask(session, _COPIES, asked)]
    for begin in range(0, max(len(heard), len(copies)), PAGE):
        end = begin + PAGE
        page = ToldBack(page_id=new_id(), propositions=tuple(heard[begin:end]), match_ids=tuple(copies[begin:end]))
        say(session, page, to=event.node)


@router.hears(TellAgainDue)
async def ask_where_it_is(event: TellAgainDue, session: AsyncSession) -> None:
    """A match that was told before our own side of it was heard is told again."""
    say(session, ToldBack(page_id=new_id(), match_ids=(event.match_id,)), to=event.node)


@router.hears(ToldBack, elsewhere=True)
async def tell_matches_again(event: ToldBack, session: AsyncSession, said_by: str) -> None:
    """Another node has copies of matches of ours: it hears where each is, or that we do not know it."""
    known = {match.match_id: match for match in await matches.with_ids(session, event.match_ids)}
    for match_id in event.match_ids:
        match = known.get(match_id)
        if match is None:
            say(session, MatchLost(match_id=match_id), to=said_by)
        else:
            await telling.tell_other_nodes(session, [match], only=said_by)


@router.hears(MatchLost, elsewhere=True)
async def end_lost_match(event: MatchLost, session: AsyncSession, said_by: str) -> None:
    """Nobody goes on with a match whose owner does not know it. Who was introduced already stays so."""
    copies = [match for match in await matches.with_ids(session, [event.match_id]) if match.owner == said_by]
    await proposing.end(session, [match for match in copies if match.state in RUNNING], "closed")


_WITHDRAW = text(
    """
    UPDATE proposition SET status = 'withdrawn' WHERE proposition_id = :proposition_id AND node = :node
        AND version <= coalesce(CAST(:until_version AS int), version)
    RETURNING 1
    """
)


@router.hears(PropositionLost, elsewhere=True)
async def withdraw_lost(event: PropositionLost, session: AsyncSession, said_by: str) -> None:
    """What its own node does not know any more is matched with nothing."""
    until = event.draft_version or event.heard_version
    lost = {"proposition_id": event.proposition_id, "node": said_by, "until_version": until}
    if (await ask(session, _WITHDRAW, lost)).scalar_one_or_none():
        running = await matches.running_of(session, event.proposition_id)
        await proposing.end(session, [match for match in running if not match.owner], "closed")
