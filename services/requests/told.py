"""What partner networks tell of what is asked and offered: placed, changed or withdrawn for the member it is of.

A question or an offer of a partner has the id of the partner's record.
"""

from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import FieldErrors, Identity, checked, leads
from contracts.partners import PropositionTold, RecordWithdrawn
from contracts.vocabulary import Side, Status
from services.requests import life, placing, rules, store, telling
from services.requests.calls import ASKING, Asking
from services.requests.inputs import PropositionDraft
from services.requests.rules import Step
from services.requests.settings import RequestsSettings
from services.requests.tables import Lead

_NOT_ITS_WORDS = {"record_id", "version", "partner_id", "network", "known_as", "side", "member_id", "place"}

#: From where what is told again is asked or offered again; what was fulfilled, or withdrawn by its member, stays so.
_STANDS_AGAIN = frozenset({Status.WITHDRAWN, Status.EXPIRED})

#: That somebody is back is heard within this: a network may tell what they ask as soon as it knows.
HEARD_WITHIN = timedelta(seconds=10)


class ReturnNotHeard(Exception):
    """It is told of somebody who left, and that they are back may be heard only a little later."""


async def keep(
    session: AsyncSession, told: PropositionTold, now: datetime, settings: RequestsSettings, *, said_at: datetime
) -> str:
    """Places or changes it; returns its id. Raises `FieldErrors`, `PersonLeft`, or for a while `ReturnNotHeard`."""
    if await store.has_left(session, told.member_id):
        may_be_back = now - said_at < HEARD_WITHIN and not await store.any_erased(session, [told.member_id])
        raise ReturnNotHeard if may_be_back else rules.PersonLeft
    own, stays = told.organisation_id, await leads.stays(session, Lead, told.organisation_id)
    told = told.model_copy(update={"organisation_id": stays})
    who = Identity(member_id=told.member_id, organisation_ids=(stays,))
    call = Asking(who, now, settings)
    draft = _checked(told, call)
    proposition = await store.find(session, told.record_id)
    if proposition is None:
        version = await store.take_lost(session, told.record_id) + 1
        merged = own if own != stays else None
        placing.place_told(session, Side(told.side), draft, call, told.record_id, merged, version=version)
        return told.record_id
    if proposition.member_id != told.member_id:  # who talks with whom, and who is forgotten, goes by that
        raise FieldErrors([("person", "must be whose it was: what is of another has an id of its own")])
    words = {name: getattr(draft, name) for name in PropositionDraft.model_fields if name != "draft"}
    placing.apply(proposition, words)
    proposition.own_organisation_id = own if own != stays else None
    if proposition.status in _STANDS_AGAIN and not proposition.withdrawn_by_member:
        life.move(session, proposition, Step.REOPEN, now, settings)
    else:
        placing.fit_days(proposition, now, settings)
        proposition.version += 1
        telling.changed(session, proposition)
    return told.record_id


async def withdraw(session: AsyncSession, told: RecordWithdrawn, now: datetime, settings: RequestsSettings) -> None:
    """It is not asked or offered any more; what ended already, and is no meeting to come, stays as it is."""
    proposition = await store.find(session, told.known_as)
    if proposition is None:
        return
    if rules.can_take(Status(proposition.status), Step.WITHDRAW, proposition.side, proposition.kind):
        life.move(session, proposition, Step.WITHDRAW, now, settings)


def _checked(told: PropositionTold, call: Asking) -> PropositionDraft:
    words = told.model_dump(mode="json", exclude=_NOT_ITS_WORDS)
    words["place"] = {"name": told.place.name, "province": told.place.province}
    before = ASKING.set(call)
    try:
        return checked(PropositionDraft, words)
    finally:
        ASKING.reset(before)
