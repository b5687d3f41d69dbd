"""What another node sealed is opened by the node that it is for, and by no other; what it says is for one match."""

import json

import pytest

from contracts.event import new_id
from contracts.members import ContactSealed
from node.secrets import Secrets
from services.members.nodes import newest_key
from services.members.sealing import sealed
from services.notify.opening import CannotOpen, opened

CONTACT = {"name": "Noor Jansen", "email": "noor@vechtdal.example", "phone": None, "organisation_name": "ROC Vechtdal"}


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Of two nodes."""
    return [Secrets(tmp_path_factory.mktemp(name)) for name in ("utrecht", "zeeland")]


def a_contact(key, **said):
    bound = {"match_id": new_id(), "member_id": new_id()}
    return ContactSealed(**bound | said, sealed=sealed(bound | CONTACT, newest_key(key.encryption_public_keys_file)))


def test_only_the_node_that_it_is_for_can_open_it(keys):
    ours, theirs = keys
    event = a_contact(ours)

    assert opened(event, ours.encryption_private_keys_file).email == CONTACT["email"]
    for file in (theirs.encryption_private_keys_file, None):
        with pytest.raises(CannotOpen) as failure:
            opened(event, file)
        assert "noor" not in str(failure.value)
    assert "noor" not in event.model_dump_json().lower()


@pytest.mark.parametrize("what", ["match_id", "member_id", "sealed"])
def test_what_was_sealed_for_something_else_is_refused(keys, what):
    ours, _ = keys
    other = {"sealed": "not.a.jwe.at.all"}.get(what, new_id())

    with pytest.raises(CannotOpen):
        opened(a_contact(ours).model_copy(update={what: other}), ours.encryption_private_keys_file)


def test_what_was_sealed_before_a_new_key_is_opened_with_the_old_one(keys, tmp_path):
    old, new = keys
    event = a_contact(old)
    both = [json.loads(one.encryption_private_keys_file.read_text())["keys"][0] for one in (new, old)]
    file = tmp_path / "both.json"
    file.write_text(json.dumps({"keys": both}))

    assert opened(event, file).name == "Noor Jansen"
