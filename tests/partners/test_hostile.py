"""Whatever comes to the door gets a clear answer and no fault of ours, and nobody else notices."""

import json
from datetime import timedelta

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.partners import keys
from tests.partners.conftest import SCHOOL, SOURCE, an_event

STRUCTURED, BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"
SCHOOL_EVENT = an_event("organisation", "school-1", SCHOOL)


REFUSED = [
    (b"{" * 5_000, STRUCTURED, 400, "invalid-json"),
    (b'{"a":' * 20_000 + b"1" + b"}" * 20_000, STRUCTURED, 413, "body-too-large"),
    (b'{"data":' + b"[" * 9_000 + b"]" * 9_000 + b"}", STRUCTURED, 400, "invalid-json"),
    (json.dumps(SCHOOL_EVENT).encode("utf-16"), STRUCTURED, 400, "invalid-json"),
    (b'{"id":"a","id":"b"}', STRUCTURED, 400, "invalid-json"),
    (json.dumps(SCHOOL_EVENT).replace('"25PJ"', "1e999").encode(), STRUCTURED, 400, "invalid-json"),
    (b"<xml/>", "application/xml", 415, "not-a-cloud-event"),
    (json.dumps(SCHOOL_EVENT).encode(), "application/json", 415, "not-a-cloud-event"),
    (json.dumps(SCHOOL_EVENT | {"specversion": "0.3"}).encode(), STRUCTURED, 422, "invalid-fields"),
    (json.dumps(SCHOOL_EVENT | {"subject": "a\0b"}).encode(), STRUCTURED, 422, "invalid-fields"),
    (json.dumps(SCHOOL_EVENT | {"time": 1_700_000_000}).encode(), STRUCTURED, 422, "invalid-fields"),
    (json.dumps(SCHOOL_EVENT | {"time": "0001-01-01T00:00:00+14:00"}).encode(), STRUCTURED, 422, "invalid-fields"),
    (json.dumps(SCHOOL_EVENT | {"source": SOURCE["centra"]}).encode(), STRUCTURED, 403, "source-not-yours"),
    (json.dumps(SCHOOL_EVENT | {"source": f"{SOURCE['docenten']}.evil"}).encode(), STRUCTURED, 403, "source-not-yours"),
    (b"[]", BATCH, 422, "invalid-fields"),
    (json.dumps([{}] * 101).encode(), BATCH, 413, "batch-too-large"),
]


async def test_what_cannot_be_taken_in_is_refused_clearly(door):
    for body, content_type, status, slug in REFUSED:
        answer = await door.post("/v1/events", content=body, headers={"Content-Type": content_type})
        assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (status, slug), body[:80]

    assert (await door.get("/v1/events")).json()["items"] == []


async def test_an_unknown_version_and_markup_end_rejected_or_as_text(partners):
    unknown, markup = await partners.pushed(
        an_event("organisation", "a", SCHOOL, type="nl.omdehoek.partner.organisation.v2"),
        an_event("organisation", "b", SCHOOL | {"name": "<script>alert(1)</script>\u202e"}),
    )

    assert (await partners.receipt(unknown))["problem"]["type"].endswith("/unknown-event-type")
    assert (await partners.receipt(markup))["problem"]["errors"][0]["field"] == "name"


async def test_a_partner_sees_nothing_of_another(partners):
    (receipt,) = await partners.pushed(an_event("organisation", "school-1", SCHOOL))
    other = await partners.as_partner("centra")

    assert (await other.get(f"/v1/receipts/{receipt['receipt_id']}")).status_code == 404
    assert (await other.get("/v1/events")).json() == {"items": [], "after": 0}


async def test_a_revoked_key_stops_at_once_and_a_replaced_one_goes_on_for_a_while(partners):
    old, now = await partners.as_partner(), partners.clock()
    async with partners.session() as session:
        partners.keys["docenten"] = await keys.rotate(session, "docenten", now, old_until=now + timedelta(days=1))
        await session.commit()
    new = await partners.as_partner()
    assert [(await one.get("/v1/events")).status_code for one in (old, new)] == [200, 200]

    async with partners.session() as session:
        await keys.revoke(session, "docenten", partners.clock())
        await session.commit()

    assert [(await one.get("/v1/events")).status_code for one in (old, new)] == [401, 401]
    assert (await (await partners.as_partner("centra")).get("/v1/events")).status_code == 200


async def test_more_than_the_minute_takes_is_refused_for_that_partner_alone(partners, monkeypatch):
    monkeypatch.setitem(partners.service.settings.__dict__, "partner_events_per_minute_max", 5)
    client = await partners.as_partner()
    batch = {"Content-Type": BATCH}

    def some() -> str:
        return json.dumps([an_event("organisation", f"school-{n}", SCHOOL) for n in range(3)])

    first, second = [await client.post("/v1/events", content=some(), headers=batch) for _ in range(2)]

    assert (first.status_code, second.status_code) == (202, 429)
    assert 1 <= int(second.headers["Retry-After"]) <= 60
    assert await partners.pushed(an_event("centre", "c", SCHOOL, source=SOURCE["centra"]), partner="centra")
    partners.clock.move(seconds=61)
    assert (await client.post("/v1/events", content=some(), headers=batch)).status_code == 202


async def test_a_minute_that_began_while_a_clock_was_ahead_has_ended_when_it_is_right_again(partners, monkeypatch):
    monkeypatch.setitem(partners.service.settings.__dict__, "partner_events_per_minute_max", 1)
    client = await partners.as_partner()
    statuses = []
    for later_seconds in (300, -300, 0, 61):
        partners.clock.move(seconds=later_seconds)
        content = json.dumps([an_event("organisation", "school", SCHOOL)])
        statuses.append((await client.post("/v1/events", content=content, headers={"Content-Type": BATCH})).status_code)

    assert statuses == [202, 202, 429, 202]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)
_NAMES = st.sampled_from(sorted(SCHOOL_EVENT))


@pytest.fixture
async def door(partners):
    return await partners.as_partner()


async def test_nothing_that_is_sent_is_a_fault_of_ours(partners, door):
    @settings(max_examples=120, suppress_health_check=list(HealthCheck), database=None)
    @given(st.dictionaries(_NAMES, _JSON, max_size=3), st.sampled_from([STRUCTURED, BATCH]))
    def collect(changes, content_type):
        sent.append((SCHOOL_EVENT | {"id": f"fuzz-{len(sent)}"} | changes, content_type))

    sent: list = []
    collect()
    taken = 0
    for event, content_type in sent:
        body = json.dumps([event] if content_type == BATCH else event)
        answer: httpx.Response = await door.post("/v1/events", content=body, headers={"Content-Type": content_type})
        assert answer.status_code < 500, (event, answer.text)
        taken += answer.status_code == 202
    await partners.quiet()
    assert await partners.dead_letters() == []
    feed = (await door.get("/v1/events?limit=1000")).json()["items"]
    assert taken
    assert all(item["status"] in ("accepted", "rejected") for item in feed)
