"""The page of the node's team where two records that may be one stand side by side: the same, not the same, or later.

What was merged stands there too, with a button to undo it. Everybody sees what was merged of themselves, and may undo
that. Who may decide, members sees to itself.
"""

from typing import Annotated, Any, NamedTuple
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from contracts.vocabulary import Role
from services.gateway.pages.reading import Reader, Refused, SignedInReader

router = APIRouter(include_in_schema=False)

#: The parts of the page by what they are of, and the states that each shows, the first one first.
THINGS = ("persons", "organisations")
STATES = ("waiting", "later", "merged", "apart")

#: What a button does: the step at members.
STEPS = {"same": "merge", "other": "keep-apart", "undo": "keep-apart", "later": "later"}

#: What of each is put side by side.
FIELDS = {
    "persons": ("name", "email", "phone", "organisation", "language", "networks", "roles"),
    "organisations": ("name", "kind", "place", "brin", "kvk", "website", "networks"),
}

PAIRS_AT_ONCE = 10

PairId = Annotated[str, Path(max_length=128)]
Thing = Annotated[str, Query(max_length=20)]
State = Annotated[str, Query(max_length=20)]
Cursor = Annotated[str, Query(max_length=128)]


class Row(NamedTuple):
    """One field of both records: what it is, and who said what of it."""

    field: str
    values: tuple[Any, Any]
    said: tuple[list[tuple[Any, list[str | None]]], list[tuple[Any, list[str | None]]]]

    @property
    def differs(self) -> bool:
        """Whether the two have it both, and not the same."""
        return all(self.values) and self.values[0] != self.values[1]


@router.get("/same")
async def show_pairs(
    reader: SignedInReader, thing: Thing = "persons", state: State = "waiting", cursor: Cursor = "", done: str = ""
) -> Response:
    """What waits, what was put off, what was merged, and what was kept apart."""
    return await _page(reader, thing, state, cursor=cursor, done=done)


@router.get("/same/mine")
async def show_own(reader: SignedInReader, done: str = "", wrong: str = "") -> Response:
    """What was merged of the reader, with a button to undo it."""
    found = await reader.ask("/v1/members/me/merged")
    return reader.page("merged.html", pairs=found["items"], done=done, wrong=wrong)


@router.post("/same/mine/{pair_id}")
async def undo_own(pair_id: PairId, reader: SignedInReader) -> Response:
    """The reader is not both."""
    await reader.form()
    try:
        await reader.ask(f"/v1/members/me/merged/{quote(pair_id, safe='')}/keep-apart", method="POST")
    except Refused as refused:
        if refused.status != 404:
            raise
        return reader.go_to(f"/same/mine?wrong=error.{refused.slug}")
    return reader.go_to("/same/mine?done=same-undo")


@router.post("/same/{thing}/{pair_id}")
async def decide(thing: str, pair_id: PairId, reader: SignedInReader) -> Response:
    """A button was pressed: it is decided, or the list is shown with why it cannot be."""
    filled_in = await reader.form()
    button, state = filled_in.get("step", ""), filled_in.get("state", "")
    if thing not in THINGS or button not in STEPS:
        return await _page(reader, thing, state, status=422, wrong="error.422")
    try:
        await reader.ask(f"/v1/same-{thing}/{quote(pair_id, safe='')}/{STEPS[button]}", method="POST")
    except Refused as refused:
        if refused.status not in (404, 409):
            raise
        return await _page(reader, thing, state, status=refused.status, wrong=f"error.{refused.slug}")
    return reader.go_to(f"/same?{urlencode({'thing': thing, 'state': state, 'done': f'same-{button}'})}")


async def _page(
    reader: Reader, thing: str, state: str, *, cursor: str = "", status: int = 200, done: str = "", wrong: str = ""
) -> Response:
    reader.must_have(Role.NODE_TEAM)
    thing = thing if thing in THINGS else THINGS[0]
    state = state if state in STATES else STATES[0]
    asked = {"status": state, "limit": PAIRS_AT_ONCE} | ({"cursor": cursor} if cursor else {})
    found = await reader.ask(f"/v1/same-{thing}?{urlencode(asked)}")
    pairs = [pair | {"rows": _rows(thing, pair)} for pair in found["items"]]
    return reader.page(
        "same.html", at="/same", status=status, thing=thing, things=THINGS, state=state, states=STATES, pairs=pairs,
        older=found["next_cursor"], cursor=cursor, done=done, wrong=wrong,
    )  # fmt: skip


def _rows(thing: str, pair: dict[str, Any]) -> list[Row]:
    """Side by side, but for what neither has."""
    rows = []
    for field in FIELDS[thing]:
        values = _value(pair["first"], field), _value(pair["second"], field)
        said = _said(pair["first_said"], field), _said(pair["second_said"], field)
        if any(values) or any(said):
            rows.append(Row(field, values, said))
    return rows


def _value(side: dict[str, Any], field: str) -> Any:
    if field == "organisation":
        return side["organisations"]
    if field == "place":
        return side["place"]["name"]
    if field == "roles":
        return [role for role in side["roles"] if role != Role.MEMBER]
    return side.get(field)


def _said(said: list[dict[str, Any]], field: str) -> list[tuple[Any, list[str | None]]]:
    """What was said of a field, each value once, with the networks that say it; none is who is here."""
    found: list[tuple[Any, list[str | None]]] = []
    for one in said:
        if one["field"] != field or field == "networks" or one["value"] is None:
            continue
        value = one["value"]["name"] if field == "place" else one["value"]
        by = next((networks for known, networks in found if known == value), None)
        if by is None:
            found.append((value, [one["network"]]))
        elif one["network"] not in by:
            by.append(one["network"])
    return found
