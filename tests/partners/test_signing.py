"""A token for a request that the partner signed itself: which are good, and which are not (S6 of the faults)."""

import base64
import hmac
import json
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from services.partners import keys
from services.partners.assertions import TYPE, read_public_key

AUDIENCE = "http://127.0.0.1:8000/partners/v1/token"
OWN, OTHER = OKPKey.generate_key("Ed25519"), OKPKey.generate_key("Ed25519")
PEM = OWN.as_pem(private=False).decode()


@pytest.fixture
async def client_id(partners) -> str:
    """The partner's key is one that it made itself."""
    async with partners.session() as session:
        now = partners.clock()
        key = await keys.rotate(session, "docenten", now, old_until=now, public_key=PEM)
        await session.commit()
    assert key.client_secret is None
    return key.client_id


def claims(partners, client_id: str, **changes: Any) -> dict[str, Any]:
    now = int(partners.clock().timestamp())
    told = {"iss": client_id, "sub": client_id, "aud": AUDIENCE, "iat": now, "exp": now + 60, "jti": "one"}
    return {name: value for name, value in (told | changes).items() if value is not None}


def signed(told: dict[str, Any], key: Any = OWN, alg: str = "Ed25519", **header: Any) -> str:
    return jwt.encode({"alg": alg, **header}, told, key, algorithms=[alg])


def confused(told: dict[str, Any]) -> str:
    """Signed with the public key, which everybody may know, as if it were a secret."""
    parts = [json.dumps(part).encode() for part in ({"alg": "HS256", "typ": "JWT"}, told)]
    head = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    mac = hmac.new(PEM.encode(), head, "sha256").digest()
    return (head + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()


async def asked(partners, assertion: str) -> int:
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": TYPE,
        "client_assertion": assertion,
    }
    answer = await partners.http.post("/v1/token", data=form)
    assert "access_token" in answer.json() or answer.json() == {"error": "invalid_client"}
    return answer.status_code


async def test_a_signed_request_gives_a_token_once(partners, client_id):
    shown = signed(claims(partners, client_id))

    assert [await asked(partners, shown) for _ in range(2)] == [200, 401]
    assert await asked(partners, signed(claims(partners, client_id, jti="two", aud=["x", AUDIENCE]))) == 200


async def test_what_is_not_signed_by_the_key_or_not_for_us_now_is_not_good(partners, client_id):
    right, now = claims(partners, client_id), int(partners.clock().timestamp())
    header, payload, signature = signed(right).split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    changed = base64.urlsafe_b64encode(json.dumps(right | {"jti": "x"}).encode()).rstrip(b"=").decode()
    refused = {
        "no signature": f"{header}.{payload}.",
        "alg none": f"{none}.{payload}.",
        "alg none, signed": f"{none}.{payload}.{signature}",
        "another payload": f"{header}.{changed}.{signature}",
        "another key": signed(right, OTHER),
        "another key that comes along": signed(right, OTHER, jwk=OTHER.as_dict(private=False)),
        "another key by address": signed(right, OTHER, jku="http://127.0.0.1:1/keys", x5u="http://127.0.0.1:1/x"),
        "kid of a file": signed(right, OTHER, kid="../../../dev/null"),
        "kid of a query": signed(right, OTHER, kid="' UNION SELECT 'x"),
        "the public key as a secret": confused(right),
        "expired": signed(claims(partners, client_id, exp=now - 60)),
        "good for too long": signed(claims(partners, client_id, exp=now + 86_400)),
        "not yet": signed(claims(partners, client_id, nbf=now + 120)),
        "never ends": signed(claims(partners, client_id, exp=None)),
        "for another": signed(claims(partners, client_id, aud="https://elsewhere.example/partners/v1/token")),
        "for nobody": signed(claims(partners, client_id, aud=None)),
        "of another": signed(claims(partners, client_id, iss="somebody")),
        "of nobody we know": signed(claims(partners, "nobody", iss="nobody")),
        "without a number": signed(claims(partners, client_id, jti=None)),
        "a number that is none": signed(claims(partners, client_id, exp=1e300)),
        "many characters": "a." * 30_000,
        "nothing": "",
        "NUL": signed(claims(partners, "a\0b")),
        "deep": f"{header}.{base64.urlsafe_b64encode(b'[' * 2_000).decode()}.{signature}",
        "nothing said": f"{header}..{signature}",
    }

    for what, assertion in refused.items():
        assert await asked(partners, assertion) == 401, what
    assert await asked(partners, signed(right)) == 200, "a refused one does not use up the number of a good one"


async def test_a_signed_request_of_a_revoked_key_is_not_good(partners, client_id):
    async with partners.session() as session:
        await keys.revoke(session, "docenten", partners.clock())
        await session.commit()

    assert await asked(partners, signed(claims(partners, client_id))) == 401


@pytest.mark.parametrize(
    ("key", "alg"),
    [(ECKey.generate_key("P-256"), "ES256"), (RSAKey.generate_key(2048), "PS256")],
)
async def test_other_kinds_of_keys_sign_too(partners, key, alg):
    async with partners.session() as session:
        now = partners.clock()
        made = await keys.rotate(session, "docenten", now, old_until=now, public_key=key.as_pem(private=False).decode())
        await session.commit()

    assert await asked(partners, signed(claims(partners, made.client_id), key, alg)) == 200


@pytest.mark.parametrize(
    "pem",
    [
        OWN.as_pem(private=True).decode(),
        RSAKey.generate_key(1024).as_pem(private=False).decode(),
        OKPKey.generate_key("X25519").as_pem(private=False).decode(),
        "-----BEGIN PUBLIC KEY-----\nonzin\n-----END PUBLIC KEY-----",
        "",
    ],
)
def test_a_key_that_cannot_be_taken_is_told(pem):
    with pytest.raises(ValueError, match="public"):
        read_public_key(pem)
