"""Runs a service: `python -m chassis services.requests`."""

import importlib
import sys

import uvicorn

from chassis import telemetry
from chassis.http import CarefulHttp
from chassis.service import Service


def main() -> None:
    """Wires the service that is named and serves it until SIGTERM, which lets it finish what is under way."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m chassis services.<name>")
    service: Service = importlib.import_module(f"{sys.argv[1]}.app").service()
    telemetry.configure(service.name, service.settings)
    uvicorn.run(
        service.app,
        host=service.settings.host,
        port=service.settings.port,
        loop="uvloop",
        http=CarefulHttp,
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,  # whom to believe about the client's address is the gateway's setting
        timeout_graceful_shutdown=8,
    )


if __name__ == "__main__":
    main()
