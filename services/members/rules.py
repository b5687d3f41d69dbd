"""What members decides: numbers, addresses, links, who may do what. Pure: data in, data out; time is an argument."""

import hashlib
import re
from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from stdnum.exceptions import ValidationError as NumberNotValid
from stdnum.nl import brin as brin_number

from chassis.identity import Identity
from chassis.problems import Problem
from contracts.members import AmbassadorScope
from contracts.places import find_province
from contracts.vocabulary import OrganisationKind, Role

#: The version of the terms that somebody agrees to by joining; it is kept with their consent.
TERMS_VERSION = "2026-11"

#: How long a sign-in link works; the stream keeps the event that carries it no longer either.
LINK_LIFETIME = timedelta(minutes=15)

#: In which time the links to one address are counted.
LINKS_COUNTED_OVER = timedelta(hours=1)

#: How long we keep the details of somebody who never confirmed their address.
UNCONFIRMED_KEPT = timedelta(days=7)

#: Who has to tell what they removed before an erasure is complete.
FORGETTING_SERVICES = frozenset({"members", "requests", "matching", "notify", "partners"})


class MemberStatus(StrEnum):
    """Where a person is: joined without confirming the address, taking part, or not any more."""

    UNCONFIRMED = "unconfirmed"
    ACTIVE = "active"
    LEFT = "left"


class MemberNotFound(Problem, slug="member-not-found", status=404, title="This member does not exist"):
    """No such member, or none that the caller may see: the two are not told apart."""


class OrganisationNotFound(
    Problem, slug="organisation-not-found", status=404, title="This organisation does not exist"
):
    """No organisation has this id."""


class OrganisationExists(
    Problem, slug="organisation-exists", status=409, title="An organisation with this number takes part already"
):
    """Its BRIN or KVK number is taken; `organisation_id` tells by whom."""


class OrganisationNotYours(Problem, slug="organisation-not-yours", status=403, title="Only its ambassador changes it"):
    """The organisation is public, but its details are not the caller's to change."""


class AlreadyAffiliated(
    Problem, slug="already-affiliated", status=409, title="You belong to this organisation already"
):
    """The affiliation exists."""


class AffiliationNotFound(Problem, slug="affiliation-not-found", status=404, title="This affiliation does not exist"):
    """No such affiliation of the caller's own."""


class NotAnAmbassador(Problem, slug="ambassador-not-found", status=404, title="This member is no ambassador"):
    """There is no appointment to end."""


class LastOfNodeTeam(
    Problem,
    slug="last-of-node-team",
    status=409,
    title="Somebody has to stay in the node's team: appoint another first",
):
    """Without a team nobody could appoint anybody."""


class PersonLeft(Problem, slug="person-left", status=409, title="This person stopped taking part themselves"):
    """Only they can come back, by joining again; a partner network cannot tell that for them."""


class AddressOfAnother(
    Problem,
    slug="address-of-another",
    status=409,
    title="Somebody with another name takes part with this address: give each person an address of their own",
):
    """Who reads a mailbox can sign in as its member, so two people cannot take part with one."""


class ErasureNotFound(Problem, slug="erasure-not-found", status=404, title="This erasure does not exist"):
    """No erasure has this id."""


class SignInLinkInvalid(
    Problem, slug="sign-in-link-invalid", status=422, title="This link does not work (any more): ask for a new one"
):
    """The token was used (not just now), has expired or never was; which of these is not told."""


def person_name(text: str) -> str:
    """A name as somebody wrote it. It is mailed, perhaps to somebody else's address, so it cannot carry a message."""
    if not any(letter.isalpha() for letter in text):
        raise ValueError("must have a letter")
    if re.search(r"[<>@/\\:]|www\.", text, re.IGNORECASE):
        raise ValueError("must be a name, without an address or a link")
    return text


def organisation_name(text: str) -> str:
    """A name that can be seen: there are characters that show nothing."""
    if not any(sign.isalnum() for sign in text):
        raise ValueError("must have a letter or a digit")
    return text


def email_address(text: str) -> str:
    """An address in its normal form, as mail is sent to it. Whether it exists shows when its owner follows the link."""
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError:
        raise ValueError("must be an email address, such as naam@school.nl") from None


def email_key(email: str) -> str:
    """What makes two spellings of an address the same person's: no mail system tells capitals apart.

    Folding the case takes more for one: `straße@` and `strasse@` are two mailboxes, and may be two people's.
    """
    return email.lower()


