"""Somebody is invited to join: by mail, for fourteen days, and taken back by who invited them.

Whether the address is a member's already is told to its owner alone: they get a mail that they can sign in. Who cannot
accept it, such as who is kept out, is not mailed, which nobody else can see.
"""

import secrets
from datetime import datetime
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Path, Response
from sqlalchemy.dialects import postgresql as pg
from sqlmodel import Field, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Ambassador as AmbassadorOrTeam
from chassis import Command, Identity, Now, Page, Paging, ReadSession, Reply, forget_replies, note_deed, say, say_later
from chassis.identity import NotAllowed
from contracts.deeds import Deed
from contracts.event import new_id
from contracts.members import InvitationLapseDue, InvitationMade
from contracts.vocabulary import Role
from services.members import inviting, persons, rules, store
from services.members.appointments import check_organisations_exist
from services.members.inputs import InvitationDraft
from services.members.inviting import InvitationNotFound, InvitedEnough, InvitedTwice
from services.members.pressing import is_pressed_twice
from services.members.rules import MemberStatus
from services.members.settings import OwnSettings
from services.members.tables import Instant, Table
from services.members.views import InvitationMadeView, InvitationView

router = APIRouter(prefix="/v1/invitations", tags=["invitations"])

InvitationId = Annotated[str, Path(max_length=128)]


class Invitation(Table, table=True):
    """An invitation, with its address for as long as it waits; only the hash of its token is here.

    Of one that waits no more the hash of its address stays: mails to an address are counted until it lapses.
    """

    __tablename__ = "invitation"
    invitation_id: str = Field(primary_key=True, sa_type=sa.Text)
    token_hash: bytes = Field(sa_type=sa.LargeBinary, unique=True)
    invited_by: str = Field(sa_type=sa.Text, index=True)
    email: str | None = Field(default=None, sa_type=sa.Text)
    email_key: str | None = Field(default=None, sa_type=sa.Text, index=True)
    address_hash: bytes | None = Field(default=None, sa_type=sa.LargeBinary)
    name: str | None = Field(default=None, sa_type=sa.Text)
    language: str = Field(sa_type=sa.Text)
    organisation_id: str | None = Field(default=None, sa_type=sa.Text)
    scope: dict[str, Any] | None = Field(default=None, sa_type=pg.JSONB(none_as_null=True))
    created_at: datetime = Field(sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant)
    revoked_at: datetime | None = Field(default=None, sa_type=Instant)
    accepted_at: datetime | None = Field(default=None, sa_type=Instant)
    member_id: str | None = Field(default=None, sa_type=sa.Text, index=True)


@router.post(
    "",
    status_code=201,
    response_model=InvitationMadeView,
    responses={200: {"model": InvitationMadeView, "description": "The caller invited them before, which still holds."}},
)
async def invite(
    draft: InvitationDraft, who: AmbassadorOrTeam, now: Now, settings: OwnSettings, command: Command
) -> Response:
    """Somebody is invited.

    Whom the caller invited before is not mailed again, and what is asked now does not count: the answer is 200 and the
    invitation that waits. An address that got two mails in fourteen days, from whomever, gets no third
    (`invited-twice`).
    """
    if draft.ambassador and not who.has(Role.NODE_TEAM):
        raise NotAllowed

    async def invite_them(session: AsyncSession) -> Reply:
        waiting = await _waiting(session, who, draft, now)
        invitation = waiting or await _new(session, draft, who, now, settings.invitations_per_day_max)
        view = InvitationMadeView(is_new=not waiting, **(await _view(session, invitation)).model_dump())
        return Reply(view, status=200 if waiting else 201, location=f"/v1/invitations/{view.invitation_id}")

    return await command(invite_them)


@router.get("", response_model=Page[InvitationView])
async def list_invitations(
    who: AmbassadorOrTeam, session: ReadSession, paging: Paging, mine: bool = True
) -> Page[InvitationView]:
    """The caller's own invitations of the last fourteen days; for the node's team everybody's. The newest first."""
    query = select(Invitation).order_by(col(Invitation.invitation_id).desc()).limit(paging.limit + 1)
    if mine or not who.has(Role.NODE_TEAM):
        query = query.where(col(Invitation.invited_by).in_(who.references))
    if paging.cursor:
        query = query.where(Invitation.invitation_id < paging.cursor)
    found = [await _view(session, one) for one in await session.exec(query)]
    return Page.of(found, paging, key=lambda view: view.invitation_id)


@router.delete("/{invitation_id}", status_code=204)
async def revoke(invitation_id: InvitationId, who: AmbassadorOrTeam, now: Now, command: Command) -> Response:
    """The link works no more, and the address is forgotten. What was accepted or taken back before stays so."""

    async def revoke_it(session: AsyncSession) -> Reply:
        invitation = await session.get(Invitation, invitation_id, with_for_update=True)
        if invitation is None or not (invitation.invited_by in who.references or who.has(Role.NODE_TEAM)):
            raise InvitationNotFound
        if not (invitation.accepted_at or invitation.revoked_at):
            invitation.revoked_at = now
            await close(session, invitation)
            note_deed(session, "members", who, Deed.INVITATION_REVOKED, now)
        return Reply(status=204)

    return await command(revoke_it)


