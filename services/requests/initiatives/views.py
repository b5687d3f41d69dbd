"""What is answered of initiatives."""

from collections.abc import Sequence
from datetime import date, datetime

from pydantic import BaseModel, Field

from chassis import Identity
from contracts.members import Place
from contracts.vocabulary import InitiativeStatus, Kind, Side, StoppedBecause, Theme
from services.requests.initiatives.store import side_of
from services.requests.initiatives.tables import Initiative, Introduction, Note


class IntroductionView(BaseModel):
    """From what an initiative can be started, and what is suggested for it."""

    match_id: str
    title: str
    kind: Kind
    themes: tuple[Theme, ...]
    other_organisation: str
    introduced_at: datetime
    is_started: bool = Field(description="Whether either of the two started an initiative from it.")


class PartyView(BaseModel):
    """A side of it."""

    organisation_name: str
    node_name: str | None = Field(description="What the other node is called that it is of; none: this one.")


class NoteView(BaseModel):
    """What a side noted."""

    note_id: str
    initiative_id: str
    side: Side
    happened_on: date
    text: str
    noted_at: datetime


class InitiativeView(BaseModel):
    """What two people do together."""

    initiative_id: str
    version: int = Field(description="As in the ETag: to be sent along with a change.")
    status: InitiativeStatus
    title: str | None = Field(description="None: who wrote it was erased.")
    text: str | None
    kind: Kind
    themes: tuple[Theme, ...]
    place: Place
    starts_on: date | None
    ends_on: date | None
    request: PartyView = Field(description="The side that asked.")
    offer: PartyView = Field(description="The side that offered.")
    my_side: Side | None = Field(description="None for who only reads.")
    started_by: Side
    started_at: datetime
    noted_at: datetime | None
    ended_by: Side | None
    ended_at: datetime | None
    because: StoppedBecause | None
    because_words: str | None
    outcome: str | None
    students: int | None
    may_be_told: bool
    erased: tuple[Side, ...]


class InitiativeWithNotes(InitiativeView):
    """The same, and what was noted: the last day first."""

    notes: tuple[NoteView, ...]


def introduction_view(known: Introduction, side: Side, *, is_started: bool) -> IntroductionView:
    """As the member on a side sees it."""
    other = Side.OFFER if side is Side.REQUEST else Side.REQUEST
    names = ("match_id", "title", "kind", "themes", "introduced_at")
    shown = {name: getattr(known, name) for name in names}
    return IntroductionView(**shown, other_organisation=known.organisation_of(other), is_started=is_started)


def view_of(known: Introduction, initiative: Initiative, who: Identity) -> InitiativeView:
    """As somebody sees it."""
    of_both = {"request", "offer", "my_side", "version"}
    told = {name: getattr(initiative, name) for name in InitiativeView.model_fields if name not in of_both}
    return InitiativeView(
        **told,
        version=initiative.edition,
        request=PartyView.model_validate(known.request_party),
        offer=PartyView.model_validate(known.offer_party),
        my_side=side_of(known, who),
    )


def with_notes(view: InitiativeView, notes: Sequence[Note]) -> InitiativeWithNotes:
    """The same, with what was noted."""
    shown = tuple(NoteView.model_validate(note.told()) for note in notes)
    return InitiativeWithNotes(**dict(view), notes=shown)
