"""What the node's team does with a member: keep them out, let them back in, and look up how to reach them.

Each is noted: who did it, and to whom.
"""

from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Command, NodeTeam, Now, Problem, ReadSession, Reply, note_deed, say
from contracts.deeds import Deed
from contracts.welcoming import MemberWelcomed
from services.members import membership, persons, store
from services.members.rules import MemberStatus

router = APIRouter(prefix="/v1/members", tags=["members"])

MemberId = Annotated[str, Path(max_length=128)]


class CannotBlock(
    Problem,
    slug="member-cannot-be-blocked",
    status=409,
    title="Who is of the node's team is not kept out: end that first",
):
    """The team cannot lock itself out by mistake."""


class ContactView(BaseModel):
    """How to reach a member."""

    email: str
    phone: str | None


@router.put("/{member_id}/block", status_code=204)
async def block(member_id: MemberId, who: NodeTeam, now: Now, command: Command) -> Response:
    """A member takes part no more, and cannot come back by themselves. Who is of the team leaves that first."""

    async def block_them(session: AsyncSession) -> Reply:
        member = await store.known_member(session, member_id, for_change=True)
        if member.node_team or member.member_id == who.member_id:
            raise CannotBlock
        if member.blocked_at is None:
            for one in await persons.memberships_of(session, member):
                one.blocked_at, one.had_left = now, one.status == MemberStatus.LEFT
            note_deed(session, "members", who, Deed.MEMBER_BLOCKED, now, whose=[member.member_id])
        if member.status == MemberStatus.ACTIVE:
            await membership.leave(session, member, now)
        return Reply(status=204)

    return await command(block_them)


@router.delete("/{member_id}/block", status_code=204)
async def unblock(member_id: MemberId, who: NodeTeam, now: Now, command: Command) -> Response:
    """A member takes part again, as an ordinary member; nothing happens when they were not kept out.

    Who had left by themselves, or was withdrawn by all networks meanwhile, is let in and takes no part.
    """

    async def unblock_them(session: AsyncSession) -> Reply:
        member = await store.member(session, member_id, for_change=True)
        if member.blocked_at is not None:
            for one in await persons.memberships_of(session, member):
                one.blocked_at = None
                if member.had_left:
                    one.left_at = now  # from now on they can come back
            if not member.had_left:
                await membership.activate(session, member, now)
                say(session, MemberWelcomed(member_id=member.member_id, version=member.version, by="team"))
            note_deed(session, "members", who, Deed.MEMBER_UNBLOCKED, now, whose=[member.member_id])
        return Reply(status=204)

    return await command(unblock_them)


@router.post("/{member_id}/contact-reads")
async def read_contact(
    member_id: MemberId, who: NodeTeam, now: Now, command: Command, session: ReadSession
) -> ContactView:
    """How to reach who takes part or did, for the node's team. A change: it is noted who looked, not what they read."""

    async def note(session: AsyncSession) -> Reply:
        member = await store.known_member(session, member_id)
        note_deed(session, "members", who, Deed.CONTACT_READ, now, whose=[member.member_id])
        return Reply(status=204)

    await command(note)
    member = await store.known_member(session, member_id)
    return ContactView(email=await persons.address_of(session, member), phone=member.phone)
