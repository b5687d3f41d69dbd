"""The closed lists that every service shares: the glossary's words, in code and in the wire format."""

from enum import StrEnum


class OrganisationKind(StrEnum):
    """What sort of organisation takes part: `centre` is a Katapult CIV or CoE."""

    SCHOOL = "school"
    COMPANY = "company"
    CENTRE = "centre"
    PARTNER = "partner"


class Network(StrEnum):
    """The partner networks that a member or an organisation can belong to, several at once."""

    DUURZAAM_MBO = "duurzaam-mbo"
    ROOTS = "het-groene-brein-roots"
    KATAPULT = "katapult"
    LEREN_VOOR_MORGEN = "leren-voor-morgen"


class Kind(StrEnum):
    """What is asked or offered."""

    PRACTICE_ASSIGNMENT = "practice-assignment"
    INTERNSHIP = "internship"
    GUEST_LESSON = "guest-lesson"
    SITE_VISIT = "site-visit"
    LESSON_MATERIAL = "lesson-material"
    TIP = "tip"
    EXPERTISE = "expertise"
    EQUIPMENT = "equipment"
    MEETING = "meeting"


class Theme(StrEnum):
    """What it is about."""

    ENERGY_TRANSITION = "energy-transition"
    CIRCULAR_ECONOMY = "circular-economy"
    CLIMATE_ADAPTATION = "climate-adaptation"
    BIODIVERSITY = "biodiversity"
    DIGITALISATION = "digitalisation"
    ROBOTISATION = "robotisation"
    SUSTAINABLE_BUILDING = "sustainable-building"
    SUSTAINABLE_MOBILITY = "sustainable-mobility"
    FOOD_AND_AGRICULTURE = "food-and-agriculture"
    HEALTH_AND_CARE = "health-and-care"
    SOCIAL_ENTREPRENEURSHIP = "social-entrepreneurship"


class Language(StrEnum):
    """The languages that pages and mails speak, Dutch first (ISO 639-1)."""

    DUTCH = "nl"
    ENGLISH = "en"


class Status(StrEnum):
    """Where a request or an offer is in its life."""

    DRAFT = "draft"
    OPEN = "open"
    IN_CONVERSATION = "in-conversation"
    FULFILLED = "fulfilled"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Role(StrEnum):
    """What somebody may do. Every signed-in person is a member."""

    MEMBER = "member"
    AMBASSADOR = "ambassador"
    NODE_TEAM = "node-team"


class Side(StrEnum):
    """Whose yes or no it is in a match."""

    REQUEST = "request"
    OFFER = "offer"
