"""To be forgotten: everything that matching holds of a member is removed, in the streams too."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Streams, say
from contracts.matching import MatchLapsed
from services.matching import matches, people, proposing, steps
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
    left = await matches.waiting_for(session, member_id)
    removed = await people.remove(session, member_id)
    gone = {*removed["matches"]}
    left = [match for match in left if match.match_id not in gone]
    await proposing.find_somebody(session, left, now, settings, instead_of=member_id)
    ids = [*gone, *removed["propositions"], *removed.pop("matches-ended-before")]
    purged = await streams.forget(session, speaker="matching", entity_ids=ids)
    for match in ended:
        say(session, MatchLapsed(**match.told_of_lapse()))
    await people.remember_erased_matches(
        session, {match.match_id: next(who for who in match.sides() if who) for match in ended}
    )
    return {what: len(ids) for what, ids in removed.items() if ids} | {"stream-messages": purged}
