"""An invitation is looked at and accepted, for the gateway alone: its token shows that the address is theirs."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from chassis import Command, FromGateway, Identity, Now, ReadSession, Reply, note_deed, say
from contracts.deeds import Deed
from contracts.vocabulary import Role
from contracts.welcoming import MemberWelcomed
from services.members import invitations, membership, persons, rules, store
from services.members.appointments import appointed
from services.members.inputs import AcceptDraft, ScopeDraft, TokenShown
from services.members.invitations import Invitation
from services.members.rules import MemberStatus
from services.members.tables import Member
from services.members.views import InvitedView

router = APIRouter(prefix="/internal/invitations", include_in_schema=False)


@router.post("/look")
async def look(shown: TokenShown, _: FromGateway, now: Now, session: ReadSession) -> InvitedView:
    """Who invites, and to what. Looking uses nothing up: mail programs look at links before their readers do."""
    invitation = await invitations.with_token(session, shown.token, now)
    inviter = await _inviter(session, invitation)
    organisation_id = invitation.organisation_id
    organisation = await store.organisation(session, organisation_id) if organisation_id else None
    return InvitedView(
        by_name=inviter.name if inviter else "",
        name=invitation.name,
        email=invitation.email or "",
        organisation_id=organisation.organisation_id if organisation else None,
        organisation_name=organisation.name if organisation else None,
        as_ambassador=_appoints(invitation, inviter),
    )


@router.post("/accept")
async def accept(draft: AcceptDraft, _: FromGateway, now: Now, command: Command) -> Response:
    """Whoever was invited takes part from now on, and may be signed in: who is told under which reference.

    `again` is of who presses twice. Of who takes part already nothing is told: an invitation lies in a mailbox for
    fourteen days and is passed on, so it is no key to what they have here.
    """

    async def accept_it(session: AsyncSession) -> Reply:
        invitation = await invitations.with_token(session, draft.token, now, for_change=True)
        if invitation.accepted_at:
            return await _accepted_just_now(session, invitation)
        email = invitation.email or ""
        await store.one_at_a_time(session, f"address {rules.email_key(email)}")
        member = await store.member_with_email(session, rules.email_key(email))
        if member is None:
            member = membership.unconfirmed(draft, email, now)
            session.add(member)
            await session.flush()
        person = await store.member(session, member.member_id, for_change=True)
        if not await persons.opens_the_door(session, member):
            raise rules.SignInLinkInvalid
        if joins := rules.joins(MemberStatus(person.status), blocked=person.blocked_at is not None):
            member.verified_at = now
            await membership.confirm(session, person, _details(draft, now), now)
            say(session, MemberWelcomed(member_id=person.member_id, version=person.version, by="invitation"))
        elif person.status != MemberStatus.ACTIVE:
            raise rules.SignInLinkInvalid
        await _appoint(session, invitation, person, now)
        invitation.accepted_at, invitation.member_id = now, member.member_id
        await invitations.close(session, invitation)
        return Reply({"member_id": member.member_id, "again": False}) if joins else Reply(status=204)

    return await command(accept_it)


async def _accepted_just_now(session: AsyncSession, invitation: Invitation) -> Reply:
    """The same answer once more, unless they were kept out meanwhile."""
    member_id = invitation.member_id or ""
    person = await persons.find(session, member_id)
    if person is None or person.status != MemberStatus.ACTIVE:
        raise rules.SignInLinkInvalid
    joined_by_it = person.joined_at == invitation.accepted_at
    return Reply({"member_id": member_id, "again": True}) if joined_by_it else Reply(status=204)


async def _inviter(session: AsyncSession, invitation: Invitation) -> Member | None:
    """Who invites, for as long as they take part."""
    found = await persons.find(session, invitation.invited_by)
    return found if found and found.status == MemberStatus.ACTIVE else None


def _appoints(invitation: Invitation, inviter: Member | None) -> bool:
    """Whether an invitation makes an ambassador: only while who sent it is of the node's team."""
    return invitation.scope is not None and inviter is not None and inviter.node_team


async def _appoint(session: AsyncSession, invitation: Invitation, person: Member, now: datetime) -> None:
    """As the node's team wanted it. A scope counts for who is no ambassador yet."""
    inviter = await _inviter(session, invitation)
    if not inviter or not _appoints(invitation, inviter) or await store.ambassador(session, person.member_id):
        return
    await appointed(session, person, ScopeDraft.model_validate(invitation.scope), now)
    by = Identity(member_id=inviter.member_id, roles=frozenset({Role.NODE_TEAM.value}))
    note_deed(session, "members", by, Deed.AMBASSADOR_APPOINTED, now, whose=[person.member_id])


def _details(draft: AcceptDraft, now: datetime) -> dict[str, Any]:
    filled_in = draft.model_dump(mode="json", exclude={"token", "consent"})
    return filled_in | {"terms_version": rules.TERMS_VERSION, "consented_at": now.isoformat()}
