"""Sign-in links: asked for, mailed by notify, followed once."""

import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import say
from contracts.event import new_id
from contracts.members import SignInRequested
from services.members import persons, rules, store
from services.members.pressing import is_pressed_twice
from services.members.tables import Member, SignInLink

#: How long a link that works no more is kept: it has when somebody signed in, and perhaps an address of somebody else.
KEPT = timedelta(days=1)


async def mail_link(
    session: AsyncSession,
    member: Member,
    now: datetime,
    *,
    links_max: int,
    joining: dict[str, Any] | None = None,
    new_email: str | None = None,
    mailed: bool = True,
) -> None:
    """Has a link mailed to a member, but never more than `links_max` in an hour, nor to one address from whomever.

    The caller is not told which. `joining` are the details that count when the link is followed, `new_email` the
    address that it confirms. A link that is not mailed only counts: whoever asked cannot see the difference. It
    does not count for the address, of which the owner would be kept from signing in.
    """
    await store.forget_old_links(session, now - KEPT)
    key = rules.email_key(new_email or member.email)
    await store.one_at_a_time(session, f"links to {key}")
    since = now - rules.LINKS_COUNTED_OVER
    lately = await store.links_between(session, member.member_id, key, since, now)
    if not rules.may_have_link(lately, links_max):
        return
    token = secrets.token_urlsafe(32)
    link = SignInLink(
        sign_in_id=new_id(),
        member_id=member.member_id,
        token_hash=rules.token_hash(token),
        created_at=now,
        expires_at=now + rules.LINK_LIFETIME,
        joining=joining,
        new_email=new_email,
        new_email_key=key if new_email and mailed else None,
    )
    session.add(link)
    if mailed:
        say(
            session,
            SignInRequested(
                sign_in_id=link.sign_in_id,
                member_id=member.member_id,
                name=joining["name"] if joining else member.name,
                email=new_email or member.email,
                language=joining["language"] if joining else member.language,
                token=token,
                expires_at=link.expires_at,
                joining=joining is not None,
                confirms=new_email is not None,
            ),
        )


async def link_followed(session: AsyncSession, token: str, now: datetime) -> tuple[SignInLink, Member, bool]:
    """The link of a token, used from now on, whose it is, and whether it was used just now; or `SignInLinkInvalid`."""
    link = await store.link_with(session, rules.token_hash(token))
    if link is None:
        raise rules.SignInLinkInvalid
    member = await persons.membership(session, link.member_id, for_change=True)
    link = await store.link_with(session, rules.token_hash(token))  # as it stands under the member's lock
    if link is None or member is None:
        raise rules.SignInLinkInvalid
    again = is_pressed_twice(link.used_at, now)
    if not again:
        rules.check_link(link.expires_at, link.used_at, now)
        link.used_at = now
    return link, member, again
