"""Who was erased stays erased: a list of their ids, kept apart from the data, so that a restore can erase them again.

A line for each, as members writes it to `ODH_ERASED_LIST_FILE`: `{"member_id": ..., "erased_at": ...}`. The ids lead
nowhere any more; the list holds no personal data.
"""

import json
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from chassis.database import engine_for, sessions_of
from chassis.mailboxes import write_outbox
from node.keeping.manifest import Unusable
from services.members import erased, persons
from services.members.erasure import erase_membership


def read(file: Path) -> list[str]:
    """The ids. A line that a power cut broke off is left out; members writes it again. Raises `Unusable`."""
    try:
        lines = file.read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        raise Unusable(f"{file} is niet te lezen (cannot be read)") from None
    found = []
    for line in lines:
        with suppress(ValueError, TypeError, KeyError):
            found.append(str(json.loads(line)["member_id"]))
    if lines and not found:
        raise Unusable(f"{file} is geen lijst van wie gewist is (no list of who was erased)")
    return found


def write(file: Path, member_ids: Iterable[str]) -> None:
    """A list that goes along with a backup."""
    file.write_text("".join(json.dumps({"member_id": member_id}) + "\n" for member_id in member_ids))


async def erase_again(database_url: str, node: str, member_ids: Iterable[str]) -> list[str]:
    """Erases in the database of members whoever is there again; the services are told when the node starts.

    It is said in the ordinary way, so each service forgets them as it did before, in the streams too.
    """
    engine = engine_for(database_url, 4)
    again = []
    try:
        for member_id in dict.fromkeys(member_ids):
            async with sessions_of(engine)() as session:
                member = await persons.membership(session, member_id, for_change=True)
                if member is None or await erased.erasure_of(session, member_id):
                    continue
                await erase_membership(session, member, datetime.now(UTC))
                await session.flush()
                await write_outbox(session, node)
                await session.commit()
                again.append(member_id)
    finally:
        await engine.dispose()
    return again
