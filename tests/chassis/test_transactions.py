"""A command's state, its events and its reply are kept together or not at all, also when it shares its transaction."""

import asyncio
import itertools

import pytest
from sqlalchemy import text

from chassis.mailboxes import EVENT_BYTES_MAX, say
from chassis.replies import IdempotencyKey, Reply, forget_replies
from chassis.service import forget_what_is_old
from chassis.transactions import Item
from tests.chassis.conftest import Gate, Lending, replica_of
from tests.chassis.lending import ToolLent, service
from tests.given import Running, eventually

KEY = "a-key-of-16-chars"


async def fail(*_):
    raise RuntimeError("canary")


async def test_a_command_keeps_its_state_and_says_its_event(lending, tool_id):
    await lending.lends(tool_id)

    (lent,) = await lending.then_said(ToolLent)
    assert (lent.tool_id, lent.lent_to) == (tool_id, "Noor")
    assert (await lending.tool(tool_id)).lent_to == "Noor"


async def test_a_command_that_fails_keeps_nothing_and_says_nothing(lending, tool_id, trouble):
    trouble[tool_id] = fail

    answer = await lending.lend(tool_id)

    assert answer.status_code == 500
    assert await lending.tool(tool_id) is None
    await lending.then_nothing_said()


async def test_a_refused_command_keeps_nothing_and_says_nothing(lending, tool_id):
    await lending.lends(tool_id)
    await lending.given()

    answer = await lending.lend(tool_id, lent_to="Bas")

    assert answer.status_code == 409
    assert (await lending.tool(tool_id)).lent_to == "Noor"
    await lending.then_nothing_said()


async def test_one_that_fails_in_a_group_does_not_harm_its_neighbours(lending, trouble):
    """While the lanes are held, commands gather; what is let go is a group of forty with two bad ones."""
    gates = [Gate(), Gate()]
    trouble |= {"held-0": gates[0], "held-1": gates[1], "fails": fail}
    held = []
    for number, gate in enumerate(gates):
        held.append(asyncio.create_task(lending.lend(f"held-{number}")))
        await gate.reached.wait()
    names = [*(f"good-{number}" for number in range(38)), "fails", "good-7"]
    waiting = [asyncio.create_task(lending.lend(name)) for name in names]
    await lending_gathered(lending, len(waiting))

    for gate in gates:
        gate.opened.set()
    await asyncio.gather(*held)
    statuses = dict(zip(range(40), [answer.status_code for answer in await asyncio.gather(*waiting)], strict=True))

    assert [statuses[38], statuses[39]] == [500, 409]
    assert {statuses[number] for number in range(38)} == {201}
    said = {event.tool_id for event in await lending.said(ToolLent)}
    assert said == {"held-0", "held-1", *(f"good-{number}" for number in range(38))}


RACES = {"a deadlock": "40P01", "an order": "40001", "a unique number": "23505"}


@pytest.mark.parametrize("race", RACES)
async def test_a_command_alone_that_loses_a_race_is_done_again(lending, tool_id, trouble, race):
    lost = []

    async def lose_once(_, session):
        if not lost:
            lost.append(race)
            await session.exec(text(f"DO $$ BEGIN RAISE USING ERRCODE = '{RACES[race]}'; END $$"))

    trouble[tool_id] = lose_once

    answer = await lending.lend(tool_id)

    assert (answer.status_code, lost) == (201, [race])
    await lending.then_said(ToolLent)


async def test_a_command_that_always_loses_is_given_up(lending, tool_id, trouble):
    lost = []

    async def lose(_, session):
        lost.append("once more")
        await session.exec(text("DO $$ BEGIN RAISE USING ERRCODE = '23505'; END $$"))

    trouble[tool_id] = lose

    answer = await lending.lend(tool_id)

    assert (answer.status_code, len(lost)) == (500, 4)
    await lending.then_nothing_said()


async def lending_gathered(lending, count):
    while lending.service.transactions._waiting.qsize() < count:
        await asyncio.sleep(0)


async def test_the_same_key_gives_the_same_bytes_and_one_effect(lending, tool_id):
    first = await lending.lend(tool_id, key=KEY)
    second = await lending.lend(tool_id, key=KEY)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert (second.headers["location"], second.headers["etag"]) == (f"/v1/tools/{tool_id}", '"1"')
    assert second.headers["idempotency-replayed"] == "true"
    await lending.then_said(ToolLent)


