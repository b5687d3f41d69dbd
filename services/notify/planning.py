"""Says of mails that are not simply to go at once when they go, and gathers those that go together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import say_later
from chassis.sql import run
from contracts.notify import DigestDue
from services.notify import one_person
from services.notify.moments import Habits, Wishes, day_of, wishes_from
from services.notify.tables import Preference
from services.notify.templates import Category, Delivery, Rhythm
from services.notify.waking import wake_senders_after_commit


@dataclass(frozen=True, slots=True)
class Unplanned:
    """A mail whose moment is not known yet."""

    notification_id: str
    member_id: str
    category: Category | None
    expires: bool  # it is of no use later on, so it goes by itself


@dataclass(frozen=True, slots=True)
class _Planned:
    notification_id: str
    status: Delivery
    moment: datetime
    digest_id: str | None = None


# Whoever changes the row is the first of the day; another transaction waits for it, and then is not.
_FIRST_OF_THE_DAY = text(
    """
    UPDATE contact SET desk_mailed_on = :day
    WHERE member_id = ANY(:member_ids) AND desk_mailed_on IS DISTINCT FROM :day RETURNING member_id
    """
)

_PLAN = text(
    """
    UPDATE notification AS n SET status = p.status, next_attempt_at = p.moment, digest_id = p.digest_id
    FROM unnest(CAST(:notification_ids AS text[]), CAST(:statuses AS text[]), CAST(:moments AS timestamptz[]),
                CAST(:digest_ids AS text[])) AS p(notification_id, status, moment, digest_id)
    WHERE n.notification_id = p.notification_id
    """
)

_GATHERED = text(
    "SELECT notification_id, member_id, category, facts ? 'expires_at' FROM notification "
    "WHERE status = 'gathered' AND member_id = :member_id ORDER BY created_at, notification_id FOR UPDATE"
)

# A silence that was chosen before held these; whether one holds them now is looked at when they are due.
_HELD_MAILS = text(
    "UPDATE notification SET next_attempt_at = :now "
    "WHERE member_id = :member_id AND status = 'waiting' AND attempts = 0 AND next_attempt_at > :now"
)
_HELD_PUSHES = text(
    "UPDATE push SET due_at = :now, since = :now FROM inbox_item AS i "
    "WHERE i.item_id = push.item_id AND i.member_id = :member_id AND push.tries = 0 AND push.due_at > :now"
)


async def plan(session: AsyncSession, mails: Sequence[Unplanned], habits: Habits, now: datetime) -> None:
    """Lets mails go at the moments that their members chose; each digest that has something in it gets a timer."""
    chosen = await _wishes(session, {mail.member_id for mail in mails})
    person = await one_person.stays_of(session, {mail.member_id for mail in mails})
    rhythms = [
        Rhythm.AT_ONCE if mail.expires else chosen[mail.member_id].rhythm(mail.category, habits) for mail in mails
    ]
    daily = {
        person[mail.member_id]
        for mail, rhythm in zip(mails, rhythms, strict=True)
        if rhythm is Rhythm.AT_MOST_DAILY and chosen[mail.member_id].not_before(now) <= now
    }
    first = await _first_of_the_day(session, daily, now)
    planned = []
    for mail, rhythm in zip(mails, rhythms, strict=True):
        wishes = chosen[mail.member_id]
        alone = rhythm in (Rhythm.AT_ONCE, Rhythm.NONE)
        if rhythm is Rhythm.AT_MOST_DAILY and person[mail.member_id] in first:
            first.remove(person[mail.member_id])
            alone = True
        if alone:
            planned.append(_Planned(mail.notification_id, Delivery.WAITING, wishes.not_before(now)))
            continue
        moment = wishes.digest_at(rhythm, habits, now)
        digest_id = str(uuid5(NAMESPACE_URL, f"{person[mail.member_id]}/{moment.isoformat()}"))
        planned.append(_Planned(mail.notification_id, Delivery.GATHERED, moment, digest_id))
    values = {
        "notification_ids": [one.notification_id for one in planned],
        "statuses": [one.status.value for one in planned],
        "moments": [one.moment for one in planned],
        "digest_ids": [one.digest_id for one in planned],
    }
    await run(session, _PLAN, values)
    for digest_id, moment in {one.digest_id: one.moment for one in planned if one.digest_id}.items():
        say_later(session, DigestDue(digest_id=digest_id), at=moment)


async def plan_again(session: AsyncSession, member_id: str, habits: Habits, now: datetime) -> None:
    """What was gathered for a member, or held back until their silence was over, goes as they want it now."""
    for held in (_HELD_MAILS, _HELD_PUSHES):
        await run(session, held, {"member_id": member_id, "now": now})
    wake_senders_after_commit(session, "mail", "push")
    rows = await run(session, _GATHERED, {"member_id": member_id})
    if mails := [unplanned(*row) for row in rows]:
        await plan(session, mails, habits, now)


def unplanned(notification_id: str, member_id: str, category: str | None, expires: bool) -> Unplanned:
    """A row of the post, as it is to be planned."""
    return Unplanned(notification_id, member_id, Category(category) if category else None, expires)


async def mailed_today(session: AsyncSession, person: str, now: datetime) -> None:
    """Keeps that somebody, by the reference that stays, had a mail about what they look after as ambassador."""
    await _first_of_the_day(session, {person}, now)


async def _first_of_the_day(session: AsyncSession, member_ids: set[str], now: datetime) -> set[str]:
    if not member_ids:
        return set()
    values = {"day": day_of(now), "member_ids": sorted(member_ids)}
    return {row[0] for row in await run(session, _FIRST_OF_THE_DAY, values)}


async def _wishes(session: AsyncSession, member_ids: set[str]) -> dict[str, Wishes]:
    found = await session.exec(select(Preference).where(col(Preference.member_id).in_(member_ids)))
    return {who: Wishes() for who in member_ids} | {row.member_id: wishes_from(vars(row)) for row in found}
