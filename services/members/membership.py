"""What joining, changing and leaving do to a member, and what is then said."""

from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import say
from contracts.event import new_id
from contracts.members import (
    AddressReplaced,
    AmbassadorStoodDown,
    ContactChanged,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    NodeTeamLeft,
)
from contracts.networks import apart
from services.members import person_said, persons, rules, store
from services.members.inputs import AcceptDraft, JoinDraft, OrganisationDraft
from services.members.organisations import register
from services.members.person_said import BELONGS
from services.members.rules import MemberStatus
from services.members.saying import HERE, PERSON_FIELDS
from services.members.tables import Affiliation, Ambassador, Consent, Member, SignInLink


def unconfirmed(draft: JoinDraft | AcceptDraft, email: str, now: datetime) -> Member:
    """Somebody who is not known yet: not a member until their address is confirmed, or a network vouches for them."""
    return Member(
        member_id=new_id(),
        version=0,
        status=MemberStatus.UNCONFIRMED,
        name=draft.name,
        email=email,
        email_key=rules.email_key(email),
        language=draft.language,
        first_seen_at=now,
    )


async def confirm(session: AsyncSession, member: Member, details: dict[str, Any], now: datetime) -> None:
    """Somebody followed the link they were mailed for joining: they are a member, with the details of that link."""
    organisation_id = details["organisation_id"] or await _organisation_of(session, details["organisation"], now)
    said = {name: details[name] for name in PERSON_FIELDS} | {f"{BELONGS}{organisation_id}": details["role"]}
    await person_said.keep(session, member, HERE, HERE, said, now)
    await person_said.make_anew(session, member)
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
    """A member takes part from now on, with what is under their other references."""
    member.joined_at = now
    state = await _state(session, member)
    for one in await persons.memberships_of(session, member):
        one.status, one.left_at = MemberStatus.ACTIVE, None
        one.version += 1
        say(session, MemberJoined(**state | {"member_id": one.member_id, "version": one.version}))
    await _tell_contact(session, member)


async def changed(session: AsyncSession, member: Member) -> None:
    """A member, their affiliations or their contact details changed."""
    member.version += 1
    say(session, MemberChanged(**await _state(session, member)))
    await _tell_contact(session, member)


async def leave(session: AsyncSession, member: Member, now: datetime) -> None:
    """A member stops taking part, and with that gives back their roles; what they are is kept for a year."""
    state = await _state(session, member)
    for one in await persons.memberships_of(session, member):
        one.status, one.left_at = MemberStatus.LEFT, now
        one.version += 1
        say(session, MemberLeft(**state | {"member_id": one.member_id, "version": one.version}))
        if ambassador := await session.get(Ambassador, one.member_id):
            await session.delete(ambassador)
            say(session, AmbassadorStoodDown(member_id=one.member_id, version=one.version))
        await store.drop_links(session, one.member_id)
    if member.node_team:
        member.node_team = False
        say(session, NodeTeamLeft(member_id=member.member_id, version=member.version))


async def take_address(session: AsyncSession, member: Member, link: SignInLink) -> None:
    """A membership has the address of a link, which shows that it is theirs: links to the old one work no more.

    Who read the old one hears it: somebody else may have sat at their browser.
    """
    email = link.new_email or ""
    key = rules.email_key(email)
    await store.one_at_a_time(session, f"address {key}")
    holder = await store.member_with_email(session, key)
    if holder is not None and holder.member_id != member.member_id:
        raise rules.SignInLinkInvalid
    old, is_another = member.email, key != member.email_key
    member.email, member.email_key = email, key
    await store.drop_links(session, member.member_id, but_for=link.sign_in_id)
    person = await store.member(session, member.member_id, for_change=True)
    await changed(session, person)
    if is_another:
        told = {"member_id": member.member_id, "version": member.version, "email": old}
        say(session, AddressReplaced(**told, name=person.name, language=person.language))


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


async def _tell_contact(session: AsyncSession, member: Member) -> None:
    """How to reach a member, under each of their references: what is told under those goes to one address."""
    contact = await contact_of(session, member)
    for one in await persons.memberships_of(session, member):
        if one.member_id != member.member_id:
            one.version += 1
        say(session, ContactChanged(**contact | {"member_id": one.member_id, "version": one.version}))


async def shown(session: AsyncSession, member: Member) -> dict[str, Any]:
    """All that is told of a member, but for the version: whether it is news."""
    return {**await _state(session, member), **await contact_of(session, member), "version": 0}


async def _state(session: AsyncSession, member: Member) -> dict[str, Any]:
    belonging = await store.organisations_of(session, member.member_id)
    return {
        "member_id": member.member_id,
        "version": member.version,
        "organisation_ids": tuple(organisation.organisation_id for _, organisation in belonging),
        **apart(member.networks),
    }


async def contact_of(session: AsyncSession, member: Member) -> dict[str, Any]:
    """How to reach a member, as it is told within the node."""
    belonging = await store.organisations_of(session, member.member_id)
    names = ("member_id", "version", "name", "phone", "language")
    first = belonging[0][1].name if belonging else None
    reached = {"email": await persons.address_of(session, member), "organisation_name": first}
    return {name: getattr(member, name) for name in names} | reached
