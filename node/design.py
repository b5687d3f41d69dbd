"""`./odh design`: is what the pages load what the design system's packages hold? `--write` takes it from them again.

The packages come from npm, at the versions and with the hashes of package-lock.json. What is picked of them is kept in
this repository, so that a machine that runs a node needs neither npm nor the network. To take a newer one: change its
version in `services/gateway/pages/design/package.json` and give `--upgrade`.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from node import ROOT

DESIGN = ROOT / "services/gateway/pages/design"
#: The checksums of what was made, and of the lock and the list that it was made from: a test compares them.
MADE = DESIGN / "made.json"
MADE_FROM = ("package-lock.json", "picked.toml")
NPM = ("npm", "--ignore-scripts", "--no-audit", "--no-fund", "--omit-lockfile-registry-resolved")

_MAP = re.compile(r"\n?(?:/\*|//)# sourceMappingURL=\S+(?: ?\*/)?\n?")


def main() -> int:
    """Returns 1 when something differs."""
    asked = set(sys.argv[1:])
    if not shutil.which("npm"):
        print("Dit vraagt om Node.js en npm (needs Node.js and npm).", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        shutil.copy(DESIGN / "package.json", place)
        if "--upgrade" in asked:
            npm(place, "install", "--package-lock-only")
            shutil.copy(place / "package-lock.json", DESIGN)
        shutil.copy(DESIGN / "package-lock.json", place)
        npm(place, "ci")
        made = files_of(place / "node_modules")
    if "--write" in asked or "--upgrade" in asked:
        write(made)
    differing = [name for name, content in made.items() if not has(name, content)]
    print("\n".join(f"{name}: anders dan de pakketten (differs)" for name in differing) or "Gelijk (as the packages).")
    return 1 if differing else 0


def has(name: str, content: bytes) -> bool:
    return (DESIGN / name).exists() and (DESIGN / name).read_bytes() == content


def npm(place: Path, *words: str) -> None:
    subprocess.run([NPM[0], *words, *NPM[1:]], cwd=place, check=True, stdout=subprocess.DEVNULL)


def files_of(packages: Path) -> dict[str, bytes]:
    """What we serve, and the licences of what it is made of: content by name."""
    made = {}
    for name, parts in tomllib.loads((DESIGN / "picked.toml").read_text()).items():
        texts = [part_of(packages / package, files) for package, files in parts.items()]
        made[name] = "\n".join(texts).encode() + b"\n"
        for package in parts:
            licence = json.loads((packages / package / "package.json").read_text())["license"]
            made[f"licences/{licence}.md"] = next((packages / package).glob("LICENSE*")).read_bytes()
    return made


def part_of(package: Path, files: list[str]) -> str:
    """The picked files of a package, under a line that says what they are and whose licence they have."""
    told = json.loads((package / "package.json").read_text())
    texts = [_MAP.sub("", (package / file).read_text()).strip() for file in files]
    return "\n".join([f"/* {told['name']} {told['version']}, {told['license']} */", *texts])


def write(made: dict[str, bytes]) -> None:
    """Keeps what was made, with its checksums."""
    for name, content in made.items():
        (DESIGN / name).parent.mkdir(exist_ok=True)
        (DESIGN / name).write_bytes(content)
    MADE.write_text(json.dumps(checksums(), indent=2) + "\n")


def checksums() -> dict[str, str]:
    """What made.json has to hold for what lies there now."""
    served = tomllib.loads((DESIGN / "picked.toml").read_text())
    return {name: hashlib.sha256((DESIGN / name).read_bytes()).hexdigest() for name in (*MADE_FROM, *served)}
