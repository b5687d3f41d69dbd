"""What only this node may know: made at the first start, kept in `<data>/keys`, readable by its owner only."""

import json
import os
import secrets
from pathlib import Path

from joserfc.jwk import KeySet, OKPKey


class Secrets:
    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.identity_private_key_file = folder / "identity.private.jwk.json"
        self.identity_public_keys_file = folder / "identity.public.jwks.json"
        if not self.identity_private_key_file.exists():
            _write(self.identity_private_key_file, json.dumps(_new_identity_key()))
        key = OKPKey.import_key(json.loads(self.identity_private_key_file.read_text()))
        _write(self.identity_public_keys_file, json.dumps(KeySet([key]).as_dict(private=False)))
        self.postgres_password = _password(folder / "postgres")
        self.nats_password = _password(folder / "nats")


def _new_identity_key() -> dict[str, object]:
    """The gateway signs with it who is calling; the services check that with the public half."""
    parameters = {"use": "sig", "alg": "Ed25519"}
    key = OKPKey.generate_key("Ed25519", parameters=parameters, private=True, auto_kid=True)  # type: ignore[arg-type]
    return dict(key.as_dict(private=True))


def _password(file: Path) -> str:
    if not file.exists():
        _write(file, secrets.token_urlsafe(24))
    return file.read_text()


def _write(file: Path, text: str) -> None:
    """Whole or not at all, and never readable for a moment by somebody else."""
    new = file.with_suffix(".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    new.replace(file)
