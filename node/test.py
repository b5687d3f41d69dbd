"""`./odh test`: pytest, from the root of the project; what follows the command is passed on."""

import subprocess
import sys

from node import ROOT


def main() -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *sys.argv[1:]], cwd=ROOT).returncode
