"""An organisation changes, by the node's team or its ambassadors: whoever mails its people hears its new name."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Response
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Command, IfMatch, Now, Reply, SignedIn, check_version, note_deed, say
from contracts.deeds import Deed
from contracts.members import OrganisationChanged
from services.members import membership, organisations, persons, rules, store
from services.members.inputs import OrganisationChange
from services.members.leading import group_of
from services.members.rules import MemberStatus
from services.members.tables import Affiliation, Member, Organisation
from services.members.views import OrganisationView

router = APIRouter(prefix="/v1", tags=["organisations"])


@router.patch("/organisations/{organisation_id}", response_model=OrganisationView)
async def change_organisation(
    organisation_id: str, change: OrganisationChange, who: SignedIn, expected: IfMatch, now: Now, command: Command
) -> Response:
    """Changes what is given and leaves the rest."""

    async def change_it(session: AsyncSession) -> Reply:
        await organisations.hold_numbers(session, change.brin, change.kvk)
        organisation = await store.organisation(session, organisation_id, for_change=True)
        rules.check_may_change_organisation(who, organisation.organisation_id)
        check_version(expected, organisation.version)
        before = organisation.name
        await organisations.apply(session, organisation, change, now)
        await say_changed(session, organisation, before)
        note_deed(
            session,
            "members",
            who,
            Deed.ORGANISATION_CHANGED,
            now,
            matter="organisation",
            matter_id=organisation.organisation_id,
            title=organisation.name,
        )
        return Reply(OrganisationView.of(organisation), version=organisation.version)

    return await command(change_it)


async def say_changed(session: AsyncSession, organisation: Organisation, before: str) -> None:
    """Tells how an organisation is now; `before` is what it was called."""
    say(session, OrganisationChanged(**organisations.state(organisation)))
    if organisation.name != before:
        await tell_who_belongs(session, await group_of(session, organisation.organisation_id))


async def tell_who_belongs(session: AsyncSession, organisation_ids: list[str]) -> None:
    """Who belongs to these is so of where they lead now, as it is called now."""
    await session.flush()
    theirs = select(Affiliation.member_id).where(col(Affiliation.organisation_id).in_(organisation_ids))
    of_them = select(persons.leads_to).where(col(Member.member_id).in_(theirs))
    for member in await locked(session, of_them, Member.status == MemberStatus.ACTIVE):
        await membership.changed(session, member)


async def locked(session: AsyncSession, member_ids: Any, *which: Any) -> Sequence[Member]:
    """Members as they stand now: somebody may change one of them at this moment, whose version counts that too."""
    query = select(Member).where(col(Member.member_id).in_(member_ids), *which).order_by(Member.member_id)
    return (await session.exec(query.with_for_update().execution_options(populate_existing=True))).all()
