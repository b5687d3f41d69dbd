"""The routes of initiatives, and of the introductions that they start from."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from chassis import Command, IfMatch, MaybeIfMatch, Page, Paging, ReadSession
from services.requests.calls import Call
from services.requests.initiatives import rules, steps, store
from services.requests.initiatives.inputs import Change, Ending, InitiativeDraft, NoteDraft
from services.requests.initiatives.views import (
    InitiativeView,
    InitiativeWithNotes,
    IntroductionView,
    NoteView,
    introduction_view,
    view_of,
    with_notes,
)

initiatives = APIRouter(prefix="/v1/initiatives", tags=["initiatives"])
introductions = APIRouter(prefix="/v1/introductions", tags=["initiatives"])
routers = (initiatives, introductions)

Id = Annotated[str, Path(max_length=128)]


@introductions.get("/{match_id}", response_model=IntroductionView)
async def show_introduction(match_id: Id, call: Call, session: ReadSession) -> IntroductionView:
    """What is suggested to one of the two who were introduced, for what they may do together."""
    known = await store.introduction_of(session, match_id)
    side = store.side_of(known, call.who) if known else None
    if known is None or side is None:
        raise rules.IntroductionNotFound
    return introduction_view(known, side, is_started=await store.is_started(session, match_id))


@initiatives.post("", status_code=201, response_model=InitiativeView)
async def start_initiative(draft: InitiativeDraft, call: Call, command: Command) -> Response:
    """One of two people who were introduced starts something that they do together."""
    return await command(lambda session: steps.start(session, draft, call))


@initiatives.get("", response_model=Page[InitiativeView])
async def list_initiatives(
    call: Call, session: ReadSession, paging: Paging, mine: bool = False
) -> Page[InitiativeView]:
    """The caller's own; ambassadors also those of their people, and the node's team all. Newest introduction first."""
    found = await store.page(session, call.who, paging, mine=mine)
    return Page.of([view_of(known, one, call.who) for known, one in found], paging, key=lambda view: view.initiative_id)


@initiatives.get("/{initiative_id}", response_model=InitiativeWithNotes)
async def show_initiative(
    initiative_id: Id, call: Call, session: ReadSession, response: Response
) -> InitiativeWithNotes:
    """One initiative, and what was noted in it."""
    known, initiative = await store.seen(session, initiative_id, call.who)
    response.headers["ETag"] = f'"{initiative.edition}"'
    return with_notes(view_of(known, initiative, call.who), await store.notes(session, initiative_id))


@initiatives.post("/{initiative_id}/notes", status_code=201, response_model=NoteView)
async def note_in_initiative(initiative_id: Id, draft: NoteDraft, call: Call, command: Command) -> Response:
    """One of the two notes what happened."""
    return await command(lambda session: steps.note(session, initiative_id, draft, call))


@initiatives.put("/{initiative_id}", response_model=InitiativeView)
async def change_initiative(
    initiative_id: Id, change: Change, call: Call, expected: IfMatch, command: Command
) -> Response:
    """One of the two gives it another title or other days, while it goes on."""
    return await command(lambda session: steps.change(session, initiative_id, change, expected, call))


@initiatives.post("/{initiative_id}/end", response_model=InitiativeView)
async def end_initiative(
    initiative_id: Id, ending: Ending, call: Call, expected: MaybeIfMatch, command: Command
) -> Response:
    """One of the two tells how it ended."""
    return await command(lambda session: steps.end(session, initiative_id, ending, expected, call))
