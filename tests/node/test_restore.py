"""A backup and a restore of a node on real servers, and what happens in the middle of either."""

import argparse
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chassis.database import engine_for, sessions_of
from chassis.settings import Settings
from chassis.streams import OwnStream, Streams
from contracts.event import new_id
from node import backup, restore
from node.keeping import databases, erased, streams
from node.keeping.servers import Servers
from services.members.rules import MemberStatus
from services.members.tables import Member
from services.partners.app import TOLD_KEPT_SECONDS
from tests.given import fresh_name


@pytest.fixture
async def node(postgres, nats) -> AsyncIterator[Servers]:
    """The streams of a node, and those of its databases that a backup knows by name; nothing runs on them."""
    name, urls = fresh_name("node"), {}
    for service in ("members", "notify", "partners"):
        database = fresh_name(service).replace("-", "_")
        await postgres.create_migrated(database, service)
        urls[service] = postgres.url(database)
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
    await backup.keep(node, folder, argparse.Namespace(patience=0.0, erased=None, with_secrets=False))


async def put_back(node: Servers, folder: Path) -> None:
    """As `./odh restore --overwrite` does."""
    asked = argparse.Namespace(source=folder, erased=[], overwrite=True, secrets=None)
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


async def rows(node: Servers, service: str, query: str) -> list[str]:
    """The first column of what a database answers."""
    connection = await databases.connect(node.databases[service])
    try:
        return [row[0] for row in await connection.fetch(query)]
    finally:
        await connection.close()


async def members(node: Servers) -> list[str]:
    return await rows(node, "members", "SELECT member_id FROM member ORDER BY joined_at")


async def test_who_was_erased_after_the_backup_is_erased_by_the_restore_after_one_that_broke_off(
    node, tmp_path, monkeypatch
):
    noor, wim = await a_member(node), await a_member(node)
    await keep(node, tmp_path)
    await erased.erase_again(node.databases["members"], node.node, [noor])

    async def broker_is_lost(*_: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as broken:
        broken.setattr(streams, "put_back", broker_is_lost)
        with pytest.raises(ConnectionError):
            await put_back(node, tmp_path)
    assert await members(node) == [noor, wim]

    await put_back(node, tmp_path)

    assert await members(node) == [wim]
    assert await rows(node, "members", "SELECT member_id FROM erasure") == [noor]
    assert await rows(node, "members", "SELECT to_regnamespace('restore')") == [None]


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
