"""How members can be reached, and who belongs to the node's team."""

import secrets
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.sql import run
from contracts.members import ContactChanged, NodeTeamJoined, NodeTeamLeft
from contracts.vocabulary import Language
from services.notify.erasure import not_while_erasing
from services.notify.tables import Contact, ContactElsewhere, TeamMember
from services.notify.templates import EVERYTHING, Category
from services.notify.waking import wake_senders_after_commit

#: A mail waits until every contact that it needs is known; `needs` is empty where the address came along.
ALL_KNOWN = """NOT EXISTS (SELECT FROM unnest(needs) AS who
    WHERE NOT EXISTS (SELECT FROM contact WHERE contact.member_id = who)
      AND NOT EXISTS (SELECT FROM contact_elsewhere e WHERE e.match_id = matter_id AND e.reference = who))"""

# The highest version wins. A mark that an address was refused falls with the address.
_KEEP_CONTACT = text(
    """
    INSERT INTO contact AS known (member_id, version, name, email, phone, language, organisation_name)
    SELECT CAST(:member_id AS text), :version, :name, :email, :phone, :language, :organisation_name
    WHERE NOT EXISTS (SELECT FROM erased WHERE member_id = :member_id)
    ON CONFLICT (member_id) DO UPDATE SET
        version = excluded.version, name = excluded.name, email = excluded.email, phone = excluded.phone,
        language = excluded.language, organisation_name = excluded.organisation_name,
        refused_at = CASE WHEN known.email = excluded.email THEN known.refused_at END,
        last_refused_at = CASE WHEN known.email = excluded.email THEN known.last_refused_at END
    WHERE known.version < excluded.version
    """
)

_KEEP_TOKENS = text(
    """
    INSERT INTO unsubscribe_token (token, member_id, category)
    SELECT token, CAST(:member_id AS text), category FROM unnest(CAST(:tokens AS text[]), CAST(:categories AS text[]))
        AS new(token, category)
    WHERE EXISTS (SELECT FROM contact WHERE member_id = :member_id)
    ON CONFLICT DO NOTHING
    """
)

# An introduction that could not be delivered is worth sending when the address is good (again); what else failed is
# old news by then.
_INTRODUCE_AGAIN = text(
    """
    UPDATE notification SET status = 'waiting', attempts = 0, next_attempt_at = :now, created_at = :now, refusal = NULL,
        tried_since = NULL
    WHERE member_id = :member_id AND status = 'failed' AND template = 'introduction'
      AND EXISTS (SELECT FROM contact WHERE member_id = :member_id AND refused_at IS NULL)
    """
)

_RELEASE = (
    "UPDATE notification SET status = 'waiting', next_attempt_at = :now, tried_since = NULL "
    f"WHERE status = 'awaiting-contact' AND {ALL_KNOWN}"
)
_RELEASE_ALL = text(_RELEASE)
_RELEASE_OF_MEMBER = text(_RELEASE + " AND about @> ARRAY[:member_id]")


async def keep_contact(session: AsyncSession, contact: ContactChanged, now: datetime) -> None:
    """Keeps the newest contact, and lets go what waited for it."""
    await not_while_erasing(session)
    who = {"member_id": contact.member_id}
    fields = contact.model_dump(
        include={"member_id", "version", "name", "email", "phone", "language", "organisation_name"}
    )
    await run(session, _KEEP_CONTACT, fields)
    categories = [*(category.value for category in Category), EVERYTHING]
    tokens = [secrets.token_urlsafe(24) for _ in categories]
    await run(session, _KEEP_TOKENS, who | {"tokens": tokens, "categories": categories})
    await introduce_again(session, contact.member_id, now)
    await run(session, _RELEASE_OF_MEMBER, who | {"now": now})
    wake_senders_after_commit(session, "mail")


_KEEP_ELSEWHERE = text(
    """
    INSERT INTO contact_elsewhere (match_id, reference, name, email, phone, organisation_name)
    SELECT CAST(:match_id AS text), CAST(:reference AS text), :name, :email, :phone, :organisation_name
    WHERE NOT EXISTS (SELECT FROM erased WHERE member_id = :reference)
      AND NOT EXISTS (SELECT FROM erased_match WHERE match_id = :match_id)
    ON CONFLICT DO NOTHING
    """
)
_RELEASE_OF_MATCH = text(_RELEASE + " AND matter_id = :match_id")


async def keep_contact_elsewhere(session: AsyncSession, details: dict[str, str | None], now: datetime) -> None:
    """Keeps how to reach the other side of a match in another node, and lets go what waited for it."""
    await not_while_erasing(session)
    await run(session, _KEEP_ELSEWHERE, details)
    await run(session, _RELEASE_OF_MATCH, {"match_id": details["match_id"], "now": now})
    wake_senders_after_commit(session, "mail")


async def contacts_elsewhere(
    session: AsyncSession, match_ids: Iterable[str]
) -> dict[tuple[str, str], ContactElsewhere]:
    """How to reach the other sides of some matches, by match and reference."""
    found = await session.exec(select(ContactElsewhere).where(col(ContactElsewhere.match_id).in_(set(match_ids))))
    return {(contact.match_id, contact.reference): contact for contact in found}


async def introduce_again(session: AsyncSession, member_id: str, now: datetime) -> None:
    """Puts introductions that a refused address did not get back in the post, if the address is good now."""
    await run(session, _INTRODUCE_AGAIN, {"member_id": member_id, "now": now})


async def release_known(session: AsyncSession, now: datetime) -> None:
    """Lets go every mail whose contacts are known; one can be missed when both came in at the same moment."""
    await run(session, _RELEASE_ALL, {"now": now})


_KEEP_TEAM_MEMBER = text(
    """
    INSERT INTO team_member AS known (member_id, version, active)
    SELECT CAST(:member_id AS text), :version, :active
    WHERE NOT EXISTS (SELECT FROM erased WHERE member_id = :member_id)
    ON CONFLICT (member_id) DO UPDATE SET version = excluded.version, active = excluded.active
    WHERE known.version < excluded.version
    """
)


async def keep_team_member(session: AsyncSession, event: NodeTeamJoined | NodeTeamLeft) -> None:
    """Keeps whether somebody belongs to the node's team."""
    await not_while_erasing(session)
    active = isinstance(event, NodeTeamJoined)
    await run(session, _KEEP_TEAM_MEMBER, {"member_id": event.member_id, "version": event.version, "active": active})


async def team(session: AsyncSession) -> list[str]:
    """The members of the node's team."""
    found = await session.exec(select(TeamMember.member_id).where(TeamMember.active).order_by(TeamMember.member_id))
    return list(found)


async def contacts_of(session: AsyncSession, member_ids: Iterable[str]) -> dict[str, Contact]:
    """The contacts of some members, as far as they are known."""
    found = await session.exec(select(Contact).where(col(Contact.member_id).in_(set(member_ids))))
    return {contact.member_id: contact for contact in found}


async def contact_of(session: AsyncSession, member_id: str) -> Contact | None:
    """How a member can be reached, if it is known."""
    return (await contacts_of(session, [member_id])).get(member_id)


async def language_of(session: AsyncSession, member_id: str) -> Language:
    """The language that a member reads; Dutch as long as we do not know."""
    found = await session.exec(select(Contact.language).where(Contact.member_id == member_id))
    return Language(found.first() or Language.DUTCH)
