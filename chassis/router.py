"""What a service hears: which function handles which type of event.

`consumer.py` has how they come to it, `outcomes.py` what becomes of an event that could not be handled.
"""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlmodel.ext.asyncio.session import AsyncSession

from contracts.event import Event

if TYPE_CHECKING:
    from chassis.service import Service

Handler = Callable[..., Awaitable[None]]
Prepare = Callable[..., Awaitable[Sequence[Any]]]


@dataclass(frozen=True, slots=True)
class Hearing:
    """A handler, and an event type that it hears."""

    event_type: type[Event]
    handler: Handler
    prepare: Prepare | None
    prepare_wants_said_by: bool
    wants: frozenset[str]
    first: tuple[str, ...]
    elsewhere: bool
    apart: str

    @property
    def what(self) -> tuple[type[Event], bool, str]:
        """What it hears, which nothing else of the same service does."""
        return self.event_type, self.elsewhere, self.apart

    async def prepared(self, service: "Service", events: list[Any], said_by: list[str]) -> Sequence[Any]:
        """What is slow of a batch, done before its transaction; one result for each event."""
        assert self.prepare is not None
        if self.prepare_wants_said_by:
            return await self.prepare(events, service, said_by=said_by)
        return await self.prepare(events, service)

    async def handle(
        self,
        service: "Service",
        event: Event,
        session: AsyncSession,
        now: datetime,
        prepared: Any,
        said_by: str,
        said_at: datetime,
    ) -> None:
        """Calls the handler with what it asks for by name."""
        offered = {
            "session": session,
            "now": now,
            "settings": service.settings,
            "streams": service.streams,
            "prepared": prepared,
            "said_by": said_by,
            "said_at": said_at,
        }
        await self.handler(event, **{name: offered[name] for name in self.wants})


def durable_of(service: str, event_type: type[Event], *, elsewhere: bool = False, apart: str = "") -> str:
    """What the durable consumer is called by which a service hears an event type."""
    parts = (service, "elsewhere" if elsewhere else "", event_type.wire_name.replace(".", "-"), apart)
    return "-".join(filter(None, parts))


class EventRouter:
    """The handlers of a service.

    Their transactions begin with the statements `first`, such as one that takes a lock.
    """

    def __init__(self, *, first: Sequence[str] = ()) -> None:
        self.hearings: list[Hearing] = []
        self.heard_before: list[type[Event]] = []
        self._first = tuple(first)

    def hears(
        self,
        *event_types: type[Event],
        prepare: Prepare | None = None,
        first: Sequence[str] | None = None,
        elsewhere: bool = False,
        apart: str = "",
    ) -> Callable[[Handler], Handler]:
        """Makes a function the handler of event types; one handler per type in a service.

        The function gets the event, and by name what it asks for: `session`, `now`, `settings`, `streams`, `prepared`,
        `said_by`, the node that said it, and `said_at`, when that was by its own clock.
        `prepare(events, service)` does what is slow before the transaction, for a whole batch; it gets `said_by` too,
        a node for each event, when it asks for it.
        `first` is what its transactions begin with, instead of what those of the router do.
        `elsewhere`: what other nodes say, and not what this one does; the two may have the same handler.
        `apart` names what hears a type on its own beside its other handler: it begins with what the stream has, so that
        a service which learns to do more with a type does so with what was said before, too.
        """

        def register(handler: Handler) -> Handler:
            wants = frozenset(list(inspect.signature(handler).parameters)[1:])
            if unknown := wants - {"session", "now", "settings", "streams", "prepared", "said_by", "said_at"}:
                raise TypeError(f"{handler.__name__} asks for {sorted(unknown)}, which no handler gets")
            names_nodes = prepare is not None and "said_by" in inspect.signature(prepare).parameters
            for event_type in event_types:
                if event_type.reach == "to-partner":
                    raise TypeError(f"{event_type.__name__} is for a partner network alone")
                if elsewhere and event_type.reach == "local":
                    raise TypeError(f"{event_type.__name__} never leaves its node")
                if any(one.what == (event_type, elsewhere, apart) for one in self.hearings):
                    raise TypeError(f"{event_type.__name__} has a handler in this service already")
                begin = self._first if first is None else tuple(first)
                self.hearings.append(Hearing(event_type, handler, prepare, names_nodes, wants, begin, elsewhere, apart))
            return handler

        return register

    def no_longer_hears(self, *event_types: type[Event]) -> None:
        """What the release before heard: its consumers go, see `letting_go`."""
        self.heard_before += event_types

    def include(self, other: "EventRouter") -> None:
        """Hears what another router of the same service hears too; one handler per type in a service all the same."""
        known = {one.what for one in self.hearings}
        if twice := [one.event_type.__name__ for one in other.hearings if one.what in known]:
            raise TypeError(f"{', '.join(twice)} has a handler in this service already")
        self.hearings += other.hearings
        self.heard_before += other.heard_before
