"""What matching answers: a match as its reader may see it. Nobody's name, address or reference is in it."""

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, Field

from chassis import Identity, Reply
from contracts.matching import Party, Wording
from contracts.members import Place
from contracts.vocabulary import Kind, Language, Side, Theme
from contracts.words import asked_about_in_words, reasons_in_words
from services.matching.match import Awaited, Because, Lapse, Match, State
from services.matching.showing import Shown


class ReasonView(BaseModel):
    """Why the two may fit."""

    code: str
    value: str
    weight: float = Field(description="The part of the score that it brought.")
    words: str = Field(description="The reason as a short phrase with how much it counted, in the reader's language.")


class SideView(BaseModel):
    """What a side asks or offers, without who that is."""

    kind: Kind
    title: str
    text: str
    themes: tuple[Theme, ...]
    language: Language
    place: Place
    organisation_name: str
    region: str | None = Field(description="What the region is called that it comes from, where that is another.")
    starts_on: date | None
    ends_on: date | None
    mbo_level: int | None


class RequestSideView(SideView):
    """The request."""

    request_id: str


class OfferSideView(SideView):
    """The offer."""

    offer_id: str


class SignalView(BaseModel):
    """One thing that was compared."""

    name: str
    strength: float = Field(description="How strong it was when the match was proposed, 0 to 1.")
    weight: float = Field(description="How much it counts in this version of the weights; a negative one takes off.")
    part: float = Field(description="The part of the score that it brought; 0 for what took off.")


class ExplanationView(BaseModel):
    """What a match was proposed on, exactly."""

    weights_version: int = Field(description="As `./odh matching weights` lists them.")
    score_min: float = Field(description="From this score on a pair is proposed.")
    signals: tuple[SignalView, ...] = Field(description="The one that brought most first.")


class MatchView(BaseModel):
    """A match, as one of its readers sees it."""

    match_id: str
    state: State
    version: int
    score: float = Field(description="How well the two fit, 0 to 1.")
    reasons: tuple[ReasonView, ...] = Field(
        description="The most important one first; before them, without a weight, that somebody asked about the offer."
    )
    request: RequestSideView
    offer: OfferSideView
    my_side: Side | None = Field(description="Which side is the reader's; none for who brings people together.")
    my_answer: bool | None
    waits_for_me: bool
    is_endorsed_here: bool = Field(
        description="Whether our own part of looking at it is done. A proposed match waits for another region then."
    )
    regions_to_look: tuple[str, ...] = Field(description="What the other regions are called that have to look yet.")
    awaiting: tuple[Awaited, ...] = Field(description="Who has to do something now.")
    waiting_since: datetime = Field(description="Since when the match is where it is.")
    lapsed_because: Lapse | None
    declined_because: Because | None = Field(description="For ambassadors, the node's team, and who said so.")
    dismissed_because: Because | None
    note: str | None = Field(
        description="What an ambassador wrote beside a dismissal, or beside a hand-over until somebody has looked; for "
        "ambassadors and the team."
    )
    answer_by: datetime | None = Field(
        description="Until when can be done what the match waits for, where one match is asked for. None: it waits for "
        "nothing, or another node says how long."
    )
    asked_instead: str | None = Field(
        description="Whom the caller asked to look at it instead, and has not answered; where one match is asked for."
    )
    explanation: ExplanationView | None = Field(
        description="What the score was made of, and by which version of the weights; for the node's team, where one "
        "match is asked for. None for a match that is older than this."
    )


def match_view(
    shown: Shown,
    who: Identity,
    language: Language,
    explanation: ExplanationView | None = None,
    answer_by: datetime | None = None,
    asked_instead: str | None = None,
) -> MatchView:
    """A match for somebody who may see it."""
    match = shown.match
    side = match.side_of(who.references)
    answer = match.answer_of(side) if side else None
    looks_on = match.looks_on(who.references, who.roles)
    return MatchView(
        match_id=match.match_id,
        state=match.state,
        version=match.version,
        score=match.score,
        reasons=_reasons(shown, language),
        request=RequestSideView(request_id=match.request_id, **_side(match.request_kind, match.asker, shown.request)),
        offer=OfferSideView(offer_id=match.offer_id, **_side(match.offer_kind, match.offerer, shown.offer)),
        my_side=side,
        my_answer=answer,
        waits_for_me=not set(match.waits_for()).isdisjoint(who.references),
        is_endorsed_here=match.is_endorsed_here(),
        regions_to_look=_regions_to_look(match),
        awaiting=match.awaits(),
        waiting_since=match.waiting_since,
        lapsed_because=match.lapsed_because,
        declined_because=_because(match.declined_because) if looks_on or answer is False else None,
        dismissed_because=_because(match.dismissed_because) if looks_on else None,
        note=shown.note if looks_on else None,
        answer_by=answer_by,
        asked_instead=asked_instead,
        explanation=explanation,
    )


def _regions_to_look(match: Match) -> tuple[str, ...]:
    if match.state is not State.PROPOSED or match.endorsed_at:
        return ()
    looking = (match.party(side) for side in Side if side not in match.endorsed_for)
    return tuple(party.node_name or party.node for party in looking if party.node)


def _reasons(shown: Shown, language: Language) -> tuple[ReasonView, ...]:
    reasons = shown.match.reasons
    told = [
        ReasonView(code=reason.code, value=reason.value, weight=reason.weight, words=words)
        for reason, words in zip(reasons, reasons_in_words(reasons, language), strict=True)
    ]
    if shown.match.asked_about:
        told.insert(0, ReasonView(code="asked-about", value="", weight=0.0, words=asked_about_in_words(language)))
    return tuple(told)


def match_reply(shown: Shown, who: Identity, language: Language) -> Reply:
    """A match as the answer to a step that was taken with it."""
    return Reply(match_view(shown, who, language), version=shown.match.version)


def _side(kind: Kind, party: Party, wording: Wording) -> dict[str, Any]:
    return {
        "kind": kind,
        "title": party.title,
        "text": wording.text,
        "themes": wording.themes,
        "language": wording.language,
        "place": wording.place,
        "organisation_name": party.organisation_name,
        "region": party.node_name,
        "starts_on": wording.starts_on,
        "ends_on": wording.ends_on,
        "mbo_level": wording.mbo_level,
    }


def _because(code: str | None) -> Because | None:
    return Because(code) if code else None
