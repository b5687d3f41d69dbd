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
from opentelemetry import metrics

from node.files import write

VALID = timedelta(days=825)  # what makers of TLS libraries accept of a server at the most
AUTHORITY_VALID = timedelta(days=30 * 365)

#: So long before the end is said that it comes: who has to give each region a new file needs some weeks. Of one that is
#: good for less than three times that, it is said when a third is left, as programs that renew certificates count.
SOON = timedelta(days=60)

_meter = metrics.get_meter("om-de-hoek")
_left = _meter.create_gauge(
    "odh.certificate.left", unit="s", description="How long a certificate of the lines is good for."
)
_soon = _meter.create_gauge(
    "odh.certificate.soon", unit="s", description="How long before its end it is to be made anew."
)


def make(folder: Path, hosts: Sequence[str]) -> bool:
    """A certificate of the server for these names and addresses, by the authority that is kept beside it.

    Whether the authority was there already and is signed anew, with its own key: it would have ended before what it
    signs. Who trusts it by the file of before goes on doing so until the day that this file ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file, authority_key, was_there = folder / "ca.pem", _key(folder / "ca.key"), (folder / "ca.pem").exists()
    is_anew = not was_there or _left_of(_read(file), datetime.now(UTC)) < VALID
    if is_anew:
        name = _read(file).subject if was_there else _name("Om de Hoek: the lines of one node")
        only_servers = x509.BasicConstraints(ca=True, path_length=0)
        certificate = _begun(name, name, authority_key, AUTHORITY_VALID).add_extension(only_servers, critical=True)
        write(file, _pem(certificate.sign(authority_key, hashes.SHA256())), 0o644)
    (folder / "server.key").unlink(missing_ok=True)
    key = _key(folder / "server.key")
    certificate = _begun(_name(hosts[0]), _read(file).subject, key, VALID).add_extension(
        x509.SubjectAlternativeName([_host(host) for host in hosts]), critical=False
    )
    write(folder / "server.pem", _pem(certificate.sign(authority_key, hashes.SHA256())), 0o644)
    return was_there and is_anew


def ending(folder: Path, now: datetime) -> dict[Path, datetime]:
    """The certificates there that soon end, or have ended: until when each is trusted."""
    return {file: one.not_valid_after_utc for file, one in _all(folder).items() if _left_of(one, now) < _soon_of(one)}


def measure(folder: Path, now: datetime) -> None:
    """Tells whoever collects figures how long each of them is good for."""
    for file, one in _all(folder).items():
        _left.set(_left_of(one, now).total_seconds(), {"file": file.name})
        _soon.set(_soon_of(one).total_seconds(), {"file": file.name})


def _all(folder: Path) -> dict[Path, x509.Certificate]:
    found = {}
    for file in sorted(folder.glob("*.pem")):
        with suppress(ValueError):  # one of the operator's own, in a form that only the server reads
            found[file] = _read(file)
    return found


def _left_of(certificate: x509.Certificate, now: datetime) -> timedelta:
    return certificate.not_valid_after_utc - now


def _soon_of(certificate: x509.Certificate) -> timedelta:
    return min(SOON, (certificate.not_valid_after_utc - certificate.not_valid_before_utc) / 3)


def is_for(certificate: Path, host: str) -> bool:
    """Whether somebody who looks for the server there can trust it by this certificate."""
    with suppress(ValueError, x509.ExtensionNotFound):
        return _host(host) in _read(certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return False


def _read(file: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(file.read_bytes())


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, valid: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # whose clock is behind is let in too
        .not_valid_after(now + valid)
    )


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _key(file: Path) -> ec.EllipticCurvePrivateKey:
    if not file.exists():
        made = ec.generate_private_key(ec.SECP256R1())
        pem = made.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        write(file, pem.decode(), 0o600)
    key = serialization.load_pem_private_key(file.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
