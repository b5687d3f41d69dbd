"""What the node of a match tells the nodes of its sides: at every step the whole state, so the newest is enough."""

from collections.abc import Iterable

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import say
from contracts.matching import MatchTold
from contracts.vocabulary import Side
from services.matching import showing
from services.matching.match import Match
from services.matching.showing import Shown


async def tell_other_nodes(session: AsyncSession, matches: Iterable[Match], *, only: str | None = None) -> None:
    """Every node that has a side of one of our matches hears where it is; of others' matches nobody is told.

    `only` is the one node that has to hear it again.
    """
    for match in matches:
        if match.owner is None and match.other_nodes():
            shown = await showing.show(session, match.match_id)
            for side in Side:
                if (node := match.party(side).node) and only in (None, node):
                    say(session, _told(match, shown, side), to=node)


def _told(match: Match, shown: Shown, side: Side) -> MatchTold:
    """As the node of a side hears it: without who looks at it here, which is nobody's there."""
    return MatchTold(
        **match.told() | {"ambassador_ids": ()},
        state=match.state.value,
        endorsed_for=match.endorsed_for,
        asker_accepted=match.asker_accepted,
        offerer_accepted=match.offerer_accepted,
        dismissed_because=match.dismissed_because,
        declined_because=match.declined_because,
        lapsed_because=match.lapsed_because,
        theirs=shown.offer if side is Side.REQUEST else shown.request,
    )
