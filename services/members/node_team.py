"""The node's first team: who is named in the settings can sign in as soon as the node stands."""

import hashlib
import secrets
from datetime import datetime

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import PlaceDraft, Service
from chassis.telemetry import log
from chassis.transactions import Item
from contracts.event import new_id
from contracts.vocabulary import Language, OrganisationKind
from services.members import membership, persons, rules, store
from services.members.appointments import join_node_team
from services.members.inputs import OrganisationDraft
from services.members.organisations import register
from services.members.rules import MemberStatus
from services.members.settings import MembersSettings
from services.members.tables import Member, NamedForTeam


async def ensure_node_team(service: Service) -> None:
    """At start: every address that the settings did not name before becomes an active member of the node's team, but
    for who is kept out or merged with another; replicas wait for each other.

    An address counts once. Who was taken out of the team since, moved to another address, left or was erased is not
    made of it again: whoever reads that mailbox may be somebody else by now.
    """
    settings = service.settings
    assert isinstance(settings, MembersSettings)

    async def ensure(session: AsyncSession) -> None:
        await store.one_at_a_time(session, "node team")
        before = (await session.exec(select(NamedForTeam))).all()
        new = [email for email in settings.node_team if not any(_is_of(email, row) for row in before)]
        if new and not before and await store.team_count(session):  # of a release that did not keep whom it named
            session.add_all(_named(email, service.now()) for email in new)
            if others := len([email for email in new if not await _is_in_team(session, email)]):
                log.warning(
                    "the settings name for the team who is not of it: who is new at this upgrade joins, and gets the "
                    "role on the page of the team",
                    addresses=others,
                )
            return
        for email in new:
            if await _ensure_member(session, settings, email, service.now()):
                session.add(_named(email, service.now()))

    await service.transactions.do(Item(ensure))


def _named(email: str, now: datetime) -> NamedForTeam:
    salt = secrets.token_bytes(16)
    return NamedForTeam(address_hash=_hash(email, salt), salt=salt, named_at=now)


def _is_of(email: str, row: NamedForTeam) -> bool:
    return _hash(email, row.salt) == row.address_hash


def _hash(email: str, salt: bytes) -> bytes:
    return hashlib.sha256(salt + rules.email_key(email).encode()).digest()


async def _is_in_team(session: AsyncSession, email: str) -> bool:
    member = await store.member_with_email(session, rules.email_key(email))
    return member is not None and member.node_team


async def _own_organisation(session: AsyncSession, settings: MembersSettings, now: datetime) -> str:
    """The partner organisation as which the team takes part, whatever it is called by now."""
    known = await store.partners_of_team(session) or await store.partners_called(session, settings.node_name_shown)
    if known:
        return known[0].organisation_id
    draft = OrganisationDraft(
        kind=OrganisationKind.PARTNER, name=settings.node_name_shown, place=PlaceDraft(name=settings.node_place)
    )
    return (await register(session, draft, now)).organisation_id


async def _ensure_member(session: AsyncSession, settings: MembersSettings, email: str, now: datetime) -> bool:
    """Whether they are of the team now."""
    key = rules.email_key(email)
    await store.one_at_a_time(session, f"address {key}")
    member = await store.member_with_email(session, key)
    if member is None:
        member = Member(
            member_id=new_id(),
            version=0,
            status=MemberStatus.UNCONFIRMED,
            name=settings.node_name_shown,
            email=email,
            email_key=key,
            language=Language.DUTCH,
            first_seen_at=now,
        )
        session.add(member)
        await session.flush()
    member = await store.member(session, member.member_id, for_change=True)
    merged = len(await persons.references_of(session, member.member_id)) > 1
    if merged or member.blocked_at is not None:
        log.warning("the settings name for the team who cannot be of it", member=member.member_id, merged=merged)
        return False
    if rules.joins(MemberStatus(member.status), blocked=False):
        organisation_id = await _own_organisation(session, settings, now)
        await membership.affiliate(session, member, organisation_id, None, now)
        await membership.activate(session, member, now)
    if not member.node_team:
        join_node_team(session, member, news=False)  # `up` and the settings say it
    return True