async def test_the_same_text_in_another_normal_form_is_the_same_call(lending, tool_id):
    body = f'{{"tool_id": "{tool_id}", "lent_to": "Zo\u00eb"}}'
    decomposed = body.replace("\u00eb", "e\u0308")
    headers = {"Idempotency-Key": KEY, "Content-Type": "application/json"}

    first = await lending.http.post("/v1/tools", content=body.encode(), headers=headers)
    second = await lending.http.post("/v1/tools", content=decomposed.encode(), headers=headers)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert (await lending.tool(tool_id)).lent_to == "Zo\u00eb"


async def test_the_same_key_for_something_else_is_refused(lending, tool_id):
    await lending.lend(tool_id, key=KEY)

    other_body = await lending.lend(f"{tool_id}-other", key=KEY)
    other_address = await lending.http.put(
        f"/v1/tools/{tool_id}", json={"lent_to": "Bas"}, headers={"Idempotency-Key": KEY, "If-Match": '"1"'}
    )

    for refused in (other_body, other_address):
        assert refused.status_code == 422
        assert refused.json()["type"].endswith("/idempotency-key-reused")
    await lending.then_said(ToolLent)


async def test_a_key_belongs_to_its_caller(lending, tool_id):
    body = {"tool_id": tool_id, "lent_to": "Noor"}
    await lending.http_as("noor").post("/v1/tools", json=body, headers={"Idempotency-Key": KEY})

    answer = await lending.http_as("bas").post("/v1/tools", json=body, headers={"Idempotency-Key": KEY})

    assert answer.status_code == 409


async def test_a_refused_command_can_be_mended_under_its_key(lending, tool_id):
    await lending.lends(tool_id)

    refused = await lending.lend(tool_id, key=KEY)
    mended = await lending.lend(f"{tool_id}-other", key=KEY)

    assert (refused.status_code, mended.status_code) == (409, 201)


@pytest.mark.parametrize("key", ["short", "x" * 129, "sixteen chars no.", "zestien-tekens-é"])
async def test_a_key_that_is_none_is_named(lending, tool_id, key):
    answer = await lending.http.post(
        "/v1/tools", json={"tool_id": tool_id, "lent_to": "Noor"}, headers={"Idempotency-Key": key.encode()}
    )

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "Idempotency-Key"


