"""What partner networks tell of organisations, persons and ambassadors: it joins what is known, or is new.

What somebody told of themselves is never changed by what a network tells; that adds the network, and what lacks.
"""

from datetime import datetime
from typing import TypeVar

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import checked
from contracts.event import new_id
from contracts.partners import AmbassadorTold, OrganisationTold, PersonTold, RecordWithdrawn, Thing
from services.members import membership, organisations, person_said, persons, rules, said, store
from services.members.appointments import appointed_by_network, appointed_no_more
from services.members.changing_organisations import say_changed
from services.members.inputs import JoinDraft, OrganisationChange, OrganisationDraft
from services.members.merging_persons import look_for_the_same_person
from services.members.person_said import BELONGS
from services.members.recognising import member_like, organisation_like
from services.members.rules import MemberNotFound, MemberStatus, PersonLeft
from services.members.tables import Consent, Member, Organisation

Draft = TypeVar("Draft", OrganisationDraft, OrganisationChange, JoinDraft)


async def keep_organisation(session: AsyncSession, told: OrganisationTold, now: datetime) -> tuple[str, bool]:
    """Keeps what was told of an organisation; returns its id, and whether one that was here is told of first.

    Raises `FieldErrors` or `OrganisationExists`.
    """
    place = {"name": told.place.name, "province": told.place.province}
    words = told.model_dump(mode="json", include={"kind", "name", "brin", "kvk"})
    draft = _of(told, checked(OrganisationDraft, words | {"place": place}))
    await organisations.hold_numbers(session, draft.brin, draft.kvk)
    who = {"network": told.network, "record": told.record_id}
    known: Organisation | None = None
    if told.known_as:
        known = await store.organisation(session, told.known_as, for_change=True)
    else:
        known = await organisation_like(session, draft)
    if known is None:
        new = await organisations.register(session, draft, now, website=told.website, **who)
        return new.organisation_id, False
    before, website = organisations.state(known), known.website
    words = draft.model_dump(mode="json", include={"name", "brin", "kvk"}, exclude_none=True)
    change = _of(told, checked(OrganisationChange, words | {"place": place}))
    await said.keep(session, known, told.network, {"website": told.website}, now, record=told.record_id)
    await organisations.apply(session, known, change, now, **who)
    is_same = organisations.state(known) == before | {"version": known.version} and known.website == website
    if is_same:  # nothing new: whoever wins says the same
        known.version -= 1
    else:
        await say_changed(session, known, str(before["name"]))
    return known.organisation_id, told.known_as is None


async def keep_person(session: AsyncSession, told: PersonTold, now: datetime) -> str:
    """Keeps what was told of a person; returns the reference it was kept under.

    Raises `FieldErrors`, `PersonLeft`, `AddressOfAnother`, or `TooManyAffiliations`.
    """
    words = told.model_dump(mode="json", include={"name", "email", "phone", "language", "organisation_id", "role"})
    draft = _of(told, checked(JoinDraft, words | {"consent": True}))
    await store.one_at_a_time(session, f"address {rules.email_key(draft.email)}")
    member, is_new = await _member_told(session, told, draft, now)
    person = await store.member(session, member.member_id, for_change=True)
    if person.status == MemberStatus.LEFT:
        if person.networks or person.blocked_at or not await _is_nobodys(session, person):
            raise PersonLeft
        is_new = True  # a network withdrew them, and they take part anew by its word
    if is_new:
        terms = f"partner {told.partner_id}"  # a network vouches for somebody who has not joined by themselves
        at = told.consented_at
        session.add(Consent(consent_id=new_id(), member_id=member.member_id, terms_version=terms, given_at=at))
    before = None if is_new else await membership.shown(session, person)
    is_news = await _say(session, member, told, draft, now)
    await person_said.make_anew(session, person)
    if is_new:
        await membership.activate(session, person, now)
    elif before != await membership.shown(session, person):
        await membership.changed(session, person)
    elif is_news:  # nobody hears of it, and it may be the address of somebody who is here
        await look_for_the_same_person(session, person.member_id, now)
    return member.member_id


def _of(told: OrganisationTold | PersonTold, draft: Draft) -> Draft:
    """With the network that tells it, which may be one that an operator added: nobody else can name those."""
    return draft.model_copy(update={"networks": (told.network,)})


