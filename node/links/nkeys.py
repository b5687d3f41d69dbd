"""Keys that NATS knows its users by: the server has the public half, so what it keeps lets nobody in.

An nkey is an Ed25519 key written in base32 with a letter for its use and a checksum (nats-io/nkeys).
"""

import base64
import binascii
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_USER = 20 << 3  # makes the text begin with U
_SEED = 18 << 3  # makes it begin with S


class NKey(NamedTuple):
    """A user's key, as text: `public` for the server, `seed` for whoever is let in."""

    public: str
    seed: str


def new_user_key() -> NKey:
    """A key that nobody has yet."""
    private = Ed25519PrivateKey.generate()
    # The seed's first two bytes hold both letters: S, and then the U of whom it is for.
    head = bytes([_SEED | _USER >> 5, (_USER & 31) << 3])
    return NKey(written_public(private.public_key()), _written(head + private.private_bytes_raw()))


def written_public(key: Ed25519PublicKey) -> str:
    """The public half, as the server knows it."""
    return _written(bytes([_USER]) + key.public_bytes_raw())


def _written(raw: bytes) -> str:
    """The bytes and their CRC-16, in base32."""
    return base64.b32encode(raw + binascii.crc_hqx(raw, 0).to_bytes(2, "little")).decode().rstrip("=")
