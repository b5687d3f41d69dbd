"""Runs the catcher: `python -m node.mail_catcher --data DIR --smtp PORT --http PORT`.

It listens to this machine only; `--host 0.0.0.0` is for a container, whose own address others need.
"""

import argparse
from pathlib import Path

import uvicorn
import uvloop

from node.mail_catcher.reading import reading
from node.mail_catcher.receiving import Receiver, receive
from node.mail_catcher.store import Store


def main() -> None:
    parser = argparse.ArgumentParser(prog="mail_catcher", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--smtp", type=int, required=True)
    parser.add_argument("--http", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    options = parser.parse_args()
    uvloop.run(run(options.data, options.host, options.smtp, options.http))


async def run(data: Path, host: str, smtp_port: int, http_port: int) -> None:
    """Until SIGTERM, which uvicorn listens for."""
    receiver = Receiver(Store(data))
    smtp = await receive(receiver, smtp_port, host)
    config = uvicorn.Config(
        reading(receiver), host=host, port=http_port, access_log=False, log_level="warning", server_header=False
    )
    await uvicorn.Server(config).serve()
    smtp.close()


if __name__ == "__main__":
    main()
