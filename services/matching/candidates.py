"""What may fit a request or an offer: found in PostgreSQL by meaning, by words and by distance."""

from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import RowMapping, TextClause, text
from sqlmodel.ext.asyncio.session import AsyncSession

from contracts.vocabulary import Kind, Side
from services.matching import words
from services.matching.pairs import (
    EARTH_DIAMETER_KM,
    KINDS_WITHOUT_DISTANCE,
    Pair,
    Proposition,
    kinds_answered_by,
    kinds_that_answer,
)
from services.matching.propositions import BUSY, COLUMNS, Known, busy_of, proposition_of
from services.matching.rules import Busy
from services.matching.store import ask

#: How many of the nearest in meaning, of the best by words, and of the nearest by place are looked at.
CANDIDATES_MAX = 30

#: Among how many nearest by place, and among how many with a word in common, those are sought: where the kind is rare,
#: or a word is in every text, it would be the whole country otherwise.
NEAREST_MAX, WITH_A_WORD_MAX = 2000, 1000


async def candidates_for(
    session: AsyncSession, known: Known, *, now: datetime, most: int
) -> tuple[list[Pair], dict[str, Busy]]:
    """What may fit, as pairs, and for each request the matches that it has already; one question to the database."""
    mine = known.proposition
    rows = (await ask(session, *question(known, now=now, most=most))).mappings().all()
    pairs = [_pair(mine, known.text, row) for row in rows]
    if mine.side is Side.REQUEST:
        return pairs, {mine.id: known.busy}
    return pairs, {row["proposition_id"]: busy_of(row) for row in rows}


def question(known: Known, *, now: datetime, most: int) -> tuple[TextClause, dict[str, Any]]:
    """The statement that finds candidates, and its values.

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
    }
    if not is_request:
        values["most"] = most
    model = None
    if known.meaning:
        values["meaning"] = known.meaning.vector
        model = (known.meaning.model_id, known.meaning.dimensions)
    if query:
        values["query"] = query
    return _statement(mine.side, model, bool(query)), values


@lru_cache(maxsize=64)
def _statement(side: Side, model: tuple[int, int] | None, by_words: bool) -> TextClause:
    """The statement for the candidates of a request or an offer; the index conditions stand in it as literals.

    `model` is the id of the model whose vectors are compared, and how long they are.
    """
    other, pair = ("offer", "m.request_id = :id AND m.offer_id = p.proposition_id")
    room = ""
    if side is Side.OFFER:
        other, pair = ("request", "m.offer_id = :id AND m.request_id = p.proposition_id")
        room = """AND (SELECT count(*) FROM match t WHERE t.request_id = p.proposition_id
                         AND t.state IN ('proposed', 'endorsed')) < :most"""
    is_open = f"p.side = '{other}' AND p.status = 'open'"
    narrow = f"""
        {is_open} AND p.expires_at > :now AND p.kind = ANY(:kinds)
        AND p.organisation_id <> :organisation_id AND p.member_id <> :member_id
        AND (p.kind = ANY(:without_distance)
             OR {EARTH_DIAMETER_KM} * asin(sqrt(least(1, sin(radians(p.latitude - :latitude) / 2) ^ 2
                + cos(radians(:latitude)) * cos(radians(p.latitude))
                * sin(radians(p.longitude - :longitude) / 2) ^ 2)))
             <= least(coalesce(CAST(:reach_km AS integer), 40000), coalesce(p.reach_km, 40000)) + 0.01)
        AND NOT EXISTS (SELECT FROM match m WHERE {pair} AND m.lapsed_because IS DISTINCT FROM 'closed')
        {room}"""
    found = [
        f"""SELECT p.proposition_id
            FROM (SELECT * FROM proposition p WHERE {is_open}
                  ORDER BY point(longitude, latitude) <-> point(:longitude, :latitude) LIMIT {NEAREST_MAX}) p
            WHERE {narrow} LIMIT {CANDIDATES_MAX}"""
    ]
    similarity = "CAST(NULL AS float8)"
    if model:
        model_id, dimensions = model
        apart = f"(v.vector::halfvec({dimensions})) <=> CAST(CAST(:meaning AS text) AS halfvec({dimensions}))"
        found.append(
            f"""SELECT v.proposition_id FROM meaning v JOIN proposition p USING (proposition_id)
                WHERE v.model_id = {model_id} AND v.side = '{other}' AND v.is_open AND {narrow}
                ORDER BY {apart} LIMIT {CANDIDATES_MAX}"""
        )
        similarity = f"""(SELECT 1 - ({apart}) FROM meaning v
            WHERE v.proposition_id = p.proposition_id AND v.model_id = {model_id})"""
    if by_words:
        found.append(
            f"""SELECT p.proposition_id
                FROM (SELECT * FROM proposition p WHERE {is_open} AND words @@ CAST(:query AS tsquery)
                      LIMIT {WITH_A_WORD_MAX}) p
                WHERE {narrow} ORDER BY ts_rank(p.words, CAST(:query AS tsquery)) DESC LIMIT {CANDIDATES_MAX}"""
        )
    return text(
        f"""
        SELECT {COLUMNS}, {similarity} AS similarity,
            ARRAY(SELECT unnest(tsvector_to_array(p.words)) INTERSECT SELECT unnest(CAST(:stems AS text[]))) AS shared,
            {BUSY if side is Side.OFFER else "NULL AS running"}
        FROM proposition p WHERE p.proposition_id IN ({" UNION ".join(f"({one})" for one in found)})
        """
    )


def _pair(mine: Proposition, text_of_mine: str, row: RowMapping) -> Pair:
    other = proposition_of(row)
    similarity = None if row["similarity"] is None else float(row["similarity"])
    shared = words.as_written(row["shared"], f"{mine.title} {text_of_mine}")
    if mine.side is Side.REQUEST:
        return Pair(mine, other, similarity, shared)
    return Pair(other, mine, similarity, words.as_written(row["shared"], f"{other.title} {row['text']}"))
