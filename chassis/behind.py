"""What is behind, by the figures of a node's services: for `./odh status` and for the page of the node's team. Pure."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from chassis.figures import Figures, StreamFigures

#: What each service tells, one for every process that answers; none when no process does.
Found = Mapping[str, list[Figures]]

#: What waits longer, or is more, is behind. A node that is busy has some of each all the time.
UNSENT_SECONDS_MAX = 10.0
PENDING_MAX = 1000
MAIL_SECONDS_MAX = 300.0
TEXTS_UNREAD_MAX = 100
PARTNER_ROOM_PERCENT_MAX = 80.0
SOURCE_LAG_MAX = 1000
SOURCE_SILENT_SECONDS_MAX = 60.0


class Trouble(NamedTuple):
    """One thing that is behind or ill."""

    where: str
    nl: str
    en: str


def troubles_of(found: Found, on_data: str = "") -> Iterator[Trouble]:
    """Everything that somebody should look at; `on_data` has to be typed behind a command for this node."""
    for service, processes in found.items():
        if not processes:
            yield Trouble(service, "antwoordt niet", "does not answer")
        for part, state in sorted({item for one in processes for item in one.parts.items()}):
            if state != "ready":
                yield Trouble(service, f"{part}: {state}", f"{part}: {state}")
        if processes:
            yield from _behind(processes[0], on_data)
    for stream in streams_of(found):
        yield from _sources_behind(stream)


def _behind(one: Figures, on_data: str) -> Iterator[Trouble]:
    if (oldest := one.oldest_unsent_seconds or 0) > UNSENT_SECONDS_MAX:
        yield Trouble(
            one.service,
            f"{one.unsent} berichten niet verzonden, het oudste {oldest:.0f} s oud",
            f"{one.unsent} events not published, the oldest {oldest:.0f} s old",
        )
    for consumer in one.consumers:
        if consumer.pending > PENDING_MAX:
            yield Trouble(one.service, f"{consumer.name}: {consumer.pending} te gaan", f"{consumer.pending} to hear")
    if one.dead_letters:
        yield Trouble(
            one.service,
            f"{one.dead_letters} niet verwerkt: zie ./odh dead-letters{on_data}",
            f"{one.dead_letters} dead letters",
        )
    if late := one.own.get("erasures-late"):
        yield Trouble(
            one.service,
            f"na een uur nog niet overal gewist: {late:.0f}",
            f"not erased everywhere after an hour: {late:.0f}",
        )
    if has_no_team(one):
        yield Trouble(
            one.service,
            "niemand is van het team: noem een nieuw adres in ODH_NODE_TEAM_ADDRESSES, en start opnieuw",
            "nobody is of the node's team: name a new address in ODH_NODE_TEAM_ADDRESSES, and start anew",
        )
    if (stuck := one.own.get("mails-stuck-seconds", 0)) > MAIL_SECONDS_MAX:
        mails = one.own["mails-waiting"]
        yield Trouble(
            one.service,
            f"al {stuck:.0f} s gaat er geen mail uit, {mails:.0f} mails wachten",
            f"no mail goes out for {stuck:.0f} s, {mails:.0f} mails wait",
        )
    if (texts := one.own.get("texts-unread", 0)) > TEXTS_UNREAD_MAX:
        yield Trouble(one.service, f"{texts:.0f} teksten nog niet gelezen", f"{texts:.0f} texts not read yet")
    if (taken := one.own.get("partner-room-percent", 0)) > PARTNER_ROOM_PERCENT_MAX:
        events = one.own["partner-events-waiting"]
        yield Trouble(
            one.service,
            f"{events:.0f} berichten van partners wachten: {taken:.0f} % van de ruimte is bezet",
            f"{events:.0f} events of partners wait and take {taken:.0f} % of their room",
        )


def has_no_team(one: Figures) -> bool:
    """That nobody can sign in who looks after the node any more."""
    return one.own.get("team-members") == 0


def _sources_behind(stream: StreamFigures) -> Iterator[Trouble]:
    for source in stream.sources:
        silent = source.silent_seconds
        if source.lag > SOURCE_LAG_MAX:
            yield Trouble(stream.name, f"{source.name} loopt {source.lag} achter", f"{source.lag} behind")
        if silent is None or silent > SOURCE_SILENT_SECONDS_MAX:
            since = "nooit" if silent is None else f"{silent:.0f} s niet"
            ago = "never heard of" if silent is None else f"not heard of for {silent:.0f} s"
            yield Trouble(stream.name, f"van {source.name} {since} gehoord", f"{source.name} was {ago}")


def streams_of(found: Found) -> tuple[StreamFigures, ...]:
    """The node's streams, each once; some are told of by one service alone."""
    told = (stream for processes in found.values() for one in processes for stream in one.streams)
    return tuple({stream.name: stream for stream in told}.values())
