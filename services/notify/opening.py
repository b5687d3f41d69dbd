"""What another node sealed for this one: how to reach the other side of an introduction."""

import json
from datetime import datetime
from functools import cache
from pathlib import Path

from joserfc import jwe
from joserfc.jwk import KeySet
from pydantic import BaseModel, Field
from sqlmodel.ext.asyncio.session import AsyncSession

from contracts.matching import reference
from contracts.members import ContactSealed
from services.notify import contacts
from services.notify.settings import NotifySettings

_ALGORITHMS = ["ECDH-ES+A256KW", "A256GCM"]


class CannotOpen(ValueError):
    """It was sealed to another key, for another match, or this node was given no key: an operator has to look."""


class Opened(BaseModel):
    """What was sealed. It names its match and its member, so that it cannot be passed off as another's."""

    match_id: str
    member_id: str
    name: str = Field(max_length=300)
    email: str = Field(max_length=320)
    phone: str | None = Field(default=None, max_length=40)
    organisation_name: str | None = Field(default=None, max_length=300)


@cache
def _keys(file: Path) -> KeySet:
    return KeySet.import_key_set(json.loads(file.read_text(encoding="utf-8")))


def opened(event: ContactSealed, keys_file: Path | None) -> Opened:
    """What was sealed; raises `CannotOpen`."""
    if keys_file is None:
        raise CannotOpen
    try:
        plain = jwe.decrypt_compact(event.sealed, _keys(keys_file), algorithms=_ALGORITHMS).plaintext
        found = Opened.model_validate_json(plain or b"")
    except Exception:  # whatever is wrong with it, what it says must be in no log
        raise CannotOpen from None
    if (found.match_id, found.member_id) != (event.match_id, event.member_id):
        raise CannotOpen
    return found


async def keep(
    session: AsyncSession, event: ContactSealed, said_by: str, now: datetime, settings: NotifySettings
) -> None:
    """Keeps it for the mail and the inbox of our own side, which waited for it."""
    found = opened(event, settings.encryption_private_keys_file)
    details = found.model_dump(include={"match_id", "name", "email", "phone", "organisation_name"})
    await contacts.keep_contact_elsewhere(session, details | {"reference": reference(found.member_id, said_by)}, now)
