"""A small certificate authority for the lines: enough where there is none yet, and nothing that needs it."""

import ipaddress
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from node.files import write

VALID_DAYS = 825  # what makers of TLS libraries accept at the most


def make(folder: Path, hosts: Sequence[str], *, mode: int = 0o600) -> None:
    """A certificate of the server for these names and addresses; the authority is made once and kept beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    authority_key = _key(folder / "ca.key", 0o600)
    if not (folder / "ca.pem").exists():
        name = _name("Om de Hoek: the lines of one node")
        only_servers = x509.BasicConstraints(ca=True, path_length=0)
        certificate = _begun(name, name, authority_key).add_extension(only_servers, critical=True)
        write(folder / "ca.pem", _pem(certificate.sign(authority_key, hashes.SHA256())), 0o644)
    authority = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    (folder / "server.key").unlink(missing_ok=True)
    key = _key(folder / "server.key", mode)
    certificate = _begun(_name(hosts[0]), authority.subject, key).add_extension(
        x509.SubjectAlternativeName([_host(host) for host in hosts]), critical=False
    )
    write(folder / "server.pem", _pem(certificate.sign(authority_key, hashes.SHA256())), 0o644)


def is_for(certificate: Path, host: str) -> bool:
    """Whether somebody who looks for the server there can trust it by this certificate."""
    with suppress(ValueError, x509.ExtensionNotFound):
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
        return _host(host) in found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return False


def _begun(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # whose clock is behind is let in too
        .not_valid_after(now + timedelta(days=VALID_DAYS))
    )


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _key(file: Path, mode: int) -> ec.EllipticCurvePrivateKey:
    if not file.exists():
        made = ec.generate_private_key(ec.SECP256R1())
        pem = made.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        write(file, pem.decode(), mode)
    key = serialization.load_pem_private_key(file.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
