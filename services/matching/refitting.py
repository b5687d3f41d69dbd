"""New weights from the feedback of this node, kept and taken into use: what `./odh matching refit` does here."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import async_sessionmaker
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching import feedback, learning, weighing
from services.matching.learning import Refit
from services.matching.turns import take_turn
from services.matching.weighing import Version

Sessions = async_sessionmaker[AsyncSession]


class Overtaken(Exception):
    """Other weights were taken into use since these were made."""


async def refit(sessions: Sessions, now: datetime) -> Refit:
    """Weights anew from the feedback that is kept, beside those in use; nothing changes yet."""
    async with sessions() as session, session.begin():
        await take_turn(session)
        before = await weighing.in_use(session, now)
        kept = await feedback.newest(session)
    return learning.refit(kept, before.weights, before.requests)


async def apply(sessions: Sessions, made: Refit, evaluation: Mapping[str, Any], now: datetime) -> int:
    """Keeps new weights and takes them into use, in all replicas; returns their version. Raises `Overtaken`."""
    async with sessions() as session, session.begin():
        await take_turn(session)
        if (await weighing.in_use(session, now)).weights.version != made.before.version:
            raise Overtaken
        version = await weighing.add(
            session,
            made.after,
            now,
            made_by="refit",
            requests=made.enough.telling,
            matches=made.enough.matches,
            evaluation=evaluation,
        )
        await weighing.use(session, version, now)
    return version


async def versions(sessions: Sessions, now: datetime) -> list[Version]:
    """Every version of the weights, this release's among them."""
    async with sessions() as session, session.begin():
        await take_turn(session)
        await weighing.know_release(session, now)
        return await weighing.versions(session)


async def use(sessions: Sessions, version: int, now: datetime) -> None:
    """Takes a version into use, in all replicas; raises `NoSuchVersion`."""
    async with sessions() as session, session.begin():
        await take_turn(session)
        await weighing.know_release(session, now)
        await weighing.use(session, version, now)
