"""The questions asked of the projection: keep what was heard, and find what may fit it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, text
from sqlmodel.ext.asyncio.session import AsyncSession

from contracts.requests import OfferPlaced, RequestPlaced
from contracts.vocabulary import Kind, Language, Side, Status, Theme
from services.matching import words
from services.matching.rules import (
    EARTH_DIAMETER_KM,
    KINDS_WITHOUT_DISTANCE,
    Pair,
    Proposition,
    kinds_answered_by,
    kinds_that_answer,
)
from services.matching.store import ask

#: How many of the nearest in meaning, of the best by words, and of the nearest by place are looked at.
CANDIDATES_MAX = 40


@dataclass(frozen=True, slots=True)
class Known:
    """A request or an offer of the projection, with what its candidates are found by."""

    proposition: Proposition
    text: str
    stems: tuple[str, ...]
    meaning: str | None
    meaning_model: str | None
    became_open: bool
    """Whether it was not open before this was heard."""
    taken: frozenset[str]
    """The organisations that a request has a running or made match with."""


_COLUMNS = """
    p.proposition_id, p.side, p.member_id, p.organisation_id, p.kind, p.themes, p.title, p.text, p.language,
    p.place_name, p.province, p.latitude, p.longitude, p.reach_km, p.starts_on, p.ends_on, p.mbo_level, p.status,
    p.expires_at,
    (SELECT name FROM organisation o WHERE o.organisation_id = p.organisation_id) AS organisation_name"""

_TAKEN = """
    ARRAY(SELECT offerer_organisation_id FROM match m
          WHERE m.request_id = p.proposition_id AND state IN ('proposed', 'endorsed', 'introduced')) AS taken"""

_KEEP = text(
    f"""
    INSERT INTO proposition AS p (
        proposition_id, side, version, member_id, organisation_id, kind, themes, title, text, language, place_name,
        province, latitude, longitude, reach_km, starts_on, ends_on, mbo_level, status, expires_at, meaning_model,
        meaning)
    SELECT :proposition_id, :side, :version, :member_id, :organisation_id, :kind, CAST(:themes AS text[]), :title,
        :text, :language, :place_name, :province, :latitude, :longitude, :reach_km, CAST(:starts_on AS date),
        CAST(:ends_on AS date), :mbo_level, :status, CAST(:expires_at AS timestamptz), :meaning_model,
        CAST(:meaning AS vector)
    WHERE NOT EXISTS (SELECT FROM forgotten_member f WHERE f.member_id = :member_id)
    ON CONFLICT (proposition_id) DO UPDATE SET
        version = excluded.version, member_id = excluded.member_id, organisation_id = excluded.organisation_id,
        kind = excluded.kind, themes = excluded.themes, title = excluded.title, text = excluded.text,
        language = excluded.language, place_name = excluded.place_name, province = excluded.province,
        latitude = excluded.latitude, longitude = excluded.longitude, reach_km = excluded.reach_km,
        starts_on = excluded.starts_on, ends_on = excluded.ends_on, mbo_level = excluded.mbo_level,
        status = excluded.status, expires_at = excluded.expires_at,
        unanswered_said_at = CASE WHEN p.status = 'open' THEN p.unanswered_said_at END,
        meaning_model = coalesce(excluded.meaning_model, p.meaning_model),
        meaning = coalesce(excluded.meaning, p.meaning)
    WHERE p.version < excluded.version AND p.side = excluded.side
    RETURNING old.status AS status_before, tsvector_to_array(p.words) AS stems, CAST(p.meaning AS text) AS vector,
        p.meaning_model, {_COLUMNS}, {_TAKEN}
    """
)

_GET = text(
    f"""
    SELECT p.status AS status_before, tsvector_to_array(p.words) AS stems, CAST(p.meaning AS text) AS vector,
        p.meaning_model, {_COLUMNS}, {_TAKEN}
    FROM proposition p WHERE p.proposition_id = :proposition_id
    """
)


async def keep(
    session: AsyncSession, event: RequestPlaced | OfferPlaced | Any, side: Side, meaning: str | None, model: str
) -> Known | None:
    """Keeps what was heard when it is newer than what is known; none when it is not, or its member was erased."""
    values = event.model_dump(include=_PLAIN_FIELDS) | {
        "proposition_id": event.entity_id,
        "side": side.value,
        "themes": [theme.value for theme in event.themes],
        "place_name": event.place.name,
        "province": event.place.province,
        "latitude": event.place.latitude,
        "longitude": event.place.longitude,
        "meaning_model": model if meaning else None,
        "meaning": meaning,
    }
    row = (await ask(session, _KEEP, values)).mappings().one_or_none()
    return _known(row) if row else None


async def get(session: AsyncSession, proposition_id: str) -> Known | None:
    """A request or an offer as it is known now."""
    row = (await ask(session, _GET, {"proposition_id": proposition_id})).mappings().one_or_none()
    return _known(row) if row else None


_FIND = text(f"SELECT {_COLUMNS} FROM proposition p WHERE p.proposition_id = ANY(:ids)")


async def find(session: AsyncSession, ids: Iterable[str]) -> dict[str, Proposition]:
    """Requests and offers by their ids."""
    rows = (await ask(session, _FIND, {"ids": list(ids)})).mappings()
    return {row["proposition_id"]: _proposition(row) for row in rows}


_MARK_UNANSWERED = text(
    """
    UPDATE proposition SET unanswered_said_at = :now
    WHERE proposition_id = :request_id AND side = 'request' AND status = 'open' AND unanswered_said_at IS NULL
        AND expires_at > :now
        AND NOT EXISTS (SELECT FROM match WHERE request_id = :request_id AND state = 'introduced')
    RETURNING member_id, title, version
    """
)


async def mark_unanswered(session: AsyncSession, request_id: str, now: datetime) -> tuple[str, str, int] | None:
    """Marks an open request that led to no introduction, once; whose it is, its title and its version."""
    row = (await ask(session, _MARK_UNANSWERED, {"request_id": request_id, "now": now})).one_or_none()
    return (row.member_id, row.title, row.version) if row else None


async def candidates(
    session: AsyncSession, known: Known, *, now: datetime, most: int
) -> tuple[list[Pair], dict[str, frozenset[str]]]:
    """What may fit, as pairs, and for each request the organisations that it is taken by; one question to the database.

    It narrows for speed with what the rules will say anyway: kind, reach, whose it is, and pairs proposed before.
    """
    mine = known.proposition
    is_request = mine.side is Side.REQUEST
    stems = [stem for stem in known.stems if words.is_telling(stem)]
    query = words.any_of(stems)
    kinds = kinds_that_answer(mine.kind) if is_request else kinds_answered_by(mine.kind)
    without_distance = KINDS_WITHOUT_DISTANCE if is_request else (Kind if mine.kind in KINDS_WITHOUT_DISTANCE else ())
    values = {
        "id": mine.id,
        "member_id": mine.member_id,
        "organisation_id": mine.organisation_id,
        "kinds": [kind.value for kind in kinds],
        "without_distance": [kind.value for kind in without_distance],
        "latitude": mine.latitude,
        "longitude": mine.longitude,
        "reach_km": mine.reach_km,
        "stems": stems,
        "now": now,
        "candidates_max": CANDIDATES_MAX,
    }
    if not is_request:
        values["most"] = most
    if known.meaning:
        values |= {"meaning": known.meaning, "meaning_model": known.meaning_model}
    if query:
        values["query"] = query
    statement = _CANDIDATES[mine.side, bool(known.meaning), bool(query)]
    rows = (await ask(session, statement, values)).mappings().all()
    taken = {mine.id: known.taken} if is_request else {row["proposition_id"]: frozenset(row["taken"]) for row in rows}
    return [_pair(mine, known.text, row) for row in rows], taken


def _candidates_statement(side: Side, by_meaning: bool, by_words: bool) -> Any:
    """The question for the candidates of a request or an offer; the index conditions stand in it as literals."""
    other, pair = ("offer", "m.request_id = :id AND m.offer_id = p.proposition_id")
    room = ""
    if side is Side.OFFER:
        other, pair = ("request", "m.offer_id = :id AND m.request_id = p.proposition_id")
        room = """AND (SELECT count(*) FROM match t WHERE t.request_id = p.proposition_id
                         AND t.state IN ('proposed', 'endorsed', 'introduced')) < :most"""
    narrow = f"""
        p.side = '{other}' AND p.status = 'open' AND p.expires_at > :now AND p.kind = ANY(:kinds)
        AND p.organisation_id <> :organisation_id AND p.member_id <> :member_id
        AND (p.kind = ANY(:without_distance)
             OR {EARTH_DIAMETER_KM} * asin(sqrt(least(1, sin(radians(p.latitude - :latitude) / 2) ^ 2
                + cos(radians(:latitude)) * cos(radians(p.latitude))
                * sin(radians(p.longitude - :longitude) / 2) ^ 2)))
             <= least(coalesce(CAST(:reach_km AS integer), 40000), coalesce(p.reach_km, 40000)) + 0.01)
        AND NOT EXISTS (SELECT FROM match m WHERE {pair} AND m.lapsed_because IS DISTINCT FROM 'closed')
        {room}"""
    found = [
        f"""SELECT p.proposition_id FROM proposition p WHERE {narrow}
            ORDER BY point(p.longitude, p.latitude) <-> point(:longitude, :latitude) LIMIT :candidates_max"""
    ]
    similarity = "CAST(NULL AS float8)"
    if by_meaning:
        found.append(
            f"""SELECT p.proposition_id FROM proposition p WHERE {narrow} AND p.meaning_model = :meaning_model
                ORDER BY p.meaning <=> CAST(:meaning AS vector) LIMIT :candidates_max"""
        )
        similarity = "CASE WHEN p.meaning_model = :meaning_model THEN 1 - (p.meaning <=> CAST(:meaning AS vector)) END"
    if by_words:
        found.append(
            f"""SELECT p.proposition_id FROM proposition p WHERE {narrow} AND p.words @@ CAST(:query AS tsquery)
                ORDER BY ts_rank(p.words, CAST(:query AS tsquery)) DESC LIMIT :candidates_max"""
        )
    return text(
        f"""
        SELECT {_COLUMNS}, {similarity} AS similarity,
            ARRAY(SELECT unnest(tsvector_to_array(p.words)) INTERSECT SELECT unnest(CAST(:stems AS text[]))) AS shared,
            {_TAKEN if side is Side.OFFER else "NULL AS taken"}
        FROM proposition p WHERE p.proposition_id IN ({" UNION ".join(f"({one})" for one in found)})
        """
    )


_CANDIDATES = {
    (side, by_meaning, by_words): _candidates_statement(side, by_meaning, by_words)
    for side in Side
    for by_meaning in (True, False)
    for by_words in (True, False)
}

_PLAIN_FIELDS = {
    "version", "member_id", "organisation_id", "kind", "title", "text", "language", "reach_km", "starts_on",
    "ends_on", "mbo_level", "status", "expires_at",
}  # fmt: skip


def _known(row: RowMapping) -> Known:
    return Known(
        proposition=_proposition(row),
        text=row["text"],
        stems=tuple(row["stems"] or ()),
        meaning=row["vector"],
        meaning_model=row["meaning_model"],
        became_open=row["status"] == Status.OPEN and row["status_before"] != Status.OPEN,
        taken=frozenset(row["taken"]),
    )


def _pair(mine: Proposition, text_of_mine: str, row: RowMapping) -> Pair:
    other = _proposition(row)
    similarity = None if row["similarity"] is None else float(row["similarity"])
    shared = words.as_written(row["shared"], f"{mine.title} {text_of_mine}")
    if mine.side is Side.REQUEST:
        return Pair(mine, other, similarity, shared)
    return Pair(other, mine, similarity, words.as_written(row["shared"], f"{other.title} {row['text']}"))


def _proposition(row: RowMapping) -> Proposition:
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
    )
