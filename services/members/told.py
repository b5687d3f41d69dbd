"""What partner networks tell of organisations, persons and ambassadors: it joins what is known, or is new.

What somebody told of themselves is never changed by what a network tells; that adds the network, and what lacks.
"""

from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import checked, say
from contracts.event import new_id
from contracts.members import OrganisationChanged
from contracts.partners import AmbassadorTold, OrganisationTold, PersonTold, RecordWithdrawn, Thing
from services.members import membership, organisations, rules, store
from services.members.appointments import appointed, stood_down
from services.members.inputs import JoinDraft, OrganisationChange, OrganisationDraft, ScopeDraft
from services.members.recognising import member_like, organisation_like
from services.members.rules import MemberStatus, PersonLeft
from services.members.tables import Consent, Member, Organisation


async def keep_organisation(session: AsyncSession, told: OrganisationTold, now: datetime) -> str:
    """Keeps what was told of an organisation; returns its id. Raises `FieldErrors` or `OrganisationExists`."""
    place = {"name": told.place.name, "province": told.place.province}
    words = told.model_dump(mode="json", include={"kind", "name", "brin", "kvk"})
    draft = checked(OrganisationDraft, words | {"place": place, "networks": [told.network]})
    for number in sorted(filter(None, (draft.brin, draft.kvk))):
        await store.one_at_a_time(session, f"organisation {number}")
    known: Organisation | None = None
    if told.known_as:
        known = await store.organisation(session, told.known_as, for_change=True)
    else:
        known = await organisation_like(session, draft)
    if known is None:
        return (await organisations.register(session, draft, now, network=told.network)).organisation_id
    before = organisations.state(known)
    words = draft.model_dump(mode="json", include={"name", "brin", "kvk"}, exclude_none=True)
    change = checked(OrganisationChange, words | {"place": place, "networks": [told.network]})
    await organisations.apply(session, known, change, now, network=told.network)
    if organisations.state(known) == before | {"version": known.version}:  # nothing new: whoever wins says the same
        known.version -= 1
    else:
        say(session, OrganisationChanged(**organisations.state(known)))
    return known.organisation_id


async def keep_person(session: AsyncSession, told: PersonTold, now: datetime) -> str:
    """Keeps what was told of a person; returns their id. Raises `FieldErrors`, or `PersonLeft`."""
    words = told.model_dump(mode="json", include={"name", "email", "phone", "language", "organisation_id", "role"})
    draft = checked(JoinDraft, words | {"networks": [told.network], "consent": True})
    key = rules.email_key(draft.email)
    await store.one_at_a_time(session, f"address {key}")
    if told.known_as:
        member = await store.member(session, told.known_as, for_change=True)
    else:
        member = await member_like(session, draft) or await _new(session, draft, now)
    if member.status == MemberStatus.LEFT:
        raise PersonLeft
    is_new = member.status == MemberStatus.UNCONFIRMED
    if is_new:
        _agreed(session, member, draft, told)
    is_added = await membership.affiliate(session, member, told.organisation_id, draft.role, now) is not None
    if told.network not in member.networks:
        member.networks, is_added = [*member.networks, told.network], True
    if is_new:
        await membership.activate(session, member, now)
    elif is_added:
        await membership.changed(session, member)
    return member.member_id


async def _new(session: AsyncSession, draft: JoinDraft, now: datetime) -> Member:
    member = membership.unconfirmed(draft, now)
    session.add(member)
    await session.flush()  # before what refers to it
    return member


def _agreed(session: AsyncSession, member: Member, draft: JoinDraft, told: PersonTold) -> None:
    """A network vouches for somebody who has not joined by themselves."""
    member.name, member.phone, member.language = draft.name, draft.phone, draft.language
    terms = f"partner {told.partner_id}"
    session.add(
        Consent(consent_id=new_id(), member_id=member.member_id, terms_version=terms, given_at=told.consented_at)
    )


async def keep_ambassador(session: AsyncSession, told: AmbassadorTold, now: datetime) -> str:
    """Appoints an ambassador; returns whom. Raises `FieldErrors` when the scope is that of everything."""
    draft = checked(ScopeDraft, told.scope.model_dump(mode="json"))
    member = await store.active_member(session, told.member_id, for_change=True)
    await appointed(session, member, draft, now)
    return member.member_id


async def withdraw(session: AsyncSession, told: RecordWithdrawn) -> None:
    """An organisation or a person leaves a network; who was here by that network alone takes part no more."""
    if told.thing == Thing.ORGANISATION:
        organisation = await store.organisation(session, told.known_as, for_change=True)
        if told.network in organisation.networks:
            await organisations.leave_network(session, organisation, told.network)
        return
    member = await store.find_member(session, told.known_as)
    if member is None or member.status != MemberStatus.ACTIVE:
        return
    if told.thing == Thing.AMBASSADOR:
        await stood_down(session, member)
    elif told.network in member.networks:
        member.networks = [one for one in member.networks if one != told.network]
        if member.networks or await _has_agreed(session, member.member_id):
            await membership.changed(session, member)
        else:
            await membership.leave(session, member)


async def _has_agreed(session: AsyncSession, member_id: str) -> bool:
    """Whether somebody agreed to the terms themselves, and not only with a partner network."""
    own = (Consent.member_id == member_id, col(Consent.terms_version).not_like("partner %"))
    return (await session.exec(select(Consent.consent_id).where(*own))).first() is not None
