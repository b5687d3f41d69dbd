"""The rules of the house, checked by a machine; each says which trouble it prevents."""

import ast
import inspect
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from chassis import identity
from chassis.service import Service
from node.lock import LOCKS
from services.gateway import callers
from services.gateway.pages import reading
from services.partners import tokens
from tests.wired import SERVICES, every_service_wired, routes

ROOT = Path(__file__).parent.parent
PACKAGES = ("contracts", "chassis", "services", "node", "bench")
#: Every file by the name that it has from where the project begins.
NAMED = {str(file.relative_to(ROOT)): file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))}

every_service = pytest.mark.parametrize("service", SERVICES)


@cache
def nodes(file: Path) -> list[ast.AST]:
    """What a file is made of; it is read once for all rules."""
    return list(ast.walk(ast.parse(file.read_text())))


@cache
def imports(file: Path) -> frozenset[str]:
    """Every module that a file imports, whole names, also those inside functions."""
    found: set[str] = set()
    for node in nodes(file):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file}: relative imports hide where a name comes from"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


def begins(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@every_service
def test_no_service_imports_another(service):
    """They would have to be released together, and one's tables would become the other's."""
    others = [f"services.{other}" for other in SERVICES if other != service]
    for file in (ROOT / "services" / service).rglob("*.py"):
        assert not [name for name in imports(file) if begins(name, *others)], file


#: Who stands above whom. Contracts are what a partner reads; the chassis serves whatever service there will be.
ABOVE = {
    "contracts": ("chassis", "services", "node", "tests", "bench"),
    "chassis": ("services", "node", "tests", "bench"),
    "services": ("node", "tests", "bench"),
    "node": ("tests",),
    "bench": ("tests",),
    "chassis/map.py": ("node", "tests", "bench"),  # it reads the handlers of all services, to print who hears what
}


def test_who_stands_below_knows_nothing_of_who_stands_above():
    knowing = [
        (name, imported)
        for name, file in NAMED.items()
        for imported in imports(file)
        if begins(imported, *ABOVE.get(name, ABOVE[name.partition("/")[0]]))
    ]

    assert not knowing


#: What decides, and does nothing: it can be tried without a database, a broker, a clock or a network.
PURE = [
    *(ROOT / "services").glob("*/rules.py"),
    *(
        (ROOT / "services" / "matching" / f"{name}.py")
        for name in ("routing", "steps", "pairs", "words", "terms", "compounds", "spelling", "wishes", "suggesting")
    ),
    *(
        (ROOT / "services" / "matching" / f"{name}.py")
        for name in ("fitting", "worth", "preferences", "learning", "copying", "desk_rules")
    ),
    *(ROOT / "services" / "members" / f"{name}.py" for name in ("inviting", "names", "sameness", "saying")),
    ROOT / "services" / "requests" / "initiatives" / "rules.py",
    ROOT / "services" / "requests" / "sign_up_rules.py",
    *(
        (ROOT / "contracts" / name)
        for name in ("event.py", "calendar.py", "vocabulary.py", "words.py", "compatibility.py")
    ),
]
_ACTS = (
    *("sqlalchemy", "sqlmodel", "asyncpg", "alembic", "nats", "httpx", "aiohttp", "aiosmtplib", "smtplib", "socket"),
    *("asyncio", "time", "os", "subprocess", "threading", "pathlib", "shutil", "tempfile", "random", "logging"),
    *("structlog", "fastapi", "starlette", "jinja2", "chassis.database", "chassis.streams", "chassis.mailboxes"),
)
_STORES = ("store", "tables", "handlers", "api", "app")


@pytest.mark.parametrize("file", PURE, ids=lambda file: str(file.relative_to(ROOT)))
def test_what_decides_does_nothing_else(file):
    """Time and rows are arguments; a rule that looks them up can only be tried with everything running."""
    service = file.parent.name

    used = imports(file)
    assert not [name for name in used if begins(name, *_ACTS)]
    assert not [name for name in used if begins(name, *(f"services.{service}.{part}" for part in _STORES))]
    text = file.read_text()
    assert not re.search(r"datetime\.now\(|datetime\.utcnow\(|date\.today\(|\bopen\(|\.read_text\(|\basync def\b", text)


#: Who reads the environment beside the settings, and why.
READS_ENVIRONMENT = {
    "chassis/crashpoints.py": "a test arms it before anything of the process is set up",
    "chassis/settings.py": "which variable, or file, a setting that cannot be used came from",
    "node/called_from.py": "where the person who calls `./odh` stands",
    "node/dead_letters.py": "whether the operator said which node is meant",
    "node/environment.py": "it hands the operator's settings on to the services",
    "node/insight.py": "whether the operator said which database is meant",
    "node/matching.py": "whether the operator said which database is meant",
    "node/node.py": "a part gets the environment of its parent",
    "node/part.py": "a child process gets the environment of its parent",
    "node/postgres.py": "PostgreSQL gets a path and nothing else",
    "node/screenshots.py": "which browser the developer's machine has",
    "node/up.py": "the same setting by option or by variable",
    "bench/ceilings.py": "a program without settings of its own, to measure against",
    "bench/replicas.py": "an endpoint to measure against",
    "bench/ground.py": "a node to measure must not have the operator's settings",
}


def reads_environment(file: Path) -> bool:
    """Whether it looks there itself."""
    attributes = [node for node in nodes(file) if isinstance(node, ast.Attribute)]
    used = {f"{node.value.id}.{node.attr}" for node in attributes if isinstance(node.value, ast.Name)}
    return bool((used | imports(file)) & {"os.environ", "os.getenv", "os.environb"})


def test_only_settings_read_the_environment():
    """What is set is read in one place, told on one page, and passed on as an argument."""
    reading = {name for name, file in NAMED.items() if reads_environment(file)}

    assert reading <= set(READS_ENVIRONMENT), "read it in the settings"


def test_no_reason_is_left_for_what_reads_no_environment():
    gone = [name for name in READS_ENVIRONMENT if "environ" not in (ROOT / name).read_text()]

    assert not gone


def test_no_package_hides_one_that_others_need():
    """A top-level `requests` would be imported instead of the HTTP library, by docker and by testcontainers."""
    assert not {path.name for path in ROOT.iterdir()} & {"requests", "requests.py", "email", "secrets.py", "types.py"}
    options = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    assert options["pythonpath"] == ["."]
    assert "requests" not in sys.modules or not str(sys.modules["requests"].__file__).startswith(str(ROOT / "services"))


#: Handlers that are longer than a sentence, and why.
LONG_HANDLERS: dict[str, str] = {}


def handler_functions() -> Iterator[Any]:
    """Every function that hears an event."""
    for service in SERVICES:
        for file in (ROOT / "services" / service).glob("handlers*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.AsyncFunctionDef) and node.decorator_list:
                    yield pytest.param(node, id=f"{service}:{node.name}")


@pytest.mark.parametrize("function", list(handler_functions()))
def test_a_handler_is_a_sentence(function):
    """Its first line says what happens; it does not commit, acknowledge, catch, or log that it is there."""
    body = function.body[1:]
    lines = body[-1].end_lineno - body[0].lineno + 1

    assert ast.get_docstring(function), "say in a line what happens"
    assert lines <= 15 or function.name in LONG_HANDLERS
    called = {node.attr for node in ast.walk(function) if isinstance(node, ast.Attribute)}
    assert not called & {"commit", "rollback", "ack", "nak", "publish"}
    assert not [node for node in ast.walk(function) if isinstance(node, ast.Try)]


#: Files with more than their share of lines, and why they are one.
LONG_FILES = {
    "node/node.py": "the parts of a node and their order, on one page",
}


def test_a_file_has_one_subject():
    """Above about 250 lines it has two, and splits."""
    lines = {name: len(file.read_text().splitlines()) for name, file in NAMED.items()}

    assert not {name: so_many for name, so_many in lines.items() if so_many > (350 if name in LONG_FILES else 260)}


def test_types_are_there_when_the_program_runs():
    """An event's type is read from its handler at run time; as a text it is not found, and nothing is heard."""
    running = [name for name in NAMED if name.startswith(("chassis/", "contracts/", "services/"))]

    assert not [name for name in running if "__future__.annotations" in imports(NAMED[name])]


@pytest.fixture(scope="module")
def wired(tmp_path_factory) -> dict[str, Service]:
    return every_service_wired(tmp_path_factory.mktemp("keys"))


def dependencies(dependant: Dependant) -> Iterator[Any]:
    """What a route depends on, directly or not."""
    for inner in dependant.dependencies:
        yield inner.call
        yield from dependencies(inner)


#: What lets a caller in only when they are who they must be.
GUARDS = {
    *(identity.signed_in, identity._ambassador, identity._node_team, identity._from_gateway),
    *(callers._signed_in, reading._signed_in_reader, tokens.signed_partner),
}


def is_guarded(route: APIRoute) -> bool:
    """Whether a route depends on a guard, or on something that asks one."""
    calls = set(dependencies(route.dependant))
    return bool(GUARDS & calls) or any("await signed_in(" in inspect.getsource(call) for call in calls)


#: What everybody may call, and why.
PUBLIC = {
    "members POST /v1/members": "whoever joins is nobody yet",
    "members GET /v1/places": "who joins fills in a town",
    "members GET /v1/organisations": "who joins chooses a school",
    "members GET /v1/organisations/{organisation_id}": "what takes part is no secret",
    "members GET /v1/erasures/{erasure_id}": "who was erased cannot sign in; the id is the key",
    "requests GET /v1/tips": "a tip is for everybody",
    "requests GET /v1/tips/{offer_id}": "the same, one by one",
    "requests GET /v1/meetings": "a meeting is for everybody",
    "requests GET /v1/meetings/{offer_id}": "the same, one by one",
    "requests GET /v1/meetings/{offer_id}/calendar": "the same, for a calendar",
    "notify GET /v1/unsubscribe/{token}": "the link in a mail; the token is the key",
    "notify POST /v1/unsubscribe/{token}": "one click in a mail program (RFC 8058)",
    "partners POST /v1/token": "the key of a partner is the proof",
    "partners GET /v1/schemas": "what can be told is no secret",
    "partners GET /v1/schemas/{name}": "the same, one by one",
    "gateway POST /api/v1/sign-in-links": "who asks is not signed in",
    "gateway POST /api/v1/sessions": "the token of the mail is the key",
    "gateway GET /invited": "the same, of an invitation",
    "gateway POST /invited": "the same",
    "gateway GET /api/v1/openapi.json": "what can be called is no secret",
    "gateway GET /api/v1/docs": "the same, for people",
    "gateway GET /": "the start page",
    "gateway GET /sign-in": "the link in a mail",
    "gateway POST /sign-in": "the button behind it",
    "gateway GET /sign-in/provider": "who signs in with an account elsewhere",
    "gateway GET /sign-in/provider/done": "the same, coming back: what is signed there is the proof",
    "gateway POST /sign-out": "whoever is not signed in stays so; a page of another site cannot call it",
    "gateway POST /my-data/erase/leave": "who presses twice has left already; for who is not signed in nothing is done",
    "gateway GET /problems/{slug}": "what a type of problem means",
    "gateway GET /join": "who joins is not known yet",
    "gateway POST /join": "the same; the link in the mail makes a member",
    "gateway GET /join/organisations": "who joins finds their school",
    "gateway GET /join/places": "who joins fills in a place",
    "gateway GET /help": "how it works is for everybody",
    "gateway GET /privacy": "what is kept of somebody, they read before they join",
    "gateway GET /accessibility": "so is whether they can use it",
    "gateway GET /tips": "tips are for everybody",
    "gateway GET /tips/{offer_id}": "the same, one by one",
    "gateway GET /meetings": "so are meetings",
    "gateway GET /meetings/{offer_id}": "the same, one by one",
    "gateway GET /meetings/{offer_id}/calendar.ics": "the same, for a calendar",
    "gateway GET /erased/{erasure_id}": "who was erased cannot sign in; the id is the key",
    "gateway GET /style.css": "how a page looks",
    "gateway GET /htmx.js": "what makes a page quicker",
    "gateway GET /push.js": "what lets a page ask for messages on a device",
    "gateway GET /push-worker.js": "what shows them there",
    "gateway GET /icon.svg": "how a tab looks",
}


@every_service
def test_every_route_has_a_rule_for_who_may_call_it(wired, service):
    """A new route that nobody thought about fails here, not in the news (OWASP API1, API5)."""
    open_to_all = {
        f"{service} {name}"
        for name, route in routes(wired[service].app)
        if not is_guarded(route) and not route.path.startswith("/health/")
    }

    assert open_to_all <= set(PUBLIC), "depend on SignedIn, Ambassador, NodeTeam or FromGateway, or give a reason here"


@every_service
async def test_whoever_is_nobody_gets_nothing_else(wired, service):
    """The same seen from outside: no other route answers without a signature, whatever is sent."""
    app = wired[service].app
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as nobody:
        for name, route in routes(app):
            if f"{service} {name}" in PUBLIC or "/health/" in name:
                continue
            method, path = name.split(" ")
            answer = await nobody.request(method, re.sub(r"\{\w+\}", "x", path), json={} if route.body_field else None)
            assert answer.status_code in (401, 303), f"{name} answers {answer.status_code}"
            assert answer.status_code == 401 or answer.headers["location"].startswith("/sign-in")


def test_no_reason_is_left_for_a_route_that_is_gone_or_guarded(wired):
    there = {f"{service} {name}" for service in SERVICES for name, _ in routes(wired[service].app)}

    assert set(PUBLIC) <= there


@every_service
def test_what_only_the_gateway_may_call_is_apart(wired, service):
    """`/internal/` is never forwarded; and whatever is there asks for the gateway's own signature."""
    for name, route in routes(wired[service].app):
        guarded = identity._from_gateway in set(dependencies(route.dependant))
        assert guarded == ("/internal/" in name), name


@every_service
def test_a_changing_route_says_what_it_takes_and_gives(wired, service):
    """Its body is a model that refuses what it does not know (OWASP API3); a dictionary would take anything."""
    for name, route in routes(wired[service].app):
        for field in route.dependant.body_params:
            kind = field.field_info.annotation
            assert kind not in (dict, Any), name
            if hasattr(kind, "model_config"):
                assert kind.model_config.get("extra") == "forbid", f"{name}: {kind.__name__} takes anything"


every_lock = pytest.mark.parametrize("lock", LOCKS)


def locked(lock: str) -> dict[str, str]:
    """Each package of a lock: its version and hashes, as they are written."""
    text = re.sub(r"^ *#.*\n", "", (ROOT / lock).read_text(), flags=re.M).strip()
    return {re.split("==", entry)[0]: entry.strip() for entry in re.split(r"\n(?=[A-Za-z0-9])", text)}


def asked(name: str) -> set[str]:
    """The packages that a file asks for."""
    lines = [line for line in (ROOT / name).read_text().splitlines() if line and line[0] != "#"]
    return {re.split(r"[\[=<>~ ]", line)[0].lower().replace("_", "-") for line in lines}


@every_lock
def test_a_lock_names_no_index(lock):
    """Every machine installs from the index that it is set up for."""
    text = (ROOT / lock).read_text()

    assert not re.search(r"https?://|--index-url|--extra-index-url|--find-links|--trusted-host|@ (file|git)", text)


@every_lock
def test_every_package_of_a_lock_has_its_hashes(lock):
    """They tell that the files are the right ones, whoever handed them over."""
    assert len(locked(lock)) > 50
    for name, entry in locked(lock).items():
        assert re.match(r"[A-Za-z0-9._-]+==[^\s\\;]+", entry), name
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), name


@every_lock
def test_a_lock_holds_what_is_asked_for(lock):
    sources = [name for name in LOCKS[lock] if not name.startswith("-")]

    assert set().union(*map(asked, sources)) <= {name.lower().replace("_", "-") for name in locked(lock)}


def test_there_is_one_choice_of_versions():
    """What is in an image was tested as it is: the services' lock is a part of the other, hash by hash."""
    assert locked("requirements-services.lock").items() <= locked("requirements.lock").items()


def test_an_image_has_nothing_to_test_with():
    """What only tests or `./odh up` need is more to keep safe, and half of the size."""
    assert not asked("requirements.in") & (locked("requirements-services.lock").keys() - {"pyyaml"})


def test_nothing_of_one_machine_is_in_the_code():
    assert not [name for name, file in NAMED.items() if re.search(r"/(home|root|Users|work)/\w", file.read_text())]
