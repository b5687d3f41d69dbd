"""Signing in, for the gateway alone: a link is asked for, a token is shown, an identity is looked up."""

from fastapi import APIRouter, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Command, FromGateway, Now, ReadSession, Reply
from chassis.identity import ORGANISATIONS_MAX
from services.members import membership, persons, rules, store, views
from services.members.inputs import LinkAsked, TokenShown
from services.members.leading import scope_of
from services.members.links import link_followed, mail_link
from services.members.rules import MemberStatus
from services.members.settings import OwnSettings
from services.members.views import IdentityView, JoinReceived

router = APIRouter(prefix="/internal", include_in_schema=False)


@router.post("/sign-in-links", status_code=202)
async def ask_link(asked: LinkAsked, _: FromGateway, now: Now, settings: OwnSettings, command: Command) -> Response:
    """A link is mailed to whoever has this address here; the answer does not tell whether somebody has."""

    async def mail_it(session: AsyncSession) -> Reply:
        member = await store.member_with_email(session, rules.email_key(asked.email))
        if member is not None and member.status != MemberStatus.LEFT:
            unconfirmed = member.status == MemberStatus.UNCONFIRMED
            newest = await store.newest_link(session, member.member_id) if unconfirmed else None
            joining = newest.joining if newest else None
            links_max, opens = settings.sign_in_links_per_hour_max, await persons.opens_the_door(session, member)
            await mail_link(session, member, now, links_max=links_max, joining=joining, mailed=opens)
        return Reply(JoinReceived(), status=202)

    return await command(mail_it)


@router.post("/sign-ins")
async def sign_in(shown: TokenShown, _: FromGateway, now: Now, command: Command) -> Response:
    """Somebody follows the link that they were mailed; the first one they are mailed makes them a member.

    Who has two memberships is told under which of them they came in: that stays theirs when the two are parted.
    `again` is of who presses twice.
    """

    async def follow(session: AsyncSession) -> Reply:
        link, member, again = await link_followed(session, shown.token, now)
        person = await store.member(session, member.member_id, for_change=True)
        if link.new_email is None and not await persons.opens_the_door(session, member):
            raise rules.SignInLinkInvalid  # they were merged since it was mailed
        mailed_to = await persons.address_of(session, person)
        member.verified_at = now
        if link.joining is not None and rules.joins(MemberStatus(person.status), blocked=person.blocked_at is not None):
            await membership.confirm(session, person, link.joining, now)
        elif person.status != MemberStatus.ACTIVE:
            raise rules.SignInLinkInvalid
        elif link.new_email is not None:
            if not again:
                await membership.take_address(session, member, link)
        elif mailed_to != await persons.address_of(session, person):
            await membership.changed(session, person)
        return Reply({"member_id": member.member_id, "again": again})

    return await command(follow)


@router.post("/proven-sign-ins")
async def sign_in_proven(asked: LinkAsked, _: FromGateway, now: Now, command: Command) -> Response:
    """Somebody proved elsewhere that this address is theirs: the same as following a link that was mailed to it.

    Only for who is a member: what was filled in to join counts for who follows that very link.
    """

    async def let_in(session: AsyncSession) -> Reply:
        found = await store.member_with_email(session, rules.email_key(asked.email))
        if found is None or not await persons.opens_the_door(session, found):
            raise rules.MemberNotFound
        member = await persons.membership(session, found.member_id, for_change=True)
        person = await store.member(session, found.member_id, for_change=True)
        if member is None or person.status != MemberStatus.ACTIVE:
            raise rules.MemberNotFound
        mailed_to = await persons.address_of(session, person)
        member.verified_at = now
        if mailed_to != await persons.address_of(session, person):
            await membership.changed(session, person)
        return Reply({"member_id": member.member_id})

    return await command(let_in)


@router.get("/identities/{member_id}", response_model=IdentityView)
async def show_identity(member_id: str, _: FromGateway, session: ReadSession) -> IdentityView:
    """Who a member is now, and what they may do; nobody is found once they have left.

    Of who belonged to more organisations before that was bounded, the first count.
    """
    member = await store.active_member(session, member_id)
    own_id, *also = await persons.references_of(session, member.member_id)
    ambassador = await store.ambassador(session, own_id)
    belonging = await store.organisations_of(session, own_id)
    return IdentityView(
        member_id=own_id,
        also=tuple(also),
        roles=views.roles(member, ambassador),
        scope=await scope_of(session, ambassador) if ambassador else None,
        organisation_ids=tuple(o.organisation_id for _, o in belonging[:ORGANISATIONS_MAX]),
    )
