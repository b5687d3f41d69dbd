"""What may come in of initiatives: every field is checked by its rule, and all that is wrong is told at once."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field, StrictBool, StrictInt, ValidationInfo, field_validator

from chassis import AtMost, Input, LongText, ShortText
from contracts.vocabulary import InitiativeStatus, StoppedBecause
from services.requests import rules as days
from services.requests.calls import ASKING
from services.requests.contact_details import without_contact_details
from services.requests.initiatives import rules
from services.requests.inputs import Day, Title, Words

STUDENTS_MAX = 100_000

Sentence = Annotated[ShortText, AfterValidator(without_contact_details)]
Told = Annotated[LongText, AtMost(1000), AfterValidator(without_contact_details)]


class InitiativeDraft(Input):
    """What two people who were introduced will do."""

    match_id: str = Field(min_length=1, max_length=128, description="The introduction that it comes from.")
    title: Title | None = Field(default=None, description="Left out: that of the request.")
    text: Words = Field(description="What you will do.")
    starts_on: Day | None = None
    ends_on: Day | None = None

    @field_validator("starts_on", "ends_on")
    @classmethod
    def _fits(cls, day: date | None, info: ValidationInfo) -> date | None:
        name = info.field_name or ""
        given = {"starts_on": info.data.get("starts_on"), "ends_on": None, "expires_on": None} | {name: day}
        if error := days.period_errors(**given, today=ASKING.get().today).get(name):
            raise ValueError(error)
        return day


class Change(Input):
    """What it is called from now on, and when it is: all of it, also what stays."""

    title: Title
    starts_on: Day | None = None
    ends_on: Day | None = None


class NoteDraft(Input):
    """What happened."""

    happened_on: Day | None = Field(default=None, description="Left out: today.")
    text: Told

    @field_validator("happened_on")
    @classmethod
    def _fits(cls, day: date | None) -> date | None:
        if day and (error := rules.happened_error(day, today=ASKING.get().today)):
            raise ValueError(error)
        return day


class Ending(Input):
    """How it ended, and what it brought."""

    status: InitiativeStatus = Field(description="done, lasting (it goes on) or stopped (it did not work out).")
    because: StoppedBecause | None = Field(default=None, validate_default=True, description="Only of stopped.")
    because_words: Sentence | None = None
    outcome: Sentence | None = Field(default=None, description="What it brought, in a sentence.")
    students: Annotated[StrictInt, Field(ge=0, le=STUDENTS_MAX)] | None = None
    may_be_told: StrictBool = Field(
        default=False, description="The sentence may be told to the country, by the organisations' names alone."
    )

    @field_validator("status")
    @classmethod
    def _is_an_end(cls, status: InitiativeStatus) -> InitiativeStatus:
        if status is InitiativeStatus.RUNNING:
            raise ValueError("must be done, lasting or stopped")
        return status

    @field_validator("because")
    @classmethod
    def _says_why(cls, because: StoppedBecause | None, info: ValidationInfo) -> StoppedBecause | None:
        if because is StoppedBecause.ERASED:
            raise ValueError("this is not yours to say")
        if (status := info.data.get("status")) and (error := rules.because_error(status, because)):
            raise ValueError(error)
        return because
