"""A backup and a restore of a node on real servers, and what happens in the middle of either."""

import argparse
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from nats.js.errors import NotFoundError

from chassis.database import engine_for, sessions_of
from chassis.settings import Settings
from chassis.streams import OwnStream, Streams
from contracts import networks
from contracts.event import new_id
from contracts.partners import OrganisationTold
from node import backup, restore
from node.keeping import databases, erased, manifest, streams
from node.keeping.servers import Servers
from node.keeping.stillness import calm
from services.members.app import service as members_service
from services.members.rules import MemberStatus
from services.members.settings import MembersSettings
from services.members.tables import Member
from services.notify.app import service as notify_service
from services.notify.settings import NotifySettings
from services.partners import keys
from services.partners.app import TOLD_KEPT_SECONDS, service
from services.partners.nats_door import durable
from tests.given import Running, eventually, fresh_name, running
from tests.partners.conftest import NETWORK, SCHOOL, SOURCE, an_event

#: Of so many consumers at once does the server tell.
PAGE = 256


@pytest.fixture
async def node(postgres, nats) -> AsyncIterator[Servers]:
    """The streams of a node, and those of its databases that a backup knows by name; nothing runs on them yet."""
    name, urls = fresh_name("node"), {}
    for of in ("members", "notify", "partners"):
        database = fresh_name(of).replace("-", "_")
        await postgres.create_migrated(database, of)
        urls[of] = postgres.url(database)
    made = Streams(Settings(node=name, nats_url=nats.url), "odh", [OwnStream("to-partner", TOLD_KEPT_SECONDS)])
    await made.connect()
    await made.close()
    yield Servers(name, urls, nats.url)
    async with streams.connected(nats.url) as client:
        for stream in await streams.names(client, name):
            await streams.remove(client, stream)
    for url in urls.values():
        await postgres.drop_database(url.rpartition("/")[2])


async def keep(node: Servers, folder: Path) -> None:
    """As `./odh backup` does."""
    asked = {"patience": 0.0, "erased": None, "with_secrets": False, "secrets": None, "data": folder / "none"}
    await backup.keep(node, folder, argparse.Namespace(**asked))


async def put_back(node: Servers, folder: Path) -> None:
    """As `./odh restore --overwrite` does."""
    asked = argparse.Namespace(source=folder, erased=[], overwrite=True, secrets=None, data=folder)
    await restore.put_back(node, restore.checked(folder), asked)


async def a_member(node: Servers) -> str:
    """Somebody is there; their reference."""
    now, somebody = datetime.now(UTC), new_id()
    address = {"email": f"{somebody}@example.org", "email_key": f"{somebody}@example.org"}
    since = {"version": 1, "status": MemberStatus.ACTIVE, "first_seen_at": now, "joined_at": now}
    engine = engine_for(node.databases["members"], 1)
    async with sessions_of(engine)() as session:
        session.add(Member(member_id=somebody, name="Noor", language="nl", **address, **since))
        await session.commit()
    await engine.dispose()
    return somebody


async def rows(node: Servers, of: str, query: str) -> list[str]:
    """The first column of what a database answers."""
    connection = await databases.connect(node.databases[of])
    try:
        return [row[0] for row in await connection.fetch(query)]
    finally:
        await connection.close()


async def members(node: Servers) -> list[str]:
    return await rows(node, "members", "SELECT member_id FROM member ORDER BY joined_at")


@pytest.fixture
def breaks_off(monkeypatch) -> Callable[[Servers, Path], Awaitable[None]]:
    """A restore that loses the broker when the databases are put back, and the streams are not."""

    async def broker_is_lost(*_: object) -> None:
        raise ConnectionError

    async def begin(node: Servers, folder: Path) -> None:
        with monkeypatch.context() as broken:
            broken.setattr(streams, "put_back", broker_is_lost)
            with pytest.raises(ConnectionError):
                await put_back(node, folder)

    return begin


async def test_who_was_erased_after_the_backup_is_erased_by_the_restore_after_one_that_broke_off(
    node, tmp_path, breaks_off
):
    noor, wim = await a_member(node), await a_member(node)
    await keep(node, tmp_path)
    await erased.erase_again(node.databases["members"], node.node, [noor])
    await breaks_off(node, tmp_path)
    assert await members(node) == [noor, wim]

    await put_back(node, tmp_path)

    assert await members(node) == [wim]
    assert await rows(node, "members", "SELECT member_id FROM erasure") == [noor]
    assert await rows(node, "members", "SELECT to_regnamespace('restore')") == [None]


