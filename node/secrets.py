"""What only this node may know: made at the first start, kept in `<data>/keys`, readable by its owner only."""

import json
import secrets
from pathlib import Path

from joserfc.jwk import ECKey, KeySet, OKPKey

from node.files import write
from node.links.accounts import OPERATOR, USERS


class Secrets:
    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.identity_private_key_file = folder / "identity.private.jwk.json"
        self.identity_public_keys_file = folder / "identity.public.jwks.json"
        if not self.identity_private_key_file.exists():
            write(self.identity_private_key_file, new_identity_key())
        write(self.identity_public_keys_file, public_half(self.identity_private_key_file))
        self.encryption_private_keys_file = folder / "encryption.private.jwks.json"
        self.encryption_public_keys_file = folder / "encryption.public.jwks.json"
        if not self.encryption_private_keys_file.exists():
            write(self.encryption_private_keys_file, new_encryption_keys())
        write(self.encryption_public_keys_file, public_halves(self.encryption_private_keys_file))
        self.push_private_key_file = folder / "push.private.jwk.json"
        if not self.push_private_key_file.exists():
            write(self.push_private_key_file, new_push_key())
        self.postgres_password = password(folder / "postgres")
        #: Of each user of the NATS server.
        self.nats_passwords = {user: password(folder / f"nats-{user}") for user in USERS if user != OPERATOR}
        self.nats_passwords[OPERATOR] = password(folder / "nats")


def new_identity_key() -> str:
    """The gateway signs with it who is calling; the services check that with the public half."""
    parameters = {"use": "sig", "alg": "Ed25519"}
    key = OKPKey.generate_key("Ed25519", parameters=parameters, private=True, auto_kid=True)  # type: ignore[arg-type]
    return json.dumps(dict(key.as_dict(private=True)))


def public_half(private_key_file: Path) -> str:
    """What the services need to check a signature: a JWK set."""
    key = OKPKey.import_key(json.loads(private_key_file.read_text()))
    return json.dumps(KeySet([key]).as_dict(private=False))


def new_encryption_keys() -> str:
    """What other nodes seal to this one, notify opens with it: a JWK set, in which a newer key comes first."""
    key = OKPKey.generate_key("X25519", parameters={"use": "enc"}, private=True, auto_kid=True)
    return json.dumps({"keys": [dict(key.as_dict(private=True))]})


def new_push_key() -> str:
    """Notify signs with it what goes to the push services of browsers (RFC 8292 asks for this curve)."""
    return json.dumps(dict(ECKey.generate_key("P-256", {"use": "sig"}, private=True).as_dict(private=True)))


def public_halves(private_keys_file: Path) -> str:
    """What members announces: the same set without what opens."""
    keys = [OKPKey.import_key(key) for key in json.loads(private_keys_file.read_text())["keys"]]
    return json.dumps({"keys": [dict(key.as_dict(private=False)) for key in keys]})


def password(file: Path, mode: int = 0o600) -> str:
    """The password in a file; made when there is none yet."""
    if not file.exists():
        write(file, secrets.token_urlsafe(24), mode)
    return file.read_text()
