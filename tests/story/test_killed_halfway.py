"""Whatever is killed, and whenever: it ends in one introduction, and one mail for each person and step.

The processes die by SIGKILL, at points that are named in the code, or in the middle of a burst. What was acknowledged
is in a ledger, which every count is held against.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.story.conftest import running_node
from tests.story.halfway import Halfway
from tests.story.ledger import Ledger

pytestmark = [pytest.mark.kill, pytest.mark.whole_node, pytest.mark.long, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
async def halfway(run_directory: Path) -> AsyncIterator[Halfway]:
    """One node for all of these tests: only what is killed is started again."""
    armed = run_directory / "armed"
    settings = {
        "ODH_CRASHPOINT": f"@{armed}",
        "ODH_EMBEDDING_MODEL": "none",
        "ODH_ACK_WAIT_SECONDS": "1",
        "ODH_RETRY_DELAY_SECONDS_FIRST": "0.05",
        "ODH_RETRY_DELAY_SECONDS_MAX": "0.5",
        "ODH_RELAY_POLL_SECONDS": "0.2",
        "ODH_MAIL_POLL_SECONDS": "0.2",
        "ODH_SMTP_CONNECTIONS": "1",  # each connection has a window of its own
        "ODH_SIGN_IN_LIMIT": "1000/minute",
        "ODH_JOIN_LIMIT": "1000/minute",
    }
    async with running_node(run_directory / "halfway", **settings) as node:
        story = Halfway(node, Ledger(run_directory / "ledger.jsonl"), armed)
        async with story.everybody():
            yield story


def at(step: str, service: str, *names: str) -> list[Any]:
    return [pytest.param(step, f"{service}.{name}", id=f"{service}.{name}-{step}") for name in names]


RELAY = ("relay-after-select", "relay-before-ack", "relay-after-ack")
HEARING = ("after-fetch", "mid-batch", "before-commit", "after-commit", "before-acks", "after-acks")
POINTS = [
    *at("the_company_asks", "requests", "mid-batch", "before-commit", "after-commit", *RELAY),
    *at("the_company_asks", "matching", *HEARING, *RELAY),
    *at("the_ambassador_endorses", "matching", "before-commit", "after-commit"),
    *at("the_ambassador_endorses", "notify", *HEARING, "after-claim", "before-data", "after-mark"),
    *at("both_say_yes", "requests", "after-fetch", "before-acks", "after-acks"),
]
WINDOW = "notify.after-250"


@pytest.mark.parametrize(("step", "point"), POINTS)
async def test_a_service_dies_at_a_named_point(halfway, step, point):
    await asyncio.gather(halfway.play(armed_before=step, point=point), halfway.revived(point.partition(".")[0]))

    await halfway.then_it_ended_well()


async def test_between_the_mail_servers_yes_and_our_mark_a_mail_may_go_twice_under_the_same_id(halfway):
    """The one window that SMTP leaves: see docs/decisions/0010."""
    await asyncio.gather(halfway.play(armed_before="the_ambassador_endorses", point=WINDOW), halfway.revived("notify"))

    await halfway.then_it_ended_well(copies=1)


@pytest.mark.parametrize("name", RELAY)
async def test_notify_dies_while_it_tells_that_a_mail_was_sent(halfway, name):
    """Another mail may be in that same window at that moment."""
    await asyncio.gather(
        halfway.play(armed_before="the_ambassador_endorses", point=f"notify.{name}"), halfway.revived("notify")
    )

    await halfway.then_it_ended_well(copies_max=1)


@pytest.mark.parametrize("name", ["before-commit", "after-commit", *RELAY])
async def test_members_dies_while_somebody_joins(halfway, name):
    async with halfway.somebody("Nieuwkomer") as person:
        halfway.arm(f"members.{name}")
        filled_in = {"name": person.name, "email": person.email, "organisation_id": halfway.school_id, "consent": True}
        await asyncio.gather(halfway.ledger.send(person, "/members", filled_in), halfway.revived("members"))
        await person.follow(await person.mail("/sign-in"))
        member_id = await person.member_id()

    await halfway.quiet()
    assert await halfway.said_about(member_id) == {"member-joined": 1}
    assert len(await halfway.mails(to=person.email)) == 1


async def test_the_gateway_dies_between_a_yes_and_the_other(halfway):
    """Nobody has to sign in again."""
    await halfway.the_school_offers()
    await halfway.the_company_asks()
    await halfway.the_ambassador_endorses()

    halfway.node.kill("gateway")
    await asyncio.gather(halfway.both_say_yes(), halfway.revived("gateway"))

    await halfway.then_it_ended_well()


async def test_nats_dies_during_a_burst_and_nobody_notices(halfway):
    """Commands are taken while it is away, and everything is heard once it is back."""
    before = len(halfway.ledger.refusals)
    burst = asyncio.create_task(halfway.burst())
    await halfway.some_are_acknowledged()
    halfway.node.kill("nats")
    placed = await burst

    assert halfway.ledger.refusals[before:] == []
    await halfway.node.parts["nats"].start()
    await halfway.quiet()
    await halfway.then_each_was_placed_once(placed)
    await halfway.play()
    await halfway.then_it_ended_well()


async def test_nats_loses_all_that_it_had_and_it_is_said_again(halfway):
    """A request among it that was acknowledged and that nobody had heard yet."""
    await halfway.the_school_offers()
    halfway.node.kill("matching")
    await halfway.the_company_asks()
    await halfway.all_is_said_by("requests")

    halfway.node.kill("nats")
    shutil.rmtree(halfway.node.nats.data / "store")
    await halfway.node.parts["nats"].start()
    await halfway.node.parts["matching"].start()

    await halfway.the_ambassador_endorses()
    await halfway.both_say_yes()
    await halfway.then_it_ended_well()


async def test_postgres_dies_during_a_burst_and_asks_for_patience(halfway):
    """Who is not answered is told to come back, and what was answered is there."""
    before = len(halfway.ledger.refusals)
    burst = asyncio.create_task(halfway.burst())
    await halfway.some_are_acknowledged()
    halfway.node.kill("postgres")
    await asyncio.gather(burst, halfway.revived("postgres"))

    assert set(halfway.ledger.refusals[before:]) <= {"503"}
    await halfway.quiet()
    await halfway.then_each_was_placed_once(burst.result())
    await halfway.play()
    await halfway.then_it_ended_well()


async def test_everything_dies_at_once_and_goes_on_where_it_was(halfway):
    """As in a power cut, between the endorsement and the answers."""
    await halfway.the_school_offers()
    await halfway.the_company_asks()
    await halfway.the_ambassador_endorses()

    for name in halfway.node.parts:
        halfway.node.kill(name)
    await halfway.node.stop()
    await halfway.node.start()

    await halfway.both_say_yes()
    await halfway.then_it_ended_well(copies_max=1)


async def test_every_event_is_delivered_again_and_nobody_hears_it_twice(halfway):
    """Three times over, as a replay or a second route would: after the broker's own memory of them is gone."""
    await halfway.play()
    await halfway.quiet()

    assert await halfway.publish_again(times=3) > 20

    await halfway.then_it_ended_well(replayed=True)


async def test_a_poisoned_event_ends_among_the_dead_letters_and_keeps_nobody_up(halfway):
    """One that cannot be read, and one that no handler can ever keep; both can be replayed when the cause is mended."""
    await halfway.play()  # what is poisoned is a copy of a request of this node
    poisoned = await halfway.publish_poison()

    await halfway.play()
    await halfway.then_it_ended_well(letters=poisoned)

    await halfway.with_dead_letters("replay")
    await halfway.quiet()
    assert len(await halfway.messages("dead")) == poisoned
    await halfway.with_dead_letters("drop")
