"""The routes of a desk: what is new and what waits, who looks instead, and bringing two together by hand."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import Field
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import (
    Ambassador,
    AtMost,
    Command,
    FieldErrors,
    Input,
    Now,
    Page,
    Paging,
    ReadSession,
    Reply,
    ShortText,
)
from chassis.identity import NotAllowed
from chassis.paging import cursor_of
from contracts.deeds import Deed
from contracts.vocabulary import Language, Role
from services.matching import absence, asking, by_hand, desk_rules, doing, handing_over, nearby, showing
from services.matching.calls import InLanguage, Step
from services.matching.desk_views import (
    AbsentView,
    HandOverView,
    NewView,
    RequestDeskView,
    WaitingView,
    ask_view,
    hand_over_view,
    new_view,
    request_match_view,
    words_view,
)
from services.matching.looking_after import looked_after
from services.matching.settings import OwnSettings
from services.matching.store import ask
from services.matching.turns import take_turn
from services.matching.views import MatchView, match_reply, match_view

desk = APIRouter(prefix="/v1/desk", tags=["desk"])
hand_overs = APIRouter(prefix="/v1/hand-overs", tags=["desk"])
matches = APIRouter(prefix="/v1/matches", tags=["matches"])
routers = (desk, hand_overs, matches)

Id = Annotated[str, Path(max_length=128)]
OtherId = Annotated[ShortText, AtMost(128)]


class PairDraft(Input):
    """A request and an offer that somebody sees a fit between."""

    request_id: OtherId
    offer_id: OtherId


class HandOverAnswer(Input):
    """Yes or no."""

    accepted: bool


@desk.get("/new", response_model=Page[NewView])
async def list_new(who: Ambassador, session: ReadSession, paging: Paging, now: Now) -> Page[NewView]:
    """What others asked and offered in the last weeks in the caller's scope, the newest first."""
    found = [new_view(row) for row in await nearby.new(session, who, paging, now)]
    return Page.of(found, paging, key=lambda view: cursor_of(view.opened_at, view.proposition_id))


@desk.get("/open", response_model=Page[NewView])
async def list_open(
    who: Ambassador, session: ReadSession, paging: Paging, now: Now, unanswered: bool = False
) -> Page[NewView]:
    """All requests of others that stand open in the caller's scope, what waits longest first.

    With `unanswered` only those that wait so long that somebody should look at them.
    """
    found = [new_view(row) for row in await nearby.requests_open(session, who, paging, now, unanswered=unanswered)]
    return Page.of(found, paging, key=lambda view: cursor_of(view.opened_at, view.proposition_id))


@desk.get("/waiting", response_model=Page[WaitingView])
async def list_waiting(
    who: Ambassador, session: ReadSession, paging: Paging, asked_instead: bool | None = None,
    language: InLanguage = Language.DUTCH,
) -> Page[WaitingView]:  # fmt: skip
    """The matches that wait for the caller to look at them, the one that waits longest first.

    With `asked_instead` only those of which the caller asked another to look instead, or only the others.
    """
    instead = await handing_over.asked_by(session, who)
    found = await showing.waiting_to_be_looked_at(session, who, paging, asked_instead)
    views = [
        WaitingView(match=match_view(shown, who, language), asked_instead=instead.get(shown.match.match_id))
        for shown in found
    ]
    return Page.of(views, paging, key=lambda view: cursor_of(view.match.waiting_since, view.match.match_id))


class Absence(Input):
    """Until when one is not there."""

    until: date | None = Field(default=None, description="That day too; none: there again.")


@desk.get("/absent", response_model=list[AbsentView])
async def list_absent(who: Ambassador, session: ReadSession, now: Now) -> list[AbsentView]:
    """The ambassadors who are not there today, so that nobody waits for them."""
    return [AbsentView(**row) for row in await absence.absent(session, now)]


@desk.put("/absent", status_code=204)
async def keep_absence(draft: Absence, who: Ambassador, now: Now, command: Command) -> Response:
    """The caller, an ambassador, is not there until a day, or there again: what is new goes to somebody else."""
    if not who.has(Role.AMBASSADOR):
        raise NotAllowed
    if draft.until and not desk_rules.is_ahead(draft.until, now):
        raise FieldErrors([("until", "must be a day from today on, within two years")])

    async def keep_it(session: AsyncSession) -> Reply:
        await absence.keep(session, who, draft.until)
        return Reply(status=204)

    return await command(keep_it)


_MATCHES_OF = text("SELECT match_id FROM match WHERE request_id = :request_id ORDER BY match_id")


@desk.get("/requests/{request_id}", response_model=RequestDeskView)
async def show_desk_request(request_id: Id, who: Ambassador, session: ReadSession, now: Now) -> RequestDeskView:
    """A request that the caller looks after: what was found for it, and who was asked to help."""
    known = await looked_after(session, request_id, who)
    ids = (await ask(session, _MATCHES_OF, {"request_id": request_id})).scalars()
    found = await showing.with_ids(session, ids)
    request = known.proposition
    return RequestDeskView(
        request=words_view(request, known.text, now),
        may_bring_together=await by_hand.may_look_at(session, who, request, request, now),
        is_escalated=request.escalated,
        matches=tuple(request_match_view(found[match_id]) for match_id in sorted(found)),
        asks=tuple(ask_view(row) for row in await asking.of_request(session, request_id)),
    )


@matches.post("", status_code=201, response_model=MatchView)
async def bring_together(
    draft: PairDraft, who: Ambassador, now: Now, settings: OwnSettings, command: Command,
    language: InLanguage = Language.DUTCH,
) -> Response:  # fmt: skip
    """Who looks after a request puts it next to an offer: both sides are asked at once."""

    async def bring(session: AsyncSession) -> Reply:
        await take_turn(session)
        known = await looked_after(session, draft.request_id, who)
        await by_hand.must_be_theirs_to_look_at(session, who, known.proposition, draft.offer_id, now)
        made = await by_hand.bring_together(session, draft.request_id, draft.offer_id, (who.member_id,), now, settings)
        doing.note_on_match(session, who, Deed.MATCH_MADE, made, now)
        reply = match_reply(await showing.show(session, made.match_id), who, language)
        return Reply(reply.body, status=201, version=reply.version, location=f"/v1/matches/{made.match_id}")

    return await command(bring)


@hand_overs.get("", response_model=list[HandOverView])
async def list_hand_overs(
    who: Ambassador, session: ReadSession, language: InLanguage = Language.DUTCH
) -> list[HandOverView]:
    """The matches that others ask the caller to look at instead, the oldest first."""
    return [hand_over_view(row, shown, who, language) for row, shown in await handing_over.asked_of(session, who)]


@hand_overs.post("/{match_id}/answer", status_code=204)
async def answer_hand_over(step: Step, given: HandOverAnswer, _: Ambassador, command: Command) -> Response:
    """Who was asked looks at the match from now on, or does not."""

    async def answer_it(session: AsyncSession) -> Reply:
        await handing_over.answer(session, step, accepted=given.accepted)
        return Reply(status=204)

    return await command(answer_it)


@hand_overs.delete("/{match_id}", status_code=204)
async def take_hand_over_back(match_id: Id, who: Ambassador, now: Now, command: Command) -> Response:
    """Who asked looks at the match themselves after all."""

    async def take_back(session: AsyncSession) -> Reply:
        await handing_over.take_back(session, who, match_id, now)
        return Reply(status=204)

    return await command(take_back)
