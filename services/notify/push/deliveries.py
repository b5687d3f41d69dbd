"""Messages on their way to devices: which are due, and what came of each try.

A row is there for as long as a message waits. Who takes it puts its time ahead for as long as a call may last, so that
it comes back by itself when the process dies: the device then gets the same message again, under the same tag, in the
place of the first.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic_core import to_json
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.outward import Answer
from chassis.sql import run
from services.notify.asking import ASKING_VALUES, is_over
from services.notify.moments import Wishes, wishes_from
from services.notify.push import devices, rules
from services.notify.templates import KNOWN

#: How much longer than a call a message is kept from others: what came of it is to be written down, too.
MARGIN = timedelta(seconds=20)

#: So many messages of a process are under way at the same time: to the devices of one member, to one push service (as
#: many of all members are at), and in all. A device or a service that does not answer leaves room for the others.
MEMBER_MAX, SERVICE_MAX, ALL_MAX = 4, 16, 24

#: For each thing that is told, of which a mail could go too: a message to each device of the person. `inboxed` has what
#: was new in the inbox. Whether and when it goes is looked at when it is due.
PUSHED = """
    INSERT INTO push (item_id, device_id, notification_id, category, since, due_at, tries)
    SELECT i.item_id, d.device_id, n.notification_id, n.category, CAST(:now AS timestamptz),
        CAST(:now AS timestamptz), 0
    FROM inboxed AS i JOIN notice AS n USING (item_id)
    LEFT JOIN same_person AS s ON s.member_id = n.member_id
    JOIN push_device AS d ON d.member_id IN (
        SELECT coalesce(s."into", n.member_id)
        UNION SELECT o.member_id FROM same_person AS o WHERE o."into" = coalesce(s."into", n.member_id))
    WHERE n.by_mail
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that is this process's to send, with all that its words need, read at this moment."""

    item_id: str
    device_id: str
    notification_id: str
    category: str | None
    since: datetime
    tries: int
    endpoint: str
    p256dh: str
    auth: str
    owner_id: str  # whose device it is
    service: str  # the push service: the origin of the endpoint
    member_id: str
    template: str
    matter_id: str
    facts: dict[str, Any]
    was_read: bool  # or is not asked any more
    language: str
    chosen: dict[str, Any] | None  # what the member chose

    @property
    def expires_at(self) -> datetime | None:
        """From when on it tells of what is over."""
        found = self.facts.get("expires_at")
        return datetime.fromisoformat(found) if found else None

    @property
    def wishes(self) -> Wishes:
        """What the member chose."""
        return wishes_from(self.chosen)


_SERVICE = "lower(substring(d.endpoint FROM '^[^/]*//[^/]*'))"

# What is counted is not locked yet: another process may have taken it meanwhile, then it is not due any more.
_CLAIM = text(
    f"""
    WITH waiting AS (
        SELECT item_id, device_id, p.due_at, {_SERVICE} AS service,
            coalesce((CAST(:busy AS jsonb) ->> d.member_id)::integer, 0)
            + row_number() OVER (PARTITION BY d.member_id ORDER BY p.due_at) AS of_member
        FROM push AS p JOIN push_device AS d USING (device_id) JOIN inbox_item AS i USING (item_id)
        WHERE p.due_at <= :now AND i.template = ANY(:known)
    ), counted AS (
        SELECT item_id, device_id, coalesce((CAST(:busy AS jsonb) ->> service)::integer, 0)
            + row_number() OVER (PARTITION BY service ORDER BY due_at) AS of_service
        FROM waiting WHERE of_member <= {MEMBER_MAX}
    ), due AS (
        SELECT item_id, device_id FROM push JOIN counted USING (item_id, device_id)
        WHERE due_at <= :now AND of_service <= {SERVICE_MAX}
        ORDER BY due_at LIMIT :room FOR UPDATE OF push SKIP LOCKED
    ), taken AS (
        UPDATE push AS p SET due_at = :until, tries = p.tries + 1 FROM due
        WHERE p.item_id = due.item_id AND p.device_id = due.device_id RETURNING p.*
    )
    SELECT t.item_id, t.device_id, t.notification_id, t.category, t.since, t.tries, d.endpoint, d.p256dh, d.auth,
        d.member_id AS owner_id, {_SERVICE} AS service, i.member_id, i.template, i.matter_id, i.facts,
        i.read_at IS NOT NULL OR {is_over("i")} AS was_read,
        coalesce((SELECT language FROM contact AS c WHERE c.member_id = i.member_id), 'nl') AS language,
        (SELECT to_jsonb(w) FROM preference AS w WHERE w.member_id = i.member_id) AS chosen
    FROM taken AS t JOIN push_device AS d USING (device_id) JOIN inbox_item AS i USING (item_id)
    """
)

_THIS = "WHERE item_id = :item_id AND device_id = :device_id"
_WAIT = text(f"UPDATE push SET due_at = :due_at {_THIS}")
_PUT_OFF = text(f"UPDATE push SET due_at = :due_at, since = :due_at, tries = 0 {_THIS}")
_DONE = text(f"DELETE FROM push {_THIS}")


async def claim(
    session: AsyncSession, under_way: Collection[Claimed], now: datetime, seconds_max: float
) -> list[Claimed]:
    """Due messages for which there is room beside those `under_way`; not due again for as long as a call may last."""
    busy = Counter(who for push in under_way for who in (push.owner_id, push.service))
    values = {
        "now": now,
        "until": now + timedelta(seconds=seconds_max) + MARGIN,
        "busy": to_json(busy).decode(),
        "room": ALL_MAX - len(under_way),
        "known": KNOWN,
    }
    return [Claimed(**row) for row in await run(session, _CLAIM, values | ASKING_VALUES)]


async def put_off(session: AsyncSession, push: Claimed, until: datetime | None) -> None:
    """It goes later, after quiet hours; or never (none)."""
    await run(session, _PUT_OFF if until else _DONE, _of(push) | ({"due_at": until} if until else {}))


async def write_down(session: AsyncSession, push: Claimed, answer: Answer, now: datetime, *, jitter: float) -> None:
    """Settles a message or lets it wait for another try; a device that its push service knows no more is removed."""
    match rules.verdict(answer):
        case "gone":
            await devices.end(session, push.device_id)
        case "away" if now - push.since < rules.KEEP_TRYING:
            await run(session, _WAIT, _of(push) | {"due_at": rules.next_try(push.tries, now, answer, jitter)})
        case _:
            await run(session, _DONE, _of(push))


def _of(push: Claimed) -> dict[str, Any]:
    return {"item_id": push.item_id, "device_id": push.device_id}
