"""`./odh secrets`: each part of a node gets what it may know, and nothing of another's."""

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from node import SERVICES
from node.hand_out import hand_out
from node.links.register import NotPossible
from tests.node.commands import odh


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    hand_out(tmp_path / "secrets", postgres="postgres:5432", nats="nats:4222")
    return tmp_path / "secrets"


def read(folder: Path) -> dict[str, str]:
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}


def test_each_service_has_the_password_of_its_own_database_only(folder):
    found = read(folder)
    passwords = {service: found[f"postgres/{service}"] for service in SERVICES}

    assert len({*passwords.values(), found["postgres/superuser"]}) == len(SERVICES) + 1
    for service in SERVICES:
        url = urlsplit(found[f"{service}/database_url"])
        assert (url.username, url.password, url.path) == (service, passwords[service], f"/{service}")
        told = "".join(text for name, text in found.items() if name.startswith(f"{service}/"))
        assert not [other for other in SERVICES if other != service and passwords[other] in told]
        assert found["postgres/superuser"] not in told


def test_only_notify_can_open_what_is_sealed_to_the_node(folder):
    found = read(folder)

    (private,) = json.loads(found["notify/encryption.private.jwks.json"])["keys"]
    assert [name for name, text in found.items() if private["d"] in text] == ["notify/encryption.private.jwks.json"]
    (public,) = json.loads(found["members/encryption.public.jwks.json"])["keys"]
    assert public["x"] == private["x"]


def test_only_notify_can_sign_what_goes_to_devices(folder):
    found = read(folder)

    private = json.loads(found["notify/push.private.jwk.json"])
    assert [name for name, text in found.items() if private["d"] in text] == ["notify/push.private.jwk.json"]


def test_only_the_gateway_can_sign(folder):
    found = read(folder)

    private = json.loads(found["gateway/identity.private.jwk.json"])
    assert [name for name, text in found.items() if private["d"] in text] == ["gateway/identity.private.jwk.json"]
    for service in SERVICES:
        (public,) = json.loads(found[f"{service}/identity.public.jwks.json"])["keys"]
        assert (public["kid"], public["x"]) == (private["kid"], private["x"])


def test_nats_asks_for_what_the_services_have_each_for_its_own(folder):
    found = read(folder)

    told = {
        line.split(": ", 1)[0]: json.loads(line.split(": ", 1)[1]) for line in found["nats/accounts.conf"].splitlines()
    }
    users = {one["user"]: one for one in told["accounts"]["NODE"]["users"]}
    for service in SERVICES:
        url = urlsplit(found[f"{service}/nats_url"])
        assert (url.username, url.password) == (service, users[service]["password"])
    assert len({one["password"] for one in users.values()}) == len(SERVICES) + 1
    assert "permissions" not in users["odh"]
    assert users["odh"]["password"] in found["operator/nats_url"]


@pytest.mark.parametrize(("national", "waits"), [("nederland", True), ("national", False)])
def test_nats_waits_for_regions_of_a_national_node_of_whatever_name(tmp_path, monkeypatch, national, waits):
    monkeypatch.setenv("ODH_NODE", "nederland")
    monkeypatch.setenv("ODH_NATIONAL_NODE", national)

    hand_out(tmp_path, postgres="postgres:5432", nats="nats:4222")

    told = dict(line.split(": ", 1) for line in read(tmp_path)["nats/accounts.conf"].splitlines())
    assert (json.loads(told.get("leafnodes", "{}")) == {"listen": "0.0.0.0:7422"}) == waits


def test_a_second_time_changes_nothing(folder):
    before = read(folder)

    hand_out(folder, postgres="postgres:5432", nats="nats:4222")

    assert read(folder) == before


@pytest.mark.parametrize("of_a_release_before", [False, True])
def test_a_node_that_is_there_does_not_get_another_name(folder, monkeypatch, of_a_release_before):
    if of_a_release_before:
        (folder / "operator" / "name").unlink()
    before = read(folder)
    monkeypatch.setenv("ODH_NODE", "zeeland")

    with pytest.raises(NotPossible, match="heet utrecht, niet zeeland"):
        hand_out(folder, postgres="postgres:5432", nats="nats:4222")

    assert read(folder) == before


def test_several_nats_servers_know_each_other_and_everybody_knows_them_all(tmp_path):
    hand_out(tmp_path, postgres="postgres:5432", nats="nats:4222,nats-2:4222,nats-3:4222")
    found = read(tmp_path)

    told = dict(line.split(": ", 1) for line in found["nats/accounts.conf"].splitlines())
    cluster, own = json.loads(told["cluster"]), found["nats/users/cluster"]
    hosts = ["nats", "nats-2", "nats-3"]
    assert cluster["routes"] == [f"nats-route://cluster:{own}@{host}:6222" for host in hosts]
    for file in (*(f"{service}/nats_url" for service in SERVICES), "operator/nats_url", "operator/system_url"):
        assert [urlsplit(url).hostname for url in found[file].split(",")] == hosts
        assert own not in found[file]
    assert "cluster" not in read_one_server(tmp_path / "one")


def read_one_server(folder: Path) -> str:
    hand_out(folder, postgres="postgres:5432", nats="nats:4222")
    return read(folder)["nats/accounts.conf"]


def test_nobody_else_on_the_machine_can_read_them(folder):
    assert folder.stat().st_mode & 0o077 == 0
    for service in SERVICES:
        assert not [file.name for file in (folder / service).iterdir() if file.stat().st_mode & 0o077]


async def test_it_is_a_command_too(tmp_path):
    made = await odh("secrets", str(tmp_path / "here"), "--postgres=db.example:5433")

    assert made.code == 0
    (tmp_path / "here" / "operator" / "name").write_text("zeeland")
    again = await odh("secrets", str(tmp_path / "here"))
    assert (again.code, "deze node heet zeeland, niet utrecht" in again.err) == (1, True)
    assert "@db.example:5433/members" in (tmp_path / "here" / "members" / "database_url").read_text()
