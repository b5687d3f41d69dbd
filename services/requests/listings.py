"""The tips and meetings that everybody can read: kept as they are heard, of this node and of others, and looked for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.locks import one_at_a_time, together
from chassis.paging import PageAsked, cursor_of, moment
from contracts.distance import km_in_sql
from contracts.matching import reference
from contracts.meetings import Meeting
from contracts.members import OrganisationChanged, OrganisationRegistered, Place
from contracts.requests import OfferChanged, OfferClosed, OfferPlaced, OfferReopened
from contracts.vocabulary import Kind, Language, Status, Theme
from services.requests.tables import Departure, Listing, Organisation, Proposition

OfferHeard = OfferPlaced | OfferChanged | OfferReopened | OfferClosed

#: What keeps something of a member holds this lock shared, and an erasure holds it alone.
ERASURE_LOCK = 0x0D4_0002

#: How PostgreSQL reads a text: which words are the same, and which say nothing.
_READ_AS = {Language.DUTCH: "dutch", Language.ENGLISH: "english"}

_WORDS_MAX = 12

#: A meeting of which the day is not known may be any day.
_LAST_DAY = sa.func.coalesce(col(Listing.ends_on), col(Listing.starts_on), sa.literal(date.max, sa.Date))

#: What another node tells may be any day; the very first and last have no day before or after them to count to.
_EARLIEST, _LATEST = date(1970, 1, 1), date(2999, 12, 31)

_AS_SAID = (
    "version", "kind", "status", "member_id", "organisation_id", "title", "text", "language", "starts_on", "ends_on",
    "from_time", "until_time", "venue", "sign_up_url", "participants", "mbo_level", "expires_at",
)  # fmt: skip


class ListingBehind(Exception):
    """A meeting of this node is not listed yet as it stands: that is heard only a little later."""


@dataclass(frozen=True, slots=True)
class Sought:
    """What somebody looks for; what is not filled does not narrow it."""

    words: str = ""
    theme: Theme | None = None
    province: str | None = None
    near: Place | None = None
    within_km: int | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A tip or a meeting as it now is, and the meeting that it was before; none when it was not known as one."""

    listing: Listing
    meeting_before: Meeting | None


async def keep(session: AsyncSession, offer: OfferHeard, node: str | None, now: datetime) -> Change | None:
    """Keeps a tip or a meeting as it now is; none when something newer is known, or its member was erased."""
    await not_while_erasing(session)
    row = await find(session, offer.offer_id)
    if row is None and await is_erased(session, reference(offer.member_id, node)):
        return None
    if row is not None and (row.version >= offer.version or row.node != node):
        return None
    meeting_before = await meeting_of(session, row) if row and row.kind == Kind.MEETING else None
    told = {name: getattr(offer, name) for name in _AS_SAID} | offer.place.model_dump(exclude={"name"})
    told |= {"place_name": offer.place.name, "themes": [theme.value for theme in offer.themes]}
    told |= {"day": offer.starts_on or date.max, "words": _words_of(offer)}
    if row is None:
        row = Listing(offer_id=offer.offer_id, node=node, listed_at=now, **told)
    for name, value in told.items():
        setattr(row, name, value)
    session.add(row)
    await session.flush()
    return Change(row, meeting_before)


async def find(session: AsyncSession, offer_id: str) -> Listing | None:
    """A tip or a meeting, locked: all that changes who comes to a meeting waits in this line."""
    query = select(Listing).where(Listing.offer_id == offer_id).with_for_update()
    found: Listing | None = (await session.exec(query.execution_options(populate_existing=True))).first()
    return found


async def is_behind(session: AsyncSession, offer_id: str, listing: Listing | None) -> bool:
    """Whether a meeting of this node is open, and was not listed as such yet: what we say is heard in its own time."""
    own = await session.get(Proposition, offer_id)
    if own is None or own.kind != Kind.MEETING or own.status != Status.OPEN:
        return False
    return listing is None or listing.version < own.version


async def shown(session: AsyncSession, kind: Kind, offer_id: str) -> Listing | None:
    """One of a kind, whether it still stands or not."""
    query = select(Listing).where(Listing.offer_id == offer_id, Listing.kind == kind)
    found: Listing | None = (await session.exec(query)).first()
    return found


async def page(
    session: AsyncSession, kind: Kind, sought: Sought, paging: PageAsked, *, now: datetime, today: date
) -> Sequence[Listing]:
    """What stands, one more than a page: meetings by their day, the first to come first; tips the newest first."""
    query = select(Listing).where(
        Listing.kind == kind, Listing.status == Status.OPEN.value, Listing.expires_at > now, *_narrowed(sought)
    )
    if kind == Kind.MEETING:
        query = to_come(query, paging, today)
    else:
        query = query.order_by(col(Listing.listed_at).desc(), col(Listing.offer_id).desc())
        if after := paging.after(moment):
            key = sa.tuple_(col(Listing.listed_at), col(Listing.offer_id))
            listed_at = sa.literal(after[0], sa.DateTime(timezone=True))
            query = query.where(key < sa.tuple_(listed_at, sa.literal(after[1])))
    return (await session.exec(query.limit(paging.limit + 1))).all()


