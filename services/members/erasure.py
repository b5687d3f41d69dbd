"""To be forgotten: everything that members holds of a person is removed, and the others are asked to do the same."""

import secrets
from collections import Counter, defaultdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Command, NodeTeam, Now, ReadSession, Reply, SignedIn, note_deed, say
from contracts.deeds import Deed
from contracts.members import MemberErased
from services.members import erased, persons, store
from services.members.tables import Erasure, Member
from services.members.views import ErasureAsked, ErasurePartView, ErasureView

router = APIRouter(prefix="/v1", tags=["erasure"])


@router.delete("/members/me", status_code=202, response_model=ErasureAsked)
async def erase_me(who: SignedIn, now: Now, command: Command) -> Response:
    """The caller is forgotten; the answer is the key to the report of what was removed."""
    return await command(lambda session: _erase(session, who.member_id, now))


@router.delete("/members/{member_id}", status_code=202, response_model=ErasureAsked)
async def erase_member(member_id: str, who: NodeTeam, now: Now, command: Command) -> Response:
    """Somebody who cannot sign in (any more) asked the node's team to be forgotten."""

    async def erase_them(session: AsyncSession) -> Reply:
        note_deed(session, "members", who, Deed.MEMBER_ERASED, now)  # whose it was is nobody's to keep
        return await _erase(session, member_id, now)

    return await command(erase_them)


@router.get("/erasures/{erasure_id}", response_model=ErasureView)
async def show_erasure(erasure_id: Annotated[str, Path(max_length=128)], session: ReadSession) -> ErasureView:
    """What was removed so far. No sign-in: who was erased has none, and the id is known to nobody else."""
    erasure = await erased.erasure(session, erasure_id)
    references = await erased.erased_with(session, erasure)
    parts = await erased.erasure_parts(session, references)
    removed: dict[str, Counter[str]] = defaultdict(Counter)
    for part in parts:
        removed[part.service].update(part.removed)
    return ErasureView(
        erasure_id=erasure_id,
        asked_at=erasure.asked_at,
        complete=not erased.incomplete(references, parts),
        parts=tuple(ErasurePartView(service=service, removed=dict(what)) for service, what in removed.items()),
    )


async def _erase(session: AsyncSession, member_id: str, now: datetime) -> Reply:
    erasure = await erased.erasure_of(session, member_id)
    if erasure is None:
        person = await store.member(session, member_id, for_change=True)
        if person.node_team:
            await store.check_not_last_of_node_team(session)
        erasure = await erase(session, person, now)
    else:  # asked again, because the answer got lost or nothing came of it: the same key
        await _say_again(session, erasure)
    told_by = erasure.together_with or erasure.erasure_id
    return Reply(ErasureAsked(erasure_id=told_by), status=202, location=f"/v1/erasures/{told_by}")


async def _say_again(session: AsyncSession, erasure: Erasure) -> None:
    """To whoever has not told that it was done, as where somebody threw away what they had heard of it.

    Who has done it finds nothing left. Its version is that of no change: nothing comes after an erasure.
    """
    first = await erased.erasure(session, erasure.together_with or erasure.erasure_id)
    references = await erased.erased_with(session, first)
    for member_id in erased.incomplete(references, await erased.erasure_parts(session, references)):
        say(session, MemberErased(member_id=member_id))


async def erase(session: AsyncSession, person: Member, now: datetime) -> Erasure:
    """Removes a person from the tables, with all their references, and returns the erasure that reports of it.

    Their organisations stay: what we keep of those is not about persons.
    """
    memberships = await persons.memberships_of(session, person)
    first, *others = [await erase_membership(session, one, now) for one in memberships]
    for other in others:
        other.together_with = first.erasure_id
    return first


async def erase_membership(session: AsyncSession, member: Member, now: datetime) -> Erasure:
    """Removes what is under one reference. What led to it then stands on its own, if that is not erased as well."""
    sign_in_ids, removed = await erased.remove_person(session, member.member_id)
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
