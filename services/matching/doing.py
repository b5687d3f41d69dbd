"""What somebody did at matching for others, as it is noted: see `chassis.deeds`."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Identity, note_deed
from contracts.deeds import Deed
from services.matching.match import Match
from services.matching.pairs import Proposition


def note_on_match(
    session: AsyncSession, who: Identity, deed: Deed, match: Match, now: datetime, *, is_theirs: bool = True
) -> None:
    """It concerns both sides, as far as they are of this node. Who may not see the match then comes to its request.

    What a request of another node is called is not noted: who is erased there is not looked for among deeds here.
    """
    whose = [match.party(side).member_id for side in match.own_sides()]
    title = None if match.asker.node else match.asker.title
    about_match = is_theirs or title is None
    note_deed(
        session, "matching", who, deed, now,
        matter="match" if about_match else "request", matter_id=match.match_id if about_match else match.request_id,
        title=title, whose=whose,
    )  # fmt: skip


def note_on_request(
    session: AsyncSession, who: Identity, deed: Deed, request: Proposition, now: datetime, *others: str
) -> None:
    """It concerns who asks, and perhaps others."""
    note_deed(
        session, "matching", who, deed, now,
        matter="request", matter_id=request.id, title=request.title, whose=(request.member_id, *others),
    )  # fmt: skip
