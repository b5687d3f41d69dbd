"""`./odh test hostile`: what the twelve rows of hostile input are proven by, those that take long too.

./odh test hostile                      all of it: a node of real processes, and the tests beside each part
./odh test hostile --rows S9 S10        only these
./odh test hostile --list               what each row is
"""

import argparse
import subprocess
import sys

from node import ROOT
from tests.hostile.rows import ROWS


def main() -> int:
    parser = argparse.ArgumentParser(prog="odh test hostile", description="Vijandige invoer (hostile input).")
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS), help="alleen deze (only these)")
    parser.add_argument("--list", action="store_true", help="wat elke rij is (what each row is)")
    asked, passed_on = parser.parse_known_args()
    if asked.list:
        for name in asked.rows:
            row = ROWS[name]
            print(f"{name:<4} {row.attack}\n     -> {row.holds}\n     {', '.join(row.proven)}")
        return 0
    proven = dict.fromkeys(test for name in asked.rows for test in ROWS[name].proven)
    return subprocess.run([sys.executable, "-m", "pytest", *proven, *passed_on], cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main())
