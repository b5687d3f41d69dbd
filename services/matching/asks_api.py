"""The routes by which others are asked to help with a request, and by which one comes back to it oneself."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import Field
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import (
    Ambassador,
    AtMost,
    Command,
    FieldErrors,
    Input,
    LongText,
    Now,
    ReadSession,
    Reply,
    ShortText,
    SignedIn,
)
from services.matching import asking, desk_rules, following_up, showing, steps
from services.matching.desk_rules import RequestNotYours
from services.matching.desk_views import AskView, FollowUpView, HelpView, ask_view, follow_up_view, help_view
from services.matching.following_up import Matter
from services.matching.looking_after import looked_after
from services.matching.propositions import proposition_of
from services.matching.settings import OwnSettings
from services.matching.turns import take_turn

asks = APIRouter(prefix="/v1/asks", tags=["desk"])
follow_ups = APIRouter(prefix="/v1/follow-ups", tags=["desk"])

Id = Annotated[str, Path(max_length=128)]
OtherId = Annotated[ShortText, AtMost(128)]
Note = Annotated[LongText, AtMost(1000)]


class AskDraft(Input):
    """Whom a request is shown to."""

    request_id: OtherId
    member_id: OtherId
    note: Note | None = Field(default=None, description="Why them, in one's own words; they alone read it.")


class HelpAnswer(Input):
    """Yes or no; with a yes the own offer that helps, now or later."""

    accepted: bool
    offer_id: OtherId | None = None


class FollowUpChange(Input):
    """What one wants to remember, and when."""

    note: Note
    due_on: date


class FollowUpDraft(FollowUpChange):
    """The same, about a request or a match."""

    matter: Matter
    matter_id: OtherId


@asks.post("", status_code=201, response_model=AskView)
async def ask_member(draft: AskDraft, who: Ambassador, now: Now, command: Command) -> Response:
    """A member who may have the answer is shown a request that the caller looks after."""

    async def ask_them(session: AsyncSession) -> Reply:
        await take_turn(session)
        known = await looked_after(session, draft.request_id, who)
        if not known.proposition.is_open(now):
            raise RequestNotYours
        row = await asking.ask_member(session, who, known.proposition, draft.member_id, draft.note, now)
        return Reply(ask_view(row), status=201, location=f"/v1/asks/{row['ask_id']}")

    return await command(ask_them)


@asks.get("", response_model=list[HelpView])
async def list_asks(who: SignedIn, session: ReadSession, now: Now) -> list[HelpView]:
    """What the caller is asked to help with and has not answered, the oldest first."""
    rows = await asking.waiting_for(session, who, now)
    return [help_view(row, proposition_of(row), row["text"], now) for row in rows]


@asks.get("/{ask_id}", response_model=HelpView)
async def show_ask(ask_id: Id, who: SignedIn, session: ReadSession, now: Now) -> HelpView:
    """What the caller is asked to help with."""
    row, known = await asking.asked_of(session, who, ask_id)
    return help_view(row, known.proposition, known.text, now)


@asks.post("/{ask_id}/answer", response_model=HelpView)
async def answer_ask(
    ask_id: Id, given: HelpAnswer, who: SignedIn, now: Now, settings: OwnSettings, command: Command
) -> Response:
    """Who was asked can help, with an offer of theirs; or cannot."""

    async def answer_it(session: AsyncSession) -> Reply:
        offer_id = given.offer_id if given.accepted else None
        await asking.answer(session, who, ask_id, now, settings, accepted=given.accepted, offer_id=offer_id)
        row, known = await asking.asked_of(session, who, ask_id)
        return Reply(help_view(row, known.proposition, known.text, now))

    return await command(answer_it)


@follow_ups.get("", response_model=list[FollowUpView])
async def list_follow_ups(who: Ambassador, session: ReadSession) -> list[FollowUpView]:
    """What the caller wants to come back to, what is due first."""
    return [follow_up_view(row, who) for row in await following_up.mine(session, who)]


@follow_ups.post("", status_code=201, response_model=FollowUpView)
async def note_follow_up(draft: FollowUpDraft, who: Ambassador, now: Now, command: Command) -> Response:
    """A note to oneself, which comes back on a day."""

    _must_be_ahead(draft.due_on, now)

    async def note_it(session: AsyncSession) -> Reply:
        if draft.matter == "request":
            await looked_after(session, draft.matter_id, who)
        else:
            steps.must_see((await showing.show(session, draft.matter_id)).match, who.references, who.roles)
        row = await following_up.note(session, who, draft.matter, draft.matter_id, draft.note, draft.due_on)
        return Reply(follow_up_view(row, who), status=201, location=f"/v1/follow-ups/{row['follow_up_id']}")

    return await command(note_it)


@follow_ups.put("/{follow_up_id}", response_model=FollowUpView)
async def change_follow_up(
    follow_up_id: Id, change: FollowUpChange, who: Ambassador, now: Now, command: Command
) -> Response:
    """Another day, or another note."""
    _must_be_ahead(change.due_on, now)

    async def change_it(session: AsyncSession) -> Reply:
        row = await following_up.change(session, who, follow_up_id, change.note, change.due_on)
        return Reply(follow_up_view(row, who))

    return await command(change_it)


@follow_ups.delete("/{follow_up_id}", status_code=204)
async def finish_follow_up(follow_up_id: Id, who: Ambassador, now: Now, command: Command) -> Response:
    """It is done."""

    async def finish(session: AsyncSession) -> Reply:
        await following_up.finish(session, who, follow_up_id, now)
        return Reply(status=204)

    return await command(finish)


def _must_be_ahead(due_on: date, now: datetime) -> None:
    if not desk_rules.is_ahead(due_on, now):
        raise FieldErrors([("due_on", "must be a day from today on, within two years")])
