"""To ask or to offer something: placed at once or kept as a draft, changed, and as a draft removed again."""

from datetime import date, datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import FieldErrors, Reply, check_version
from contracts.event import new_id
from contracts.vocabulary import Side, Status
from services.requests import rules, store, telling
from services.requests.calls import Asking
from services.requests.inputs import PropositionChange, PropositionDraft, RequestDraft
from services.requests.settings import RequestsSettings
from services.requests.tables import Proposition
from services.requests.views import view_of

_DAYS = frozenset({"starts_on", "ends_on", "expires_on", "kind"})


async def place(session: AsyncSession, side: Side, draft: PropositionDraft, call: Asking) -> Reply:
    """Something is asked or offered from now on; a draft is for its member alone, and nobody hears of it."""
    proposition = _new(side, draft, call, new_id())
    store.place(session, proposition)
    if not draft.draft:
        telling.placed(session, proposition)
    return Reply(
        view_of(proposition, call),
        status=201,
        location=f"/v1/{side}s/{proposition.proposition_id}",
        version=proposition.version,
    )


def place_told(
    session: AsyncSession,
    side: Side,
    draft: PropositionDraft,
    call: Asking,
    proposition_id: str,
    own_organisation_id: str | None = None,
    *,
    version: int = 1,
) -> None:
    """Something is asked or offered from now on that a partner network told, with the id that it gave.

    `own_organisation_id` is the organisation that it was told of, if that one was merged since. `version` is higher
    than what other nodes know of it, if it was lost here.
    """
    proposition = _new(side, draft, call, proposition_id, own_organisation_id, version)
    store.place(session, proposition)
    telling.placed(session, proposition)


async def change(
    session: AsyncSession,
    side: Side,
    proposition_id: str,
    change: PropositionChange,
    expected: int,
    call: Asking,
) -> Reply:
    """Changes what is given and leaves the rest; of something closed too, so that it can be reopened as it now is."""
    proposition = await store.own(session, side, proposition_id, call.who)
    check_version(expected, proposition.version)
    given = change.given()
    if given:
        apply(proposition, given)
        check_meeting(proposition)
        if _DAYS & given.keys():
            if proposition.status not in rules.STANDING and "expires_on" not in given:
                drop_past_expiry(proposition, call.now)
            fit_days(proposition, call.now, call.settings)
        proposition.version += 1
        telling.changed(session, proposition)
    return Reply(view_of(proposition, call), version=proposition.version)


async def remove_draft(
    session: AsyncSession, side: Side, proposition_id: str, expected: int | None, call: Asking
) -> Reply:
    """A draft is gone; nobody had heard of it."""
    proposition = await store.own(session, side, proposition_id, call.who)
    check_version(expected, proposition.version)
    if proposition.status != Status.DRAFT:
        raise rules.NotADraft
    await session.delete(proposition)
    return Reply(status=204)


def drop_past_expiry(proposition: Proposition, now: datetime) -> None:
    """A day that its member chose for the last time that it stood says nothing of the next."""
    if proposition.status != Status.DRAFT and proposition.expires_on and proposition.expires_on < rules.day_of(now):
        proposition.expires_on = None


def fit_days(proposition: Proposition, now: datetime, settings: RequestsSettings) -> None:
    """Checks the days together as they now are, and sets the expiry that follows from them."""
    today = rules.day_of(now)
    check_days(proposition, today)
    last_day = rules.last_day(proposition.kind, proposition.starts_on, proposition.ends_on)
    proposition.expires_at = rules.expiry(last_day, proposition.expires_on, today=today, open_days=settings.open_days)
    proposition.warn_at = rules.warning(proposition.expires_at, proposition.kind, last_day, now=now)


def check_days(proposition: Proposition | PropositionDraft, today: date) -> None:
    """Checks the days together with what it is of; raises `FieldErrors`."""
    days = (proposition.starts_on, proposition.ends_on, proposition.expires_on)
    if errors := rules.period_errors(*days, today=today, kind=proposition.kind):
        raise FieldErrors(errors.items())


def check_meeting(proposition: Proposition) -> None:
    """Checks together what only a meeting has; raises `FieldErrors`."""
    if errors := rules.meeting_errors(**{name: getattr(proposition, name) for name in rules.WHEN_AND_WHERE}):
        raise FieldErrors(errors.items())


def _new(
    side: Side,
    draft: PropositionDraft,
    call: Asking,
    proposition_id: str,
    own_organisation_id: str | None = None,
    version: int = 1,
) -> Proposition:
    check_days(draft, call.today)
    place = draft.place.found()
    last_day = rules.last_day(draft.kind, draft.starts_on, draft.ends_on)
    expires_at = rules.expiry(last_day, draft.expires_on, today=call.today, open_days=call.settings.open_days)
    # An object of the ORM, or of pydantic, would take as long to make as the rest of a command; this one is only read.
    made = Proposition.__new__(Proposition)
    vars(made).update(
        proposition_id=proposition_id,
        side=side,
        version=version,
        member_id=call.who.member_id,
        organisation_id=draft.organisation_id,
        own_organisation_id=own_organisation_id,
        status=Status.DRAFT if draft.draft else Status.OPEN,
        kind=draft.kind,
        themes=list(draft.themes),
        title=draft.title,
        text=draft.text,
        language=draft.language,
        place_name=place.name,
        province=place.province,
        latitude=place.latitude,
        longitude=place.longitude,
        reach_km=draft.reach_km,
        starts_on=draft.starts_on,
        ends_on=draft.ends_on,
        from_time=draft.from_time,
        until_time=draft.until_time,
        venue=draft.venue,
        sign_up_url=draft.sign_up_url,
        participants=draft.participants,
        mbo_level=draft.mbo_level,
        skills=list(draft.skills),
        languages=list(draft.languages),
        expires_on=draft.expires_on,
        expires_at=expires_at,
        warn_at=rules.warning(expires_at, draft.kind, last_day, now=call.now),
        created_at=call.now,
        match_ids=[],
        about_offer_id=draft.about_offer_id if isinstance(draft, RequestDraft) else None,
    )  # fmt: skip
    return made


def apply(proposition: Proposition, given: dict[str, Any]) -> None:
    """Changes the fields that are given; raises `FieldErrors` when it cannot become of another kind."""
    kind = given.get("kind", proposition.kind)
    if kind != proposition.kind and rules.keeps_kind(proposition.side, proposition.kind, proposition.status):
        raise FieldErrors([("kind", "everybody can read this as it is: withdraw it first")])
    for name, value in given.items():
        if name == "place":
            proposition.place = value.found()
        else:
            setattr(proposition, name, list(value) if isinstance(value, tuple) else value)
