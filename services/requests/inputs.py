"""What may come in: every field is checked by its rule, and what is wrong is told of all fields at once."""

import re
from datetime import date
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, StrictInt, ValidationInfo, field_validator

from chassis import AtMost, Clock, Day, Input, LongText, PlaceDraft, ShortText
from contracts.vocabulary import Kind, Language, Skill, Theme
from services.requests import rules
from services.requests.calls import ASKING
from services.requests.contact_details import without_contact_details

Word = TypeVar("Word", Theme, Skill, Language)

PARTICIPANTS_MAX = 1000
REACH_KM_MAX = 400  # from one end of the country to the other


def _is_safe(url: str) -> str:
    try:
        parts = urlsplit(url)
        whole = parts.scheme == "https" and parts.hostname and parts.username is None and parts.port in (None, 443)
    except ValueError:
        whole = False
    if not whole or not re.fullmatch(r"[!-~]+", url):
        raise ValueError("must be an address that begins with https://")
    return url


def _once(words: tuple[Word, ...]) -> tuple[Word, ...]:
    return tuple(dict.fromkeys(words))


def _own(organisation_id: str | None) -> str:
    return rules.own_organisation(organisation_id, ASKING.get().who.organisation_ids)


Title = Annotated[ShortText, AfterValidator(without_contact_details)]
Words = Annotated[LongText, AfterValidator(without_contact_details)]
Themes = Annotated[tuple[Theme, ...], Field(min_length=1, max_length=len(Theme)), AfterValidator(_once)]
Skills = Annotated[tuple[Skill, ...], Field(max_length=10), AfterValidator(_once)]
Languages = Annotated[
    tuple[Language, ...],
    Field(max_length=len(Language), description="In which it can be done; none: in any that suits the other."),
    AfterValidator(_once),
]
ReachKm = Annotated[StrictInt, Field(ge=1, le=REACH_KM_MAX, description="How far they want to go; none: anywhere.")]
Participants = Annotated[StrictInt, Field(ge=1, le=PARTICIPANTS_MAX, description="How many students or participants.")]
MboLevel = Annotated[StrictInt, Field(ge=1, le=4)]
MeetingTime = Annotated[Clock, Field(description="Of a meeting, on the Dutch clock.")]
Venue = Annotated[Title, Field(description="Of a meeting: where in the town it is, or how to take part.")]
SignUpUrl = Annotated[
    ShortText, AfterValidator(_is_safe), Field(description="Of a meeting: where people sign up, if that is not here.")
]
OtherId = Annotated[ShortText, AtMost(128)]
OwnOrganisation = Annotated[str, BeforeValidator(_own)]
ExpiresOn = Annotated[Day, Field(description="The last day that it stands; at most a year ahead.")]


class _Days(Input):
    """What both bodies say about days: checked together, told by field."""

    starts_on: Day | None = None
    ends_on: Day | None = None
    expires_on: ExpiresOn | None = None

    @field_validator("starts_on", "ends_on", "expires_on")
    @classmethod
    def _fits(cls, day: date | None, info: ValidationInfo) -> date | None:
        name = info.field_name or ""
        days = {other: info.data.get(other) for other in ("starts_on", "ends_on", "expires_on")} | {name: day}
        if error := rules.period_errors(**days, today=ASKING.get().today).get(name):
            raise ValueError(error)
        return day


class PropositionDraft(_Days):
    """What somebody asks or offers."""

    kind: Kind
    themes: Themes
    title: Title
    text: Words
    language: Language = Language.DUTCH
    place: PlaceDraft
    reach_km: ReachKm | None = None
    from_time: MeetingTime | None = None
    until_time: MeetingTime | None = None
    venue: Venue | None = None
    sign_up_url: SignUpUrl | None = None
    participants: Participants | None = None
    mbo_level: MboLevel | None = None
    skills: Skills = ()
    languages: Languages = ()
    organisation_id: OwnOrganisation = Field(
        default=None,  # its rule fills it in
        validate_default=True,
        description="For whom; who belongs to just one organisation need not say.",
    )
    draft: StrictBool = Field(default=False, description="Kept for its member alone, until they open it.")

    @field_validator("from_time", "until_time", "venue", "sign_up_url")
    @classmethod
    def _fits_a_meeting(cls, value: Any, info: ValidationInfo) -> Any:
        if "kind" in info.data:  # else that is what is wrong
            known = dict.fromkeys(rules.WHEN_AND_WHERE) | info.data | {info.field_name: value}
            told = {name: known[name] for name in rules.WHEN_AND_WHERE}
            if error := rules.meeting_errors(**told).get(info.field_name or ""):
                raise ValueError(error)
        return value


class RequestDraft(PropositionDraft):
    """What somebody asks, perhaps about an offer that they read."""

    about_offer_id: OtherId | None = Field(
        default=None,
        description="The offer that it is about, of this node or of the national one: the two are proposed to an "
        "ambassador, as soon as both stand. It stays what it is.",
    )


class PropositionChange(_Days):
    """What changes of a request or an offer; a field that is left out stays as it is."""

    kind: Kind = Field(default=Kind.TIP, description="A tip or a meeting that is offered keeps it until it is closed.")
    themes: Themes = ()
    title: Title = ""
    text: Words = ""
    language: Language = Language.DUTCH
    place: PlaceDraft = Field(default=None)  # type: ignore[assignment]  # left out, never null
    reach_km: ReachKm | None = None
    from_time: MeetingTime | None = None
    until_time: MeetingTime | None = None
    venue: Venue | None = None
    sign_up_url: SignUpUrl | None = None
    participants: Participants | None = None
    mbo_level: MboLevel | None = None
    skills: Skills = ()
    languages: Languages = ()
    organisation_id: OwnOrganisation = ""

    def given(self) -> dict[str, Any]:
        """The fields that were sent."""
        return {name: getattr(self, name) for name in self.model_fields_set}
