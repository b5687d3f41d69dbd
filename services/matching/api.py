"""The routes of matching: matches, for those who may see them, and the steps that they take with them."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Command, Now, Page, Paging, ReadSession, Reply, SignedIn
from contracts.vocabulary import Language, Role
from services.matching import answering, escalating, explaining, handing_over, judging, showing, steps
from services.matching.calls import Answer, Dismissal, EscalationDraft, HandOver, InLanguage, MatchId, Step
from services.matching.escalating import EscalationView
from services.matching.match import State
from services.matching.patience import answer_by
from services.matching.settings import OwnSettings
from services.matching.turns import take_turn
from services.matching.views import MatchView, match_reply, match_view

router = APIRouter(prefix="/v1/matches", tags=["matches"])
escalations = APIRouter(prefix="/v1/escalations", tags=["escalations"])


@router.get("", response_model=Page[MatchView])
async def list_matches(
    who: SignedIn,
    session: ReadSession,
    paging: Paging,
    state: State | None = None,
    mine: Annotated[bool, Query(description="Only those of which the caller is a side.")] = False,
    awaiting_me: bool = False,
    request_id: Annotated[str | None, Query(max_length=128, description="Only those of this request.")] = None,
    offer_id: Annotated[str | None, Query(max_length=128, description="Only those of this offer.")] = None,
    language: InLanguage = Language.DUTCH,
) -> Page[MatchView]:
    """The caller's matches, the newest first: as a side once they are asked, as an ambassador from the proposal on."""
    of = {name: one for name, one in (("request_id", request_id), ("offer_id", offer_id)) if one is not None}
    found = await showing.page(session, who, paging, mine=mine, awaiting_me=awaiting_me, state=state, of=of)
    views = [match_view(shown, who, language) for shown in found]
    return Page.of(views, paging, key=lambda view: view.match_id)


@router.get("/{match_id}", response_model=MatchView)
async def show_match(
    match_id: MatchId,
    who: SignedIn,
    session: ReadSession,
    response: Response,
    settings: OwnSettings,
    language: InLanguage = Language.DUTCH,
) -> MatchView:
    """One match, with its reasons in words; the node's team also sees what its score was made of."""
    shown = await showing.show(session, match_id)
    steps.must_see(shown.match, who.references, who.roles)
    explanation = await explaining.explain(session, match_id) if who.has(Role.NODE_TEAM) else None
    instead = (await handing_over.asked_by(session, who)).get(match_id) if who.has(Role.AMBASSADOR) else None
    response.headers["ETag"] = f'"{shown.match.version}"'
    return match_view(shown, who, language, explanation, answer_by(shown.match, settings), instead)


@router.post("/{match_id}/endorse", response_model=MatchView)
async def endorse_match(step: Step, command: Command) -> Response:
    """Whoever looks at the match sees a fit: both sides are asked from now on."""

    async def endorse_it(session: AsyncSession) -> Reply:
        return match_reply(await judging.endorse(session, step), step.who, step.language)

    return await command(endorse_it)


@router.post("/{match_id}/dismiss", response_model=MatchView)
async def dismiss_match(step: Step, dismissal: Dismissal, command: Command) -> Response:
    """Whoever looks at the match sees no fit, and says why."""

    async def dismiss_it(session: AsyncSession) -> Reply:
        return match_reply(await judging.dismiss(session, step, dismissal), step.who, step.language)

    return await command(dismiss_it)


@router.post("/{match_id}/hand-over", response_model=MatchView)
async def hand_match_over(step: Step, command: Command, to: HandOver | None = None) -> Response:
    """Somebody else is to look at the match: an ambassador, one of the node's team, or without a name the team."""

    async def hand_it_over(session: AsyncSession) -> Reply:
        return match_reply(await judging.hand_over(session, step, to or HandOver()), step.who, step.language)

    return await command(hand_it_over)


@router.post("/{match_id}/answer", response_model=MatchView)
async def answer_match(step: Step, answer: Answer, command: Command) -> Response:
    """A side says yes or no; the second yes makes the introduction."""

    async def answer_it(session: AsyncSession) -> Reply:
        return match_reply(await answering.answer(session, step, answer), step.who, step.language)

    return await command(answer_it)


@escalations.get("/{request_id}", response_model=EscalationView)
async def show_escalation(
    request_id: Annotated[str, Path(max_length=128)], who: SignedIn, session: ReadSession, now: Now,
    settings: OwnSettings,
) -> EscalationView:  # fmt: skip
    """How far an answer to a request is sought, for who asks and for those who look after it."""
    return await escalating.how_far(session, request_id, who, now, settings)


@escalations.post("", status_code=204)
async def escalate_request(
    draft: EscalationDraft, who: SignedIn, now: Now, settings: OwnSettings, command: Command
) -> Response:
    """An answer to a request is sought in the whole country ('doorzetten'), by an ambassador or the node's team."""

    async def escalate_it(session: AsyncSession) -> Reply:
        await take_turn(session)
        await escalating.escalate_for(session, draft.request_id, who, now, settings)
        return Reply(status=204)

    return await command(escalate_it)
