"""What partners decides: which record an event is about, which of two is the newer, what is not taken in. Pure."""

import hashlib
import json
import unicodedata
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from chassis.problems import FieldErrors, Problem
from contracts.partners import Thing
from contracts.vocabulary import Kind

#: What our own event types of partners begin with; a network's profile translates its own names.
TYPE_BEGIN, TYPE_END, WITHDRAWN = "nl.omdehoek.partner.", ".v1", "-withdrawn"

#: What partners tell of, and what it is a record of.
THINGS = {
    "organisation": Thing.ORGANISATION,
    "centre": Thing.ORGANISATION,
    "person": Thing.PERSON,
    "ambassador": Thing.AMBASSADOR,
    "question": Thing.REQUEST,
    "offer": Thing.OFFER,
    "tip": Thing.OFFER,
    "meeting": Thing.OFFER,
}

#: What these are need not be told.
KINDS = {"tip": Kind.TIP, "meeting": Kind.MEETING}

_RECORDS = uuid.UUID("5c1f7c0e-5f3a-4f0b-9a53-0e6d7f1f4f10")


class Status(StrEnum):
    """How far an event of a partner is."""

    RECEIVED = "received"
    WAITING = "waiting"
    TOLD = "told"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


#: An event in turn that is not told or answered after this long holds up the rest of its partner no more.
TURN_SECONDS_MAX = 60.0

#: So far may the clock of a partner be ahead of ours: when it tells, and when somebody agreed.
AHEAD_MAX, CONSENT_AHEAD_MAX = timedelta(days=1), timedelta(minutes=5)

PENDING = frozenset({Status.RECEIVED, Status.WAITING})


class NotAPartner(Problem, slug="not-a-partner", status=401, title="Show a token that works: ask a new one"):
    """No token came along, or one that has expired or whose key was revoked."""

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": "Bearer"})


class NotACloudEvent(Problem, slug="not-a-cloud-event", status=415, title="Send CloudEvents 1.0"):
    """Structured, batched or binary: the content type tells, and no other was given."""


class SourceNotYours(Problem, slug="source-not-yours", status=403, title="This source is not yours to speak for"):
    """Every `source` begins with the one that was agreed with the partner; nothing of the call was taken in."""


class TooManyEvents(Problem, slug="too-many-events", status=429, title="More events than you may push in a minute"):
    """Nothing of this call was taken in; `Retry-After` tells when there is room again."""

    def __init__(self, seconds: int, events_per_minute_max: int) -> None:
        super().__init__(headers={"Retry-After": str(seconds)}, events_per_minute_max=events_per_minute_max)


class BatchTooLarge(Problem, slug="batch-too-large", status=413, title="Too many events in one call"):
    """Send them in several calls; nothing of this one was taken in."""


class ReceiptNotFound(Problem, slug="receipt-not-found", status=404, title="This receipt does not exist"):
    """No event of this partner has it, or its time is over."""


class PartnerNotFound(Problem, slug="partner-not-found", status=404, title="This partner does not exist"):
    """Nor does it for who is not one of its people."""


class EndpointNotFound(Problem, slug="endpoint-not-found", status=404, title="This endpoint does not exist"):
    """The partner has none with this id."""


class NewsNotFound(Problem, slug="news-not-found", status=404, title="This was not said to this endpoint"):
    """It is not for it, or too long ago."""


class EndpointDisabled(Problem, slug="endpoint-disabled", status=409, title="This endpoint gets nothing any more"):
    """Enable it first."""


class SchemaNotFound(Problem, slug="schema-not-found", status=404, title="This schema does not exist"):
    """No event type of partners is called like this."""


class UnknownType(Problem, slug="unknown-event-type", status=422, title="This event type or version is not known"):
    """Ours have their schemas, and each one with `-withdrawn` behind it; those of a network are in its profile."""


class ReferenceUnknown(
    Problem, slug="reference-unknown", status=422, title="The person or organisation it refers to never came"
):
    """It was waited for; tell of them first, and of this again with an id of its own."""


class PersonForgotten(Problem, slug="person-forgotten", status=410, title="This person asked to be forgotten"):
    """Nothing of them is kept any more under this id of the partner."""


def is_own_source(source: str, agreed: str) -> bool:
    """Whether a source is the one that was agreed, or a part of it."""
    return source == agreed or (source.startswith(agreed) and source[len(agreed)] in "/:#")


def kind_of_event(event_type: str) -> tuple[str, bool]:
    """What an event of ours tells of, and whether that is withdrawn; raises `UnknownType`."""
    name = event_type.removeprefix(TYPE_BEGIN).removesuffix(TYPE_END)
    if event_type != f"{TYPE_BEGIN}{name}{TYPE_END}" or name.removesuffix(WITHDRAWN) not in THINGS:
        raise UnknownType
    return name.removesuffix(WITHDRAWN), name.endswith(WITHDRAWN)


def own_id(subject: str) -> str:
    """A partner's own id as it is written in what refers to it: in Unicode's NFC, with single spaces."""
    return " ".join(unicodedata.normalize("NFC", subject).split())


def record_id(partner_id: str, thing: Thing, subject: str, of: uuid.UUID = _RECORDS) -> str:
    """The id of a record: the same whenever this partner tells of the same thing.

    It is `of` a node, and of what that node alone knows: the nation keeps what it first hears under an id, and no other
    node, whatever it calls its own, can be there before the one whose record it is. Without: as records were before.
    """
    return str(uuid.uuid5(of, f"{partner_id}\n{thing}\n{subject}"))


def check_times(events: Sequence[tuple[str | None, datetime]], now: datetime) -> None:
    """Raises `FieldErrors` for an event (its sequence, its time) that would count as the newest for ever."""
    ahead = [number for number, (sequence, time) in enumerate(events) if sequence is None and time > now + AHEAD_MAX]
    if ahead:
        names = [f"{number}.time" if len(events) > 1 else "time" for number in ahead]
        raise FieldErrors((name, "lies in the future: what you tell before then would come too late") for name in names)


def order_key(sequence: str | None, time: datetime) -> int:
    """What a newer telling of the same record has more of: its sequence, or else its time in microseconds."""
    return int(sequence) if sequence is not None else max(0, int(time.timestamp() * 1_000_000))


def told_hash(kind: str, data: Mapping[str, Any]) -> bytes:
    """The same when the same is told, in whatever order its fields are."""
    return hashlib.sha256(json.dumps([kind, data], sort_keys=True).encode()).digest()


def secret_hash(secret: str) -> bytes:
    """What is kept of a secret; it is long and random, so that nobody finds it by trying."""
    return hashlib.sha256(secret.encode()).digest()
