"""The nodes: this one announces itself, the national node passes on whom it knows, and everybody keeps who there is."""

import json
from datetime import datetime
from pathlib import Path
from typing import cast

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Problem, Service, say
from chassis.transactions import Item
from contracts.members import NodeAnnounced, NodeKnown, PublicKey
from services.members import sealing, store
from services.members.settings import MembersSettings
from services.members.tables import OtherNode


class NotTheirNode(Problem, slug="node-of-another", status=403, title="A node speaks for itself, and no other for it"):
    """Only the node itself says what its key is, and the national node passes it on."""


def newest_key(file: Path) -> PublicKey:
    """The key that others are to seal to from now on."""
    keys = json.loads(file.read_text(encoding="utf-8"))["keys"]
    return PublicKey.model_validate(keys[0])


async def announce(service: Service) -> None:
    """At start: says what this node is called and its key, when that changed since it was said last."""
    settings = cast(MembersSettings, service.settings)
    if settings.national_node is None or settings.encryption_public_keys_file is None:
        return
    key, called = newest_key(settings.encryption_public_keys_file), settings.node_name_shown

    async def announce_it(session: AsyncSession) -> None:
        await store.one_at_a_time(session, f"node {settings.node}")
        said = await session.get(OtherNode, settings.node)
        if said and (said.shown_name, said.key) == (called, key.model_dump()):
            return
        # By the time: after a restore from a backup it must still be newer than what others know.
        version = max(said.version + 1 if said else 1, int(service.now().timestamp()))
        await _keep(session, NodeAnnounced(node=settings.node, version=version, shown_name=called, key=key))
        say(session, NodeAnnounced(node=settings.node, version=version, shown_name=called, key=key))

    await service.transactions.do(Item(announce_it))


async def keep(
    session: AsyncSession, event: NodeAnnounced | NodeKnown, said_by: str, now: datetime, settings: MembersSettings
) -> None:
    """Keeps what is newer than what is known; the national node passes on what a region announces."""
    if said_by not in (event.node, settings.national_node):
        raise NotTheirNode
    if event.node == settings.node:
        return
    await store.one_at_a_time(session, f"node {event.node}")
    if not await _keep(session, event):
        return
    await sealing.seal_to_key(session, event.node, now)
    if settings.is_national:
        say(session, NodeKnown(**event.model_dump()))


async def _keep(session: AsyncSession, event: NodeAnnounced | NodeKnown) -> bool:
    known = await session.get(OtherNode, event.node)
    if known and known.version >= event.version:
        return False
    known = known or OtherNode(node=event.node, version=0, shown_name="", key={})
    known.version, known.shown_name, known.key = event.version, event.shown_name, event.key.model_dump()
    session.add(known)
    await session.flush()
    return True