async def test_a_node_of_which_the_restore_broke_off_is_not_kept_until_it_is_given_again(node, tmp_path, breaks_off):
    await keep(node, tmp_path / "monday")
    await breaks_off(node, tmp_path / "monday")

    with pytest.raises(manifest.Unusable, match="a restore broke off"):
        await keep(node, tmp_path / "tuesday")

    await put_back(node, tmp_path / "monday")
    await keep(node, tmp_path / "wednesday")


@pytest.mark.parametrize(("make", "settings"), [(members_service, MembersSettings), (notify_service, NotifySettings)])
async def test_no_service_opens_in_a_node_of_which_the_restore_broke_off_until_it_is_given_again(
    postgres, nats, node, tmp_path, breaks_off, monkeypatch, capsys, make, settings
):
    monkeypatch.setattr("chassis.service.OPENING_SECONDS_MAX", 0.1)
    await keep(node, tmp_path)
    await breaks_off(node, tmp_path)

    async def is_told() -> bool:
        return "give it again with --overwrite" in capsys.readouterr().out

    of = settings.__module__.split(".")[1]
    where = {"node": node.node, "database_url": node.databases[of], "nats_url": nats.url}
    shut = make(settings(**where))
    async with shut.app.router.lifespan_context(shut.app):
        await eventually(is_told, saying="a log that tells what to do")
        assert (await shut.parts())["database"] == "not migrated"

    await put_back(node, tmp_path)

    async with running(make, postgres, nats, **where) as opened:
        assert (await opened.service.parts())["database"] == "ready"


@pytest.mark.parametrize("to", ["shared", "local", "to.zeeland", "to-partner.docenten"])
async def test_what_was_published_when_its_row_was_still_in_the_outbox_is_not_published_once_more(node, tmp_path, to):
    said, unsaid, subject = new_id(), new_id(), f"odh.{node.node}.{to}.partners.event-refused.1"
    connection = await databases.connect(node.databases["partners"])
    for event_id in (said, unsaid):
        insert = "INSERT INTO outbox (event_id, entity_id, subject, body) VALUES ($1, '1', $2, '')"
        await connection.execute(insert, event_id, subject)
    await connection.close()
    async with streams.connected(node.nats) as client:
        await client.jetstream().publish(subject, headers={"Nats-Msg-Id": said})
    await keep(node, tmp_path)

    await put_back(node, tmp_path)

    assert await rows(node, "partners", "SELECT event_id FROM outbox") == [unsaid]


@pytest.mark.parametrize("is_there", [True, False])
async def test_a_network_of_ones_own_is_named_when_its_file_is_not_there(node, tmp_path, monkeypatch, capsys, is_there):
    folder = tmp_path / "networks"
    folder.mkdir()
    (folder / "groene-schakel.toml").write_text('name = "Groene Schakel"')
    monkeypatch.setenv("ODH_NETWORKS_FOLDER", str(folder))
    networks.learn(folder)
    engine = engine_for(node.databases["partners"], 1)
    async with sessions_of(engine)() as session:
        for partner, network in [("schakel", "groene-schakel"), ("docenten", NETWORK["docenten"])]:
            await keys.add(session, partner, network, f"https://{partner}.example", datetime.now(UTC))
        await session.commit()
    await engine.dispose()
    await keep(node, tmp_path / "kept")
    if not is_there:
        (folder / "groene-schakel.toml").unlink()

    try:
        await put_back(node, tmp_path / "kept")
    finally:
        networks.learn(None)

    assert ("eigen netwerken: groene-schakel (" in capsys.readouterr().out) is not is_there


@pytest.fixture
async def door(node) -> AsyncIterator[asyncpg.Connection]:
    """What is published waits until this connection lets go."""
    connection = await databases.connect(node.databases["partners"])
    yield connection
    await connection.close()


def partners_of(node: Servers, postgres: Any, nats: Any) -> Any:
    return running(service, postgres, nats, node=node.node, database_url=node.databases["partners"])


