"""Runs a service: `python -m chassis services.requests`."""

import gc
import importlib
import sys

import uvicorn
from pydantic import ValidationError
from pydantic_settings import SettingsError

from chassis import metrics, telemetry
from chassis.http import CarefulHttp
from chassis.service import Service
from chassis.settings import defaults, faults_of


def main() -> None:
    """Wires the service that is named and serves it until SIGTERM, which lets it finish what is under way."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m chassis services.<name>")
    app = importlib.import_module(f"{sys.argv[1]}.app")
    try:
        service: Service = app.service()
    except (ValidationError, SettingsError) as error:
        telemetry.configure(sys.argv[1].rpartition(".")[2], defaults())
        for fault in faults_of(error):
            telemetry.log.error(fault)
        sys.exit(1)
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
