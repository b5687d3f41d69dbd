"""A push service and a device, as the tests need them: it takes what is posted, and reads it with the device's keys.

Reading is written by RFC 8291 and 8188 alone, apart from what the node seals with; `test_push` has the RFC's example.
"""

import json
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from secrets import token_bytes
from typing import Any

from aiohttp import web
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import ECKey

from tests.listening import listening


def encoded(data: bytes) -> str:
    """In base64url."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """From base64url."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def point(key: Any) -> bytes:
    """A public key as it travels."""
    return bytes(key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def opened(sealed: bytes, private: Any, auth: bytes) -> bytes:
    """What was sealed to a device."""
    salt, (record_size, length) = sealed[:16], struct.unpack("!LB", sealed[16:21])
    theirs, text = sealed[21 : 21 + length], sealed[21 + length :]
    assert len(text) <= record_size
    shared = private.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs))
    secret = _derived(shared, auth, b"WebPush: info\x00" + point(private.public_key()) + theirs, 32)
    key = _derived(secret, salt, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = _derived(secret, salt, b"Content-Encoding: nonce\x00", 12)
    plain = AESGCM(key).decrypt(nonce, text, None).rstrip(b"\x00")
    assert plain[-1:] == b"\x02"  # the last record
    return plain[:-1]


def _derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


@dataclass
class Device:
    """A browser, with its address at the push service."""

    endpoint: str
    private: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = field(default_factory=lambda: token_bytes(16))

    @property
    def given(self) -> dict[str, str]:
        """What it gives to who wants to tell it something."""
        key = encoded(point(self.private.public_key()))
        return {"endpoint": self.endpoint, "p256dh": key, "auth": encoded(self.auth)}


@dataclass
class PushService:
    """What was posted, by the address; the next answers in their order, and then 201."""

    url: str = ""
    calls: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    answers: deque[web.Response] = field(default_factory=deque)

    def a_device(self) -> Device:
        """A new one."""
        return Device(f"{self.url}/{encoded(token_bytes(12))}")

    def calls_for(self, device: Device) -> list[tuple[dict[str, str], bytes]]:
        """What was posted for a device."""
        return [(headers, body) for url, headers, body in self.calls if url == device.endpoint]

    def shown(self, device: Device) -> list[dict[str, str]]:
        """What the device shows."""
        return [json.loads(opened(body, device.private, device.auth)) for _, body in self.calls_for(device)]

    async def take(self, request: web.Request) -> web.Response:
        """Notes a call, whose signature is looked at, and answers it."""
        scheme, _, told = request.headers["Authorization"].partition(" ")
        parts = dict(part.strip().split("=", 1) for part in told.split(","))
        x, y = decoded(parts["k"])[1:33], decoded(parts["k"])[33:]
        key = ECKey.import_key({"kty": "EC", "crv": "P-256", "x": encoded(x), "y": encoded(y)})
        claims = jwt.decode(parts["t"], key, algorithms=["ES256"]).claims
        headers = {name.lower(): value for name, value in request.headers.items()}
        told_by = {"scheme": scheme, "key": parts["k"], "sub": claims["sub"], "aud": claims["aud"]}
        self.calls.append((str(request.url), headers | told_by, await request.read()))
        return self.answers.popleft() if self.answers else web.Response(status=201)


@asynccontextmanager
async def a_push_service() -> AsyncIterator[PushService]:
    """One that listens."""
    made = PushService()
    async with listening("/push/{device}", made.take) as url:
        made.url = f"{url}/push"
        yield made
