"""What comes in with a call about a match."""

from dataclasses import dataclass
from typing import Annotated, Self

from fastapi import Depends, Path, Query
from pydantic import Field, model_validator

from chassis import AtMost, Input, LongText, MaybeIfMatch, Now, ShortText, SignedIn
from contracts.vocabulary import Language
from services.matching.match import Because
from services.matching.settings import OwnSettings

MatchId = Annotated[str, Path(max_length=128)]
InLanguage = Annotated[Language, Query(description="The language of the reasons' words.")]


class Dismissal(Input):
    """Why an ambassador sees no fit."""

    because: Because
    note: LongText | None = Field(default=None, description="In their own words, for other ambassadors and the team.")


class HandOver(Input):
    """Who is to look at the match from now on."""

    member_id: Annotated[ShortText, AtMost(128)] | None = Field(
        default=None,
        description="An ambassador, or somebody of the node's team, who is asked and says yes or no; left out: the "
        "node's whole team, which has it at once. The team itself gives it to whom it names.",
    )
    note: Annotated[LongText, AtMost(1000)] | None = Field(
        default=None, description="Why, in one's own words, for who looks at it from then on, and the team."
    )


class Answer(Input):
    """Yes or no."""

    accepted: bool
    because: Because | None = Field(default=None, description="Why not; only beside a no.")

    @model_validator(mode="after")
    def _a_yes_needs_no_reason(self) -> Self:
        if self.accepted and self.because:
            raise ValueError("a reason goes with a no")
        return self


class EscalationDraft(Input):
    """Which request is to be answered by the whole country."""

    request_id: Annotated[ShortText, AtMost(128)]


@dataclass(frozen=True, slots=True)
class Call:
    """A step that somebody takes with a match; `expected` is the version that they saw, when they tell."""

    match_id: MatchId
    who: SignedIn
    expected: MaybeIfMatch
    now: Now
    settings: OwnSettings
    language: InLanguage = Language.DUTCH


Step = Annotated[Call, Depends()]
