"""What the two sides say to a match: two times yes makes an introduction, one no ends it.

The same answer again, because the first reply got lost or a link in a mail was followed twice, changes nothing.
"""

from dataclasses import replace

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import check_version, say
from contracts.matching import IntroductionMade, MatchAnswered
from services.matching import calls, matches, proposing, showing, steps
from services.matching.calls import Call
from services.matching.match import Match
from services.matching.showing import Shown
from services.matching.steps import MatchNotAwaitingYou
from services.matching.store import take_turn


async def answer(session: AsyncSession, call: Call, given: calls.Answer) -> Shown:
    """One side says yes or no, and the match goes on or ends."""
    await take_turn(session)
    shown = await showing.show(session, call.match_id)
    steps.must_see(shown.match, call.who.member_id, call.who.roles)
    side = shown.match.side_of(call.who.member_id)
    if side is None:
        raise MatchNotAwaitingYou
    check_version(call.expected, shown.match.version)
    if shown.match.answer_of(side) is given.accepted:
        return shown
    match = steps.answer(shown.match, side, accepted=given.accepted, because=given.because)
    await matches.save(session, match)
    say(session, MatchAnswered(**match.told(), side=side, accepted=given.accepted))
    return replace(shown, match=await _go_on(session, match, call))


async def _go_on(session: AsyncSession, match: Match, call: Call) -> Match:
    if match.declined():
        (match,) = await proposing.end(session, [match], "declined")
    elif steps.both_accepted(match):
        match = steps.introduce(match, call.now)
        await matches.save(session, match)
        say(session, IntroductionMade(**match.told()))
    return match