def phone_number(text: str) -> str:
    """A phone number in international form (E.164); without a country code it is a Dutch one."""
    try:
        number = phonenumbers.parse(text, "NL")
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_valid_number(number):
        raise ValueError("must be a phone number, such as 06 12345678 or +32 470 12 34 56")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def email_shown(email: str) -> str:
    """An address with which two can be told apart and nobody can be written to: 'n…r@vechtdal.example'."""
    local, _, at = email.rpartition("@")
    return f"{local[:1]}…{local[-1:] if len(local) > 3 else ''}@{at}"


def phone_shown(phone: str) -> str:
    """The last digits of a number."""
    return f"…{phone[-3:]}"


def brin(text: str) -> str:
    """A school's BRIN number. The six characters of one of its sites are not the school's."""
    try:
        number = brin_number.validate(text)
    except NumberNotValid:
        number = ""
    if len(number) != 4:
        raise ValueError("must be two digits and two letters, such as 25PJ")
    return number


def kvk(text: str) -> str:
    """A number at the chamber of commerce: eight digits, leading zeros included; it has no check digit."""
    number = re.sub(r"[ .-]", "", text)
    if not re.fullmatch(r"[0-9]{8}", number) or number == "00000000":
        raise ValueError("must be eight digits, such as 30123456")
    return number


def number_errors(kind: OrganisationKind, brin: str | None, kvk: str | None) -> dict[str, str]:
    """Which numbers a kind of organisation lacks, or has although it cannot, with what to do about it."""
    errors = {}
    if kind is OrganisationKind.SCHOOL and brin is None:
        errors["brin"] = "a school needs its BRIN number"
    if kind is OrganisationKind.COMPANY and brin is not None:
        errors["brin"] = "a company has no BRIN number"
    if kind is OrganisationKind.COMPANY and kvk is None:
        errors["kvk"] = "a company needs its KVK number"
    return errors


def province(name: str) -> str:
    """The province as we write it."""
    return find_province(name)


def is_narrow(scope: AmbassadorScope) -> bool:
    """Whether a scope says where: an ambassador of everything everywhere is the node's team."""
    return bool(scope.organisation_ids or scope.provinces or scope.themes)


def token_hash(token: str) -> bytes:
    """What is stored of a token: who reads the database cannot sign in with it."""
    return hashlib.sha256(token.encode()).digest()


def check_link(expires_at: datetime, used_at: datetime | None, now: datetime) -> None:
    """Refuses a link that was used or has expired."""
    if used_at is not None or now >= expires_at:
        raise SignInLinkInvalid


def may_have_link(links_lately: int, links_max: int) -> bool:
    """Whether another link may be mailed to an address, by how many went there lately."""
    return links_lately < links_max


def joins(status: MemberStatus, *, blocked: bool) -> bool:
    """Whether following a link that was mailed for joining makes somebody a member, (once) more."""
    return status is not MemberStatus.ACTIVE and not blocked


def check_may_change_organisation(who: Identity, organisation_id: str) -> None:
    """By the node's team, and by who was appointed for it: who belongs to it, says that themselves."""
    scope = who.scope if who.has(Role.AMBASSADOR) else None
    if not who.has(Role.NODE_TEAM) and not (scope and organisation_id in scope.organisation_ids):
        raise OrganisationNotYours


def check_may_see(who: Identity, member_id: str, organisation_ids: Collection[str], provinces: Collection[str]) -> None:
    """A member is seen by themselves, by the node's team, and by an ambassador whose scope holds their organisation.

    A scope of themes alone holds no persons.
    """
    if who.member_id == member_id or who.has(Role.NODE_TEAM):
        return
    scope = who.scope if who.has(Role.AMBASSADOR) else None
    if scope is None or not (scope.organisation_ids or scope.provinces):
        raise MemberNotFound
    in_organisations = not scope.organisation_ids or not set(organisation_ids).isdisjoint(scope.organisation_ids)
    in_provinces = not scope.provinces or not set(provinces).isdisjoint(scope.provinces)
    if not (in_organisations and in_provinces):
        raise MemberNotFound


def roles_of(*, ambassador: bool, node_team: bool) -> frozenset[Role]:
    """What somebody who takes part may do."""
    extra = {Role.AMBASSADOR: ambassador, Role.NODE_TEAM: node_team}
    return frozenset({Role.MEMBER, *(role for role, held in extra.items() if held)})


def is_complete(told: Collection[str]) -> bool:
    """Whether everybody who held something of an erased member has told what they removed."""
    return FORGETTING_SERVICES.issubset(told)
