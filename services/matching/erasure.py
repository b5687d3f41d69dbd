"""To be forgotten: everything that matching holds of a member is removed, in the streams too."""

from collections.abc import Container, Sequence
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Streams, forget_messages, forget_replies, forget_shared, in_events, say
from contracts.matching import MatchesForgotten, MatchLapsed, PartyErased, reference
from services.matching import desk_forgetting, matches, people, proposing, propositions, purging, steps
from services.matching.match import Match
from services.matching.settings import MatchingSettings
from services.matching.turns import take_turn_alone


async def forget(
    session: AsyncSession,
    member_id: str,
    now: datetime,
    settings: MatchingSettings,
    streams: Streams,
    *,
    node: str | None = None,
) -> None:
    """Removes a member (of another node), tells whoever was in a match with them, and purges the streams (`purging`).

    When that was done before, nothing of theirs has been kept since: what the streams may still hold goes.

    A match that ran is told once more, as lapsed, with nothing of the erased in it; that message is about the other
    side, and goes when they are erased. What an ambassador looked at stays, for its two sides, without the ambassador.
    """
    await take_turn_alone(session)
    if not await people.forget_from_now_on(session, member_id, node, now):
        await purging.go_on(session, streams, member_id, node, {}, settings)
        return
    running = await matches.running_of_member(session, member_id, node)
    ended = [steps.lapse_erased(match, member_id, node) for match in running]
    looked_at = await matches.looked_at_by(session, member_id) if node is None else []
    await _tell_other_sides(session, member_id, node, settings)
    of_desks = await desk_forgetting.remove(session, member_id, node)
    removed = await people.remove(session, member_id, node) | of_desks
    gone = {*removed["matches"]}
    left = [match for match in looked_at if match.match_id not in gone]
    handed = await proposing.find_somebody(session, left, now, instead_of=member_id)
    told_in = [*gone, *removed["propositions"], *(one for ids_of_one in of_desks.values() for one in ids_of_one)]
    own_words = removed.get("notes", [])
    replies = await forget_replies(session, [reference(member_id, node), *told_in, *own_words])
    ids = [*told_in, *removed.pop("matches-ended-before", [])]
    told = {match.match_id: who for match in ended if (who := _who_is_left(match))}
    if node is None and settings.is_region:  # which hears all of them, and keeps few
        _tell_nation(session, member_id, ids, told)
    for match in ended:
        if match.match_id in told:
            say(session, MatchLapsed(**match.told_of_lapse()))
        elif match.owner is None:  # nobody here hears of it, so nobody would seek on for who is left elsewhere
            await _seek_on(session, match, now, settings)
    await people.remember_erased_matches(session, told)
    said_anew = {*told, *(match.match_id for match in handed)}
    only_looked_at = {*removed.get("matches-looked-at", [])} - said_anew
    await purging.keep(session, member_id, node, theirs={*ids} - said_anew, looked_at=only_looked_at)
    # What is said of these from now on stays, so what was said before goes first.
    purged = await forget_messages(streams, session, speaker="matching", entity_ids=told)
    purged += await forget_shared(streams, session, speaker="matching", entity_ids=[one.match_id for one in handed])
    if node:  # here nobody else keeps what was heard of their requests and offers
        await forget_messages(streams, session, speaker="requests", entity_ids=removed["propositions"])
        # What two regions sealed for each other passed the nation, where nobody has a row of it.
        await forget_messages(streams, session, speaker="members", entity_ids=removed["matches"])
    counts = {what: len(ids) for what, ids in removed.items()} | {"stored-replies": replies}
    counts = {what: count for what, count in counts.items() if count} | {"stream-messages": purged}
    await purging.go_on(session, streams, member_id, node, counts, settings)


async def _tell_other_sides(
    session: AsyncSession, member_id: str, node: str | None, settings: MatchingSettings
) -> None:
    """Of a match between two nodes the other one has not heard the erasure, unless it is the nation: it is told.

    By the node whose member it was and by the national node, of which one may have lost the match in a restore.
    """
    theirs = await matches.of_member(session, member_id, node)
    others = {other for match in theirs for other in match.other_nodes()} - {node, settings.national_node}
    for other in sorted(others):
        say(session, PartyErased(member_id=member_id, node=node or settings.node), to=other)


def _tell_nation(session: AsyncSession, member_id: str, ids: Sequence[str], lapsed: Container[str]) -> None:
    for some in in_events(ids):
        gone, ended = ([one for one in some if (one in lapsed) is is_so] for is_so in (False, True))
        say(session, MatchesForgotten(member_id=member_id, match_ids=tuple(gone), lapsed_ids=tuple(ended)))


async def _seek_on(session: AsyncSession, match: Match, now: datetime, settings: MatchingSettings) -> None:
    request = await propositions.get(session, match.request_id)
    if request and request.proposition.is_open(now):
        await proposing.propose_at_once(session, request, now, settings)


def _who_is_left(match: Match) -> str | None:
    """The other side, when that is of this node."""
    return next((who for side in match.own_sides() if (who := match.party(side).member_id)), None)
