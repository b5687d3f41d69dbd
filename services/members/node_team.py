"""The node's first team: who is named in the settings can sign in as soon as the node stands."""

from collections.abc import Sequence
from datetime import datetime

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
from services.members.tables import Member, Organisation


async def ensure_node_team(service: Service) -> None:
    """At start: every address in the settings is an active member of the node's team, but for who is kept out or
    merged with another; replicas wait for each other.
    """
    settings = service.settings
    assert isinstance(settings, MembersSettings)

    async def ensure(session: AsyncSession) -> None:
        await store.one_at_a_time(session, "node team")
        organisation_id = await _own_organisation(session, settings, service.now())
        for email in settings.node_team:
            await _ensure_member(session, settings.node_name_shown, email, organisation_id, service.now())

    await service.transactions.do(Item(ensure))


async def _own_organisation(session: AsyncSession, settings: MembersSettings, now: datetime) -> str:
    """The partner organisation as which the team takes part."""
    known: Sequence[Organisation] = await store.partners_called(session, settings.node_name_shown)
    if known:
        return known[0].organisation_id
    draft = OrganisationDraft(
        kind=OrganisationKind.PARTNER, name=settings.node_name_shown, place=PlaceDraft(name=settings.node_place)
    )
    return (await register(session, draft, now)).organisation_id


async def _ensure_member(session: AsyncSession, name: str, email: str, organisation_id: str, now: datetime) -> None:
    key = rules.email_key(email)
    await store.one_at_a_time(session, f"address {key}")
    member = await store.member_with_email(session, key)
    if member is None:
        member = Member(
            member_id=new_id(),
            version=0,
            status=MemberStatus.UNCONFIRMED,
            name=name,
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
        return
    if rules.joins(MemberStatus(member.status), blocked=False):
        await membership.affiliate(session, member, organisation_id, None, now)
        await membership.activate(session, member, now)
    if not member.node_team:
        join_node_team(session, member)
