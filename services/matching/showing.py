"""A match as it is read: with its parties, what they wrote, and the ambassador's note."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import RowMapping, TextClause, text
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Identity
from chassis.paging import PageAsked, moment
from contracts.matching import Party, Reason, Wording
from contracts.members import Place
from contracts.vocabulary import Kind, Language, Role, Side, Status
from services.matching.match import Match, State
from services.matching.steps import MatchNotFound
from services.matching.store import ask


@dataclass(frozen=True, slots=True)
class Shown:
    """A match with what only its readers see: what both sides wrote, and the ambassador's note."""

    match: Match
    request: Wording
    offer: Wording
    note: str | None

    def both_open(self, now: datetime) -> bool:
        """Whether both ends still stand."""
        return all(side.status is Status.OPEN and now < side.expires_at for side in (self.request, self.offer))


def _side_columns(side: str, table: str) -> str:
    columns = (
        "organisation_id", "title", "text", "themes", "language", "place_name", "province", "latitude", "longitude",
        "starts_on", "ends_on", "mbo_level", "status", "expires_at", "node",
    )  # fmt: skip
    name = f"(SELECT name FROM organisation n WHERE n.organisation_id = {table}.organisation_id)"
    return ", ".join(
        [*(f"{table}.{column} AS {side}_{column}" for column in columns), f"{name} AS {side}_organisation_name"]
    )


SELECT = f"""
    SELECT m.*, {_side_columns("request", "r")}, {_side_columns("offer", "o")},
        r.about_offer_id = m.offer_id AS asked_about,
        (SELECT shown_name FROM other_node n WHERE n.node = m.asker_node) AS request_node_name,
        (SELECT shown_name FROM other_node n WHERE n.node = m.offerer_node) AS offer_node_name
    FROM match m
    LEFT JOIN proposition r ON r.proposition_id = m.request_id
    LEFT JOIN proposition o ON o.proposition_id = m.offer_id
    """


_ONE = text(SELECT + "WHERE m.match_id = :match_id")


async def find(session: AsyncSession, match_id: str) -> Shown | None:
    """A match, when it (still) exists."""
    row = (await ask(session, _ONE, {"match_id": match_id})).mappings().one_or_none()
    return shown(row) if row else None


WITH_IDS = text(SELECT + "WHERE m.match_id = ANY(:ids)")


async def with_ids(session: AsyncSession, ids: Iterable[str]) -> dict[str, Shown]:
    """Matches by their ids."""
    rows = (await ask(session, WITH_IDS, {"ids": list(ids)})).mappings()
    return {row["match_id"]: shown(row) for row in rows}


async def show(session: AsyncSession, match_id: str) -> Shown:
    """A match; raises `MatchNotFound`."""
    found = await find(session, match_id)
    if found is None:
        raise MatchNotFound
    return found


#: `me` are the caller's references; `looks_as` the same for an ambassador, and none for others.
_SEEN = """
    (m.ambassador_ids && CAST(:looks_as AS text[])
     OR m.endorsed_at IS NOT NULL AND (m.asker_id = ANY(:me) OR m.offerer_id = ANY(:me)))"""
#: The caller is a side of it: `Match.side_of`.
_MINE = """
    (m.asker_id = ANY(:me) AND m.asker_node IS NULL OR m.offerer_id = ANY(:me) AND m.offerer_node IS NULL)"""
#: Our own part of looking at it is not done: `Match.is_endorsed_here`, of one that is proposed.
NOT_ENDORSED_HERE = """NOT coalesce(m.endorsed_for, '{}') @> array_remove(ARRAY[
    CASE WHEN m.asker_node IS NULL THEN 'request' END, CASE WHEN m.offerer_node IS NULL THEN 'offer' END], NULL)"""
_AWAITING = f"""
    (m.state = 'proposed' AND m.ambassador_ids && CAST(:looks_as AS text[]) AND {NOT_ENDORSED_HERE}
     OR m.state = 'endorsed' AND (m.asker_id = ANY(:me) AND m.asker_accepted IS NULL
                                  OR m.offerer_id = ANY(:me) AND m.offerer_accepted IS NULL))"""


@cache
def _page_of(sees_all: bool, mine: bool, awaiting_me: bool, *of: str) -> TextClause:
    """The statement of a page. `of` are columns that are in it only when they are asked for, so that the index of each
    is used."""
    return text(
        f"""{SELECT}
        WHERE (CAST(:cursor AS text) IS NULL OR m.match_id < :cursor)
        AND (CAST(:state AS text) IS NULL OR m.state = :state)
        {"" if sees_all else f"AND {_SEEN}"} {f"AND {_MINE}" if mine else ""}
        {f"AND {_AWAITING}" if awaiting_me else ""}
        {" ".join(f"AND m.{column} = :{column}" for column in of)}
        ORDER BY m.match_id DESC LIMIT :rows"""
    )


