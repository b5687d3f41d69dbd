"""What whoever brings people together does with a match: see a fit, see none, or let somebody else look.

Doing it again, because the answer got lost or a button was pressed twice, changes nothing and gives the match.
"""

from dataclasses import replace

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import check_version, say
from contracts.deeds import Deed
from contracts.matching import JudgementGiven, MatchDismissed
from contracts.vocabulary import Role
from services.matching import doing, handing_over, matches, one_person, people, proposing, showing, steps
from services.matching.calls import Call, Dismissal, HandOver
from services.matching.match import Match, State
from services.matching.settings import MatchingSettings
from services.matching.showing import Shown
from services.matching.steps import CannotJudge, MatchAlreadyJudged
from services.matching.turns import take_turn


async def endorse(session: AsyncSession, call: Call) -> Shown:
    """Both sides are asked from now on; of a match of two nodes, once the other ambassador sees a fit too."""
    shown = await _to_judge(session, call)
    side = steps.side_to_endorse(shown.match)
    if shown.match.endorsed_at or side in shown.match.endorsed_for:
        return shown
    check_version(call.expected, shown.match.version)
    match = steps.endorse(shown.match, call.now, side)
    doing.note_on_match(session, call.who, Deed.MATCH_ENDORSED, match, call.now)
    await go_on(session, match, call.settings)
    if match.owner and side:
        say(session, JudgementGiven(match_id=match.match_id, side=side, endorsed=True), to=match.owner)
    return replace(shown, match=match, note=None if match.endorsed_at else shown.note)


async def go_on(session: AsyncSession, match: Match, settings: MatchingSettings) -> None:
    """An ambassador saw a fit: both sides are asked, unless another ambassador is to look too."""
    await matches.save(session, match)
    if match.endorsed_at:
        proposing.ask_both(session, match, settings)


async def dismiss(session: AsyncSession, call: Call, dismissal: Dismissal) -> Shown:
    """The match ends; nobody but those who bring people together hears of it.

    Of what was dismissed before, other words are not kept: who says them hears that.
    """
    shown = await _to_judge(session, call)
    if shown.match.state is State.DISMISSED:
        if dismissal.because != shown.match.dismissed_because or dismissal.note not in (None, shown.note):
            raise MatchAlreadyJudged
        return shown
    check_version(call.expected, shown.match.version)
    match = steps.dismiss(shown.match, dismissal.because)
    await matches.save(session, match)
    doing.note_on_match(session, call.who, Deed.MATCH_DISMISSED, match, call.now)
    if dismissal.note:
        await matches.note(session, match.match_id, dismissal.note, by=call.who.member_id)
    say(session, MatchDismissed(**match.told(), dismissed_because=dismissal.because))
    side = steps.side_to_endorse(match)
    if match.owner and side:
        no = JudgementGiven(match_id=match.match_id, side=side, endorsed=False, because=dismissal.because)
        say(session, no, to=match.owner)
    return replace(shown, match=match, note=dismissal.note)


async def hand_over(session: AsyncSession, call: Call, to: HandOver) -> Shown:
    """Somebody else looks at it from now on; whom an ambassador names is asked first, see `handing_over`."""
    shown = await _to_judge(session, call)
    if to.member_id and not call.who.has(Role.NODE_TEAM):
        check_version(call.expected, shown.match.version)
        await handing_over.ask_over(session, shown, call, to.member_id, to.note)
        return shown
    chosen = await _chosen(session, shown.match, to)
    if to.note:
        shown = replace(shown, note=to.note)
    if chosen != shown.match.ambassador_ids:
        check_version(call.expected, shown.match.version)
        stays = call.who.has(Role.NODE_TEAM)
        doing.note_on_match(session, call.who, Deed.MATCH_HANDED_OVER, shown.match, call.now, is_theirs=stays)
        shown = replace(shown, match=await proposing.hand_over(session, shown.match, chosen, call.now))
    if to.note:
        await matches.note(session, call.match_id, to.note, by=call.who.member_id)
    return shown


async def _to_judge(session: AsyncSession, call: Call) -> Shown:
    await take_turn(session)
    shown = await showing.show(session, call.match_id)
    steps.must_see(shown.match, call.who.references, call.who.roles)
    steps.must_judge(shown.match, call.who.references, call.who.roles)
    return shown


async def _chosen(session: AsyncSession, match: Match, to: HandOver) -> tuple[str, ...]:
    if to.member_id is None:
        return await proposing.team_for(session, match)
    sides = await one_person.references_of(session, *match.sides())
    if to.member_id in sides or not await people.may_look(session, to.member_id):
        raise CannotJudge
    return (to.member_id,)
