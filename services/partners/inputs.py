"""What partners may tell: the data of their events, each field checked, what is wrong told of all at once.

What only the service that hears it can judge (a BRIN number, contact details in a text) it judges, with the same names.
"""

from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from chassis import AtMost, Clock, Day, Input, LongText, Moment, PlaceDraft, ShortText
from chassis.inputs import PERSON_NAME_MAX
from contracts.places import find_province
from contracts.vocabulary import Kind, Language, OrganisationKind, Skill, Theme


def _province(name: str) -> str:
    return find_province(name)


OwnId = Annotated[ShortText, Field(description="Your own id of it: the `subject` of the event that tells of it.")]


class CentreData(Input):
    """A centre in which schools and companies work together, such as a CIV or a CoE."""

    name: ShortText
    place: PlaceDraft
    kvk: ShortText | None = None
    website: ShortText | None = None


class OrganisationData(CentreData):
    """A school, a company, a centre or a partner."""

    kind: OrganisationKind
    brin: ShortText | None = None


class PersonData(Input):
    """A person who agreed, with you, that their details come here."""

    name: Annotated[ShortText, AtMost(PERSON_NAME_MAX)]
    email: ShortText
    phone: ShortText | None = None
    language: Language = Language.DUTCH
    organisation: OwnId
    role: ShortText | None = None
    consented_at: Moment = Field(description="When they agreed.")


class AmbassadorData(Input):
    """Who brings people together, and where; an empty list does not narrow it, and at least one is filled."""

    person: OwnId
    organisations: Annotated[tuple[OwnId, ...], Field(max_length=100)] = ()
    provinces: Annotated[tuple[Annotated[ShortText, AfterValidator(_province)], ...], Field(max_length=12)] = ()
    themes: Annotated[tuple[Theme, ...], Field(max_length=20)] = Field(default=(), validate_default=True)

    @field_validator("themes")
    @classmethod
    def _is_narrow(cls, themes: tuple[Theme, ...], info: ValidationInfo) -> tuple[Theme, ...]:
        known = {"organisations", "provinces"} <= info.data.keys()  # else what is wrong of those is told
        if known and not (themes or info.data["organisations"] or info.data["provinces"]):
            raise ValueError("must be filled when no organisation and no province is given")
        return themes


class TipData(Input):
    """A practical tip, of one of your people."""

    person: OwnId
    organisation: OwnId | None = Field(default=None, description="None: the person's own.")
    themes: Annotated[tuple[Theme, ...], Field(min_length=1, max_length=len(Theme))]
    title: ShortText
    text: LongText
    language: Language = Language.DUTCH
    place: PlaceDraft
    skills: Annotated[tuple[Skill, ...], Field(max_length=10)] = ()
    languages: Annotated[tuple[Language, ...], Field(max_length=len(Language))] = ()
    expires_on: Day | None = None


class MeetingData(TipData):
    """A meeting that people can come to."""

    reach_km: Annotated[int, Field(ge=1, le=400, strict=True)] | None = None
    starts_on: Day | None = None
    ends_on: Day | None = None
    participants: Annotated[int, Field(ge=1, le=1000, strict=True)] | None = None

    from_time: Clock | None = Field(default=None, description="When it begins, such as 14:30.")
    until_time: Clock | None = None
    venue: ShortText | None = Field(default=None, description="Where in the town it is, or how to take part.")
    sign_up_url: ShortText | None = Field(default=None, description="Where people sign up, if that is not here.")


class PropositionData(MeetingData):
    """What one of your people asks or offers."""

    kind: Kind
    mbo_level: Annotated[int, Field(ge=1, le=4, strict=True)] | None = None


#: The data of each event that tells something; one that withdraws has none.
DATA: dict[str, type[Input]] = {
    "organisation": OrganisationData,
    "centre": CentreData,
    "person": PersonData,
    "ambassador": AmbassadorData,
    "question": PropositionData,
    "offer": PropositionData,
    "tip": TipData,
    "meeting": MeetingData,
}
