"""What every service stands on; it knows no domain word beyond the contracts."""

from chassis.commands import Command, IfMatch, MaybeIfMatch, Reply, check_version
from chassis.deeds import note_deed
from chassis.forgetting import forget_heard, forget_messages, forget_shared
from chassis.identity import Ambassador, FromGateway, Identity, NodeTeam, SignedIn
from chassis.inputs import AtMost, Clock, Day, Input, LongText, Moment, ShortText, checked
from chassis.mailboxes import say, say_later
from chassis.paging import Page, Paging
from chassis.places import Placed, PlaceDraft
from chassis.problems import FieldErrors, Problem
from chassis.purging import Purged, forget_first, forget_next, in_events
from chassis.replies import forget_replies
from chassis.router import EventRouter
from chassis.service import KeptClosed, Now, ReadSession, Service
from chassis.settings import (
    PUBLIC_URL,
    UNANSWERED_AFTER_DAYS,
    NetworksFolder,
    NodeTeamEmail,
    PublicUrl,
    Settings,
    UnansweredAfterDays,
    Url,
)
from chassis.streams import Streams

__all__ = [
    "PUBLIC_URL",
    "UNANSWERED_AFTER_DAYS",
    "Ambassador",
    "AtMost",
    "Clock",
    "Command",
    "Day",
    "EventRouter",
    "FieldErrors",
    "FromGateway",
    "Identity",
    "IfMatch",
    "Input",
    "KeptClosed",
    "LongText",
    "MaybeIfMatch",
    "Moment",
    "NetworksFolder",
    "NodeTeam",
    "NodeTeamEmail",
    "Now",
    "Page",
    "Paging",
    "PlaceDraft",
    "Placed",
    "Problem",
    "PublicUrl",
    "Purged",
    "ReadSession",
    "Reply",
    "Service",
    "Settings",
    "ShortText",
    "SignedIn",
    "Streams",
    "UnansweredAfterDays",
    "Url",
    "check_version",
    "checked",
    "forget_first",
    "forget_heard",
    "forget_messages",
    "forget_next",
    "forget_replies",
    "forget_shared",
    "in_events",
    "note_deed",
    "say",
    "say_later",
]