async def _member_told(session: AsyncSession, told: PersonTold, draft: JoinDraft, now: datetime) -> tuple[Member, bool]:
    """Whom a network means, locked, and whether they are new here."""
    if told.known_as:
        member = await persons.membership(session, told.known_as, for_change=True)
        if member is None:
            raise MemberNotFound
        return member, False
    member = await member_like(session, draft)
    if member is None:
        member = membership.unconfirmed(draft, draft.email, now)
        session.add(member)
        await session.flush()  # before what refers to it
    if member.status == MemberStatus.UNCONFIRMED:
        member.name, member.phone, member.language = draft.name, draft.phone, draft.language
        member.email = draft.email  # nobody showed that it is theirs as it was written before
        return member, True
    return member, False


async def _is_nobodys(session: AsyncSession, person: Member) -> bool:
    """Whether no network says anything of somebody any more, nor did they agree to take part themselves."""
    references = await persons.references_of(session, person.member_id)
    return not (await person_said.of(session, references) or await person_said.has_agreed(session, references))


async def _say(session: AsyncSession, member: Member, told: PersonTold, draft: JoinDraft, now: datetime) -> bool:
    """Keeps it as the word of this record, in place of what the same record told before; whether it says another."""
    own = f"{BELONGS}{told.organisation_id}"
    fields = draft.model_dump(mode="json", include={"name", "email", "phone", "language"}) | {own: draft.role}
    words = {one.field: one.value for one in await person_said.of(session, [member.member_id], told.record_id)}
    before = {field.removeprefix(BELONGS) for field in words if field.startswith(BELONGS)}
    await person_said.keep(session, member, told.network, told.record_id, fields, now)
    added = await membership.affiliate(session, member, told.organisation_id, draft.role, now)
    await person_said.end_what_nobody_says(session, member, before - {told.organisation_id})
    if added:
        await persons.check_room_for_one_more(session, member)
    key = rules.email_key(draft.email)
    if member.verified_at is None and key != member.email_key and not await store.is_taken(session, key):
        member.email, member.email_key = draft.email, key  # nobody showed that the old one is theirs
        await store.drop_links(session, member.member_id)
    return words != fields


async def keep_ambassador(session: AsyncSession, told: AmbassadorTold, now: datetime) -> str:
    """Appoints an ambassador, in the place of whom this record was of; returns whom.

    Raises `FieldErrors` when the scope is that of everything.
    """
    person = await store.active_member(session, told.member_id, for_change=True)
    member = await persons.membership(session, told.member_id, for_change=True) or person
    if told.known_as not in (None, member.member_id):
        before = await persons.membership(session, told.known_as, for_change=True)
        if before is not None:
            await appointed_no_more(session, before, told.record_id)
    await appointed_by_network(session, member, told, now)
    return member.member_id


async def withdraw(session: AsyncSession, told: RecordWithdrawn, now: datetime) -> None:
    """What a record of a network says counts no more; who was here by the word of networks alone takes part no more.

    Of who takes no part at the moment it is taken back too, without a word.
    """
    if told.thing == Thing.ORGANISATION:
        organisation = await store.organisation(session, told.known_as, for_change=True)
        if told.network in organisation.networks:
            name = organisation.name
            await organisations.take_back(session, organisation, told.network, told.record_id)
            await say_changed(session, organisation, name)
        return
    person = await store.find_member(session, told.known_as)
    member = await persons.membership(session, told.known_as, for_change=True)
    if person is None or member is None:
        return
    if told.thing == Thing.AMBASSADOR:
        await appointed_no_more(session, member, told.record_id)
        return
    before = await membership.shown(session, person)
    await person_said.take_back(session, member, told.network, told.record_id)
    is_active = person.status == MemberStatus.ACTIVE
    if await _is_nobodys(session, person):
        if is_active or (person.blocked_at and not person.had_left):  # else they left, and no network brings them back
            person.networks, person.had_left = [], True
        if is_active:
            await membership.leave(session, person, now)
        return
    await person_said.make_anew(session, person)
    if is_active and before != await membership.shown(session, person):
        await membership.changed(session, person)
