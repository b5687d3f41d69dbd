"""What joining, changing and leaving do to a member, and what is then said."""

from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import say
from contracts.event import new_id
from contracts.members import (
    AmbassadorStoodDown,
    ContactChanged,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    NodeTeamLeft,
)
from services.members import rules, store
from services.members.inputs import JoinDraft, OrganisationDraft
from services.members.organisations import register
from services.members.rules import MemberStatus
from services.members.tables import Affiliation, Consent, Member


def unconfirmed(draft: JoinDraft, now: datetime) -> Member:
    """Somebody who is not known yet: not a member until their address is confirmed, or a network vouches for them."""
    return Member(
        member_id=new_id(),
        version=0,
        status=MemberStatus.UNCONFIRMED,
        name=draft.name,
        email=draft.email,
        email_key=rules.email_key(draft.email),
        language=draft.language,
        first_seen_at=now,
    )


async def confirm(session: AsyncSession, member: Member, details: dict[str, Any], now: datetime) -> None:
    """Somebody followed the link they were mailed for joining: they are a member, with the details of that link."""
    organisation_id = details["organisation_id"] or await _organisation_of(session, details["organisation"], now)
    member.name, member.phone = details["name"], details["phone"]
    member.language, member.networks = details["language"], details["networks"]
    await affiliate(session, member, organisation_id, details["role"], now)
    session.add(
        Consent(
            consent_id=new_id(),
            member_id=member.member_id,
            terms_version=details["terms_version"],
            given_at=datetime.fromisoformat(details["consented_at"]),
        )
    )
    await store.forget_joining_details(session, member.member_id)
    await activate(session, member, now)


async def activate(session: AsyncSession, member: Member, now: datetime) -> None:
    """A member takes part from now on."""
    member.status, member.joined_at = MemberStatus.ACTIVE, now
    member.version += 1
    say(session, MemberJoined(**await _state(session, member)))
    say(session, ContactChanged(**await contact_of(session, member)))


async def changed(session: AsyncSession, member: Member) -> None:
    """A member, their affiliations or their contact details changed."""
    member.version += 1
    say(session, MemberChanged(**await _state(session, member)))
    say(session, ContactChanged(**await contact_of(session, member)))


async def leave(session: AsyncSession, member: Member) -> None:
    """A member stops taking part, and with that gives back their roles; what they are is kept."""
    member.status = MemberStatus.LEFT
    member.version += 1
    say(session, MemberLeft(**await _state(session, member)))
    if ambassador := await store.ambassador(session, member.member_id):
        await session.delete(ambassador)
        say(session, AmbassadorStoodDown(member_id=member.member_id, version=member.version))
    if member.node_team:
        member.node_team = False
        say(session, NodeTeamLeft(member_id=member.member_id, version=member.version))
    await store.drop_links(session, member.member_id)


async def take_address(session: AsyncSession, member: Member, email: str) -> None:
    """A member showed that a new address is theirs: it counts from now on, and links to the old one do not."""
    key = rules.email_key(email)
    await store.one_at_a_time(session, f"address {key}")
    holder = await store.member_with_email(session, key)
    if holder is not None and holder.member_id != member.member_id:
        raise rules.SignInLinkInvalid
    member.email, member.email_key = email, key
    await store.drop_links(session, member.member_id)
    await changed(session, member)


async def affiliate(
    session: AsyncSession, member: Member, organisation_id: str, role: str | None, now: datetime
) -> Affiliation | None:
    """A member belongs to an organisation from now on; none when they did already."""
    organisation = await store.organisation(session, organisation_id)
    own = [own.organisation_id for _, own in await store.organisations_of(session, member.member_id)]
    if organisation.organisation_id in own:
        return None
    affiliation = Affiliation(
        affiliation_id=new_id(),
        member_id=member.member_id,
        organisation_id=organisation.organisation_id,
        role=role,
        since=now,
    )
    session.add(affiliation)
    return affiliation


async def _organisation_of(session: AsyncSession, details: dict[str, Any], now: datetime) -> str:
    """The organisation that somebody joins with: registered now, unless somebody else did so meanwhile."""
    draft = OrganisationDraft.model_validate(details)
    try:
        organisation = await register(session, draft, now)
    except rules.OrganisationExists as exists:
        return str(exists.facts["organisation_id"])
    return organisation.organisation_id


async def _state(session: AsyncSession, member: Member) -> dict[str, Any]:
    belonging = await store.organisations_of(session, member.member_id)
    return {
        "member_id": member.member_id,
        "version": member.version,
        "organisation_ids": tuple(organisation.organisation_id for _, organisation in belonging),
        "networks": tuple(member.networks),
    }


async def contact_of(session: AsyncSession, member: Member) -> dict[str, Any]:
    """How to reach a member, as it is told within the node."""
    belonging = await store.organisations_of(session, member.member_id)
    names = ("member_id", "version", "name", "email", "phone", "language")
    first = belonging[0][1].name if belonging else None
    return {name: getattr(member, name) for name in names} | {"organisation_name": first}
