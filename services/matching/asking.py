"""A member who may have the answer is shown a request, with a note; with a yes their offer is put next to it."""

from contextlib import suppress
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import RowMapping, text
from sqlmodel import Field
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Identity, say
from contracts.deeds import Deed
from contracts.desk import HelpAnswered, HelpAsked
from contracts.event import new_id
from contracts.vocabulary import Side
from services.matching import answering, by_hand, desk_rules, doing, one_person, people, propositions, routing
from services.matching.desk_rules import (
    AnsweredBefore,
    AskedByAnother,
    AskedEnough,
    AskNotFound,
    CannotBeAsked,
    CannotBeBroughtTogether,
    MatchedBefore,
    NotAnOffer,
    RequestNotYours,
)
from services.matching.escalating import RequestNotOpen
from services.matching.match import RUNNING, State
from services.matching.pairs import Proposition
from services.matching.propositions import Known
from services.matching.settings import MatchingSettings
from services.matching.store import Table, ask
from services.matching.turns import take_turn


class HelpAskRow(Table, table=True):
    """That a member was shown a request, and what they said; with a yes, by which offer they help."""

    __tablename__ = "help_ask"
    __table_args__ = (
        sa.UniqueConstraint("request_id", "member_id", name="uq_help_ask_request_id"),
        sa.ForeignKeyConstraint(["request_id"], ["proposition.proposition_id"], ondelete="CASCADE"),
    )

    ask_id: str = Field(primary_key=True, sa_type=sa.Text)
    request_id: str = Field(sa_type=sa.Text)
    member_id: str = Field(sa_type=sa.Text, index=True)
    asked_by: str = Field(sa_type=sa.Text, index=True)
    note: str | None = Field(default=None, sa_type=sa.Text)
    asked_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    answered_at: datetime | None = Field(default=None, sa_type=sa.DateTime(timezone=True))
    accepted: bool | None = None
    offer_id: str | None = Field(default=None, sa_type=sa.Text, index=True)


_ONE = text("SELECT * FROM help_ask WHERE ask_id = :ask_id")
_OF_REQUEST = text("SELECT * FROM help_ask WHERE request_id = :request_id ORDER BY asked_at, ask_id")
_WAITING = text(
    f"""
    SELECT {propositions.COLUMNS}, a.ask_id, a.note, a.asked_by, a.asked_at, a.accepted, a.offer_id
    FROM help_ask a JOIN proposition p ON p.proposition_id = a.request_id
    WHERE a.member_id = ANY(CAST(:me AS text[])) AND a.answered_at IS NULL
      AND p.status = 'open' AND p.expires_at > CAST(:now AS timestamptz)
    ORDER BY a.asked_at, a.ask_id LIMIT 100
    """
)
_PROMISED = text(
    """
    SELECT * FROM help_ask WHERE (offer_id = :proposition_id OR request_id = :proposition_id)
        AND accepted AND offer_id IS NOT NULL
    ORDER BY ask_id
    """
)
_KEEP = text(
    """
    INSERT INTO help_ask (ask_id, request_id, member_id, asked_by, note, asked_at)
    VALUES (:ask_id, :request_id, :member_id, :asked_by, :note, :now)
    """
)
_ANSWER = text(
    "UPDATE help_ask SET answered_at = :now, accepted = :accepted, offer_id = :offer_id WHERE ask_id = :ask_id"
)


async def ask_member(
    session: AsyncSession, who: Identity, request: Proposition, member_id: str, note: str | None, now: datetime
) -> RowMapping:
    """Shows a request to a member; who was asked before is not asked again: `AskedByAnother` where that was another.

    The caller has the turn.
    """
    before, theirs = await of_request(session, request.id), await one_person.references_of(session, member_id)
    if known := next((one for one in before if one["member_id"] in theirs), None):
        if known["asked_by"] not in who.references:
            raise AskedByAnother
        return known
    if len(before) >= desk_rules.ASKED_MAX:
        raise AskedEnough
    if request.member_id in theirs or await people.is_forgotten(session, member_id, None):
        raise CannotBeAsked
    ids = {"ask_id": new_id(), "request_id": request.id, "member_id": member_id, "asked_by": who.member_id}
    await ask(session, _KEEP, ids | {"note": note, "now": now})
    about = {"title": request.title, "asker_id": request.member_id, "request_version": request.version}
    say(session, HelpAsked(**ids, **about))
    doing.note_on_request(session, who, Deed.HELP_ASKED, request, now, member_id)
    return await _row(session, ids["ask_id"])


async def of_request(session: AsyncSession, request_id: str) -> list[RowMapping]:
    """Who was shown a request, the first one first."""
    return list((await ask(session, _OF_REQUEST, {"request_id": request_id})).mappings())