def to_come(query: Any, paging: PageAsked, today: date) -> Any:
    """A query of meetings, narrowed to those of which the last day is not past; the first to come first."""
    query = query.where(today <= _LAST_DAY).order_by(col(Listing.day), col(Listing.offer_id))
    if after := paging.after(date.fromisoformat):
        key = sa.tuple_(col(Listing.day), col(Listing.offer_id))
        query = query.where(key > sa.tuple_(sa.literal(after[0], sa.Date), sa.literal(after[1])))
    return query


def next_cursor(listing: Listing) -> str:
    """From where the next page goes on."""
    return cursor_of(listing.day if listing.kind == Kind.MEETING else listing.listed_at, listing.offer_id)


async def names_of(session: AsyncSession, organisation_ids: set[str]) -> dict[str, str]:
    """What organisations are called, as far as that was heard."""
    found = await session.exec(select(Organisation).where(col(Organisation.organisation_id).in_(organisation_ids)))
    return {row.organisation_id: row.name for row in found}


async def keep_name(
    session: AsyncSession, told: OrganisationRegistered | OrganisationChanged, node: str, *, is_ours: bool
) -> None:
    """Keeps what an organisation of a node is called; the highest version of its own node wins.

    Of what a release of before kept, nobody knows whose it is: whoever tells of it, but for what we have something of.
    """
    row = {"version": told.version, "name": told.name, "node": node}
    known, newer = col(Organisation.node), col(Organisation.version) < told.version
    if is_ours:
        wins = sa.or_(newer, known != node)
    else:
        have = select(Proposition.proposition_id).where(Proposition.organisation_id == told.organisation_id)
        wins = sa.and_(newer, sa.or_(known == node, sa.and_(known.is_(None), ~have.exists())))
    insert = pg.insert(Organisation).values(organisation_id=told.organisation_id, **row)
    await session.exec(insert.on_conflict_do_update(index_elements=["organisation_id"], set_=row, where=wins))


async def meeting_of(session: AsyncSession, listing: Listing) -> Meeting:
    """A meeting, as somebody writes it in their calendar."""
    names = await names_of(session, {listing.organisation_id})
    return as_meeting(listing, names.get(listing.organisation_id))


def _in_reach(day: date | None) -> date | None:
    return day and min(max(day, _EARLIEST), _LATEST)


def as_meeting(listing: Listing, organisation_name: str | None = None) -> Meeting:
    """The same, where what its organisation is called is known or does not matter."""
    return Meeting(
        offer_id=listing.offer_id,
        organiser_id=reference(listing.member_id, listing.node),
        sequence=listing.version,
        title=listing.title,
        language=listing.language,
        organisation_name=organisation_name,
        place=listing.place,
        venue=listing.venue,
        starts_on=_in_reach(listing.starts_on),
        ends_on=_in_reach(listing.ends_on),
        from_time=listing.from_time,
        until_time=listing.until_time,
    )


async def of_member(session: AsyncSession, member_id: str, node: str | None) -> Sequence[Listing]:
    """What a member has listed, locked."""
    query = select(Listing).where(Listing.member_id == member_id, col(Listing.node).is_not_distinct_from(node))
    return (await session.exec(query.order_by(col(Listing.offer_id)).with_for_update())).all()


def _narrowed(sought: Sought) -> list[Any]:
    narrowed: list[Any] = []
    if tokens := re.findall(r"\w+", sought.words)[:_WORDS_MAX]:
        # Each as the beginning of a word: 'zonnepanelen' also finds who installs them, whose name is one long word.
        asked = " & ".join(f"{token}:*" for token in tokens)
        readings = (col(Listing.words).op("@@")(pg.to_tsquery(name, asked)) for name in _READ_AS.values())
        narrowed.append(sa.or_(*readings))
    if sought.theme:
        narrowed.append(col(Listing.themes).contains([sought.theme.value]))
    if sought.province:
        narrowed.append(Listing.province == sought.province)
    if sought.near and sought.within_km:
        here = (str(sought.near.latitude), str(sought.near.longitude))  # of the list of places: nobody's own words
        narrowed.append(
            sa.literal_column(km_in_sql(*here, "listing.latitude", "listing.longitude")) <= sought.within_km
        )
    if sought.since:
        narrowed.append(sought.since <= _LAST_DAY)
    if sought.until:
        narrowed.append(Listing.starts_on <= sought.until)  # type: ignore[operator]  # a column, not a day
    return narrowed


def _words_of(offer: OfferHeard) -> Any:
    read_as = _READ_AS[offer.language]
    title, text = (pg.to_tsvector(read_as, words) for words in (offer.title, offer.text))
    return sa.func.setweight(title, sa.literal_column("'A'")).op("||")(text)


async def not_while_erasing(session: AsyncSession, *, alone: bool = False) -> None:
    """From here on, until the commit, nobody is erased whose words or name would be kept; `alone`: who erases."""
    await (one_at_a_time if alone else together)(session, ERASURE_LOCK)


async def is_erased(session: AsyncSession, who: str) -> bool:
    """Whether somebody was erased, by what they are called here."""
    return bool((await session.exec(select(Departure.erased).where(Departure.member_id == who))).first())
