"""The second way to a token: a request that the partner signs with a key of its own (private_key_jwt, RFC 7523).

Which key it must be is found by whom it says that it is of; what its header names (`kid`, `jku`, `jwk`, `x5u`) is not
looked at. It is good for some minutes and once.
"""

import base64
import binascii
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from sqlalchemy.dialects import postgresql as pg
from sqlmodel.ext.asyncio.session import AsyncSession

from services.partners import store
from services.partners.tables import Assertion

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
CHARACTERS_MAX, LIFE_SECONDS_MAX, CLOCKS_APART_SECONDS, RSA_BITS_MIN = 4096, 300, 30, 2048

PublicKey = OKPKey | ECKey | RSAKey


class NotGood(Exception):
    """Whatever is wrong with it, who shows it hears no more than that."""


def read_public_key(pem: str) -> PublicKey:
    """A key that partners may sign with; raises `ValueError` for another, or one that is too weak."""
    for kind in (OKPKey, ECKey, RSAKey):
        try:
            key: PublicKey = kind.import_key(pem)
        except (JoseError, ValueError, TypeError):
            continue
        if key.is_private:
            raise ValueError("this is the private half: keep it, and give the public one")
        if algorithm(key) is not None:
            return key
    raise ValueError("a public key in PEM: Ed25519, P-256, or RSA of at least 2048 bits")


def algorithm(key: PublicKey) -> tuple[str, ...] | None:
    """What may be signed with a key: what the key is for, never what the header says."""
    told = key.as_dict(private=False)
    if told.get("crv") == "Ed25519":
        return ("EdDSA", "Ed25519")
    if told.get("crv") == "P-256":
        return ("ES256",)
    is_strong = isinstance(key, RSAKey) and key.raw_value.key_size >= RSA_BITS_MIN
    return ("PS256", "RS256") if is_strong else None


async def credential_of(session: AsyncSession, assertion: str, now: datetime, *, audience: str) -> str:
    """The id of the key that it was signed with; raises `NotGood`. Shown again it is not good any more."""
    if len(assertion) > CHARACTERS_MAX:
        raise NotGood
    credential_id = _says_it_is(assertion)
    found = await store.live_credential(session, credential_id, now)
    if found is None or found[0].public_key is None:
        raise NotGood
    key = read_public_key(found[0].public_key)
    try:
        claims = jwt.decode(assertion, key, algorithms=list(algorithm(key) or ())).claims
        until, jti = _checked(claims, credential_id, now, audience=audience)
    except (JoseError, ValueError, TypeError, KeyError, OverflowError):
        raise NotGood from None
    once = pg.insert(Assertion).values(credential_id=credential_id, jti=jti, ends_at=until)
    if not (await session.exec(once.on_conflict_do_nothing())).rowcount:
        raise NotGood
    return credential_id


def _says_it_is(assertion: str) -> str:
    try:
        _, payload, _ = assertion.split(".")
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        credential_id = claims["sub"]
    except (binascii.Error, ValueError, TypeError, KeyError, RecursionError):
        raise NotGood from None
    if not isinstance(credential_id, str) or not credential_id.isprintable():
        raise NotGood
    return credential_id


def _checked(claims: dict[str, Any], credential_id: str, now: datetime, *, audience: str) -> tuple[datetime, str]:
    """Until when it is good, and its own number; raises one of several errors for one that is not good."""
    apart = timedelta(seconds=CLOCKS_APART_SECONDS)
    until = datetime.fromtimestamp(int(claims["exp"]), UTC)
    begins = datetime.fromtimestamp(int(claims.get("nbf", 0)), UTC)
    told = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    jti = claims["jti"]
    if claims["iss"] != credential_id or claims["sub"] != credential_id or audience not in told:
        raise ValueError("of another, or for another")
    if until <= now - apart or begins > now + apart or until > now + timedelta(seconds=LIFE_SECONDS_MAX) + apart:
        raise ValueError("not now, or for too long")
    if not isinstance(jti, str) or not 1 <= len(jti) <= 128 or not jti.isprintable():
        raise ValueError("no number of its own")
    return until + apart, jti
