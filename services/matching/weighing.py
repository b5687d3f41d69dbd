"""The weights of this node: versions that never change, and which of them is in use.

The weights of a release are a version as well, from the first proposal that is made with them; a newer release's take
their place, unless the node has weights of its own. Which version is in use is read in the transaction that proposes,
so that every replica takes up another one with its next proposal.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from pydantic_core import to_json
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.store import Table, ask
from services.matching.turns import must_have_turn
from services.matching.weights import NAMES, Weights, kept_weights

MadeBy = Literal["release", "refit"]


class NoSuchVersion(LookupError):
    """A version of the weights that was never made here."""


class WeightsRow(Table, table=True):
    """A version of the weights: from how much feedback it was made, and how well it did beside the one before."""

    __tablename__ = "weights"
    __table_args__ = (sa.Index("uq_weights_in_use", "is_in_use", unique=True, postgresql_where=sa.text("is_in_use")),)

    version: int = Field(sa_column=sa.Column(sa.Integer, primary_key=True, autoincrement=False))
    made_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    made_by: str = Field(sa_type=sa.Text)
    origin: str = Field(sa_type=sa.Text)
    weights: dict[str, float] = Field(sa_type=JSONB)
    score_min: float
    requests: int
    matches: int
    evaluation: dict[str, Any] = Field(sa_type=JSONB)
    used_since: datetime | None = Field(default=None, sa_type=sa.DateTime(timezone=True))
    is_in_use: bool


@dataclass(frozen=True, slots=True)
class Version:
    """A version with what is known of how it was made."""

    weights: Weights
    made_at: datetime
    made_by: MadeBy
    requests: int
    """From how many requests that said something."""
    matches: int
    evaluation: Mapping[str, Any]
    """How well it did when it was made, before and after; empty for a release's."""
    used_since: datetime | None
    is_in_use: bool


async def weights_in_use(session: AsyncSession) -> Weights:
    """What is proposed by now, for who has no turn: the next to have one may propose by others."""
    if "weights seen" not in session.info:
        found = await _in_use(session)
        is_older = found is None or (found.made_by == "release" and not _is_same(found.weights, kept_weights()))
        session.info["weights seen"] = kept_weights() if is_older or found is None else completed(found.weights)
    seen: Weights = session.info["weights seen"]
    return seen


#: By what the last turn of this process proposed, for each database that it works on.
_LAST: WeakKeyDictionary[Any, Weights] = WeakKeyDictionary()


async def weights_last_used(session: AsyncSession) -> Weights:
    """For what is sought before a turn, and judged anew in it when others are in use by then: asked for once."""
    engine = session.get_bind()
    if engine not in _LAST:
        _LAST[engine] = await weights_in_use(session)
    return _LAST[engine]


async def in_use(session: AsyncSession, now: datetime) -> Version:
    """The version that is proposed by; read once in a transaction, whose turn keeps it as it is."""
    must_have_turn(session)
    before: Version | None = session.info.get("weights")
    if before:
        return before
    found = await _in_use(session)
    if found is None or (found.made_by == "release" and not _is_same(found.weights, kept_weights())):
        await know_release(session, now)
        found = await _in_use(session)
        assert found is not None, "the weights of a release are in use until there are others"
    session.info["weights"] = found = replace(found, weights=completed(found.weights))
    _LAST[session.get_bind()] = found.weights
    return found


_IN_USE = text("SELECT * FROM weights WHERE is_in_use")
_VERSIONS = text("SELECT * FROM weights WHERE version = coalesce(:version, version) ORDER BY version")


async def _in_use(session: AsyncSession) -> Version | None:
    row = (await ask(session, _IN_USE)).one_or_none()
    return _version(row) if row else None


async def versions(session: AsyncSession, version: int | None = None) -> list[Version]:
    """Every version that was ever made here, the oldest first; or the one that is named, if there is one."""
    return [_version(row) for row in await ask(session, _VERSIONS, {"version": version})]


_ADD = text(
    """
    INSERT INTO weights (version, made_at, made_by, origin, weights, score_min, requests, matches, evaluation,
        is_in_use)
    SELECT coalesce(max(version), 0) + 1, CAST(:now AS timestamptz), :made_by, :origin, CAST(:weights AS jsonb),
        CAST(:score_min AS float8), CAST(:requests AS integer), CAST(:matches AS integer), CAST(:evaluation AS jsonb),
        false
    FROM weights RETURNING version
    """
)


async def add(
    session: AsyncSession,
    weights: Weights,
    now: datetime,
    *,
    made_by: MadeBy,
    requests: int = 0,
    matches: int = 0,
    evaluation: Mapping[str, Any] | None = None,
) -> int:
    """Keeps a new version, which is not in use yet; returns its number."""
    must_have_turn(session)
    values = {
        "now": now,
        "made_by": made_by,
        "origin": weights.origin,
        "weights": to_json(dict(weights.weights)).decode(),
        "score_min": weights.score_min,
        "requests": requests,
        "matches": matches,
        "evaluation": to_json(dict(evaluation or {})).decode(),
    }
    return int((await ask(session, _ADD, values)).scalar_one())


_LEAVE = text("UPDATE weights SET is_in_use = false WHERE is_in_use")
_USE = text(
    "UPDATE weights SET is_in_use = true, used_since = CAST(:now AS timestamptz) WHERE version = :version "
    "RETURNING version"
)


async def use(session: AsyncSession, version: int, now: datetime) -> None:
    """From now on, in every replica, proposals are made by this version; raises `NoSuchVersion`."""
    must_have_turn(session)
    session.info.pop("weights", None)
    await ask(session, _LEAVE)
    if (await ask(session, _USE, {"version": version, "now": now})).one_or_none() is None:
        raise NoSuchVersion


async def know_release(session: AsyncSession, now: datetime) -> None:
    """Makes the weights of this release a version, once; they are used from then on where those of an older one were.

    While replicas of two releases run beside each other, the older does not go back to its own.
    """
    known = await versions(session)
    if any(one.made_by == "release" and _is_same(one.weights, kept_weights()) for one in known):
        return
    version = await add(session, kept_weights(), now, made_by="release")
    if not any(one.is_in_use and one.made_by == "refit" for one in known):
        await use(session, version, now)


def _is_same(one: Weights, other: Weights) -> bool:
    return (dict(one.weights), one.score_min) == (dict(other.weights), other.score_min)


def _version(row: Any) -> Version:
    return Version(
        weights=Weights(row["weights"], row["score_min"], row["origin"], row["version"]),
        made_at=row["made_at"],
        made_by=row["made_by"],
        requests=row["requests"],
        matches=row["matches"],
        evaluation=row["evaluation"],
        used_since=row["used_since"],
        is_in_use=row["is_in_use"],
    )


def completed(weights: Weights) -> Weights:
    """Weights that know every signal: one that came with a later release counts as that release says."""
    missing = {name: kept_weights().weights[name] for name in NAMES if name not in weights.weights}
    return replace(weights, weights={**missing, **weights.weights}) if missing else weights
