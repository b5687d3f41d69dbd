"""Who changes matches takes turns; what is done of requests and offers without one, and when even that has to wait."""

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.locks import lock_number
from chassis.sql import begin, commit_and_begin, was_begun_with
from services.matching.store import ask

#: How far the index of meanings is looked through, the most there is: where hundreds of texts are much alike, less is
#: filled by one group of them (docs/decisions/0025).
EF_SEARCH = 1000

# The index of meanings looks on until it has found enough of what is asked for. The planner takes what remains of all
# filters for so little that it would rather compare every vector and sort: it may not, where there is another way.
LOOK_FAR = f"""set_config('hnsw.iterative_scan', 'relaxed_order', true),
    set_config('hnsw.ef_search', '{EF_SEARCH}', true), set_config('enable_sort', 'off', true)"""

# A replica that stops dead in the middle of its turn does not keep the others waiting for ever.
TAKE_TURN = f"""SELECT pg_advisory_xact_lock({lock_number("matching.turn")}),
    set_config('idle_in_transaction_session_timeout', '30s', true), {LOOK_FAR}"""
_TAKE_TURN = text(TAKE_TURN)


async def take_turn(session: AsyncSession) -> None:
    """Waits until no other transaction of this service changes matches, in whatever replica.

    Two replicas may propose for the same request at once, each with the room that is left; two sides may answer at
    once. What is slow is done before (`seeking`). Whoever takes their turn before all else waits for nobody meanwhile.
    """
    if not has_turn(session):
        await ask(session, _TAKE_TURN)
        session.info["turn"] = True


def has_turn(session: AsyncSession) -> bool:
    """Whether the session's transaction began with taking its turn, or took it since."""
    return "turn" in session.info or was_begun_with(session, TAKE_TURN)


def must_have_turn(session: AsyncSession) -> None:
    """Whoever changes matches has taken their turn: without it two steps could be taken from the same state."""
    assert has_turn(session), "take your turn before you change matches"


# Keepers hold it together, and whoever has their turn alone holds it against them.
_KEEPING = lock_number("matching.keeping")
_KEEP_TOGETHER = f"""SELECT pg_advisory_xact_lock_shared({_KEEPING}),
    set_config('idle_in_transaction_session_timeout', '30s', true)"""
_ALONE = text(f"SELECT pg_advisory_xact_lock({_KEEPING})")


async def keep_together(session: AsyncSession) -> None:
    """Begins a transaction that keeps what is heard of requests and offers; others do the same meanwhile.

    Until its commit such a transaction waits for no turn, so that who has theirs alone can wait for it.
    """
    await begin(session, _KEEP_TOGETHER)


# A plan for any values may be one that compares every vector; to make one for these takes little.
_LOOK_FAR = f"SELECT {LOOK_FAR}, set_config('plan_cache_mode', 'force_custom_plan', true)"


async def look_far(session: AsyncSession) -> None:
    """Begins a transaction that looks in the index of meanings without a turn."""
    await begin(session, _LOOK_FAR)


async def go_on_to_look_far(session: AsyncSession) -> None:
    """Commits what is kept, and looks in the index of meanings from then on."""
    await commit_and_begin(session, _LOOK_FAR)


async def take_turn_alone(session: AsyncSession) -> None:
    """A turn while nobody keeps anything either: for what is about everything that is kept."""
    await take_turn(session)
    await ask(session, _ALONE)
