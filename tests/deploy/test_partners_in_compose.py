"""A partner network at a node that compose runs: its first load, its people, and its endpoint outside.

By the commands of docs/operating.md. The endpoint is a container in a network of its own, whose addresses are such as
the internet has; beside it one within the node's networks, where nothing may come.
"""

import json
import shlex
import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from node import ROOT
from tests.deploy.containers import IMAGE, Containers, run, why_not
from tests.given import eventually

pytestmark = [
    pytest.mark.engine,
    pytest.mark.timeout(900),
    pytest.mark.skipif(bool(missing := why_not()), reason=f"needs containers: {missing}"),
]

PAGE = (ROOT / "docs" / "operating.md").read_text()
OUTSIDE, INSIDE = "hooks.netwerk.example", "binnen.netwerk.example"
#: Nobody's here, and public by every list of what is not.
SUBNET = "11.77.0.0/24"
TOLD = "nl.omdehoek.partner.organisation.v1"

RECEIVER = """
import http.server, json, ssl
class Hooks(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        print(json.dumps([self.headers["host"], self.headers["webhook-signature"], body]), flush=True)
        self.send_response(204)
        self.end_headers()
    def log_message(self, *_):
        pass
server = http.server.HTTPServer(("0.0.0.0", 8443), Hooks)
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain("/hooks/cert.pem", "/hooks/key.pem")
server.socket = tls.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""


@dataclass
class Quay:
    """The node, the partner's folder, and the containers of its endpoint and of partners."""

    node: Containers
    folder: Path
    endpoint: str
    partners: str

    def partner(self, asked: str) -> str:
        """A command in the container of partners, which knows its own database."""
        return run("docker", "exec", self.partners, "python", "-m", "node", "partner", *shlex.split(asked))

    def by_the_page(self, what: str, **instead: str) -> str:
        """The one command of the page that does this, with other words for some of its."""
        (line,) = [line for line in PAGE.splitlines() if line.startswith("docker compose run") and what in line]
        for word, other in instead.items():
            line = line.replace(word, other)
        line = line.replace("$PWD/load", str(self.folder))
        return self.node.compose(*shlex.split(line.removeprefix("docker compose ")))

    def heard(self) -> list[list[Any]]:
        """What came in at the endpoint: under which name, the signature, and the event."""
        return [json.loads(line) for line in run("docker", "logs", self.endpoint).splitlines()]


@pytest.fixture(scope="module")
async def quay(node: Containers) -> AsyncIterator[Quay]:
    """The endpoint; and partners with a line to it, that trusts who made its certificate."""
    with tempfile.TemporaryDirectory(prefix="odh-test-") as made, ExitStack() as undone:
        folder = Path(made)
        furnish(folder)
        outside, mounted = f"{node.name}_elsewhere", f"{folder}:/hooks:ro"
        run("docker", "network", "create", "--subnet", SUBNET, outside)
        undone.callback(run, "docker", "network", "rm", outside)
        at = ["--network", outside, "--network-alias", OUTSIDE, "--volume", mounted, "--entrypoint", "python"]
        endpoint = run("docker", "run", "--detach", *at, IMAGE, "/hooks/receive.py").strip()
        undone.callback(run, "docker", "rm", "--force", endpoint)
        run("docker", "network", "connect", "--alias", INSIDE, f"{node.name}_outside", endpoint)
        beside = f"{node.name}_beside"
        undone.callback(node.up)
        node.compose("rm", "--stop", "--force", "partners")
        trusting = ["--volume", mounted, "-e", "SSL_CERT_FILE=/hooks/cert.pem", "--name", beside]
        node.compose("run", "--detach", "--no-deps", "--use-aliases", *trusting, "partners")
        undone.callback(run, "docker", "rm", "--force", beside)
        run("docker", "network", "connect", outside, beside)
        await node.ready()
        yield Quay(node, folder, endpoint, beside)


async def test_a_network_is_loaded_its_people_named_and_its_news_goes_outside_and_never_inside(quay):
    key = quay.partner("add docenten --network duurzaam-mbo --source https://docenten.example")
    for name in (OUTSIDE, INSIDE):
        quay.partner(f"webhook add docenten https://{name}:8443/hooks")
    (quay.folder / "key.txt").write_text(key)
    (quay.folder / "schools.csv").write_text(
        "nummer;naam;soort;plaats;brin\ns-1;IJsseldal College;school;Deventer;25LT\n"
    )

    loaded = quay.by_the_page("partner load")
    named = quay.by_the_page("partner contact add", **{"noor@vechtdal.example": "team@omdehoek.example"})

    assert "1 aangenomen, 0 afgewezen" in loaded
    assert (quay.folder / "schools.csv.rejects.jsonl").read_text() == ""
    assert "ziet de pagina /partner/docenten" in named

    async def both_were_called() -> bool:
        return len(quay.node.rows("partners", "SELECT DISTINCT webhook_id FROM attempt")) == 2

    await eventually(both_were_called, saying="a call to each")
    ((host, signature, event),) = quay.heard()
    assert (host, signature[:3], event["data"]["event_type"]) == (f"{OUTSIDE}:8443", "v1,", TOLD)
    asked = "SELECT DISTINCT url, status, problem FROM attempt JOIN webhook USING (webhook_id) ORDER BY url"
    assert quay.node.rows("partners", asked) == [  # what is inside is tried again, each time in vain
        f"https://{INSIDE}:8443/hooks||not-public",
        f"https://{OUTSIDE}:8443/hooks|204|",
    ]


def furnish(folder: Path) -> None:
    """What the endpoint runs and shows."""
    folder.chmod(0o777)  # user 10001 writes its report here
    (folder / "receive.py").write_text(RECEIVER)
    a_certificate(folder, OUTSIDE, INSIDE)


def a_certificate(folder: Path, *names: str) -> None:
    """For these names, by nobody but itself."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    called = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    made = x509.CertificateBuilder(called, called, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    pem = serialization.Encoding.PEM
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "cert.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(pem))
    (folder / "key.pem").write_bytes(key.private_bytes(pem, *form))