async def published(partners: Running) -> None:
    """A partner publishes an event, and the broker answers that it has it."""
    node, event = partners.service.settings.node, an_event("organisation", "school-1", SCHOOL)
    await partners.service.streams.js.publish(f"odh.{node}.partner.docenten.organisation.1", json.dumps(event).encode())


async def nothing_left(partners: Running) -> bool:
    stream = partners.service.streams.name("partners")
    return (await partners.service.streams.js.stream_info(stream)).state.messages == 0


async def given_a_partner(partners: Running, door: asyncpg.Connection) -> None:
    """One that is listened to, by a door that is closed."""
    async with partners.session() as session:
        await keys.add(session, "docenten", NETWORK["docenten"], SOURCE["docenten"], datetime.now(UTC))
        await session.commit()

    async def is_listened_to() -> bool:
        with suppress(NotFoundError):
            stream = partners.service.streams.name("partners")
            return bool(await partners.service.streams.js.consumer_info(stream, durable("docenten")))
        return False

    await eventually(is_listened_to, saying="a door")
    await door.execute("BEGIN; SELECT FROM partner FOR UPDATE")


async def then_it_is_taken_in_once_after_a_restore(node: Servers, postgres: Any, nats: Any, folder: Path) -> None:
    await put_back(node, folder)
    async with partners_of(node, postgres, nats) as partners:
        await eventually(lambda: nothing_left(partners), saying="an event that was heard")
        assert [told.name for told in await partners.said(OrganisationTold)] == [SCHOOL["name"]]
    assert len(await rows(node, "partners", "SELECT receipt_id FROM receipt")) == 1


@pytest.mark.long
@pytest.mark.parametrize("heard", ["before the databases are seen", "after the databases are seen"])
async def test_what_is_taken_in_during_a_backup_is_in_it(postgres, nats, node, door, tmp_path, monkeypatch, heard):
    keep_stream = streams.keep
    async with partners_of(node, postgres, nats) as partners:

        async def is_heard() -> None:
            await door.execute("ROLLBACK")
            await eventually(lambda: nothing_left(partners), saying="an event that was heard")

        async def keep_and_hear(client: streams.Client, stream: str, *more: Any) -> Any:
            if heard == "after the databases are seen" and stream.endswith("-local"):
                await is_heard()
            kept = await keep_stream(client, stream, *more)
            if heard == "before the databases are seen" and stream.endswith("-partners"):
                await is_heard()
            return kept

        await given_a_partner(partners, door)
        await published(partners)
        monkeypatch.setattr(streams, "keep", keep_and_hear)
        await keep(node, tmp_path)

    await then_it_is_taken_in_once_after_a_restore(node, postgres, nats, tmp_path)


async def test_what_is_published_while_its_stream_is_kept_stays_in_it(
    postgres, nats, node, door, tmp_path, monkeypatch
):
    where = streams.where
    async with partners_of(node, postgres, nats) as partners:

        async def look_and_publish(client: streams.Client, stream: str) -> Any:
            found = await where(client, stream)
            if stream.endswith("-partners"):
                await published(partners)
            return found

        await given_a_partner(partners, door)
        monkeypatch.setattr(streams, "where", look_and_publish)
        await keep(node, tmp_path)
        await door.execute("ROLLBACK")

    await then_it_is_taken_in_once_after_a_restore(node, postgres, nats, tmp_path)


async def test_a_node_is_not_calm_while_a_consumer_behind_the_first_page_has_something_to_hear(node):
    local, subject = f"odh-{node.node}-local", f"odh.{node.node}.local"
    heard = {f"reader-{number}": f"{subject}.nothing" for number in range(PAGE)} | {"the-last": f"{subject}.said"}
    async with streams.connected(node.nats) as client:
        await client.jetstream().publish(f"{subject}.said")
        for name, of in heard.items():
            config = {"durable_name": name, "ack_policy": "explicit", "filter_subject": of}
            made = {"stream_name": local, "config": config}
            await streams.ask(client, f"CONSUMER.DURABLE.CREATE.{local}.{name}", made)
        assert not await calm(node, client, 0.0)

        await client.jetstream().purge_stream(local)

        assert await calm(node, client, 0.0)
