"""`./odh dead-letters`: those of the node that runs here, or of the one that ODH_NODE and ODH_NATS_URL name."""

import os
import sys

from chassis import dead_letters
from node import addresses


def main() -> int:
    """Adds where the running node is, unless the operator said where to look."""
    arguments = sys.argv[1:]
    running = addresses.read()
    if running and "ODH_NATS_URL" not in os.environ and "--nats" not in arguments:
        arguments += ["--nats", running.nats, "--node", running.node]
    return dead_letters.main(arguments)
