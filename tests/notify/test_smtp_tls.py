"""TLS to the mail server: taken where it is offered; where it is demanded, nothing goes without it or to a stranger."""

import asyncio
import ssl
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from node.part import free_port
from services.notify.smtp import Accepted, Connection, ServerAway, mail_server


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for this machine that nobody else vouches for, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.omdehoek.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return file


class Post:
    """Takes every mail, and remembers whether it came over TLS and who sent it."""

    def __init__(self):
        self.taken = []

    async def handle_DATA(self, server, session, envelope):
        self.taken.append((session.ssl is not None, session.login_data))
        return "250 OK"


@asynccontextmanager
async def a_server(certificate, *, offers_tls=True, begins_with_tls=False, **options):
    """A mail server with that certificate; gives its port and what it took."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    post, port = Post(), free_port()
    starttls = {"tls_context": context} if offers_tls and not begins_with_tls else {}
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(post, hostname="mail", loop=asyncio.get_running_loop(), **starttls, **options),
        "127.0.0.1",
        port,
        ssl=context if begins_with_tls else None,
    )
    try:
        yield port, post
    finally:
        server.close()


async def send(url, seconds=5):
    async def yes():
        return True

    connection = Connection(mail_server(url), local_hostname="test", timeout_seconds=seconds, accept_timeout_seconds=5)
    try:
        return await connection.send(
            "noreply@omdehoek.example", "noor@school.example", b"x: y\r\n\r\nz\r\n", may_go=yes
        )
    finally:
        await connection.quit()


@pytest.fixture
def trusted(certificate, monkeypatch):
    """This machine trusts the certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


async def test_tls_is_taken_when_it_is_offered_though_nobody_vouches_for_it(certificate):
    async with a_server(certificate) as (port, post):
        assert await send(f"smtp://127.0.0.1:{port}") == Accepted()
        assert post.taken == [(True, None)]


async def test_without_an_offer_mail_goes_in_the_open_where_tls_is_not_demanded(certificate):
    async with a_server(certificate, offers_tls=False) as (port, post):
        assert await send(f"smtp://127.0.0.1:{port}") == Accepted()
        assert post.taken == [(False, None)]


async def test_nothing_goes_in_the_open_where_tls_is_demanded(certificate):
    async with a_server(certificate, offers_tls=False) as (port, post):
        assert isinstance(await send(f"smtp+starttls://127.0.0.1:{port}"), ServerAway)
        assert post.taken == []


@pytest.mark.parametrize(("scheme", "begins_with_tls"), [("smtp+starttls", False), ("smtps", True)])
async def test_nothing_goes_to_a_server_that_nobody_vouches_for_where_tls_is_demanded(
    certificate, scheme, begins_with_tls
):
    async with a_server(certificate, begins_with_tls=begins_with_tls) as (port, post):
        assert isinstance(await send(f"{scheme}://127.0.0.1:{port}"), ServerAway)
        assert post.taken == []


@pytest.mark.parametrize(("scheme", "begins_with_tls"), [("smtp+starttls", False), ("smtps", True)])
async def test_mail_goes_over_tls_to_a_server_that_is_trusted(certificate, trusted, scheme, begins_with_tls):
    async with a_server(certificate, begins_with_tls=begins_with_tls) as (port, post):
        assert await send(f"{scheme}://127.0.0.1:{port}") == Accepted()
        ((has_started_tls, _),) = post.taken
        assert has_started_tls is not begins_with_tls


async def test_a_wrong_password_is_no_fault_of_the_mail(certificate, trusted):
    def check(server, session, envelope, mechanism, login):
        return AuthResult(success=(login.login, login.password) == (b"node", b"p@ss"), auth_data=login.login)

    async with a_server(certificate, authenticator=check, auth_required=True) as (port, post):
        assert isinstance(await send(f"smtp+starttls://node:wrong@127.0.0.1:{port}", seconds=1), ServerAway)
        assert await send(f"smtp+starttls://node:p%40ss@127.0.0.1:{port}") == Accepted()
        assert len(post.taken) == 1
