"""The doors, from their own description and from nothing at all: no fault of ours, and whatever is taken in ends.

FUZZ_EXAMPLES=500 tries more of each than the suite has time for.
"""

import asyncio
import json
import os
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from contracts.partners import OrganisationTold
from services.partners.envelopes import BATCH
from services.partners.inputs import DATA
from services.partners.tables import Receipt
from tests.partners.conftest import SOURCE, an_event
from tests.partners.test_over_nats import heard, published

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "12"))

_some = settings(
    max_examples=EXAMPLES,
    database=None,
    derandomize="FUZZ_EXAMPLES" not in os.environ,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def some_of(strategy: Any) -> list[Any]:
    """Examples; they are made first, because hypothesis does not wait for what is sent."""
    made: list[Any] = []

    @_some
    @given(strategy)
    def collect(one: Any) -> None:
        made.append(one)

    collect()
    return made


async def nothing_is_lost(partners) -> None:
    """No receipt is left that nothing works on, and nothing was given up: it ended, was told, or waits for another."""
    await partners.quiet()
    assert await partners.dead_letters() == []
    async with partners.session() as session:
        statuses = set((await session.exec(select(Receipt.status))).all())
    assert statuses <= {"accepted", "rejected", "told", "waiting"}


async def test_every_route_answers_whatever_its_own_description_allows(partners):
    client = await partners.as_partner()
    described = schemathesis.openapi.from_dict(partners.service.app.openapi())

    for found in described.get_all_operations():
        operation = found.ok()
        if operation.path.startswith("/health") or "webhooks" in operation.path:
            continue
        for case in some_of(operation.as_strategy()):
            told = case.as_transport_kwargs(base_url="http://service")
            headers = {name: value for name, value in told["headers"].items() if name.lower() != "authorization"}
            sent = {name: told[name] for name in ("params", "json", "data", "content") if told.get(name) is not None}
            answer = await client.request(told["method"], told["url"], headers=_plain(headers), **sent)
            assert answer.status_code < 500, (told, answer.text)
            assert answer.headers["content-type"].startswith(("application/json", "application/problem+json"))
    await nothing_is_lost(partners)


def _plain(headers: dict[str, Any]) -> dict[str, str]:
    """What an HTTP client can send at all."""
    return {name: str(value) for name, value in headers.items() if str(value).isascii() and str(value).isprintable()}


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def _told(kind: str) -> Any:
    """Data with the fields of a kind, each right, wrong or absent."""
    right = {"place": st.just({"name": "Zwolle"}), "themes": st.just(["energy-transition"]), "brin": st.just("25PJ")}
    fields = {name: right.get(name, st.text(max_size=30)) | _ANYTHING for name in DATA[kind].model_fields}
    return st.fixed_dictionaries({}, optional=fields)


async def test_whatever_is_told_of_each_kind_ends_with_a_reason(partners):
    client = await partners.as_partner()
    taken = 0
    for kind in DATA:
        events = [an_event(kind, f"s-{n}", data) for n, data in enumerate(some_of(_told(kind)))]
        for event in events:
            answer = await client.post("/v1/events", content=json.dumps([event]), headers={"Content-Type": BATCH})
            assert answer.status_code in (202, 400, 422), answer.text
            taken += answer.status_code == 202
    assert taken
    await nothing_is_lost(partners)


async def test_whatever_is_published_over_nats_is_told_of_and_stops_nothing(partners):
    right = an_event("organisation", "school-1", {"kind": "school", "name": "Vechtdal", "place": {"name": "Zwolle"}})
    bodies = some_of(st.binary(max_size=60) | st.dictionaries(st.text(max_size=8), _ANYTHING).map(json.dumps))
    changes = some_of(st.tuples(st.sampled_from(sorted(right)), _ANYTHING))
    bodies += [json.dumps(right | {name: value}) for name, value in changes]
    sent = [one if isinstance(one, bytes) else one.encode("utf-8", "surrogatepass") for one in bodies]

    await published(partners, *sent)
    await published(partners, json.dumps(right | {"source": SOURCE["centra"]}).encode(), partner="centra")
    await asyncio.gather(heard(partners), heard(partners, "centra"))

    await nothing_is_lost(partners)
    assert [told.partner_id for told in await partners.said(OrganisationTold)].count("centra") == 1
