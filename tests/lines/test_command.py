"""`./odh nodes`, as an operator types it."""

import ssl
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import pytest
from cryptography import x509

from node import nodes
from node.hand_out import hand_out
from node.links import certificates
from node.links.register import Register, read_bundle


@pytest.fixture
def odh_nodes(monkeypatch, capsys, tmp_path):
    """Runs the command on a node in a folder of the test; its exit code and what it writes."""

    def run(*arguments: str, data: str = "nation") -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["odh nodes", *arguments, f"--data={tmp_path / data}"])
        code = nodes.main()
        shown = capsys.readouterr()
        return code, shown.out + shown.err

    return run


def test_a_region_is_let_in_joins_gets_another_key_and_is_left_out(odh_nodes, tmp_path: Path):
    bundle, national = tmp_path / "zeeland.json", Register(tmp_path / "nation" / "keys" / "lines", "national")

    assert odh_nodes("add-region", "zeeland", "--at=hub.example:7422", "--without-tls", f"--to={bundle}")[0] == 0
    assert bundle.stat().st_mode & 0o077 == 0
    assert odh_nodes("join", str(bundle), data="zeeland")[0] == 0
    first = Register(tmp_path / "zeeland" / "keys" / "lines", "zeeland").line
    assert first == read_bundle(bundle)
    assert (first.national, first.url) == ("national", "nats-leaf://hub.example:7422")
    known = national.regions["zeeland"]
    assert odh_nodes("rotate", "zeeland", f"--to={bundle}")[0] == 0
    assert national.regions["zeeland"] != known
    assert read_bundle(bundle).url.startswith("nats-leaf://127.0.0.1:")
    assert "zeeland" in odh_nodes("list")[1]
    assert odh_nodes("revoke", "zeeland")[0] == 0
    assert national.regions == {}


@pytest.mark.parametrize(
    ("at", "is_near"),
    [
        ("hub.example:7422", False),
        ("10.0.0.7:7422,9.9.9.9:7423", False),
        ("10.0.0.7:7422,localhost:7423", True),
        ("[fd00::7]:7422", True),
    ],
)
def test_a_line_that_leaves_the_building_goes_over_tls(at, is_near, odh_nodes, tmp_path: Path):
    bundle = tmp_path / "zeeland.json"

    code, shown = odh_nodes("add-region", "zeeland", f"--at={at}", f"--to={bundle}")

    assert (code, "make a certificate first" in shown, bundle.exists()) == (int(not is_near), not is_near, is_near)
    assert ("zeeland" in Register(tmp_path / "nation" / "keys" / "lines", "national").regions) == is_near
    odh_nodes("certificate", "hub.example")
    assert odh_nodes("rotate" if is_near else "add-region", "zeeland", f"--at={at}", f"--to={bundle}")[0] == 0
    assert read_bundle(bundle).url == ",".join(f"tls://{one}" for one in at.split(","))


@pytest.mark.parametrize("with_region", [True, False])
def test_a_list_of_a_node_that_does_not_run_is_no_good_news(with_region, odh_nodes, tmp_path: Path):
    if with_region:
        odh_nodes("add-region", "zeeland", f"--to={tmp_path / 'zeeland.json'}")

    code, shown = odh_nodes("list")

    assert code == 1
    assert ("zeeland" in shown) == with_region
    assert f"geen node op {tmp_path / 'nation'} (no node runs there)" in shown


@pytest.mark.parametrize(
    ("term", "left", "says"), [(825, 59, True), (825, 61, False), (90, 29, True), (90, 31, False), (90, 59, False)]
)
def test_a_certificate_that_soon_ends_is_told_where_the_nodes_are_listed(term, left, says, odh_nodes, tmp_path: Path):
    with mock.patch.object(certificates, "VALID", timedelta(days=term)):
        odh_nodes("certificate", "hub.example")
    later = datetime.now(UTC) + timedelta(days=term - left)

    with mock.patch.object(nodes, "datetime", mock.Mock(now=lambda _: later)):
        shown = odh_nodes("list")[1]

    assert ("server.pem is geldig tot" in shown, "ca.pem is geldig tot" in shown) == (says, False)


