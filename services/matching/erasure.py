"""To be forgotten: everything that matching holds of a member is removed, in the streams too."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Streams, forget_messages, say
from contracts.matching import IntroductionMade, MatchDismissed, MatchEndorsed, MatchLapsed, MatchProposed
from services.matching import matches, people, proposing, steps, timers
from services.matching.match import RUNNING, Match, State
from services.matching.settings import MatchingSettings


async def forget(
    session: AsyncSession, member_id: str, now: datetime, settings: MatchingSettings, streams: Streams
) -> dict[str, int] | None:
    """Removes a member, tells whoever was in a match with them, and returns how many of what was removed.

    None when that was done before: nothing of theirs has been kept since.

    A match that ran is told once more, as lapsed, with nothing of the erased in it; that message is about the other
    side, and goes when they are erased. What an ambassador looked at stays, for its two sides, without the ambassador.
    """
    if not await people.forget_from_now_on(session, member_id, now):
        return None
    ended = [steps.lapse_erased(match, member_id) for match in await matches.running_of_member(session, member_id)]
    waiting = await matches.waiting_for(session, member_id)
    removed = await people.remove(session, member_id)
    gone = {*removed["matches"]}
    left = [match for match in waiting if match.match_id not in gone]
    handed = await proposing.find_somebody(session, left, now, settings, instead_of=member_id)
    looked_at = removed["matches-looked-at"]
    ids = [*gone, *removed["propositions"], *removed.pop("matches-ended-before"), *looked_at]
    purged = await forget_messages(streams, session, speaker="matching", entity_ids=ids)
    for match in ended:
        say(session, MatchLapsed(**match.told_of_lapse()))
    await people.remember_erased_matches(session, {match.match_id: _who_is_left(match) for match in ended})
    for match in await matches.with_ids(session, {*looked_at} - {match.match_id for match in handed}):
        _say_again(session, match, settings)
    return {what: len(ids) for what, ids in removed.items() if ids} | {"stream-messages": purged}


def _who_is_left(match: Match) -> str:
    return next(member_id for member_id in match.sides() if member_id)


def _say_again(session: AsyncSession, match: Match, settings: MatchingSettings) -> None:
    """Where a match is, for who has not heard it yet: what was said of it was purged, its timers too."""
    match match.state:
        case State.PROPOSED:
            say(session, MatchProposed(**match.told()))
        case State.ENDORSED:
            say(session, MatchEndorsed(**match.told()))
        case State.DISMISSED:
            say(session, MatchDismissed(**match.told(), dismissed_because=match.dismissed_because or ""))
        case State.INTRODUCED:
            say(session, IntroductionMade(**match.told()))
        case State.LAPSED:
            say(session, MatchLapsed(**match.told_of_lapse()))
    if match.state in RUNNING:
        (timers.end_patience_later if match.reminded_at else timers.remind_later)(session, match, settings)
