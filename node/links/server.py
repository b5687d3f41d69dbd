"""What a node's NATS server is told of its users, its lines and TLS, as a part of its configuration."""

from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from node.files import write
from node.links import accounts
from node.links.register import Register, lines_of


class Tls:
    """The files of a server's certificate, where there are any: of `./odh nodes certificate`, or the operator's."""

    def __init__(self, folder: Path) -> None:
        self.ca, self.certificate, self.key = folder / "ca.pem", folder / "server.pem", folder / "server.key"

    @property
    def is_there(self) -> bool:
        return self.certificate.exists()

    @property
    def ca_of_clients(self) -> Path | None:
        """Whom the services must trust to speak with the server; none where it has no certificate."""
        return self.ca if self.is_there and self.ca.exists() else None

    def config(self, here: Path | None = None) -> dict[str, Any]:
        """`here` is where the server finds the files, where that is elsewhere."""
        files = (file if here is None else here / file.name for file in (self.certificate, self.key))
        return dict(zip(("cert_file", "key_file"), map(str, files), strict=True))


def is_near(address: str) -> bool:
    """Whether host:port is this machine or in a network of one's own; of another name nobody knows that."""
    try:
        host = urlsplit(f"//{address}").hostname or ""
        return host == "localhost" or ip_address(host).is_private
    except ValueError:
        return False


def ca_of(data: Path) -> Path | None:
    """Whom clients of the server must trust, of the node on a folder; none where they need not."""
    return Tls(lines_of(data)).ca_of_clients


class Cluster(NamedTuple):
    """Several servers that keep the streams together: where they listen for each other, and where each is (host:port).

    Whoever knows the password is one of them, and hears everything: it is for the servers alone.
    """

    listen: str
    servers: tuple[str, ...]
    password: str

    def config(self, name: str) -> dict[str, Any]:
        """The same for every server: a route to itself is one that it drops."""
        return {
            "name": name,
            "listen": self.listen,
            "authorization": {"user": "cluster", "password": self.password},
            "routes": [f"nats-route://cluster:{self.password}@{server}" for server in self.servers],
            # Who connects was told where each server is, with a password; an address from here would come without.
            "no_advertise": True,
        }


def config(
    register: Register,
    passwords: Mapping[str, str],
    *,
    leaf_listen: str,
    seen_at: Path | None = None,
    clients_too: bool = True,
    cluster: Cluster | None = None,
    apart: bool = False,
) -> dict[str, Any]:
    """Accounts, the line, and TLS. `leaf_listen` is where a national node waits for its regions.

    `seen_at` is the folder of the lines as the server sees it, where that is another (in a container);
    without `clients_too` only the lines speak TLS. `cluster` is for a node that has several servers.
    A server that is `apart` neither waits for other nodes nor calls them.
    """
    node, line, tls = register.node, register.line, Tls(register.folder)
    at = seen_at or register.folder
    made: dict[str, Any] = {
        "accounts": accounts.accounts(
            node,
            national=register.national,
            regions=sorted(register.regions.items()),
            partners=register.partners.live(),
            passwords=dict(passwords),
        ),
        "system_account": accounts.SYSTEM,
    }
    if tls.is_there and clients_too:
        made["tls"] = tls.config(at)
    if cluster is not None:
        made["cluster"] = cluster.config(node)
    if apart:
        return made
    if register.is_national:
        made["leafnodes"] = {"listen": leaf_listen} | ({"tls": tls.config(at)} if tls.is_there else {})
        if cluster is not None:  # regions were given every address, as it is from outside
            made["leafnodes"]["no_advertise"] = True
    elif line is not None:
        remote: dict[str, Any] = {
            "urls": line.url.split(","),
            "account": accounts.link_account(line.national),
            "nkey": line.seed,
        }
        if line.ca is not None:
            write(register.folder / "national.pem", line.ca, 0o644)
            remote["tls"] = {"ca_file": str(at / "national.pem")}
        made["leafnodes"] = {"reconnect": "1s", "remotes": [remote]}
    return made
