"""What only the node may know: made once, and nobody else's to read."""

import errno
import json
import os
from unittest.mock import Mock

import pytest

from node.files import write
from node.secrets import Secrets


def test_secrets_are_made_once(tmp_path):
    first, again = Secrets(tmp_path / "keys"), Secrets(tmp_path / "keys")

    assert (first.postgres_password, first.nats_passwords) == (again.postgres_password, again.nats_passwords)
    passwords = {first.postgres_password, *first.nats_passwords.values()}
    assert len(passwords) == len(first.nats_passwords) + 1
    assert not passwords & set(Secrets(tmp_path / "other").nats_passwords.values())


def test_the_public_file_has_the_public_half_of_the_same_key(tmp_path):
    secrets = Secrets(tmp_path / "keys")
    private = json.loads(secrets.identity_private_key_file.read_text())
    (public,) = json.loads(secrets.identity_public_keys_file.read_text())["keys"]

    assert (public["kid"], public["x"]) == (private["kid"], private["x"])
    assert "d" not in public


def test_only_their_owner_can_read_them(tmp_path):
    Secrets(tmp_path / "keys")

    assert (tmp_path / "keys").stat().st_mode & 0o077 == 0
    assert [file.name for file in (tmp_path / "keys").iterdir() if file.stat().st_mode & 0o077] == []


def test_a_full_disk_leaves_what_was_there_and_nothing_half(tmp_path, monkeypatch):
    write(tmp_path / "key", "of before")
    monkeypatch.setattr(os, "fsync", Mock(side_effect=OSError(errno.ENOSPC, "No space left on device")))

    with pytest.raises(OSError, match=f"No space left on device: '{tmp_path}/key'"):
        write(tmp_path / "key", "of now")

    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("key", "of before")]