async def test_calls_at_the_same_time_with_one_key_have_one_effect(lending, tool_id):
    answers = await asyncio.gather(*(lending.lend(tool_id, key=KEY) for _ in range(10)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    await lending.then_said(ToolLent)


async def test_calls_to_two_replicas_with_one_key_have_one_effect(lending, tool_id):
    async with replica_of(lending) as twin:
        answers = await asyncio.gather(*(one.lend(tool_id, key=KEY) for one in (lending, twin) for _ in range(5)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    await lending.then_said(ToolLent)


async def test_replicas_that_are_both_under_way_with_one_key_have_one_effect(lending, tool_id):
    """Nothing but the key itself stands between the two: the works touch no common row."""
    key, meeting, calls = IdempotencyKey("noor", KEY, b"the same"), asyncio.Barrier(2), itertools.count()

    async def work(session):
        if (number := next(calls)) < 2:
            await meeting.wait()
        say(session, ToolLent(tool_id=tool_id, lent_to="Noor"))
        return Reply({"number": number})

    async with replica_of(lending) as twin:
        one, other = await asyncio.gather(*(at.service.transactions.do(Item(work, key=key)) for at in (lending, twin)))

    contents = {found.response().body for found in (one, other)}
    assert len(contents) == 1
    await lending.then_said(ToolLent)


async def test_an_event_that_the_broker_would_refuse_is_refused_at_once(lending, tool_id):
    async def too_much(session):
        say(session, ToolLent(tool_id=tool_id, lent_to="x" * EVENT_BYTES_MAX))

    with pytest.raises(ValueError, match="larger than the broker takes"):
        await lending.service.transactions.do(Item(too_much))

    await lending.lends(tool_id)  # and nothing is stuck behind it
    await lending.then_said(ToolLent)


async def test_the_largest_event_arrives(lending, tool_id):
    note = "x" * (EVENT_BYTES_MAX - 2000)

    async def much(session):
        say(session, ToolLent(tool_id=tool_id, lent_to="Noor", note=note))

    await lending.service.transactions.do(Item(much))

    (lent,) = await lending.then_said(ToolLent)
    assert lent.note == note


async def test_old_replies_are_forgotten(lending, tool_id):
    await lending.lend(tool_id, key=KEY)
    await lending.execute("UPDATE stored_reply SET stored_at = now() - interval '8 days'")

    forgetting = asyncio.create_task(forget_what_is_old(lending.service))
    try:
        await stored_replies_gone(lending)
    finally:
        forgetting.cancel()

    assert (await lending.lend(tool_id, key=KEY)).status_code == 409


async def test_replies_to_somebody_are_forgotten_and_those_that_tell_of_them(lending):
    ids = [f"tool-{n}" for n in (1, 11, 2)]
    for tool_id in ids:
        await lending.lend(tool_id, key=f"{KEY}-{tool_id}")
    await lending.execute(f"UPDATE stored_reply SET caller = 'sem' WHERE key = '{KEY}-tool-2'")

    async with lending.session() as session:
        forgotten = await forget_replies(session, ["tool-1", "sem", "nobody"])
        await session.commit()

    assert forgotten == 2
    answers = [(await lending.lend(tool_id, key=f"{KEY}-{tool_id}")).status_code for tool_id in ids]
    assert answers == [409, 201, 409]


async def test_to_forget_a_few_replies_does_not_read_all_that_are_kept(lending):
    await lending.lend("tool-1", key=KEY)
    async with lending.session() as session:
        await session.exec(text(_MANY_MORE), params={"count": 20_000})
        await session.exec(text("ANALYZE stored_reply"))
        for ids, forgotten in ((["tool-1", "tool-3"], 2), (["nobody-7"], 1), ([], 0)):
            before = await read_whole(session)
            assert await forget_replies(session, ids) == forgotten
            assert await read_whole(session) == before


_MANY_MORE = """
    INSERT INTO stored_reply (caller, key, fingerprint, status, headers, body)
    SELECT 'nobody-' || n, key || n, fingerprint, status, headers,
        convert_to(replace(convert_from(body, 'UTF8'), 'tool-1', 'tool-' || n), 'UTF8')
    FROM stored_reply, generate_series(2, :count) AS n
    """


async def read_whole(session) -> int:
    """How often this transaction read all replies."""
    found = await session.exec(text("SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'stored_reply'"))
    return int(found.scalar_one())


async def stored_replies_gone(lending):
    async def gone():
        async with lending.service.engine.connect() as connection:
            return (await connection.execute(text("SELECT count(*) FROM stored_reply"))).scalar_one() == 0

    await eventually(gone, saying="replies that are forgotten")


async def test_a_change_needs_the_version_that_stands(lending, tool_id):
    await lending.lends(tool_id)
    address, body = f"/v1/tools/{tool_id}", {"lent_to": "Bas"}

    without = await lending.http.put(address, json=body)
    wrong = await lending.http.put(address, json=body, headers={"If-Match": '"2"'})
    odd = await lending.http.put(address, json=body, headers={"If-Match": "*"})
    right = await lending.http.put(address, json=body, headers={"If-Match": '"1"'})

    assert [answer.status_code for answer in (without, wrong, odd, right)] == [428, 412, 422, 200]
    assert right.headers["etag"] == '"2"'


async def test_two_changes_of_one_version_at_the_same_time_are_one_change(lending, tool_id):
    await lending.lends(tool_id)

    async with replica_of(lending) as twin:
        answers = await asyncio.gather(
            *(
                one.http.put(f"/v1/tools/{tool_id}", json={"lent_to": "Bas"}, headers={"If-Match": '"1"'})
                for one in (lending, twin, lending, twin)
            )
        )

    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
    assert (await lending.tool(tool_id)).version == 2


async def test_nothing_is_taken_in_before_the_tables_are_there(lending, tool_id):
    """A service that starts while its database is away answers that it cannot, rather than failing."""
    not_started = service(lending.service.settings)
    twin = Lending(Running(not_started, lending.running._key, lending.running.clock))

    command = await twin.lend(tool_id)
    question = await twin.http.get(f"/v1/tools/{tool_id}")

    assert (command.status_code, question.status_code) == (503, 503)
    assert command.headers["retry-after"]
