"""A row of a partner's file as the event that tells it, and what is wrong with an event, in the partner's own words."""

import hashlib
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from chassis import Identity, Input, checked
from chassis.problems import FieldErrors, Problem
from contracts.vocabulary import OrganisationKind
from node.partner_files import Row
from services.members.inputs import JoinDraft, OrganisationDraft, ScopeDraft
from services.partners.envelopes import STRUCTURED, events_of
from services.partners.inputs import DATA, AmbassadorData, CentreData, OrganisationData, PersonData, TipData
from services.partners.profiles import Profile, profile_of
from services.partners.rules import KINDS, TYPE_BEGIN, TYPE_END
from services.requests.calls import ASKING, Asking
from services.requests.inputs import PropositionDraft
from services.requests.settings import RequestsSettings

KVK_DIGITS = 8

#: Stands for the organisation of a person, which only the node knows.
_SOMEWHERE = "somewhere"


def data_of(network: str, kind: str, subject: str, row: Row) -> Row:
    """What is in a row, typed as its event has it: a number where one is wanted, a list where one is."""
    profile, fields = profile_of(network), DATA[kind].model_fields
    names = {**profile.fields.get("all", {}), **profile.fields.get(kind, {})}
    return {
        name: _typed(names.get(name, name), str(fields[names.get(name, name)].annotation), value)
        if names.get(name, name) in fields
        else value
        for name, value in row.items()
        if name != subject
    }


def _typed(field: str, wanted: str, value: Any) -> Any:
    is_number = re.search(r"\bint\b", wanted) is not None
    if "tuple" in wanted and isinstance(value, str):
        return [value]
    if is_number and isinstance(value, str) and value.isdecimal():
        return int(value)
    if not is_number and isinstance(value, int) and not isinstance(value, bool):
        return str(value).zfill(
            KVK_DIGITS if field == "kvk" else 0
        )  # a spreadsheet drops the zeros that it begins with
    if field == "consented_at" and isinstance(value, str) and len(value) == len("2026-11-30"):
        return f"{value}T00:00:00+01:00"
    return value


def event_of(kind: str, source: str, subject: str, data: Row, *, version: int = 0) -> Row:
    """The event of a row. Its id is of what it tells, how often that was told before, and of the day.

    So a load that is done again has no second effect, and a row that is put back as it was has.
    """
    now = datetime.now(UTC)
    told = json.dumps([kind, subject, data, version, now.date().isoformat()], sort_keys=True)
    return {
        "specversion": "1.0",
        "id": f"load-{hashlib.sha256(told.encode()).hexdigest()[:40]}",
        "source": source,
        "type": f"{TYPE_BEGIN}{kind}{TYPE_END}",
        "subject": subject,
        "time": now.isoformat(),
        "data": data,
    }


def wrong_with(network: str, event: Row) -> Sequence[tuple[str, str]]:
    """Every wrong field of an event and what is wrong with it, by the rules of everybody who would judge it."""
    profile = profile_of(network)
    try:
        (read,) = events_of(STRUCTURED, {}, json.dumps(event).encode(), batch_max=1)
        kind, is_withdrawn = profile.kind_of(read.type)
        if not is_withdrawn:
            _judge(profile, kind, read.data, read.type)
    except FieldErrors as errors:
        return [(error["field"], error["message"]) for error in errors.facts["errors"]]
    except Problem as problem:
        return [("type" if problem.slug == "unknown-event-type" else "event", problem.title)]
    return []


def _judge(profile: Profile, kind: str, told: Row, event_type: str) -> None:
    """Raises `FieldErrors`, in the words of the partner."""
    data = profile.read_now(kind, told, event_type, datetime.now(UTC))
    try:
        _as_its_service_does(kind, data)
    except FieldErrors as errors:
        theirs = profile.own_names(kind, told)
        raise FieldErrors(
            (".".join([theirs.get(first, first), *rest]), error["message"])
            for error in errors.facts["errors"]
            for first, *rest in [error["field"].split(".")]
        ) from None


def _as_its_service_does(kind: str, data: Input) -> None:
    """Members and requests check again what they hear; what they would say can be said now."""
    words: Row = data.model_dump(mode="json")
    told: Row
    if isinstance(data, CentreData):
        own = {"kind": data.kind if isinstance(data, OrganisationData) else OrganisationKind.CENTRE}
        told = {name: words[name] for name in ("name", "place", "kvk", "brin") if name in words}
        checked(OrganisationDraft, told | own)
    elif isinstance(data, PersonData):
        told = {name: words[name] for name in ("name", "email", "phone", "language", "role")}
        checked(JoinDraft, told | {"organisation_id": _SOMEWHERE, "consent": True})
    elif isinstance(data, AmbassadorData):
        told = {"organisation_ids": words["organisations"]}
        checked(ScopeDraft, told | {name: words[name] for name in ("provinces", "themes")})
    elif isinstance(data, TipData):
        told = {"kind": KINDS.get(kind)} | {name: of for name, of in words.items() if name != "person"}
        who = Identity(member_id=_SOMEWHERE, organisation_ids=(_SOMEWHERE,))
        before = ASKING.set(Asking(who, datetime.now(UTC), RequestsSettings()))
        try:
            checked(PropositionDraft, {name: of for name, of in told.items() if name != "organisation"})
        finally:
            ASKING.reset(before)
