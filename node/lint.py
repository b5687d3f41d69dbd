"""`./odh lint`: style, layout and types; `./odh lint --fix` repairs what can be repaired."""

import subprocess
import sys

from node import ROOT


def main() -> int:
    fix = "--fix" in sys.argv[1:]
    checks = [
        ["ruff", "check", *(["--fix"] if fix else [])],
        ["ruff", "format", *([] if fix else ["--check"])],
        ["mypy"],
    ]
    failed = 0
    for check in checks:
        print(f"# {' '.join(check)}", flush=True)
        failed |= subprocess.run([sys.executable, "-m", *check], cwd=ROOT).returncode
    return failed
