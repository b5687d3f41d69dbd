"""Partners and their keys, as an operator makes, replaces and revokes them; a secret is shown once and never kept."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from contracts.event import new_id
from contracts.networks import known
from services.partners import rules, store
from services.partners.assertions import read_public_key
from services.partners.tables import Credential, Partner

#: It becomes a token of NATS subjects.
NAME = re.compile(r"[a-z0-9-]{1,40}")


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is handed to a partner."""

    client_id: str
    client_secret: str | None


async def add(
    session: AsyncSession,
    name: str,
    network: str,
    source: str,
    now: datetime,
    *,
    sandbox: bool = False,
    public_key: str | None = None,
) -> Key:
    """A partner may push from now on, and speak for `source`. Raises `ValueError` for a name that cannot be one.

    With a `public_key` (PEM) of its own it signs for its tokens, and gets no secret.
    """
    if not NAME.fullmatch(name):
        raise ValueError("a name has small letters, digits and dashes, 40 at most")
    if not source or not source.isascii() or " " in source:
        raise ValueError("a source is a URI, such as https://network.example")
    if network not in known():
        raise ValueError(f"no network is called {network}; those that are: {', '.join(known())}")
    if await session.get(Partner, name) is not None:
        raise ValueError("a partner with this name is there already")
    partner = Partner(partner_id=name, network=network, source=source, added_at=now, counted_since=now, sandbox=sandbox)
    session.add(partner)
    await session.flush()
    return _new_key(session, name, now, public_key)


async def rotate(
    session: AsyncSession, name: str, now: datetime, *, old_until: datetime, public_key: str | None = None
) -> Key:
    """A new key; the old ones work until then, so that nothing is lost while the partner puts the new one in place."""
    await _partner(session, name)
    await _end_keys(session, name, old_until)
    return _new_key(session, name, now, public_key)


async def revoke(session: AsyncSession, name: str, now: datetime) -> int:
    """No key of a partner works any more, nor a token that was given for one; returns how many there were."""
    await _partner(session, name)
    return await _end_keys(session, name, now)


async def partners(session: AsyncSession) -> list[tuple[Partner, int]]:
    """Every partner, and how many keys of it were not revoked."""
    keys = sa.func.count(col(Credential.credential_id))
    query = (
        select(Partner, keys)
        .outerjoin(
            Credential,
            (col(Credential.partner_id) == Partner.partner_id) & store.is_live(sa.func.now()),
        )
        .group_by(col(Partner.partner_id))
        .order_by(col(Partner.partner_id))
    )
    return list((await session.exec(query)).all())


async def _partner(session: AsyncSession, name: str) -> Partner:
    found = await session.get(Partner, name)
    if found is None:
        raise ValueError("no partner has this name")
    return found


async def _end_keys(session: AsyncSession, name: str, at: datetime) -> int:
    ending = sa.update(Credential).where(col(Credential.partner_id) == name, store.is_live(at)).values(ends_at=at)
    return (await session.exec(ending)).rowcount


def _new_key(session: AsyncSession, name: str, now: datetime, public_key: str | None) -> Key:
    key = Key(client_id=new_id(), client_secret=None if public_key else secrets.token_urlsafe(32))
    hashed = rules.secret_hash(key.client_secret) if key.client_secret else None
    known = read_public_key(public_key).as_pem(private=False).decode() if public_key else None
    credential = Credential(credential_id=key.client_id, partner_id=name, made_at=now)
    credential.secret_hash, credential.public_key = hashed, known
    session.add(credential)
    return key