def test_an_authority_that_ends_before_what_it_signs_is_signed_anew_and_who_had_the_old_one_is_not_cut_off(
    odh_nodes, tmp_path: Path
):
    lines, before = tmp_path / "nation" / "keys" / "lines", tmp_path / "before.pem"
    with mock.patch.object(certificates, "AUTHORITY_VALID", timedelta(days=100)):
        first = odh_nodes("certificate", "hub.example")[1]
    before.write_bytes((lines / "ca.pem").read_bytes())

    second, third = odh_nodes("certificate", "hub.example")[1], odh_nodes("certificate", "hub.example")[1]

    assert ["geef elke regio een nieuw bestand" in one for one in (first, second, third)] == [False, True, False]
    assert before.read_bytes() != (lines / "ca.pem").read_bytes()
    assert trusts(before, lines)
    assert trusts(lines / "ca.pem", lines)


def trusts(authority: Path, lines: Path) -> bool:
    """Whether who knows only that authority speaks TLS with the server of these files."""
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(lines / "server.pem", lines / "server.key")
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = serving.wrap_bio(there, back, server_side=True)
    client = ssl.create_default_context(cafile=authority).wrap_bio(back, there, server_hostname="hub.example")
    for side in (client, server) * 2:
        with suppress(ssl.SSLWantReadError):
            side.do_handshake()
    return client.getpeercert() is not None


def test_a_national_node_with_another_name_has_that_in_what_it_gives_its_regions(odh_nodes, tmp_path: Path):
    bundle = tmp_path / "zeeland.json"
    odh_nodes("add-region", "zeeland", "--node=nederland", f"--to={bundle}")

    assert odh_nodes("rotate", "zeeland", f"--to={bundle}")[0] == 0

    assert read_bundle(bundle).national == "nederland"
    code, shown = odh_nodes("rotate", "zeeland", "--node=national", f"--to={bundle}")
    assert (code, "heet nederland, niet national" in shown) == (1, True)


def test_in_compose_the_server_speaks_tls_from_its_next_start_on(odh_nodes, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("ODH_NODE", "national")
    secrets = tmp_path / "secrets"
    hand_out(secrets, postgres="postgres:5432", nats="nats:4222")
    told = secrets / "nats" / "accounts.conf"
    assert "cert_file" not in told.read_text()

    assert odh_nodes("certificate", "hub.example", f"--secrets={secrets}")[0] == 0

    (line,) = [line for line in told.read_text().splitlines() if line.startswith("leafnodes: ")]
    assert '"cert_file": "/etc/nats/secrets/lines/server.pem"' in line


@pytest.mark.parametrize(("national", "is_told"), [("nederland", False), ("national", True)])
def test_in_compose_who_lets_a_region_in_is_told_when_nothing_waits_for_it(
    odh_nodes, tmp_path, monkeypatch, national, is_told
):
    monkeypatch.setenv("ODH_NODE", "nederland")
    monkeypatch.setenv("ODH_NATIONAL_NODE", national)
    secrets = tmp_path / "secrets"
    hand_out(secrets, postgres="postgres:5432", nats="nats:4222")

    code, shown = odh_nodes("add-region", "zeeland", "--at=10.0.0.7:7422", f"--secrets={secrets}")

    assert (code, "ODH_NATIONAL_NODE=nederland" in shown) == (0, is_told)


@pytest.mark.parametrize("in_compose", [True, False])
def test_a_certificate_is_for_the_services_of_the_node_too_where_they_speak_tls(in_compose, odh_nodes, tmp_path: Path):
    secrets = tmp_path / "secrets"
    hand_out(secrets, postgres="postgres:5432", nats="nats:4222")
    folder = secrets / "nats" / "lines" if in_compose else tmp_path / "nation" / "keys" / "lines"
    names = ["hub.example.org", "203.0.113.7"]

    odh_nodes("certificate", *names, *([f"--secrets={secrets}"] if in_compose else []))

    found = x509.load_pem_x509_certificate((folder / "server.pem").read_bytes())
    there = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name.value) for name in there] == names + ([] if in_compose else ["127.0.0.1", "localhost"])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("rotate", "drenthe"), "not known here"),
        (("remove-region", "drenthe"), "not known here"),
        (("add-region", "Zee.land"), "small letters"),
        (("join", "nowhere.json"), "lets nobody in"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(odh_nodes, arguments, told):
    code, shown = odh_nodes(*arguments)

    assert code == 1
    assert told in shown
    assert "Traceback" not in shown
