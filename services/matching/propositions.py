"""The projection of what is asked and offered: keep what was heard, and look it up."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, text
from sqlmodel.ext.asyncio.session import AsyncSession

from contracts.matching import reference
from contracts.requests import (
    OfferChanged,
    OfferClosed,
    OfferPlaced,
    OfferReopened,
    RequestChanged,
    RequestClosed,
    RequestPlaced,
    RequestReopened,
)
from contracts.vocabulary import Kind, Language, Side, Status, Theme
from services.matching import meanings, words
from services.matching.choosing import Busy
from services.matching.meanings import Meaning, Read
from services.matching.pairs import Proposition
from services.matching.store import ask
from services.matching.terms import MAKE as MAKE_OF_TERMS
from services.matching.terms import terms_of
from services.matching.texts import whole_text
from services.matching.voices import voice_of

RequestHeard = RequestPlaced | RequestChanged | RequestReopened | RequestClosed
OfferHeard = OfferPlaced | OfferChanged | OfferReopened | OfferClosed
Heard = RequestHeard | OfferHeard


@dataclass(frozen=True, slots=True)
class Known:
    """A request or an offer of the projection, with what its candidates are found by."""

    proposition: Proposition
    text: str
    terms: Mapping[str, float]
    """What the text is about, and how much each term tells."""
    unwanted: tuple[str, ...]
    """The terms of what it says that it does not want."""
    meaning: Meaning | None
    """None when the model in use has not read it."""
    is_new: bool
    """Whether nothing was known of it before this was heard."""
    busy: Busy
    """The matches that a request has."""


COLUMNS = """
    p.proposition_id, p.side, p.member_id, p.organisation_id, p.kind, p.themes, p.title, p.text, p.language,
    p.place_name, p.province, p.latitude, p.longitude, p.reach_km, p.starts_on, p.ends_on, p.mbo_level, p.status,
    p.expires_at, p.voice, p.participants, p.languages, p.version, p.node, p.about_offer_id,
    (SELECT shown_name FROM other_node n WHERE n.node = p.node) AS node_name,
    EXISTS (SELECT FROM escalation e WHERE e.request_id = p.proposition_id AND e.node IS NOT DISTINCT FROM p.node)
        AS escalated,
    (SELECT name FROM organisation o WHERE o.organisation_id = p.organisation_id) AS organisation_name"""

#: Whether a match `m` of a request keeps other offers of its organisation from it. Who says no to that need or that
#: level speaks of one offer; any other no, and each one of the organisation itself, is about all that it offers.
IS_BUSY = """(m.state IN ('proposed', 'endorsed', 'introduced')
    OR (m.state = 'dismissed' OR m.lapsed_because = 'declined') AND (m.offerer_accepted IS FALSE
        OR coalesce(m.dismissed_because, m.declined_because, '') NOT IN ('other-need', 'wrong-level')))"""

BUSY = f"""
    (SELECT count(*) FROM match m
     WHERE m.request_id = p.proposition_id AND state IN ('proposed', 'endorsed')) AS running,
    ARRAY(SELECT offerer_organisation_id FROM match m
          WHERE m.request_id = p.proposition_id AND {IS_BUSY}) AS busy_with"""

#: Also where that it closed before is not heard, or later.
_OPENS_AGAIN = "(CAST(:reopened AS boolean) AND p.version < excluded.version)"

_KEEP = text(
    f"""
    WITH kept AS (INSERT INTO proposition AS p (
        proposition_id, side, version, member_id, organisation_id, kind, themes, title, text, language, place_name,
        province, latitude, longitude, reach_km, starts_on, ends_on, mbo_level, status, expires_at,
        words, words_make, unwanted, voice, participants, languages, about_offer_id, opened_at, node, is_sought)
    SELECT :proposition_id, :side, :version, :member_id, :organisation_id, :kind, CAST(:themes AS text[]), :title,
        :text, :language, :place_name, :province, :latitude, :longitude, :reach_km, CAST(:starts_on AS date),
        CAST(:ends_on AS date), :mbo_level, :status, CAST(:expires_at AS timestamptz),
        CAST(:words AS tsvector), :words_make, CAST(:unwanted AS text[]), CAST(:voice AS float8),
        CAST(:participants AS integer), CAST(:languages AS text[]), CAST(:about_offer_id AS text),
        CASE WHEN :status = 'open' THEN CAST(:now AS timestamptz) END, CAST(:node AS text), :side = 'offer'
        OR CAST(:node AS text) IS NULL OR (:proposition_id, :node) IN (SELECT request_id, node FROM escalation)
    WHERE NOT EXISTS (SELECT FROM forgotten_member f WHERE f.member_id = :reference)
    ON CONFLICT (proposition_id) DO UPDATE SET
        version = excluded.version, member_id = excluded.member_id, organisation_id = excluded.organisation_id,
        kind = excluded.kind, themes = excluded.themes, title = excluded.title, text = excluded.text,
        language = excluded.language, place_name = excluded.place_name, province = excluded.province,
        latitude = excluded.latitude, longitude = excluded.longitude, reach_km = excluded.reach_km,
        starts_on = excluded.starts_on, ends_on = excluded.ends_on, mbo_level = excluded.mbo_level,
        status = excluded.status, expires_at = excluded.expires_at, words = excluded.words,
        words_make = excluded.words_make, unwanted = excluded.unwanted, voice = excluded.voice,
        participants = excluded.participants, languages = excluded.languages, is_sought = excluded.is_sought,
        about_offer_id = excluded.about_offer_id,
        unanswered_said_at = CASE WHEN p.status = 'open' AND NOT {_OPENS_AGAIN} THEN p.unanswered_said_at END,
        opened_at = CASE WHEN p.status = 'open' AND NOT {_OPENS_AGAIN} THEN p.opened_at
            ELSE coalesce(excluded.opened_at, p.opened_at) END
    WHERE p.version <= excluded.version AND p.side = excluded.side AND p.node IS NOT DISTINCT FROM excluded.node
    RETURNING old.version AS version_before, CAST(p.words AS text) AS words, p.unwanted, p.is_sought,
        {COLUMNS}, {BUSY}
    ), {meanings.KEEP}
    SELECT kept.*, known.* FROM kept LEFT JOIN known ON true
    """
)

_GET = text(
    f"""
    SELECT p.version - 1 AS version_before, CAST(p.words AS text) AS words, p.unwanted, {COLUMNS}, {BUSY}, known.*
    FROM proposition p LEFT JOIN LATERAL {meanings.KNOWN} known ON true WHERE p.proposition_id = :proposition_id
    """
)


async def keep(
    session: AsyncSession, event: Heard, side: Side, meaning: Read | None, now: datetime, node: str | None = None
) -> Known | None:
    """Keeps what was heard unless something newer is known; none when it is, or its member was erased.

    The same version is kept again: perhaps the process stopped before its turn. `node` is the other node that said it.
    """
    told = whole_text(event)
    values = (
        event.model_dump(include=_PLAIN_FIELDS)
        | event.place.model_dump(include={"province", "latitude", "longitude"})
        | {
            "text": told,
            "proposition_id": event.entity_id,
            "side": side.value,
            "themes": [theme.value for theme in event.themes],
            "languages": [language.value for language in event.languages],
            "place_name": event.place.name,
            "now": now,
            "reopened": isinstance(event, RequestReopened | OfferReopened),
            "node": node,
            "reference": reference(event.member_id, node),
            "about_offer_id": getattr(event, "about_offer_id", None),
        }
        | understood(event.title, told, event.language)
        | meanings.values_of(event, meaning)
    )
    row = (await ask(session, _KEEP, values)).mappings().one_or_none()
    return _known(row) if row else None


def understood(title: str, text: str, language: Language) -> dict[str, Any]:
    """What a text says, as it is kept: its terms, what it does not want, and who speaks."""
    terms = terms_of(title, text, language)
    return {
        "words": words.as_vector({term: found.weight for term, found in terms.wanted.items()}),
        "words_make": MAKE_OF_TERMS,
        "unwanted": sorted(terms.unwanted),
        "voice": voice_of(title, text),
    }


async def get(session: AsyncSession, proposition_id: str) -> Known | None:
    """A request or an offer as it is known now."""
    row = (await ask(session, _GET, {"proposition_id": proposition_id})).mappings().one_or_none()
    return _known(row) if row else None


_FIND = text(f"SELECT {COLUMNS} FROM proposition p WHERE p.proposition_id = ANY(:ids)")


async def find(session: AsyncSession, ids: Iterable[str]) -> dict[str, Proposition]:
    """Requests and offers by their ids."""
    rows = (await ask(session, _FIND, {"ids": list(ids)})).mappings()
    return {row["proposition_id"]: proposition_of(row) for row in rows}


#: A request of this node that was opened before then, and led to no introduction since; nobody has said so yet.
UNANSWERED = """
    p.side = 'request' AND p.status = 'open' AND p.node IS NULL
    AND p.opened_at <= :before AND p.unanswered_said_at IS NULL
    AND NOT EXISTS (SELECT FROM match m WHERE m.request_id = p.proposition_id AND m.state = 'introduced'
                    AND m.waiting_since >= p.opened_at)
    """
_MARK_UNANSWERED = text(
    f"""
    UPDATE proposition p SET unanswered_said_at = :now WHERE proposition_id = :request_id AND expires_at > :now
        AND {UNANSWERED} RETURNING member_id, title, version
    """
)


async def mark_unanswered(
    session: AsyncSession, request_id: str, now: datetime, *, opened_before: datetime
) -> tuple[str, str, int] | None:
    """Marks an open request that led to no introduction since it was opened, once; whose it is, its title, its version.

    None when there is nothing to mark, such as when it was opened later than `opened_before`.
    """
    values = {"request_id": request_id, "now": now, "before": opened_before}
    row = (await ask(session, _MARK_UNANSWERED, values)).one_or_none()
    return (row.member_id, row.title, row.version) if row else None


_PLAIN_FIELDS = {
    "version", "member_id", "organisation_id", "kind", "title", "language", "reach_km", "starts_on",
    "ends_on", "mbo_level", "participants", "status", "expires_at",
}  # fmt: skip


def _known(row: RowMapping) -> Known:
    return Known(
        proposition=proposition_of(row),
        text=row["text"],
        terms=words.weights_in(row["words"]),
        unwanted=tuple(row["unwanted"]),
        meaning=meanings.meaning_of(row),
        is_new=row["version_before"] is None,
        busy=busy_of(row),
    )


def busy_of(row: RowMapping) -> Busy:
    """The matches that a request has, from a row with `BUSY`."""
    return Busy(row["running"], frozenset(row["busy_with"]))


def proposition_of(row: RowMapping) -> Proposition:
    """A request or an offer, from a row with `COLUMNS`."""
    return Proposition(
        side=Side(row["side"]),
        id=row["proposition_id"],
        member_id=row["member_id"],
        organisation_id=row["organisation_id"],
        kind=Kind(row["kind"]),
        themes=tuple(Theme(theme) for theme in row["themes"]),
        language=Language(row["language"]),
        place_name=row["place_name"],
        province=row["province"],
        latitude=row["latitude"],
        longitude=row["longitude"],
        status=Status(row["status"]),
        expires_at=row["expires_at"],
        reach_km=row["reach_km"],
        starts_on=row["starts_on"],
        ends_on=row["ends_on"],
        mbo_level=row["mbo_level"],
        title=row["title"],
        organisation_name=row["organisation_name"] or "",
        participants=row["participants"],
        languages=tuple(Language(language) for language in row["languages"] or ()),
        voice=row["voice"],
        node=row["node"],
        node_name=row["node"] and (row["node_name"] or row["node"]),
        escalated=row["escalated"],
        version=row["version"],
        about_offer_id=row["about_offer_id"],
    )
