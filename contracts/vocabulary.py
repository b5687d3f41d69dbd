"""The closed lists that every service shares: the glossary's words, in code and in the wire format."""

from enum import StrEnum


class OrganisationKind(StrEnum):
    """What sort of organisation takes part: `centre` is a Katapult CIV or CoE."""

    SCHOOL = "school"
    COMPANY = "company"
    CENTRE = "centre"
    PARTNER = "partner"


class Network(StrEnum):
    """The partner networks that every release knows. An operator adds others, see `contracts.networks`."""

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


#: What one party takes up as a whole; a guest lesson or a tip can be given again and again.
TAKEN_UP_BY_ONE = frozenset({Kind.INTERNSHIP, Kind.PRACTICE_ASSIGNMENT, Kind.EQUIPMENT})

#: What travels by itself: how far apart the two are is no matter.
KINDS_WITHOUT_DISTANCE = frozenset({Kind.TIP, Kind.LESSON_MATERIAL})


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


class Skill(StrEnum):
    """What somebody can do or wants to learn: broad enough that two who mean the same choose the same."""

    SOLAR_PANELS = "solar-panels"
    HEAT_PUMPS = "heat-pumps"
    INSULATION = "insulation"
    ELECTRICAL_INSTALLATION = "electrical-installation"
    CHARGING_POINTS = "charging-points"
    BATTERIES = "batteries"
    HYDROGEN = "hydrogen"
    WIND_TURBINES = "wind-turbines"
    DISTRICT_HEATING = "district-heating"
    ENERGY_ADVICE = "energy-advice"
    TIMBER_CONSTRUCTION = "timber-construction"
    BIOBASED_MATERIALS = "biobased-materials"
    RENOVATION = "renovation"
    REPAIR = "repair"
    RECYCLING = "recycling"
    CIRCULAR_DESIGN = "circular-design"
    TEXTILE = "textile"
    FURNITURE_MAKING = "furniture-making"
    METALWORK = "metalwork"
    PLASTICS = "plastics"
    WASTE_SEPARATION = "waste-separation"
    WATER_MANAGEMENT = "water-management"
    GREEN_ROOFS = "green-roofs"
    GARDENING = "gardening"
    NATURE_MANAGEMENT = "nature-management"
    SOIL = "soil"
    ARABLE_FARMING = "arable-farming"
    HORTICULTURE = "horticulture"
    LIVESTOCK = "livestock"
    COOKING = "cooking"
    FOOD_PROCESSING = "food-processing"
    FOOD_WASTE = "food-waste"
    PLANT_PROTEINS = "plant-proteins"
    PROGRAMMING = "programming"
    DATA_ANALYSIS = "data-analysis"
    SENSORS = "sensors"
    ARTIFICIAL_INTELLIGENCE = "artificial-intelligence"
    CYBER_SECURITY = "cyber-security"
    MEDIA = "media"
    ROBOTICS = "robotics"
    CNC_MACHINING = "cnc-machining"
    PRINTING_3D = "3d-printing"
    DRONES = "drones"
    MECHATRONICS = "mechatronics"
    VEHICLE_TECHNOLOGY = "vehicle-technology"
    BICYCLES = "bicycles"
    LOGISTICS = "logistics"
    NURSING = "nursing"
    CARE_TECHNOLOGY = "care-technology"
    SOCIAL_WORK = "social-work"
    SPORT_AND_MOVEMENT = "sport-and-movement"
    HOSPITALITY = "hospitality"
    RETAIL = "retail"
    ENTREPRENEURSHIP = "entrepreneurship"
    CARBON_ACCOUNTING = "carbon-accounting"
    PROJECT_MANAGEMENT = "project-management"
    COACHING = "coaching"
    CURRICULUM_DESIGN = "curriculum-design"


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


class InitiativeStatus(StrEnum):
    """Where what two people do together is: under way, or how it ended."""

    RUNNING = "running"
    DONE = "done"
    LASTING = "lasting"
    STOPPED = "stopped"


class StoppedBecause(StrEnum):
    """Why an initiative did not work out."""

    NO_TIME = "no-time"
    NO_CONTACT = "no-contact"
    NO_MEANS = "no-means"
    OTHER_PLANS = "other-plans"
    OTHER = "other"
    ERASED = "erased"