async def with_token(session: AsyncSession, token: str, now: datetime, *, for_change: bool = False) -> Invitation:
    """The invitation of a token; raises `SignInLinkInvalid` for one that does not wait (any more).

    For a change, one that was accepted just now is found too.
    """
    query = select(Invitation).where(Invitation.token_hash == rules.token_hash(token))
    if for_change:
        query = query.with_for_update()
    found = (await session.exec(query)).first()
    if found and for_change and is_pressed_twice(found.accepted_at, now):
        return found
    if found is None or found.email is None or now >= found.expires_at:
        raise rules.SignInLinkInvalid
    return found


async def close(session: AsyncSession, invitation: Invitation) -> None:
    """It does not wait any more: who was invited is known by their membership, or not at all."""
    if invitation.email_key:
        invitation.address_hash = inviting.address_hash(invitation.token_hash, invitation.email_key)
    invitation.email = invitation.email_key = invitation.name = None
    await forget_replies(session, [invitation.invitation_id])


async def lapse(session: AsyncSession, invitation_id: str, now: datetime) -> None:
    """After its days an invitation is removed, whatever became of it."""
    gone = (col(Invitation.invitation_id) == invitation_id, col(Invitation.expires_at) <= now + inviting.LAPSES_EARLY)
    if (await session.exec(sa.delete(Invitation).where(*gone))).rowcount:
        await forget_replies(session, [invitation_id])


async def forget(session: AsyncSession, member_id: str, email_key: str | None) -> list[str]:
    """Removes what somebody invited and what they were invited by; returns the ids."""
    theirs = sa.or_(
        col(Invitation.invited_by) == member_id,
        col(Invitation.member_id) == member_id,
        _is_to(email_key or ""),
    )
    gone = sa.delete(Invitation).where(theirs).returning(col(Invitation.invitation_id))
    return list((await session.exec(gone)).scalars())


async def _waiting(session: AsyncSession, who: Identity, draft: InvitationDraft, now: datetime) -> Invitation | None:
    key = rules.email_key(draft.email)
    await store.one_at_a_time(session, f"invitations to {key}")
    query = select(Invitation).where(
        Invitation.email_key == key,
        col(Invitation.invited_by).in_(who.references),
        Invitation.expires_at > now,
    )
    return (await session.exec(query.with_for_update())).first()  # taken back meanwhile, its address is not told


async def _new(
    session: AsyncSession, draft: InvitationDraft, who: Identity, now: datetime, per_day_max: int
) -> Invitation:
    await store.one_at_a_time(session, f"invitations by {who.member_id}")
    own = col(Invitation.invited_by).in_(who.references)
    lately = Invitation.created_at > now - inviting.INVITATIONS_COUNTED_OVER, Invitation.created_at <= now
    if await _count(session, own, *lately) >= per_day_max:  # not what a clock that was ahead wrote down
        raise InvitedEnough
    inviter = await store.active_member(session, who.member_id)
    organisation = await store.organisation(session, draft.organisation_id) if draft.organisation_id else None
    if draft.ambassador:
        await check_organisations_exist(session, draft.ambassador.organisation_ids, "ambassador.organisation_ids")
    key, token = rules.email_key(draft.email), secrets.token_urlsafe(32)
    if await _count(session, _is_to(key), Invitation.expires_at > now) >= inviting.INVITATIONS_TO_ONE_MAX:
        raise InvitedTwice
    invitation = Invitation(
        invitation_id=new_id(),
        token_hash=rules.token_hash(token),
        invited_by=who.member_id,
        email=draft.email,
        email_key=key,
        name=draft.name,
        language=draft.language,
        organisation_id=organisation.organisation_id if organisation else None,
        scope=draft.ambassador.model_dump(mode="json") if draft.ambassador else None,
        created_at=now,
        expires_at=now + inviting.INVITATION_LIFETIME,
    )
    session.add(invitation)
    known = await store.member_with_email(session, key)
    if known is None or (known.blocked_at is None and await persons.opens_the_door(session, known)):
        made = InvitationMade(
            invitation_id=invitation.invitation_id,
            invited_by=who.member_id,
            by_name=inviter.name,
            name=draft.name or "",
            email=draft.email,
            language=draft.language,
            token=token,
            expires_at=invitation.expires_at,
            is_member=known is not None and known.status == MemberStatus.ACTIVE,
        )
        say(session, made)
    say_later(session, InvitationLapseDue(invitation_id=invitation.invitation_id), at=invitation.expires_at)
    note_deed(session, "members", who, Deed.MEMBER_INVITED, now)
    return invitation


def _is_to(email_key: str) -> Any:
    """The condition that it is, or was, to this address; its hash is salted, so that every row is looked at."""
    theirs = sa.func.sha256(col(Invitation.token_hash).op("||")(email_key.encode()))
    return sa.or_(col(Invitation.email_key) == email_key, col(Invitation.address_hash) == theirs)


async def _count(session: AsyncSession, *of: Any) -> int:
    return int((await session.exec(select(sa.func.count()).select_from(Invitation).where(*of))).one())


async def _view(session: AsyncSession, invitation: Invitation) -> InvitationView:
    organisation = await store.organisation(session, invitation.organisation_id) if invitation.organisation_id else None
    inviter = await persons.find(session, invitation.invited_by)
    return InvitationView(
        invitation_id=invitation.invitation_id,
        invited_by=invitation.invited_by,
        by_name=inviter.name if inviter else None,
        email=invitation.email,
        name=invitation.name,
        status="accepted" if invitation.accepted_at else "revoked" if invitation.revoked_at else "waiting",
        organisation_name=organisation.name if organisation else None,
        as_ambassador=invitation.scope is not None,
        created_at=invitation.created_at,
        expires_at=invitation.expires_at,
    )
