"""A message as a push service takes it: sealed to the device (RFC 8291) and signed by this node (RFC 8292).

The push service passes on what it cannot read. Whose key signed is what a device said yes to, so another cannot send.
"""

import json
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey
from webpush import WebPush, WebPushSubscription


@dataclass(frozen=True, slots=True)
class Sealed:
    """What is posted to the push service."""

    headers: dict[str, str]
    body: bytes


class Seal:
    """This node, as push services know it: by its key, and by whom to ask when something is wrong."""

    def __init__(self, private_key_file: Path, contact: str) -> None:
        key = ECKey.import_key(json.loads(private_key_file.read_text()))
        self._push = WebPush(key.as_pem(private=True), key.as_pem(private=False), subscriber=contact)
        self.public_key = self._push.vapid.get_application_server_key(self._push.vapid.public_key)

    def seal(
        self, message: dict[str, str], endpoint: str, p256dh: str, auth: str, *, topic: str, seconds: int
    ) -> Sealed:
        """A message for one device, of which a push service keeps the newest with its topic for so many seconds."""
        device = WebPushSubscription.model_validate({"endpoint": endpoint, "keys": {"p256dh": p256dh, "auth": auth}})
        made = self._push.get(message, device, ttl=max(seconds, 1))
        return Sealed({**made.headers, "topic": topic, "urgency": "normal"}, made.encrypted)


def check_keys(p256dh: str, auth: str) -> None:
    """Raises `ValueError` for what cannot be the keys of a device: a point on the curve, and 16 bytes."""
    ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _decoded(p256dh))
    if len(_decoded(auth)) != 16:
        raise ValueError("auth is 16 bytes")


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
