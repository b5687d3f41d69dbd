"""What may come in: every field is checked by its rule, and what is wrong is told of all fields at once."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from chassis import AtMost, Input, PlaceDraft, ShortText
from chassis.inputs import PERSON_NAME_MAX
from contracts.members import AmbassadorScope
from contracts.vocabulary import Language, Network, OrganisationKind, Theme
from services.members import rules


def _once(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


PersonName = Annotated[ShortText, AtMost(PERSON_NAME_MAX), AfterValidator(rules.person_name)]
OrganisationName = Annotated[ShortText, AfterValidator(rules.organisation_name)]
EmailAddress = Annotated[ShortText, AfterValidator(rules.email_address)]
PhoneNumber = Annotated[ShortText, AfterValidator(rules.phone_number)]
Brin = Annotated[ShortText, AfterValidator(rules.brin)]
Kvk = Annotated[ShortText, AfterValidator(rules.kvk)]
Networks = Annotated[tuple[Network, ...], Field(max_length=20), AfterValidator(_once)]
OrganisationId = Annotated[ShortText, AtMost(128)]
Province = Annotated[ShortText, AfterValidator(rules.province)]


class OrganisationDraft(Input):
    """An organisation that is to take part: a school gives its BRIN number, a company its KVK number."""

    kind: OrganisationKind
    name: OrganisationName
    place: PlaceDraft
    brin: Brin | None = Field(default=None, validate_default=True)
    kvk: Kvk | None = Field(default=None, validate_default=True)
    networks: Networks = ()

    @field_validator("brin", "kvk")
    @classmethod
    def _belongs_to_the_kind(cls, number: str | None, info: ValidationInfo) -> str | None:
        if kind := info.data.get("kind"):
            errors = rules.number_errors(kind, **{"brin": None, "kvk": None, info.field_name or "": number})
            if error := errors.get(info.field_name or ""):
                raise ValueError(error)
        return number


class OrganisationChange(Input):
    """What changes of an organisation; a field that is left out stays as it is."""

    name: OrganisationName = ""
    place: PlaceDraft = Field(default=None)  # type: ignore[assignment]  # left out, never null
    brin: Brin | None = None
    kvk: Kvk | None = None
    networks: Networks = ()


class _Joining(Input):
    name: PersonName
    phone: PhoneNumber | None = None
    language: Language = Language.DUTCH
    networks: Networks = ()
    organisation_id: OrganisationId | None = None
    organisation: OrganisationDraft | None = Field(default=None, validate_default=True)
    role: ShortText | None = Field(default=None, description="What they do there, in their own words.")
    consent: bool = Field(description="That we may keep these details, as the terms say. Without it nothing is kept.")

    @field_validator("organisation")
    @classmethod
    def _one_organisation(cls, draft: OrganisationDraft | None, info: ValidationInfo) -> OrganisationDraft | None:
        if "organisation_id" in info.data and (draft is None) == (info.data["organisation_id"] is None):
            raise ValueError("give either organisation_id or a new organisation")
        return draft

    @field_validator("consent")
    @classmethod
    def _consents(cls, consent: bool) -> bool:
        if not consent:
            raise ValueError("must be true: without consent we keep nothing")
        return consent


class JoinDraft(_Joining):
    """Somebody who wants to take part, for an organisation that is here already or is to be registered with them."""

    email: EmailAddress


class AcceptDraft(_Joining):
    """Somebody who was invited takes part: the token shows their address."""

    token: Annotated[str, Field(min_length=1, max_length=200)]


class MemberChange(Input):
    """What a member changes of themselves; a field that is left out stays as it is.

    Another email address counts only after the link that is mailed to it is followed.
    """

    name: PersonName = ""
    email: EmailAddress = ""
    phone: PhoneNumber | None = None
    language: Language = Language.DUTCH
    networks: Networks = ()


class AffiliationDraft(Input):
    """An organisation that a member belongs to."""

    organisation_id: OrganisationId
    role: ShortText | None = None


class ScopeDraft(Input):
    """Where an ambassador is to be active; an empty field does not narrow it, and at least one is filled."""

    organisation_ids: Annotated[tuple[OrganisationId, ...], Field(max_length=100), AfterValidator(_once)] = ()
    provinces: Annotated[tuple[Province, ...], Field(max_length=12), AfterValidator(_once)] = ()
    themes: Annotated[tuple[Theme, ...], Field(max_length=20), AfterValidator(_once)] = ()

    @model_validator(mode="after")
    def _is_narrow(self) -> Self:
        if not rules.is_narrow(self.scope()):
            raise ValueError("fill at least one of organisation_ids, provinces and themes")
        return self

    def scope(self) -> AmbassadorScope:
        """The scope as the events tell it."""
        return AmbassadorScope(organisation_ids=self.organisation_ids, provinces=self.provinces, themes=self.themes)


class InvitationDraft(Input):
    """Who is invited, and to what."""

    email: EmailAddress
    name: PersonName | None = Field(default=None, description="As the mail greets them; they can change it.")
    language: Language = Language.DUTCH
    organisation_id: OrganisationId | None = Field(
        default=None, description="Where they may belong; they can change it."
    )
    ambassador: ScopeDraft | None = Field(
        default=None, description="With this scope they are an ambassador at once; only the node's team gives that."
    )


class LinkAsked(Input):
    """Who wants to sign in."""

    email: EmailAddress


class TokenShown(Input):
    """The token of a link that was followed."""

    token: Annotated[str, Field(min_length=1, max_length=200)]
