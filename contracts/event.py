"""The base of every event: its wire name, version and reach; its bytes are those of `contracts.envelope`."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal, Self, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, model_validator
from uuid_utils import uuid7

Reach = Literal["shared", "local", "to-partner"]

#: Marks a field that holds personal data: `name: Annotated[str, PERSONAL]`. Only `local` events may have one.
PERSONAL = "personal data"

TYPE_PREFIX = "nl.omdehoek"

#: What NATS ADR-6 allows in a subject token, narrowed to what our ids and those of partners need.
_SUBJECT_TOKEN = re.compile(r"[A-Za-z0-9_=-]{1,128}")

_types: dict[str, type["Event"]] = {}


def new_id() -> str:
    """A globally unique, time-ordered, unguessable id: a UUIDv7 (74 random bits)."""
    return str(uuid7())


def is_subject_token(text: str) -> bool:
    """Whether a text may be a token of a NATS subject; an id like `a.b >*` would widen the subject."""
    return _SUBJECT_TOKEN.fullmatch(text) is not None


class Event(BaseModel):
    """Something that happened to one entity, told to whoever wants to hear it.

    Class keywords: `wire_name` (`<speaker>.<event>`), `about` (the field with the entity's id, which becomes the last
    token of the subject), `reach` (`shared` may leave the node, `local` never does, `to-partner` is for one partner
    network, see `contracts.partners`), `wire_version`, and
    `kept_seconds` for what must not stay in the stream (a sign-in token).

    `version` counts the changes of the entity. Every event carries enough state that the highest version wins, so
    that order never depends on the order of delivery.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    wire_name: ClassVar[str]
    wire_version: ClassVar[int]
    about: ClassVar[str]
    reach: ClassVar[Reach]
    kept_seconds: ClassVar[int | None]

    version: int = Field(default=1, ge=1, description="How many times the entity has changed; the highest wins.")

    def __init_subclass__(
        cls,
        *,
        wire_name: str = "",
        about: str = "",
        reach: Reach = "local",
        wire_version: int = 1,
        kept_seconds: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init_subclass__(**kwargs)
        if not wire_name:  # a shared base of several events, not an event itself
            return
        cls.wire_name, cls.about, cls.reach = wire_name, about, reach
        cls.wire_version, cls.kept_seconds = wire_version, kept_seconds
        known = _types.setdefault(cls.type_name(), cls)
        if known.__qualname__ != cls.__qualname__ or known.__module__ != cls.__module__:
            raise TypeError(f"two events are called {cls.type_name()}")

    @model_validator(mode="after")
    def _entity_id_is_a_subject_token(self) -> Self:
        if not is_subject_token(self.entity_id):
            raise ValueError(f"{self.about} must be 1 to 128 letters, digits, '-', '_' or '='")
        return self

    @classmethod
    def type_name(cls) -> str:
        """The CloudEvents `type`, e.g. `nl.omdehoek.requests.request-placed.v1`."""
        return f"{TYPE_PREFIX}.{cls.wire_name}.v{cls.wire_version}"

    @classmethod
    def lifted(cls, older: "Event") -> Self:
        """This event, made from one of an older version; a version that can be made so says how.

        Who hears the newest version then hears the older ones too, which other nodes go on saying for a while.
        """
        raise UnknownEvent(older.type_name())

    @classmethod
    def speaker(cls) -> str:
        """The service that says it."""
        return cls.wire_name.split(".")[0]

    @property
    def system(self) -> str:
        """The service that this one comes from: its speaker, but for what every service says."""
        return self.speaker()

    @property
    def entity_id(self) -> str:
        """The id of the entity that the event is about."""
        return str(getattr(self, self.about))

    def subject(self, node: str, to: str | None = None) -> str:
        """The NATS subject: `odh.<node>.<reach>.<service>.<event>.<entity id>`, or `odh.<node>.to.<other node>. ...`.

        What is said to another node concerns that node alone. Raises `ValueError` for what never leaves its own.
        """
        if to is None:
            return f"odh.{node}.{self.reach}.{self.wire_name}.{self.entity_id}"
        if self.reach != "shared" or not is_subject_token(to):
            raise ValueError(f"{self.wire_name} cannot be said to another node")
        return f"odh.{node}.to.{to}.{self.wire_name}.{self.entity_id}"

    def timer_subject(self, node: str) -> str:
        """Where the event waits when it is said for later; one waiting event per entity and type."""
        return f"odh.{node}.timer.{self.wire_name}.{self.entity_id}"

    @classmethod
    def filter_subject(cls, node: str) -> str:
        """The subject that hears every event of this type in a node."""
        return f"odh.{node}.{cls.reach}.{cls.wire_name}.*"

    @classmethod
    def filter_subjects_elsewhere(cls, node: str) -> list[str]:
        """The subjects that hear every event of this type that other nodes share, or say to this node."""
        return [f"odh.*.shared.{cls.wire_name}.*", f"odh.*.to.{node}.{cls.wire_name}.*"]

    @classmethod
    def personal_fields(cls) -> frozenset[str]:
        """The names of the fields that hold personal data, those of nested models included."""
        return frozenset(_personal_fields(cls))


class ToOneNode(Event):
    """What is said to one other node, which it concerns, and to nobody else: as `Event.subject` has it with a `to`."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(reach="shared", **kwargs)


def _personal_fields(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        if PERSONAL in field.metadata:
            yield prefix + name
        for part in _models_in(field.annotation):
            yield from _personal_fields(part, f"{prefix}{name}.")


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if get_origin(annotation) is not None:
        if PERSONAL in get_args(annotation)[1:] and get_origin(annotation) is Annotated:
            raise TypeError("mark the field itself as personal, not a part of its type")
        for part in get_args(annotation):
            yield from _models_in(part)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation


class UnknownEvent(ValueError):
    """The type or the version of the event is not one that this release knows."""


def event_type_of(name: str) -> type[Event]:
    """The event of a CloudEvents `type`; raises `UnknownEvent` for one that is not known here."""
    try:
        return _types[name]
    except KeyError:
        raise UnknownEvent(name) from None


def event_types() -> list[type[Event]]:
    """Every event type of the modules imported so far, by name."""
    return [_types[name] for name in sorted(_types)]


class FieldError(BaseModel):
    """One field that is not right, without its value."""

    model_config = ConfigDict(frozen=True)

    field: str
    message: str


class EventRejected(Event, wire_name="chassis.event-rejected", about="rejected_id", reach="local"):
    """An event was understood but broke a rule, or could not be handled and was given up by the node's team.

    It is not retried, and its sender can read why.
    """

    rejected_id: str
    rejected_type: str
    rejected_by: str = Field(description="The service that refused it.")
    problem: str = Field(description="The stable type of the problem, as in problem+json.")
    title: str
    errors: tuple[FieldError, ...] = Field(default=(), description="Every wrong field, where the problem is in those.")
    rejected_about: str | None = Field(
        default=None, description="The id of the entity that the event was about, where it was given up."
    )

    @property
    def system(self) -> str:
        """The service that refused it."""
        return self.rejected_by
