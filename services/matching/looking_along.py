"""The route that looks along with somebody who is still writing a question: which offers may answer it already.

Offers are found and weighed as they are for a request that was placed, and nothing is kept of what was asked.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import AtMost, Identity, LongText, Now, PlaceDraft, ReadSession, ShortText, SignedIn
from contracts.event import new_id
from contracts.vocabulary import Kind, Language, Side, Skill, Status, Theme
from contracts.words import reasons_in_words
from services.matching import models, one_person, rules, weighing
from services.matching.calls import InLanguage
from services.matching.candidates import candidates_for
from services.matching.choosing import Busy
from services.matching.looking_after import looked_after
from services.matching.meanings import Meaning, Read, read_meanings
from services.matching.pairs import Pair, Proposition
from services.matching.propositions import Known
from services.matching.store import ask
from services.matching.suggesting import language_of, themes_of
from services.matching.suggestions import Written
from services.matching.terms import terms_of
from services.matching.turns import look_far
from services.matching.voices import voice_of

router = APIRouter(prefix="/v1/suggestions", tags=["suggestions"])

SHOWN_MAX = 5

#: Where no model compares meanings, so much of what the words tell has to be in common: 1 is a rare word or two.
SHARED_MIN = 0.3

#: Who did not choose yet may be helped by what answers any of these: together they are answered by every kind.
KINDS_LOOKED_FOR = (Kind.EXPERTISE, Kind.INTERNSHIP, Kind.EQUIPMENT)


class Question(Written):
    """What somebody has written so far of a question."""

    text: LongText
    kind: Kind | None = Field(default=None, description="None: whatever may help.")
    place: PlaceDraft | None = Field(default=None, description="None: distance does not count.")
    request_id: Annotated[ShortText, AtMost(128)] | None = Field(
        default=None, description="A request that the caller looks after: what its asker offers is left out."
    )


class Answering(BaseModel):
    """An offer that may answer it, without who offers it."""

    offer_id: str
    kind: Kind
    title: str
    text: str
    language: Language
    themes: tuple[Theme, ...]
    organisation_name: str
    place_name: str
    region: str | None = Field(
        description="What the region is called that it comes from, where that is another: it has no page here."
    )
    reasons: Annotated[tuple[str, ...], Field(description="Why, in the reader's language; the first counts most.")]


@dataclass(frozen=True, slots=True)
class _Told:
    """The question as `read_meanings` reads what is placed."""

    request_id: str
    title: str
    text: str
    language: Language
    skills: tuple[Skill, ...] = ()
    status: Status = Status.OPEN

    @property
    def entity_id(self) -> str:
        """Of nothing that is kept."""
        return self.request_id


@router.post("/offers")
async def look_along(
    question: Question,
    who: SignedIn,
    session: ReadSession,
    now: Now,
    request: Request,
    language: InLanguage = Language.DUTCH,
) -> list[Answering]:
    """The open offers of others that fit what somebody has written so far, the best first. Nothing is kept."""
    # In threads: a long text takes a while to read, and the rest of the service goes on.
    told = await asyncio.to_thread(_told, question)
    [read] = await read_meanings([told], request.app.state.service)
    await look_far(session)
    not_of = await _not_of(session, who, question.request_id)
    asked = await asyncio.to_thread(_known, question, told, who.member_id, now, await _meaning(session, read))
    found: dict[str, rules.Proposal] = {}
    weights = await weighing.weights_in_use(session)
    for kind in (question.kind,) if question.kind else KINDS_LOOKED_FOR:
        known = replace(asked, proposition=replace(asked.proposition, kind=kind))
        pairs, _ = await candidates_for(session, known, now=now, most=SHOWN_MAX)
        others = [pair for pair in pairs if pair.offer.node is not None or pair.offer.member_id not in not_of]
        wanted = [
            _as_far_as_asked(pair, question) for pair in others if pair.similarity or pair.in_common >= SHARED_MIN
        ]
        found |= {one.pair.offer.id: one for one in rules.fitting(wanted, now, weights)}
    best = sorted(found.values(), key=lambda one: (-one.fit.score, one.pair.offer.id))[:SHOWN_MAX]
    texts = await _texts(session, [one.pair.offer.id for one in best])
    return [_shown(one, texts, language) for one in best]


async def _not_of(session: AsyncSession, who: Identity, request_id: str | None) -> set[str]:
    """Of whom no offer is shown, by all that they are known as: nobody is helped by what they offer themselves."""
    if request_id is None:
        return set(who.references)
    known = await looked_after(session, request_id, who)
    return {*who.references, *await one_person.references_of(session, known.proposition.member_id)}


def _told(question: Question) -> _Told:
    title = question.title or ""
    return _Told(new_id(), title, question.text, language_of(title, question.text))


def _known(question: Question, told: _Told, member_id: str, now: datetime, meaning: Meaning | None) -> Known:
    """The question as a request that was placed a moment ago, by nobody's organisation; of any kind, when none is."""
    place = question.place.found() if question.place else None
    terms = terms_of(told.title, told.text, told.language)
    proposition = Proposition(
        side=Side.REQUEST,
        id=told.request_id,
        member_id=member_id,
        organisation_id="",
        kind=question.kind or KINDS_LOOKED_FOR[0],
        themes=themes_of(told.title, told.text, told.language),
        language=told.language,
        place_name=place.name if place else "",
        province=place.province if place else "",
        latitude=place.latitude if place else 52.1,
        longitude=place.longitude if place else 5.3,
        status=Status.OPEN,
        expires_at=now + timedelta(days=1),
        title=told.title,
        voice=voice_of(told.title, told.text),
    )
    weights = {term: one.weight for term, one in terms.wanted.items()}
    return Known(proposition, told.text, weights, tuple(terms.unwanted), meaning, True, Busy())


def _as_far_as_asked(pair: Pair, question: Question) -> Pair:
    """What somebody did not say yet is no reason against an offer: a kind, a place, or themes that their text tells."""
    request, offer = pair.request, pair.offer
    if not question.kind:
        request = replace(request, kind=offer.kind)
    if not question.place:
        request = replace(request, latitude=offer.latitude, longitude=offer.longitude)
    if not request.themes:
        request = replace(request, themes=offer.themes)
    return replace(pair, request=request)


_TEXTS = text("SELECT proposition_id, text FROM proposition WHERE proposition_id = ANY(:ids)")


async def _meaning(session: AsyncSession, read: Read | None) -> Meaning | None:
    if read is None:
        return None
    return Meaning(read.model_id, (await models.get(session, read.model_id)).dimensions, read.vector)


async def _texts(session: AsyncSession, offer_ids: list[str]) -> dict[str, str]:
    return {row.proposition_id: row.text for row in (await ask(session, _TEXTS, {"ids": offer_ids})).all()}


def _shown(one: rules.Proposal, texts: dict[str, str], language: Language) -> Answering:
    offer = one.pair.offer
    return Answering(
        offer_id=offer.id,
        kind=offer.kind,
        title=offer.title,
        text=texts.get(offer.id, ""),
        language=offer.language,
        themes=offer.themes,
        organisation_name=offer.organisation_name or offer.place_name,
        place_name=offer.place_name,
        region=offer.node_name or offer.node,
        reasons=reasons_in_words(one.fit.reasons, language),
    )
