"""What nothing was proposed for, though something fits it: matching itself is asked, when a storm is over."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.database import engine_for, sessions_of
from contracts.vocabulary import TAKEN_UP_BY_ONE
from services.matching import propositions, seeking, weighing
from services.matching.rules import Proposal
from services.matching.settings import MatchingSettings
from services.matching.turns import look_far
from tests.faults.cluster import Cluster, Site
from tests.faults.people import People

_WITHOUT_A_MATCH = """
    SELECT proposition_id AS id FROM proposition p WHERE side = 'request' AND status = 'open'
        AND NOT EXISTS (SELECT FROM match m WHERE m.request_id = p.proposition_id)"""


async def all_proposed(cluster: Cluster, people: Sequence[People]) -> AsyncIterator[str]:
    """I2: of what fits a request something was proposed: asked once more, matching finds nothing for the others.

    A node that was put back does not know of every match. An offer that one takes up may have been full at the time.
    """
    if any(site.is_restored for site in cluster.sites):
        return
    for site in cluster.sites:
        settings = _settings(site)
        async with _looking(settings) as session:
            for row in await site.look.rows("matching", _WITHOUT_A_MATCH):
                for one in await _would_be_proposed(session, row["id"], settings):
                    if one.pair.offer.kind not in TAKEN_UP_BY_ONE:
                        yield f"nothing was proposed in {site.name} for the first of {one.pair.ids}, which fit"


async def _would_be_proposed(session: AsyncSession, request_id: str, settings: MatchingSettings) -> list[Proposal]:
    known, now = await propositions.get(session, request_id), datetime.now(UTC)
    assert known is not None
    sought = await seeking.seek(session, known, now, settings)
    return await seeking.still_best(session, sought, now, settings, await weighing.weights_in_use(session))


def _settings(site: Site) -> MatchingSettings:
    """Those that the node's matching runs with."""
    env = site.node.env("matching")
    names = [name for name in MatchingSettings.model_fields if f"ODH_{name.upper()}" in env]
    return MatchingSettings.model_validate({name: env[f"ODH_{name.upper()}"] for name in names})


@asynccontextmanager
async def _looking(settings: MatchingSettings) -> AsyncIterator[AsyncSession]:
    engine = engine_for(settings.database_url, 1)
    try:
        async with sessions_of(engine)() as session:
            await look_far(session)
            yield session
    finally:
        await engine.dispose()
