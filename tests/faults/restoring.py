"""F24: a node is put back from a backup while its neighbours live on, and knows less than they heard of it."""

import asyncio
import random
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.faults.people import People
from tests.node.commands import odh

#: How long everybody lives between one thing and the next.
MEANWHILE_SECONDS = (4.0, 9.0)


class NotRestored(Exception):
    """A command said no."""


async def restore_one(people: Sequence[People], seed: str, folder: Path, tell: Callable[[str], None]) -> None:
    """Whose node, and whether its disk is lost or only its data wrong, the seed says."""
    chance = random.Random(seed)
    one = chance.choice(people)
    is_new_disk, site, kept = chance.random() < 0.5, one.site, folder / "kept"
    await _meanwhile(chance)
    site.mailed_before = await site.look.message_ids()
    await _command("backup", str(kept), f"--data={site.node.data}", "--patience=0", "--with-secrets")
    tell(f"{site.name} is kept")
    await _meanwhile(chance)
    async with one.asleep():
        await site.stop()
        tell(f"{site.name} {'loses its disk' if is_new_disk else 'is stopped'}")
        data = site.node.data
        if is_new_disk:
            _lose_disk(data, folder / "not on that disk")
        secrets = "--with-secrets" if is_new_disk else "--overwrite"
        await _command("restore", str(kept), f"--data={data}", secrets)
        await _meanwhile(chance)  # the others do not wait for it
        await site.put_back()
        lost = await one.forget_what_is_lost()
        tell(f"{site.name} is back, without {len(lost)} things that were acknowledged after the backup")
    await _meanwhile(chance)


def _lose_disk(data: Path, elsewhere: Path) -> None:
    """All that is on it, but for what is not the node's: mails that went out, and where it is found."""
    elsewhere.mkdir()
    for name in ("ports.json", "mail"):
        shutil.move(data / name, elsewhere / name)
    shutil.rmtree(data)
    data.mkdir()
    for name in ("ports.json", "mail"):
        shutil.move(elsewhere / name, data / name)


async def _meanwhile(chance: random.Random) -> None:
    await asyncio.sleep(chance.uniform(*MEANWHILE_SECONDS))


async def _command(*arguments: str) -> None:
    done = await odh(*arguments)
    if done.code:
        raise NotRestored(done.err)