async def waiting_for(session: AsyncSession, who: Identity, now: datetime) -> list[RowMapping]:
    """What a member was shown and has not answered, as long as it is open, the oldest first: each with its request."""
    return list((await ask(session, _WAITING, {"me": list(who.references), "now": now})).mappings())


async def asked_of(session: AsyncSession, who: Identity, ask_id: str) -> tuple[RowMapping, Known]:
    """What a member was shown, and the request as it is now; raises `AskNotFound` for everybody else."""
    row = (await ask(session, _ONE, {"ask_id": ask_id})).mappings().one_or_none()
    if row is None or row["member_id"] not in who.references:
        raise AskNotFound
    known = await propositions.get(session, row["request_id"])
    if known is None:
        raise AskNotFound
    return row, known


async def answer(
    session: AsyncSession,
    who: Identity,
    ask_id: str,
    now: datetime,
    settings: MatchingSettings,
    *,
    accepted: bool,
    offer_id: str | None,
) -> RowMapping:
    """A member says that they can help, with an offer of theirs as soon as they have one; or that they cannot.

    A yes that nobody can be asked about is refused: `RequestNotOpen`, and what is raised for the offer by `_help`.
    """
    await take_turn(session)
    row, known = await asked_of(session, who, ask_id)
    if row["answered_at"] and row["accepted"] is not accepted:
        raise AnsweredBefore
    if row["answered_at"] and row["offer_id"] == offer_id:
        return row
    if accepted and not known.proposition.is_open(now):
        raise RequestNotOpen
    offer = await propositions.get(session, offer_id) if offer_id else None
    if offer and (offer.proposition.side is not Side.OFFER or offer.proposition.member_id not in who.references):
        raise NotAnOffer
    if not row["answered_at"]:
        told = {name: row[name] for name in ("ask_id", "request_id", "member_id")}
        asked, who_looks = known.proposition, await _who_looks(session, row, known.proposition, now)
        told |= {"asked_by": next(iter(who_looks), ""), "title": asked.title, "asker_id": asked.member_id}
        say(session, HelpAnswered(**told, accepted=accepted))
    await ask(session, _ANSWER, {"ask_id": ask_id, "accepted": accepted, "offer_id": offer_id, "now": now})
    row = await _row(session, ask_id)
    if offer:
        await _help(session, row, now, settings)
    return row


async def help_as_promised(
    session: AsyncSession, proposition_id: str, now: datetime, settings: MatchingSettings
) -> None:
    """An offer is here (again) that somebody said they would help with, or a request that they would help."""
    for row in list((await ask(session, _PROMISED, {"proposition_id": proposition_id})).mappings()):
        offer_id, theirs = row["offer_id"], await one_person.references_of(session, row["member_id"])
        offer = await propositions.get(session, offer_id)
        if offer is None or offer.proposition.member_id not in theirs:
            continue
        before = await by_hand.of_pair(session, row["request_id"], offer_id)
        if before is None or before.state in RUNNING:  # who did not answer is not asked anew with every change
            with suppress(RequestNotYours, NotAnOffer, CannotBeBroughtTogether):  # nobody is here to be told
                await _help(session, row, now, settings)


async def _help(session: AsyncSession, row: RowMapping, now: datetime, settings: MatchingSettings) -> None:
    """Who asks is asked whether they want to meet; who helps said yes already.

    Raises `RequestNotYours` and `NotAnOffer` for what is not open, `CannotBeBroughtTogether` when who was asked turns
    out to be who asks, and `MatchedBefore`, also for two who met.
    """
    known = await propositions.get(session, row["request_id"])
    if known is None:
        raise RequestNotYours
    who_looks = await _who_looks(session, row, known.proposition, now)
    match = await by_hand.bring_together(session, row["request_id"], row["offer_id"], who_looks, now, settings)
    if match.state is State.INTRODUCED:
        raise MatchedBefore
    if match.state is State.ENDORSED and match.answer_of(Side.OFFER) is None:
        await answering.give(session, match, Side.OFFER, accepted=True, because=None, now=now)


async def _who_looks(session: AsyncSession, row: RowMapping, request: Proposition, now: datetime) -> tuple[str, ...]:
    """Who asked for help; where they stood down or left since, who would look after the request now, if anybody."""
    asked_by: str = row["asked_by"]
    if await people.may_look(session, *await one_person.references_of(session, asked_by)):
        return (asked_by,)
    ambassadors, team = await people.who_may_look(session, [request], now)
    known_as = await one_person.known_as(session, [request.member_id])
    helper = await one_person.references_of(session, row["member_id"])
    known_as[request.member_id] |= helper
    return routing.choose_ambassador(request, request, ambassadors, team, known_as)


async def _row(session: AsyncSession, ask_id: str) -> RowMapping:
    row: RowMapping | None = (await ask(session, _ONE, {"ask_id": ask_id})).mappings().one_or_none()
    assert row is not None, "it was written a moment ago"
    return row