async def page(
    session: AsyncSession,
    who: Identity,
    paging: PageAsked,
    *,
    mine: bool,
    awaiting_me: bool,
    state: State | None,
    of: Mapping[str, str],
) -> list[Shown]:
    """The matches that somebody may see, newest first; one more than a page.

    `of` narrows them to those of one `request_id`, one `offer_id`, or both.
    """
    of_team = who.has(Role.NODE_TEAM)
    sees_all = of_team and not mine  # as a side they see it once they are asked, like everybody
    values: dict[str, Any] = {"state": state, "cursor": paging.cursor, "rows": paging.limit + 1, **of}
    if not sees_all or awaiting_me:
        looks = of_team or who.has(Role.AMBASSADOR)
        values |= {"me": list(who.references), "looks_as": list(who.references) if looks else []}
    found = await ask(session, _page_of(sees_all, mine, awaiting_me, *of), values)
    return [shown(row) for row in found.mappings()]


_WAITING = text(
    f"""{SELECT}
    WHERE m.state = 'proposed' AND m.ambassador_ids && CAST(:me AS text[]) AND {NOT_ENDORSED_HERE}
    AND (CAST(:after_id AS text) IS NULL
        OR (m.waiting_since, m.match_id) > (CAST(:after AS timestamptz), CAST(:after_id AS text)))
    AND (CAST(:asked_instead AS boolean) IS NULL OR CAST(:asked_instead AS boolean) = EXISTS (
        SELECT FROM hand_over h
        WHERE h.match_id = m.match_id AND h.answered_at IS NULL AND h.asked_by = ANY(CAST(:me AS text[]))))
    ORDER BY m.waiting_since, m.match_id LIMIT CAST(:rows AS bigint)"""
)


async def waiting_to_be_looked_at(
    session: AsyncSession, who: Identity, paging: PageAsked, asked_instead: bool | None = None
) -> list[Shown]:
    """The matches that wait for somebody to look at them, the one that waits longest first; one more than a page.

    With `asked_instead` only those of which they asked another to look instead, or only the others.
    """
    after, after_id = paging.after(moment) or (None, None)
    values = {"me": list(who.references), "after": after, "after_id": after_id, "rows": paging.limit + 1}
    found = await ask(session, _WAITING, values | {"asked_instead": asked_instead})
    return [shown(row) for row in found.mappings()]


def shown(row: RowMapping) -> Shown:
    """A row of `SELECT` as it is read."""
    wordings = _wording(row, "request"), _wording(row, "offer")
    return Shown(match_of(row), *wordings, row["note"])


def match_of(row: RowMapping) -> Match:
    """A row of `SELECT` as the match that it is."""
    return Match(
        match_id=row["match_id"],
        version=row["version"],
        request_id=row["request_id"],
        offer_id=row["offer_id"],
        asker=_party(row, "request", row["asker_id"], row["asker_node"]),
        offerer=_party(row, "offer", row["offerer_id"], row["offerer_node"]),
        request_kind=Kind(row["request_kind"]),
        offer_kind=Kind(row["offer_kind"]),
        score=row["score"],
        reasons=tuple(Reason.model_validate(reason) for reason in row["reasons"]),
        ambassador_ids=tuple(row["ambassador_ids"]),
        state=State(row["state"]),
        waiting_since=row["waiting_since"],
        endorsed_at=row["endorsed_at"],
        reminded_at=row["reminded_at"],
        asker_accepted=row["asker_accepted"],
        offerer_accepted=row["offerer_accepted"],
        dismissed_because=row["dismissed_because"],
        declined_because=row["declined_because"],
        lapsed_because=row["lapsed_because"],
        endorsed_for=tuple(Side(side) for side in row["endorsed_for"] or ()),
        owner=row["owner"],
        told_version=row["told_version"],
        asked_about=bool(row["asked_about"]),
    )


def _party(row: RowMapping, side: str, member_id: str, node: str | None) -> Party:
    """A side as it stands now; an organisation that has not been heard of yet goes by its place."""
    called = {"node": node, "node_name": node and (row[f"{side}_node_name"] or node)}
    if row[f"{side}_title"] is None:
        return Party.model_validate(row["elsewhere"]["party"] | called | {"member_id": member_id})
    return Party(
        member_id=member_id,
        organisation_id=row[f"{side}_organisation_id"],
        organisation_name=row[f"{side}_organisation_name"] or row[f"{side}_place_name"],
        place=row[f"{side}_place_name"],
        title=row[f"{side}_title"],
        **called,
    )


def _wording(row: RowMapping, side: str) -> Wording:
    if row[f"{side}_title"] is None:
        return Wording.model_validate(row["elsewhere"]["wording"])
    return Wording(
        text=row[f"{side}_text"],
        themes=tuple(row[f"{side}_themes"]),
        language=Language(row[f"{side}_language"]),
        place=Place(
            name=row[f"{side}_place_name"],
            province=row[f"{side}_province"],
            latitude=row[f"{side}_latitude"],
            longitude=row[f"{side}_longitude"],
        ),
        starts_on=row[f"{side}_starts_on"],
        ends_on=row[f"{side}_ends_on"],
        mbo_level=row[f"{side}_mbo_level"],
        status=Status(row[f"{side}_status"]),
        expires_at=row[f"{side}_expires_at"],
    )
