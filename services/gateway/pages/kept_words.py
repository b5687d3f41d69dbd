"""What is kept about somebody, as they read it on their page: each thing as labels and values, in their language."""

from datetime import date, datetime
from typing import Any

from contracts.vocabulary import Language
from contracts.words import network_in_words, province_in_words, theme_in_words
from services.gateway.pages import words

#: What of each thing is read on the page; the file has all of it.
SHOWN = {
    "person": ("name", "email", "phone", "language", "joined_at"),
    "affiliations": ("organisation", "role", "since"),
    "appointments": ("appointed_at", "provinces", "themes"),
    "consents": ("terms_version", "given_at"),
    "sign-in-links": ("created_at", "used_at"),
    "said-by-networks": ("network", "field", "value", "said_at"),
    "compared": ("agrees", "status", "found_at"),
    "deeds-done": ("deed", "role", "title", "done_at"),
    "deeds-about-you": ("deed", "role", "title", "done_at"),
    "invited": ("name", "email", "created_at"),
    "given-to-other-nodes": ("node", "sealed_at"),
    "requests-and-offers": ("title", "status", "created_at"),
    "listings": ("title", "status"),
    "sign-ups": ("title", "standing", "name", "asked_at"),
    "introductions": ("title", "introduced_at"),
    "initiatives": ("title", "status", "started_at", "ended_at"),
    "initiative-notes": ("happened_on", "text"),
    "introductions-looked-after": ("title", "introduced_at"),
    "read-for-matching": ("title", "status"),
    "matches": ("title", "state", "my_answer", "waiting_since"),
    "looked-at": ("title", "state"),
    "notes": ("title", "note"),
    "asked-to-help": ("title", "note", "asked_at"),
    "help-you-asked": ("title", "note", "asked_at"),
    "hand-overs": ("title", "note", "asked_at"),
    "follow-ups": ("note", "due_on"),
    "desk": ("provinces", "themes", "absent_until"),
    "contact": ("name", "email", "refused_at", "phone", "organisation_name"),
    "preferences": ("rhythms", "muted", "quiet_from", "quiet_until", "weekends"),
    "push-devices": ("push_service", "added_at"),
    "mails": ("template", "status", "created_at"),
    "told": ("template", "created_at"),
    "records": ("partner_id", "thing", "own_id"),
    "receipts": ("partner_id", "event_type", "received_at"),
    "contact-of": ("partner_id",),
    "sessions": ("device", "started_at", "seen_at"),
}

#: Where the words of a code are, by its field, or by its thing and its field where a field differs by thing.
CODES = {
    "agrees": "same.field.",
    "deed": "deed.",
    "field": "same.field.",
    "language": "language.",
    "muted": "preferences.",
    "standing": "sign-up.",
    "state": "match.state.",
    "template": "my-data.template.",
    "thing": "my-data.thing.",
    "compared.status": "same.state.",
    "deeds-about-you.role": "deeds.role.",
    "deeds-done.role": "deeds.role.",
    "initiatives.status": "initiative.status.",
    "listings.status": "offer.status.",
    "mails.status": "my-data.mail.",
}

_GLOSSARY = {"network": network_in_words, "provinces": province_in_words, "themes": theme_in_words}


def facts_of(row: dict[str, Any], thing: str, language: Language) -> list[tuple[str, str]]:
    """One thing as what each part of it is called, and that part; what is empty is left out."""
    shown = ((field, _part(row, thing, field, language)) for field in SHOWN.get(thing, tuple(row)))
    return [(label_of(thing, field, language), told) for field, told in shown if told]


def label_of(thing: str, field: str, language: Language) -> str:
    """What a part of a thing is called; by its own name when nothing else is known."""
    keys = (f"my-data.field.{thing}.{field}", f"my-data.field.{field}")
    return next((words.say(key, language) for key in keys if key in words.WORDS), field)


def _part(row: dict[str, Any], thing: str, field: str, language: Language) -> str:
    value = row.get(field)
    if field in ("quiet_from", "quiet_until") and value is not None:
        return words.say("preferences.hour", language, hour=value)
    if field == "rhythms":
        told = ((f"preferences.{sort}", f"preferences.rhythm.{rhythm}") for sort, rhythm in (value or {}).items())
        return "; ".join(": ".join(words.say(key, language) for key in one) for one in told)
    if field == "network" and value == "":
        return words.say("same.here", language)
    several = value if isinstance(value, list) else [value]
    return ", ".join(filter(None, (_one(one, row, thing, field, language) for one in several)))


def _one(value: Any, row: dict[str, Any], thing: str, field: str, language: Language) -> str:
    if value is not None and field in _GLOSSARY:
        return _GLOSSARY[field](str(value), language)
    codes = CODES.get(f"{thing}.{field}") or CODES.get(field)
    if field == "status" and "side" in row:
        codes = "ask.status." if row["side"] == "request" else "offer.status."
    if field == "value" and row.get("field") == "language":
        codes = "language."
    # An organisation that a network names is a field of its own, with its id behind the colon.
    code = str(value).partition(":")[0] if field == "field" else value
    key = f"{codes}{code}"
    return words.say(key, language) if codes and key in words.WORDS else _in_words(code, language)


def _in_words(value: Any, language: Language) -> str:
    if isinstance(value, datetime):
        return words.moment(value.isoformat(), language)
    if isinstance(value, bool):
        return words.say("yes" if value else "no", language)
    text = "" if value is None else str(value)
    try:
        return words.day(date.fromisoformat(text), language) if len(text) == 10 else _moment(text, language)
    except ValueError:
        return text


def _moment(text: str, language: Language) -> str:
    moment = datetime.fromisoformat(text) if text[4:5] == "-" and "T" in text else None
    return words.moment(text, language) if moment and moment.tzinfo else text
