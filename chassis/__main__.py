"""Runs a service: `python -m chassis services.requests`."""

import gc
import importlib
import sys

import uvicorn

from chassis import metrics, telemetry
from chassis.http import CarefulHttp
from chassis.service import Service


def main() -> None:
    """Wires the service that is named and serves it until SIGTERM, which lets it finish what is under way."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m chassis services.<name>")
    service: Service = importlib.import_module(f"{sys.argv[1]}.app").service()
    telemetry.configure(service.name, service.settings)
    metrics.configure(service.name, service.settings)
    # What was imported and wired stays as long as the process: Python need not look through it for garbage time and
    # again, which takes a tenth of the work, and a pause of a tenth of a second at a time.
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
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
