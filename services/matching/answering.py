"""What the two sides say to a match: two times yes makes an introduction, one no ends it.

The same answer again, because the first reply got lost or a link in a mail was followed twice, changes nothing.
"""

from dataclasses import replace
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import check_version, say
from contracts.matching import AnswerGiven, IntroductionMade, MatchAnswered
from contracts.vocabulary import Side
from services.matching import calls, matches, proposing, showing, steps
from services.matching.calls import Call
from services.matching.match import Match
from services.matching.showing import Shown
from services.matching.steps import MatchNotAwaitingYou
from services.matching.turns import take_turn


async def answer(session: AsyncSession, call: Call, given: calls.Answer) -> Shown:
    """One side says yes or no, and the match goes on or ends."""
    await take_turn(session)
    shown = await showing.show(session, call.match_id)
    steps.must_see(shown.match, call.who.references, call.who.roles)
    side = shown.match.side_of(call.who.references)
    if side is None:
        raise MatchNotAwaitingYou
    if shown.match.answer_of(side) is given.accepted:
        return shown
    check_version(call.expected, shown.match.version)
    match = await give(session, shown.match, side, accepted=given.accepted, because=given.because, now=call.now)
    return replace(shown, match=match)


async def give(
    session: AsyncSession, match: Match, side: Side, *, accepted: bool, because: str | None, now: datetime
) -> Match:
    """A side says yes or no. In a match of another node that is told there, and two times yes is that node's to see."""
    match = steps.answer(match, side, accepted=accepted, because=because)
    await matches.save(session, match)
    say(session, MatchAnswered(**match.told(), side=side, accepted=accepted))
    if match.owner:
        told = AnswerGiven(match_id=match.match_id, side=side, accepted=accepted, because=because)
        say(session, told, to=match.owner)
    if match.declined():
        (match,) = await proposing.end(session, [match], "declined")
    elif steps.both_accepted(match) and match.owner is None:
        match = steps.introduce(match, now)
        await matches.save(session, match)
        say(session, IntroductionMade(**match.told()))
    return match
