"""What may fit a request or an offer: found in PostgreSQL by meaning, by words and by distance."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import RowMapping, TextClause, text
from sqlmodel.ext.asyncio.session import AsyncSession

from contracts.distance import km_in_sql
from contracts.vocabulary import KINDS_WITHOUT_DISTANCE, TAKEN_UP_BY_ONE, Kind, Side
from services.matching import words
from services.matching.choosing import Busy
from services.matching.pairs import (
    KINDS_FOR_A_GROUP,
    LEVELS_APART_MAX,
    Pair,
    box_around,
    kinds_answered_by,
    kinds_that_answer,
)
from services.matching.propositions import BUSY, COLUMNS, IS_BUSY, Known, busy_of, proposition_of
from services.matching.store import RUNNING_COUNTED_MAX, ask, offer_running

#: The ways in which candidates are found: all of them, but for who measures each alone.
Ways = frozenset[str]
WAYS: Ways = frozenset({"meaning", "words", "place"})

#: How many of the nearest in meaning, of the best by words, and of the nearest by place are looked at.
CANDIDATES_MAX = 30

#: One organisation with so many of them leaves too little room for others, of which each request wants a few: it is
#: asked once more without them. Where no organisation has as many, a full list is of four at the least.
CROWDING = 10

#: Where no limit is meant: more than are ever counted.
MANY = RUNNING_COUNTED_MAX + 1

#: `ts_rank` takes what each label stands for from D to A, none above 1.
_LABELS = ", ".join(str(round(words.LABELS[label] / max(words.LABELS.values()), 2)) for label in "DCBA")

#: Among how many nearest by place, and among how many with a word in common, those are sought: where the kind is rare,
#: or a word is in every text, it would be the whole country otherwise.
NEAREST_MAX, WITH_A_WORD_MAX = 2000, 1000

#: Who wants to go no further than this has all within reach compared by meaning, when the index gave up before it had
#: found enough of them.
WITHIN_KM_MAX = 50


async def candidates_for(
    session: AsyncSession, known: Known, *, now: datetime, most: int, most_of_offer: int = MANY, ways: Ways = WAYS
) -> tuple[list[Pair], dict[str, Busy]]:
    """What may fit, as pairs, and for each request the matches that it has already: one question to the database, and
    for a request one more as long as an organisation crowds out others.
    """
    limits: dict[str, Any] = {"now": now, "most": most, "most_of_offer": most_of_offer, "ways": ways}
    if known.proposition.side is Side.OFFER:
        rows = await _rows(session, known, limits)
        return [_pair(known, row) for row in rows], {row["proposition_id"]: busy_of(row) for row in rows}
    pairs: dict[str, Pair] = {}
    passed = known.busy.organisations
    for _ in range(most):
        sought = replace(known, busy=replace(known.busy, organisations=passed))
        found = [_pair(known, row) for row in await _rows(session, sought, limits)]
        pairs |= {pair.offer.id: pair for pair in found}
        offers = Counter(pair.offer.organisation_id for pair in found)
        crowding = {organisation for organisation, count in offers.items() if count >= CROWDING}
        if len(found) < CANDIDATES_MAX or not crowding:
            break
        passed |= crowding
    return list(pairs.values()), {known.proposition.id: known.busy}


async def _rows(session: AsyncSession, known: Known, limits: dict[str, Any]) -> Sequence[RowMapping]:
    return (await ask(session, *question(known, **limits))).mappings().all()


def question(
    known: Known, *, now: datetime, most: int, most_of_offer: int = MANY, ways: Ways = WAYS, exact: bool = False
) -> tuple[TextClause, dict[str, Any]]:
    """The statement that finds candidates, and its values.

    It narrows with all that the rules will say anyway, of which what is found would else be full: kind, reach, period,
    level, whose it is, pairs proposed before, and organisations that a request has a match with.
    `most_of_offer`: in how many matches at a time an offer that one party takes up may run.
    `exact` looks at every vector, for who measures what the index misses.
    """
    mine = known.proposition
    is_request = mine.side is Side.REQUEST
    query = words.any_of(known.terms)
    found_by = frozenset(
        way for way in ways if way == "place" or (way == "meaning" and known.meaning) or (way == "words" and query)
    )
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
        "terms": list(known.terms),
        "unwanted": list(known.unwanted),
        "participants": mine.participants,
        "languages": [language.value for language in mine.languages],
        "starts_on": mine.starts_on,
        "ends_on": mine.ends_on,
        "mbo_level": mine.mbo_level,
        "now": now,
        "node": mine.node,
        "unanswered": known.busy.unanswered,
        "unseen": known.busy.unseen,
    }
    if is_request:
        values |= {"busy_with": sorted(known.busy.organisations), "most_of_offer": most_of_offer}
    else:
        values |= {"most": most, "kind": mine.kind.value}
    model = None
    if known.meaning:
        values["meaning"] = known.meaning.vector
        model = (known.meaning.model_id, known.meaning.dimensions)
    if "words" in found_by:
        values["query"] = query
    is_near = mine.reach_km is not None and mine.reach_km <= WITHIN_KM_MAX
    if is_near and "meaning" in found_by and not exact:
        values |= box_around(mine.latitude, mine.longitude, mine.reach_km or 0)
    return _statement(mine.side, model, found_by, exact, is_near), values


@lru_cache(maxsize=64)
def _statement(side: Side, model: tuple[int, int] | None, ways: Ways, exact: bool, is_near: bool) -> TextClause:
    """The statement for the candidates of a request or an offer; the index conditions stand in it as literals.

    `model` is the id of the model whose vectors are compared, and how long they are.
    """
    other, pair = ("offer", "m.request_id = :id AND m.offer_id = p.proposition_id")
    room = f"""AND p.organisation_id <> ALL(CAST(:busy_with AS text[]))
        AND (p.kind NOT IN ({_quoted(TAKEN_UP_BY_ONE)}) OR {offer_running("p.proposition_id")} < :most_of_offer)"""
    if side is Side.OFFER:
        other, pair = ("request", "m.offer_id = :id AND m.request_id = p.proposition_id")
        room = f"""AND (SELECT count(*) FROM match t WHERE t.request_id = p.proposition_id
                         AND t.state IN ('proposed', 'endorsed')) < :most
            AND :organisation_id <> ALL(ARRAY(SELECT m.offerer_organisation_id FROM match m
                                             WHERE m.request_id = p.proposition_id AND {IS_BUSY}))"""
    is_open = f"p.side = '{other}' AND p.status = 'open'"
    ours = "(CAST(:node AS text) IS NULL OR p.node <> :node)"
    if side is Side.OFFER:
        is_open += " AND p.is_sought"  # the national node knows what all regions ask, and seeks for a few of that
        ours = """(p.node IS NULL OR p.node <> :node
                   AND EXISTS (SELECT FROM escalation e WHERE e.request_id = p.proposition_id AND e.node = p.node))"""
    group = _quoted(KINDS_FOR_A_GROUP)
    offered, no_room = ("p.kind", "CAST(:participants AS integer) > p.participants")
    if side is Side.OFFER:
        offered, no_room = ("CAST(:kind AS text)", "p.participants > CAST(:participants AS integer)")
    narrow = f"""
        {is_open} AND {ours} AND p.expires_at > :now AND p.kind = ANY(:kinds)
        AND p.organisation_id <> :organisation_id AND p.member_id <> :member_id
        AND (p.kind = ANY(:without_distance)
             OR {km_in_sql(":latitude", ":longitude", "p.latitude", "p.longitude")}
             <= least(coalesce(CAST(:reach_km AS integer), 40000), coalesce(p.reach_km, 40000)) + 0.01)
        AND ({offered} NOT IN ({group}) OR ({no_room}) IS NOT TRUE)
        AND (p.starts_on <= CAST(:ends_on AS date)) IS NOT FALSE
        AND (p.ends_on >= CAST(:starts_on AS date)) IS NOT FALSE
        AND (abs(p.mbo_level - CAST(:mbo_level AS integer)) <= {LEVELS_APART_MAX}) IS NOT FALSE
        AND (coalesce(p.languages, '{{}}') = '{{}}' OR CAST(:languages AS text[]) = '{{}}'
             OR p.languages && CAST(:languages AS text[]))
        AND NOT EXISTS (SELECT FROM match m WHERE {pair} AND m.lapsed_because IS DISTINCT FROM 'closed'
            AND (m.lapsed_because IS DISTINCT FROM 'unanswered'
                OR CASE WHEN m.endorsed_at IS NULL THEN CAST(:unseen AS boolean) ELSE :unanswered END))
        {room}"""
    found, by_meaning = [], ""
    if "place" in ways:
        found.append(
            f"""SELECT p.proposition_id
            FROM (SELECT * FROM proposition p WHERE {is_open}
                  ORDER BY point(longitude, latitude) <-> point(:longitude, :latitude) LIMIT {NEAREST_MAX}) p
            WHERE {narrow} LIMIT {CANDIDATES_MAX}"""
        )
    similarity = "CAST(NULL AS float8)"
    if model:
        model_id, dimensions = model
        apart = f"(v.vector::halfvec({dimensions}) <=> CAST(CAST(:meaning AS text) AS halfvec({dimensions})))"
        similarity = f"""(SELECT 1 - {apart} FROM meaning v
            WHERE v.proposition_id = p.proposition_id AND v.model_id = {model_id})"""
        if "meaning" in ways:
            # A proposition is looked up for each vector that the index gives (OFFSET 0). Left to itself the planner
            # takes the filters for so strict that it seeks all that pass first, and compares each with each.
            by_meaning = f"""WITH by_meaning AS MATERIALIZED (
                    SELECT v.proposition_id FROM meaning v CROSS JOIN LATERAL (
                        SELECT FROM proposition p WHERE p.proposition_id = v.proposition_id AND {narrow} OFFSET 0) AS f
                    WHERE v.model_id = {model_id} AND v.side = '{other}' AND v.is_open
                    ORDER BY {apart}{" + 0" if exact else ""} LIMIT {CANDIDATES_MAX})"""
            found.append("SELECT proposition_id FROM by_meaning")
        if by_meaning and is_near and not exact:
            found.append(
                f"""SELECT p.proposition_id FROM proposition p CROSS JOIN LATERAL (
                        SELECT {apart} AS apart FROM meaning v WHERE v.proposition_id = p.proposition_id
                            AND v.model_id = {model_id} AND v.vector IS NOT NULL OFFSET 0) AS v
                    WHERE (SELECT count(*) FROM by_meaning) < {CANDIDATES_MAX}
                        AND point(longitude, latitude) <@ box(point(:west, :south), point(:east, :north))
                        AND {narrow} ORDER BY v.apart LIMIT {CANDIDATES_MAX}"""
            )
    if "words" in ways:
        found.append(
            f"""SELECT p.proposition_id
                FROM (SELECT * FROM proposition p WHERE {is_open} AND words @@ CAST(:query AS tsquery)
                      LIMIT {WITH_A_WORD_MAX}) p
                WHERE {narrow}
                ORDER BY ts_rank('{{{_LABELS}}}', p.words, CAST(:query AS tsquery)) DESC LIMIT {CANDIDATES_MAX}"""
        )
    theirs = "SELECT w.weights[1] || w.lexeme FROM unnest(p.words) w WHERE w.lexeme"
    refused = f"{theirs} = ANY(:unwanted)"
    if side is Side.OFFER:
        refused = "SELECT u FROM unnest(p.unwanted) u WHERE u = ANY(:terms)"
    return text(
        f"""
        {by_meaning}
        SELECT {COLUMNS}, {similarity} AS similarity,
            ARRAY({theirs} = ANY(:terms)) AS shared, ARRAY({refused}) AS refused, length(p.words) AS terms,
            {offer_running(":id" if side is Side.OFFER else "p.proposition_id")} AS offer_running,
            {BUSY if side is Side.OFFER else "NULL AS running"}
        FROM proposition p WHERE p.proposition_id IN ({" UNION ".join(f"({one})" for one in found) or "NULL"})
        """
    )


def _quoted(kinds: Iterable[Kind]) -> str:
    return ", ".join(f"'{kind}'" for kind in sorted(kinds))


def _pair(known: Known, row: RowMapping) -> Pair:
    """A row beside the request or the offer that was asked for. The words are the request's own."""
    mine, other = known.proposition, proposition_of(row)
    similarity = None if row["similarity"] is None else float(row["similarity"])
    shared = row["shared"]
    if mine.side is Side.REQUEST:
        request, offer, text_of_request, terms_of_offer = mine, other, known.text, row["terms"] or 0
        unwanted = sum(words.LABELS[term[0]] for term in row["refused"])
    else:
        request, offer, text_of_request, terms_of_offer = other, mine, row["text"], len(known.terms)
        unwanted = sum(known.terms[term] for term in row["refused"])
    return Pair(
        request,
        offer,
        similarity,
        in_common=words.in_common(known.terms, shared, terms_of_offer),
        unwanted=unwanted,
        offer_running=row["offer_running"],
        terms=tuple(term[1:] for term in shared),
        asked=text_of_request,
    )
