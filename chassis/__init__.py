"""What every service stands on; it knows no domain word beyond the contracts."""

from chassis.commands import Command, IfMatch, MaybeIfMatch, Reply, check_version
from chassis.deeds import note_deed
from chassis.forgetting import forget_messages
from chassis.identity import Ambassador, FromGateway, Identity, MaybeSignedIn, NodeTeam, SignedIn
from chassis.inputs import Input, LongText, ShortText, checked
from chassis.mailboxes import say, say_later
from chassis.paging import Page, Paging
from chassis.places import PlaceDraft
from chassis.problems import FieldErrors, Problem
from chassis.router import EventRouter
from chassis.service import Now, ReadSession, Service
from chassis.settings import Settings
from chassis.streams import Streams

__all__ = [
    "Ambassador",
    "Command",
    "EventRouter",
    "FieldErrors",
    "FromGateway",
    "Identity",
    "IfMatch",
    "Input",
    "LongText",
    "MaybeIfMatch",
    "MaybeSignedIn",
    "NodeTeam",
    "Now",
    "Page",
    "Paging",
    "PlaceDraft",
    "Problem",
    "ReadSession",
    "Reply",
    "Service",
    "Settings",
    "ShortText",
    "SignedIn",
    "Streams",
    "check_version",
    "checked",
    "forget_messages",
    "note_deed",
    "say",
    "say_later",
]
