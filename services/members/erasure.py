"""To be forgotten: everything that members holds of a person is removed, and the others are asked to do the same."""

import secrets
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Command, NodeTeam, Now, ReadSession, Reply, SignedIn, say
from contracts.members import MemberErased
from services.members import rules, store
from services.members.tables import Erasure, Member
from services.members.views import ErasureAsked, ErasurePartView, ErasureView

router = APIRouter(prefix="/v1", tags=["erasure"])


@router.delete("/members/me", status_code=202, response_model=ErasureAsked)
async def erase_me(who: SignedIn, now: Now, command: Command) -> Response:
    """The caller is forgotten; the answer is the key to the report of what was removed."""
    return await command(lambda session: _erase(session, who.member_id, now))


@router.delete("/members/{member_id}", status_code=202, response_model=ErasureAsked)
async def erase_member(member_id: str, _: NodeTeam, now: Now, command: Command) -> Response:
    """Somebody who cannot sign in (any more) asked the node's team to be forgotten."""
    return await command(lambda session: _erase(session, member_id, now))


@router.get("/erasures/{erasure_id}", response_model=ErasureView)
async def show_erasure(erasure_id: Annotated[str, Path(max_length=128)], session: ReadSession) -> ErasureView:
    """What was removed so far. No sign-in: who was erased has none, and the id is known to nobody else."""
    erasure = await store.erasure(session, erasure_id)
    parts = await store.erasure_parts(session, erasure.member_id)
    return ErasureView(
        erasure_id=erasure_id,
        asked_at=erasure.asked_at,
        complete=rules.is_complete({part.service for part in parts}),
        parts=tuple(ErasurePartView(service=part.service, removed=part.removed) for part in parts),
    )


async def _erase(session: AsyncSession, member_id: str, now: datetime) -> Reply:
    erasure = await store.erasure_of(session, member_id)
    if erasure is None:  # asked again because the answer got lost: the same key
        erasure = await erase(session, await store.member(session, member_id, for_change=True), now)
    location = f"/v1/erasures/{erasure.erasure_id}"
    return Reply(ErasureAsked(erasure_id=erasure.erasure_id), status=202, location=location)


async def erase(session: AsyncSession, member: Member, now: datetime) -> Erasure:
    """Removes a person from the tables. Their organisations stay: what we keep of those is not about persons."""
    sign_in_ids, removed = await store.remove_person(session, member.member_id)
    erasure = Erasure(
        erasure_id=secrets.token_urlsafe(24),
        member_id=member.member_id,
        asked_at=now,
        removed=removed,
        sign_in_ids=sign_in_ids,
    )
    session.add(erasure)
    say(session, MemberErased(member_id=member.member_id, version=member.version + 1))
    return erasure
