"""Whatever comes in is answered with problem+json and a 4xx, keeps nothing, and leaves the service at work."""

import asyncio
import gzip
import json
import os
import unicodedata
from typing import Annotated

import httpx
import psutil
import pytest
import uvicorn
from hypothesis import given as forall
from hypothesis import settings
from hypothesis import strategies as any_
from pydantic import Field, ValidationError

from chassis import AtMost, Clock, Day, Input, LongText, Moment, ShortText, checked
from chassis.http import CarefulHttp
from chassis.limits import LimitBodies, check_json
from chassis.problems import FieldErrors, InvalidJson
from node.part import free_port
from tests.chassis.conftest import lending_on, part_of
from tests.chassis.lending import AlreadyLent

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
async def lending(postgres, nats):
    async with lending_on(postgres, nats) as started:
        yield started


@pytest.fixture(scope="module")
async def address(lending):
    """The service behind a real socket, as a process serves it."""
    port = free_port()
    config = uvicorn.Config(
        lending.service.app, port=port, http=CarefulHttp, ws="none", lifespan="off", log_config=None, access_log=False
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await serving


def body(**changes):
    """A body that is right but for what a test changes."""
    return {"tool_id": "tool", "lent_to": "Noor"} | changes


def slug(answer):
    """The stable name of the problem in an answer."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    told = answer.json()
    assert told["status"] == answer.status_code
    assert told["title"]
    return told["type"].removeprefix("https://omdehoek.nl/problems/")


async def nothing_is_kept_and_the_service_works(lending):
    answer = await lending.http.get("/v1/tools")
    assert answer.json()["items"] == []
    await lending.then_nothing_said()


WRONG_JSON = {
    "a word": b"tool",
    "half an object": b'{"tool_id": "tool"',
    "a comma too many": b'{"tool_id": "tool",}',
    "two documents": b"{} {}",
    "a name that comes twice": b'{"tool_id": "a", "lent_to": "Noor", "tool_id": "b"}',
    "a name that comes twice further down": b'{"tool_id": "a", "lent_to": "Noor", "labels": [{"a": 1, "a": 1}]}',
    "not a number": b'{"tool_id": "a", "lent_to": "Noor", "deposit": NaN}',
    "infinity": b'{"tool_id": "a", "lent_to": "Noor", "deposit": Infinity}',
    "less than infinity": b'{"tool_id": "a", "lent_to": "Noor", "deposit": -Infinity}',
    "a number that is too large for a float": b'{"tool_id": "a", "lent_to": "Noor", "deposit": 1e999}',
    "one that is too far below zero": b'{"tool_id": "a", "lent_to": "Noor", "deposit": -1.5e999}',
    "invalid UTF-8": b'{"tool_id": "a", "lent_to": "\xff\xfe"}',
    "an overlong slash": b'{"tool_id": "a", "lent_to": "\xc0\xaf"}',
    "an encoded surrogate": b'{"tool_id": "a", "lent_to": "\xed\xa0\x80"}',
    "a byte order mark": b'\xef\xbb\xbf{"tool_id": "a", "lent_to": "Noor"}',
    "UTF-16": json.dumps({"tool_id": "a", "lent_to": "Noor"}).encode("utf-16"),
    "half a character": b'{"tool_id": "a", "lent_to": "\\ud800"}',
    "the other half": b'{"tool_id": "a", "lent_to": "\\udc00x"}',
    "half a character in a name": b'{"tool_id": "a", "lent_to": "Noor", "\\ud800": 1}',
    "a NUL as it is": b'{"tool_id": "a\x00", "lent_to": "Noor"}',
    "deep lists": b"[" * 30_000 + b"]" * 30_000,
    "deep objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "a long number": b'{"tool_id": "a", "lent_to": "Noor", "copies": ' + b"9" * 5000 + b"}",
}


@pytest.mark.parametrize("name", WRONG_JSON)
async def test_what_is_not_json_or_can_be_read_in_two_ways_is_refused(lending, name):
    answer = await lending.http.post("/v1/tools", content=WRONG_JSON[name], headers=JSON)

    assert (answer.status_code, slug(answer)) == (400, "invalid-json")
    await nothing_is_kept_and_the_service_works(lending)


async def test_json_of_any_depth_is_refused(lending):
    """One parser may just reach a depth that the next one, called from further down, does not."""
    for depth in range(500, 1000, 10):
        content = b'{"tool_id": ' + b"[" * depth + b"]" * depth + b"}"
        answer = await lending.http.post("/v1/tools", content=content, headers=JSON)

        assert answer.status_code in (400, 422), depth
        assert slug(answer) in ("invalid-json", "invalid-fields", "http-error")


WRONG_FIELDS = {
    "no body": (b"", "body"),
    "a list": (b"[]", "body"),
    "a number": (b"7", "body"),
    "null": (b"null", "body"),
    "a NUL in a text": (json.dumps(body(lent_to="No\x00or")), "lent_to"),
    "a NUL in an id": (json.dumps(body(tool_id="to\x00ol")), "tool_id"),
    "a NUL in a list": (json.dumps(body(labels=["red", "\x00"])), "labels"),
    "a text that turns around": (json.dumps(body(lent_to="Noor \u202e")), "lent_to"),
    "an escape": (json.dumps(body(note="\x1b[2J")), "note"),
    "a number that is too large": (json.dumps(body(copies=2**70)), "copies"),
    "a text where a number belongs": (json.dumps(body(copies="many")), "copies"),
    "a number where a text belongs": (json.dumps(body(lent_to=7)), "lent_to"),
    "an object where a text belongs": (json.dumps(body(lent_to={"$ne": None})), "lent_to"),
    "an empty text": (json.dumps(body(lent_to="")), "lent_to"),
    "a blank text": (json.dumps(body(lent_to=" \u00a0\n\t ")), "lent_to"),
    "a text that is too long": (json.dumps(body(lent_to="x" * 201)), "lent_to"),
    "a field that is not known": (json.dumps(body(is_admin=True)), "is_admin"),
    "a field that no text can show": (json.dumps(body(**{"\x00": 1})), "\x00"),
}


@pytest.mark.parametrize("name", WRONG_FIELDS)
async def test_a_wrong_field_is_named(lending, name):
    content, field = WRONG_FIELDS[name]

    answer = await lending.http.post("/v1/tools", content=content, headers=JSON)

    assert (answer.status_code, slug(answer)) == (422, "invalid-fields")
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    await nothing_is_kept_and_the_service_works(lending)


async def test_every_wrong_field_is_named_at_once_and_no_value_is_repeated(lending):
    answer = await lending.http.post("/v1/tools", json={"tool_id": "", "lent_to": "canary" * 50, "canary_field": 1})

    assert [error["field"] for error in answer.json()["errors"]] == ["tool_id", "lent_to", "canary_field"]
    assert "canarycanary" not in answer.text


async def test_a_field_may_be_called_as_fastapi_calls_its_sources(lending):
    answer = await lending.http.post("/v1/tools", json=body(body=1, path={"query": 1}))

    assert [error["field"] for error in answer.json()["errors"]] == ["body", "path"]


@pytest.mark.parametrize(
    ("method", "path", "status", "problem"),
    [
        ("GET", "/v1/nowhere", 404, "not-found"),
        ("GET", "/", 404, "not-found"),
        ("GET", "/v1/tools/nobody-knows", 404, "never-lent"),
        ("DELETE", "/v1/tools", 405, "method-not-allowed"),
        ("BREW", "/v1/tools", 405, "method-not-allowed"),
        ("GET", "/v1/tools/%00", 400, "invalid-address"),
        ("GET", "/v1/tools?starts=%00", 400, "invalid-address"),
        ("GET", "/v1/tools?cursor=a%00b", 400, "invalid-address"),
        ("GET", "/v1/tools?limit=0", 422, "invalid-fields"),
        ("GET", "/v1/tools?limit=canary", 422, "invalid-fields"),
        ("GET", "/v1/tools?limit=99999999999999999999999", 422, "invalid-fields"),
        ("GET", "/v1/tools?cursor=" + "x" * 200, 422, "invalid-fields"),
    ],
)
async def test_an_address_that_leads_nowhere_is_a_problem(lending, method, path, status, problem):
    answer = await lending.http.request(method, path)

    assert (answer.status_code, slug(answer)) == (status, problem)
    assert "canary" not in answer.text


@pytest.mark.parametrize("starts", ["%ff%fe", "%c0%af", "%ed%a0%80", "'%20OR%201=1", "%2500", "%25"])
async def test_an_odd_question_is_answered(lending, starts):
    answer = await lending.http.get(f"/v1/tools?starts={starts}")

    assert (answer.status_code, answer.json()["items"]) == (200, [])


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "", "application/octet-stream"]
)
async def test_what_does_not_say_that_it_is_json_is_not_read(lending, content_type):
    answer = await lending.http.post(
        "/v1/tools", content=json.dumps(body()), headers={"Content-Type": content_type} if content_type else {}
    )

    assert (answer.status_code, slug(answer)) == (415, "unsupported-media-type")


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/x+json"])
async def test_json_may_be_called_by_its_other_names(lending, content_type):
    answer = await lending.http.post(
        "/v1/tools", content=b'{"tool_id": 1, "tool_id": 2}', headers={"Content-Type": content_type}
    )

    assert slug(answer) == "invalid-json"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, gzip", "GZIP", "nonsense"])
async def test_a_compressed_body_is_not_read(lending, encoding):
    bomb = gzip.compress(b" " * 20_000_000)

    answer = await lending.http.post("/v1/tools", content=bomb, headers=JSON | {"Content-Encoding": encoding})

    assert (answer.status_code, slug(answer)) == (415, "encoding-not-read")
    assert answer.headers["accept-encoding"] == "identity"


async def test_the_largest_body_is_read_and_one_byte_more_is_not(lending):
    most = lending.service.settings.body_bytes_max
    wrong = json.dumps(body(note="")).encode()

    fits = await lending.http.post("/v1/tools", content=wrong + b" " * (most - len(wrong)), headers=JSON)
    over = await lending.http.post("/v1/tools", content=wrong + b" " * (most - len(wrong) + 1), headers=JSON)

    assert (fits.status_code, slug(fits)) == (422, "invalid-fields")
    assert (over.status_code, slug(over)) == (413, "body-too-large")


async def in_pieces(size, piece=b"x" * 10_000):
    for _ in range(size // len(piece)):
        yield piece


@pytest.mark.parametrize("content_type", ["application/json", "text/plain"])
async def test_a_body_without_a_length_is_read_no_further_than_the_limit(address, content_type):
    """Ten megabytes over a real connection."""
    before = psutil.Process().memory_info().rss
    async with httpx.AsyncClient(base_url=address) as http:
        answer = await http.post("/v1/tools", content=in_pieces(10_000_000), headers={"Content-Type": content_type})

        assert (answer.status_code, slug(answer)) == (413, "body-too-large")
        assert psutil.Process().memory_info().rss - before < 50_000_000
        assert (await http.get("/health/live")).status_code == 200


async def test_a_body_that_lies_about_its_length_is_refused(address):
    reader, writer = await asyncio.open_connection("127.0.0.1", int(address.rsplit(":", 1)[1]))
    writer.write(b"POST /v1/tools HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n")
    writer.write(b"Content-Length: 99999999\r\n\r\n{")

    assert b"413" in await reader.readline()
    writer.close()


async def test_a_body_that_does_not_come_is_not_waited_for(address, lending, monkeypatch):
    monkeypatch.setattr(part_of(lending.service.app, LimitBodies), "seconds_max", 0.2)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(address.rsplit(":", 1)[1]))
    writer.write(b"POST /v1/tools HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{")

    assert b"408" in await asyncio.wait_for(reader.readline(), 30)
    writer.close()


async def test_a_client_that_leaves_halfway_harms_nobody(address, lending):
    _, writer = await asyncio.open_connection("127.0.0.1", int(address.rsplit(":", 1)[1]))
    writer.write(b"POST /v1/tools HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n")
    writer.write(b'Content-Length: 100\r\n\r\n{"tool_id": "half"')
    await writer.drain()
    writer.close()

    async with httpx.AsyncClient(base_url=address) as http:
        assert (await http.get("/v1/tools")).json()["items"] == []


async def test_a_fault_of_ours_shows_nothing_of_itself(lending):
    answer = await lending.http.get("/v1/broken?says=canary")

    assert (answer.status_code, slug(answer)) == (500, "internal-error")
    assert set(answer.json()) == {"type", "title", "status"}
    assert "canary" not in answer.text


async def test_a_rule_that_is_broken_tells_its_facts(lending):
    problem = AlreadyLent("It is with Bas.", tool_id="tool").response()

    assert json.loads(problem.body) == {
        "type": "https://omdehoek.nl/problems/already-lent",
        "title": "This tool is with somebody else",
        "status": 409,
        "detail": "It is with Bas.",
        "tool_id": "tool",
    }


class Texts(Input):
    """A text of each kind."""

    short: ShortText = "x"
    long: LongText = "x"


def test_a_text_is_kept_in_one_form():
    kept = Texts(short="  Zoe\u0308  van\n der   Meer ", long=" een\r\ntwee\rdrie ")

    assert (kept.short, kept.long) == ("Zo\u00eb van der Meer", "een\ntwee\ndrie")


def test_the_length_of_a_text_is_that_of_what_is_kept():
    assert len(Texts(short="e\u0308" * 200).short) == 200


@settings(max_examples=300)
@forall(any_.text(max_size=220))
def test_whatever_text_is_kept_can_be_stored_and_read_in_one_way(text):
    try:
        kept = Texts(short=text, long=text)
    except ValidationError:
        return
    for value in (kept.short, kept.long):
        value.encode()
        assert value == unicodedata.normalize("NFC", value) == value.strip()
        assert not [c for c in value if unicodedata.category(c) in ("Cc", "Cs") and c not in "\t\n"]
        assert not set(value) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert "\n" not in kept.short
    assert Texts(short=kept.short, long=kept.long) == kept


json_values = any_.recursive(
    any_.none() | any_.booleans() | any_.integers() | any_.floats(allow_nan=False, allow_infinity=False) | any_.text(),
    lambda inner: any_.lists(inner) | any_.dictionaries(any_.text(), inner),
    max_leaves=20,
)


@settings(max_examples=200)
@forall(json_values, any_.booleans())
def test_all_json_that_reads_in_one_way_is_let_through(value, escaped):
    check_json(json.dumps(value, ensure_ascii=escaped).encode())


@settings(max_examples=300)
@forall(any_.binary(max_size=200) | any_.text(alphabet='{}[]":,\\u0d8NaIfinty-e+. 1', max_size=60).map(str.encode))
def test_whatever_bytes_come_in_they_are_json_or_refused(content):
    try:
        check_json(content)
    except InvalidJson:
        return
    json.loads(content)


async def test_many_odd_bodies_at_once_leave_the_service_at_work(postgres, nats):
    """Good bodies with one byte changed, and random bytes."""
    good = json.dumps(body(tool_id="mutant")).encode()
    changed = [good[:i] + os.urandom(1) + good[i + 1 :] for i in range(len(good))]
    bodies = [*changed, *(os.urandom(40) for _ in range(40))]

    async with lending_on(postgres, nats) as lending:
        answers = await asyncio.gather(
            *(lending.http.post("/v1/tools", content=content, headers=JSON) for content in bodies)
        )

        assert {answer.status_code for answer in answers} <= {201, 400, 409, 422}
        assert (await lending.http.get("/health/ready")).status_code == 200


class Told(Input):
    """A field of each kind of which something can be wrong."""

    text: ShortText = "x"
    name: Annotated[ShortText, AtMost(100)] = "x"
    note: Annotated[LongText, AtMost(1000)] | None = None
    day: Day | None = None
    moment: Moment | None = None
    clock: Clock | None = None
    items: tuple[ShortText, ...] = Field(default=(), min_length=1, max_length=2)
    inner: Texts | None = None


A_DAY = "must be a day, such as 2026-11-30"
A_MOMENT = "must be a moment, such as 2026-11-30T09:00:00Z"
A_TIME = "must be a time of day, such as 14:30"


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("text", "x" * 201, "must have at most 200 characters"),
        *(("name", "x" * length, "must have at most 100 characters") for length in (101, 201)),
        *(("note", "x" * length, "must have at most 1000 characters") for length in (1001, 5001)),
        ("text", "", "must have at least 1 character"),
        *(("day", value, A_DAY) for value in (1700000000, "2026-13-01", "gisteren", "2026-11-30T09:30:00Z")),
        *(("moment", value, A_MOMENT) for value in (1700000000, "2026-01-01", "2026-01-01T09:00:00", "gisteren")),
        *(("clock", value, A_TIME) for value in (14, "25:00", "half drie")),
        ("items", "een", "must be a list"),
        ("items", [], "must have at least 1 item"),
        ("items", ["a", "b", "c"], "must have at most 2 items"),
        ("inner", [], "must be an object"),
    ],
)
def test_what_is_wrong_of_a_field_is_told_in_words_of_json(field, value, message):
    with pytest.raises(FieldErrors) as wrong:
        checked(Told, {field: value})

    assert wrong.value.facts["errors"] == [{"field": field, "message": message}]
