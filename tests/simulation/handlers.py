"""What matching and notify do with what they hear, by their own rules (`steps`, `rules`) on rows in memory."""

import asyncio
from collections.abc import Callable
from typing import Any

from chassis import EventRouter, say
from contracts.event import Event
from contracts.matching import IntroductionMade, MatchAnswered, MatchEndorsed, MatchLapsed, MatchProposed
from contracts.requests import RequestClosed, RequestPlaced
from contracts.vocabulary import Status
from services.matching import steps
from services.matching.match import RUNNING, Match
from services.notify import rules
from tests.matching.pure import a_match

matching, notify = EventRouter(), EventRouter()


@matching.hears(RequestPlaced, RequestClosed)
async def follow(event: RequestPlaced | RequestClosed, session: Any) -> None:
    """The highest version counts; what is open gets a match, and one that ran ends with its request."""
    request_id = event.request_id
    await stumble(session)
    known = await session.get(("request", request_id))
    if known and known[0] >= event.version:
        return
    await session.put(("request", request_id), (event.version, event.status))
    match: Match | None = await session.get(("match", request_id))
    if match is None and event.status is Status.OPEN:
        match = a_match(match_id=f"match-{request_id}", request_id=request_id)
        await session.put(("match", request_id), match)
        say(session, MatchProposed(**match.told()))
    elif match is not None and match.state in RUNNING and steps.ends_with(match, event.status):
        match = steps.lapse(match, "closed")
        await session.put(("match", request_id), match)
        say(session, MatchLapsed(**match.told_of_lapse()))


NOTICES: dict[type[Event], Callable[[Any], list[rules.Notice]]] = {
    MatchProposed: rules.proposal_notices,
    MatchEndorsed: rules.question_notices,
    MatchAnswered: rules.answer_notices,
    IntroductionMade: rules.introduction_notices,
    MatchLapsed: rules.lapse_notices,
}


@notify.hears(*NOTICES)
async def tell(event: Event, session: Any) -> None:
    """Counts how often each notice is told."""
    await stumble(session)
    for notice in NOTICES[type(event)](event):
        key = ("told", notice.identity)
        await session.put(key, (await session.get(key) or 0) + 1)


class Stumbled(Exception):
    """A fault of a handler."""


async def stumble(session: Any) -> None:
    """Any handler may fail, or take long."""
    database = session.connection.database
    if database.chance.random() < database.clumsy:
        if database.chance.random() < 0.7:
            raise Stumbled
        await asyncio.sleep(database.chance.uniform(0, 5))
