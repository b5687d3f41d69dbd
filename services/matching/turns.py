"""What is done of requests and offers without a turn, and when even that has to wait (`store.take_turn`)."""

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.database import lock_number
from chassis.sql import begin
from services.matching.store import LOOK_FAR, ask, take_turn

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


async def look_far(session: AsyncSession) -> None:
    """Begins a transaction that looks in the index of meanings without a turn."""
    # A plan for any values may be one that compares every vector; to make one for these takes little.
    await begin(session, f"SELECT {LOOK_FAR}, set_config('plan_cache_mode', 'force_custom_plan', true)")


async def take_turn_alone(session: AsyncSession) -> None:
    """A turn while nobody keeps anything either: for what is about everything that is kept."""
    await take_turn(session)
    await ask(session, _ALONE)
