"""Joining: whoever asks gets the same answer, and becomes a member by following the link that is mailed."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Command, Now, Reply, say_later
from contracts.members import JoiningLapseDue
from services.members import membership, persons, rules, store
from services.members.erasure import erase
from services.members.inputs import JoinDraft
from services.members.inviting import LAPSES_EARLY
from services.members.links import mail_link
from services.members.rules import MemberStatus, OrganisationExists
from services.members.settings import OwnSettings
from services.members.tables import Member
from services.members.views import JoinReceived

router = APIRouter(prefix="/v1", tags=["members"])


@router.post("/members", status_code=202, response_model=JoinReceived)
async def join(draft: JoinDraft, now: Now, settings: OwnSettings, command: Command) -> Response:
    """Somebody wants to take part. The answer does not tell whether the address is known."""

    async def receive(session: AsyncSession) -> Reply:
        await _check_organisation(session, draft)
        member = await _known_or_new(session, draft, now)
        joins = rules.joins(MemberStatus(member.status), blocked=member.blocked_at is not None)
        if joins:
            say_later(session, JoiningLapseDue(member_id=member.member_id), at=now + rules.UNCONFIRMED_KEPT)
        details = _details(draft, now) if joins else None
        links_max = settings.sign_in_links_per_hour_max
        mailed = member.blocked_at is None and await persons.opens_the_door(session, member)
        await mail_link(session, member, now, links_max=links_max, joining=details, mailed=mailed)
        return Reply(JoinReceived(), status=202)

    return await command(receive)


async def _check_organisation(session: AsyncSession, draft: JoinDraft) -> None:
    if draft.organisation_id:
        await store.organisation(session, draft.organisation_id)
    new = draft.organisation
    if new and (taken_by := await store.organisation_with(session, brin=new.brin, kvk=new.kvk)):
        raise OrganisationExists(organisation_id=taken_by.organisation_id)


async def _known_or_new(session: AsyncSession, draft: JoinDraft, now: datetime) -> Member:
    key = rules.email_key(draft.email)
    await store.one_at_a_time(session, f"address {key}")
    member = await store.member_with_email(session, key)
    if member is None:
        member = membership.unconfirmed(draft, draft.email, now)
        session.add(member)
    if member.status == MemberStatus.UNCONFIRMED:
        member.email = draft.email  # nobody showed that it is theirs as it was written before
    return member


async def lapse(session: AsyncSession, member_id: str, now: datetime) -> None:
    """Of who never followed a link nothing is kept; of who asked to join once more meanwhile, when that lapses."""
    member = await store.find_member(session, member_id)
    if member is None or member.status == MemberStatus.ACTIVE:
        return
    link = await store.newest_link(session, member_id)
    if link and link.joining:  # a link that was asked for since has the details of the joining, and no timer
        asked_at = datetime.fromisoformat(link.joining["consented_at"])
        if now < asked_at + rules.UNCONFIRMED_KEPT - LAPSES_EARLY:
            return
    if member.status == MemberStatus.UNCONFIRMED:
        await erase(session, member, now)
    else:
        await store.drop_links(session, member_id)


def _details(draft: JoinDraft, now: datetime) -> dict[str, Any]:
    """What was filled in, kept with the link: only who follows this very link is a member with these details."""
    filled_in = draft.model_dump(mode="json", exclude={"email", "consent"})
    return filled_in | {"terms_version": rules.TERMS_VERSION, "consented_at": now.isoformat()}
