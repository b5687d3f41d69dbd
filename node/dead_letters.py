"""`./odh dead-letters`: those of the node that runs here, or of the one that ODH_NODE and ODH_NATS_URL name."""

import argparse
import os
import sys

from chassis import dead_letters
from node import addresses
from node.called_from import from_where_called
from node.links.server import ca_of


def main() -> int:
    """Adds where the running node is, unless the operator said where to look."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--data", type=from_where_called, help="map van de node die draait (folder of the node)")
    arguments = sys.argv[1:]
    asked, more = parser.parse_known_args(arguments)
    if addresses.is_empty(asked.data):
        return 1
    running = addresses.read(asked.data)
    is_told = "ODH_NATS_URL" in os.environ or any(one.startswith("--nats") for one in more)
    if running and (asked.data or not is_told):
        arguments += ["--nats", running.nats, "--node", running.node]
        if tls_ca := ca_of(asked.data or addresses.DATA):
            arguments += ["--nats-ca", str(tls_ca)]
    return dead_letters.main(arguments, parser)
