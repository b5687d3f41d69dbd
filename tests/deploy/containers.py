"""A node that compose runs on a real engine, beside whatever else runs there."""

import asyncio
import json
import os
import random
import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from node import ROOT, addresses
from node.part import free_port
from tests.given import eventually

#: How compose is called here; where it is not a part of docker, whoever runs the tests says how.
COMPOSE = shlex.split(os.environ.get("ODH_TEST_COMPOSE", "docker compose"))
IMAGE = "om-de-hoek:test"


def why_not() -> str | None:
    """What is missing to run containers; none when they can be."""
    for command, missing in ((["docker", "info"], "no engine answers"), ([*COMPOSE, "version"], "no compose here")):
        try:
            done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=20)
        except (OSError, subprocess.TimeoutExpired):
            return missing
        if done.returncode:
            return missing
    return None


class Containers:
    """One project of compose, in a folder of its own: its name is that of the folder."""

    def __init__(self, folder: Path, **told: str) -> None:
        """`told` is what the shell says to compose."""
        folder.chmod(0o755)  # the parts read what is mounted from here as users of their own
        shutil.copy(ROOT / "docker-compose.yml", folder)
        shutil.copytree(ROOT / "deploy", folder / "deploy")
        gateway, mail = port_of_a_container(), port_of_a_container()
        self.folder, self.name = folder, folder.name
        self._told = os.environ | {
            "COMPOSE_PROJECT_NAME": folder.name,
            "IMAGE": IMAGE,
            "GATEWAY_AT": f"127.0.0.1:{gateway}",
            "MAIL_AT": f"127.0.0.1:{mail}",
            "OUTSIDE_SUBNET": f"10.{gateway >> 8}.{gateway & 255}.0/24",  # one for each that runs at the same time
            "ODH_PUBLIC_URL": f"http://127.0.0.1:{gateway}",
            **told,
        }
        self.where = addresses.seen_from_outside(
            gateway=f"http://127.0.0.1:{gateway}", mail=f"http://127.0.0.1:{mail}", team="team@omdehoek.example"
        )

    def build(self) -> None:
        """The image, from the project as it is."""
        run(*COMPOSE, "build", "secrets", cwd=ROOT, env=self._told, timeout=600)

    def compose(self, *arguments: str) -> str:
        return run(*COMPOSE, *arguments, cwd=self.folder, env=self._told, timeout=300)

    def type(self, command: str, *, cwd: Path | None = None, codes: Sequence[int] = (0,)) -> str:
        """What a command of a page writes, typed in the node's folder; by a compose that is older than the page too."""
        without_terminal = re.sub(r"(docker compose(?: -f \S+)*) (exec|run) (?!-T)", r"\1 \2 -T ", command)
        here = without_terminal.replace("docker compose", shlex.join(COMPOSE))
        if _is_old():
            here = re.sub(r" --wait\b| --since \S+", "", here).replace(" --signal ", " -s ")
        done = subprocess.run(
            ["bash", "-c", _by_name(here, self.name)],
            cwd=cwd or self.folder,
            env=self._told,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=400,
        )
        assert done.returncode in codes, f"{command}\n{done.stdout[-3000:]}{done.stderr[-4000:]}"
        return done.stdout

    async def healthy(self, within: float = 180) -> None:
        """What `--wait` waits for."""

        def unhealthy() -> list[str]:
            states = ["--filter=health=starting", "--filter=health=unhealthy"]
            mine = f"--filter=label=com.docker.compose.project={self.name}"
            return [name for state in states for name in run("docker", "ps", "--quiet", mine, state).split()]

        async def are_all() -> bool:
            return not await asyncio.to_thread(unhealthy)

        await eventually(are_all, within=within, saying="parts that are healthy")

    def up(self, **replicas: int) -> None:
        """Starts what does not run yet, and leaves alone what does."""
        scale = [f"--scale={service}={count}" for service, count in replicas.items()]
        self.compose("up", "--detach", "--no-build", *scale)

    async def ready(self) -> None:
        """Returns when the gateway says that everything is."""
        async with httpx.AsyncClient(base_url=self.where.gateway) as http:

            async def says_so() -> bool:
                try:
                    return bool((await http.get("/health/ready")).json()["status"] == "ready")
                except (httpx.HTTPError, ValueError):
                    return False

            await eventually(says_so, within=90, saying="a node that is ready")

    def ids(self, part: str) -> list[str]:
        """The containers of a part, those that ended too."""
        labels = [f"--filter=label=com.docker.compose.{key}" for key in (f"project={self.name}", f"service={part}")]
        return run("docker", "ps", "--all", "--quiet", *labels).split()

    def inspect(self, container: str) -> Any:
        return json.loads(run("docker", "inspect", container))[0]

    def inside(self, container: str, *command: str) -> str:
        return run("docker", "exec", container, *command)

    def kill(self, container: str) -> None:
        run("docker", "kill", container)

    def rows(self, service: str, statement: str) -> list[str]:
        """What a service's database has, as whoever looks after the server sees it."""
        (postgres,) = self.ids("postgres")
        psql = ["psql", "--host=/var/run/postgresql", "--username=postgres", "--tuples-only", "--no-align"]
        return self.inside(postgres, *psql, f"--dbname={service}", f"--command={statement}").splitlines()

    def down(self) -> None:
        """Whatever was started over its files too."""
        self.compose("down", "--volumes", "--remove-orphans", "--timeout=5")
        of_it = f"--filter=label=com.docker.compose.project={self.name}"
        for volume in run("docker", "volume", "ls", "--quiet", of_it).split():
            run("docker", "volume", "rm", volume)


def port_of_a_container() -> int:
    """Below those of nodes beside it: an engine takes it long after it was chosen, and has no second choice."""
    return free_port(random.randrange(10_000, 20_000))


@cache
def _is_old() -> bool:
    """Whether it is a compose of before `--wait`."""
    return run(*COMPOSE, "version", "--short").strip().startswith("1.")


def _by_name(command: str, project: str) -> str:
    """The page has the names of a project in a folder of the usual name."""

    def container(found: re.Match[str]) -> str:
        service, number = found.groups()
        labels = {"project": project, "service": service, "container-number": number}
        return run("docker", "ps", "-aq", *(f"--filter=label=com.docker.compose.{k}={v}" for k, v in labels.items()))

    return re.sub(r"om-de-hoek-([a-z]+)-(\d+)", lambda found: container(found).strip(), command).replace(
        "om-de-hoek_", f"{project}_"
    )


def run(*command: str, cwd: Path = ROOT, env: Any = None, timeout: float = 60) -> str:
    """What a command writes; fails with what it complains of."""
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=timeout)
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stdout[-2000:]}{done.stderr[-4000:]}"
    return done.stdout
