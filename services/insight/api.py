"""The routes of insight: for everybody who is signed in, and only to read.

Each takes a period in months (`from`, `until`; the last twelve when left out) and what it is narrowed to.
"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from chassis import ReadSession, SignedIn
from contracts.vocabulary import Language
from services.insight import counting, exporting, initiatives, rules, views
from services.insight.calls import Call, Counted
from services.insight.rules import By
from services.insight.views import (
    GroupsView,
    InitiativeGroup,
    Initiatives,
    InitiativesView,
    RegionView,
    SpotsView,
    SummaryView,
)

router = APIRouter(prefix="/v1/insight", tags=["insight"])

Across = Literal["theme", "kind"]
InLanguage = Annotated[Language, Query(description="The language of the headings and of the numbers.")]

_AS_CSV: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {}}, "description": "UTF-8 with a byte order mark, as Excel wants it."}
}


@router.get("/summary", response_model=SummaryView)
async def show_summary(call: Counted, session: ReadSession) -> SummaryView:
    """Everything together: asked, offered, answered, how soon and how near, and what still waits."""
    row = (await counting.counts(session, call.asked, None)).get("", counting.NOTHING)
    organisations = await counting.organisations(session, call.asked)
    return SummaryView(
        **call.period(),
        counts=views.counts_of(row, exact=call.exact),
        waiting=views.waiting_of(row, exact=call.exact),
        organisations={kind: rules.shown(count, exact=call.exact) for kind, count in sorted(organisations.items())},
    )


@router.get("/counts", response_model=GroupsView)
async def show_counts(by: By, call: Counted, session: ReadSession) -> GroupsView:
    """The same for each theme, kind, network, province, region or month."""
    return await _groups(session, call, by)


@router.get("/counts.csv", responses=_AS_CSV, response_class=Response)
async def export_counts(by: By, call: Counted, session: ReadSession, language: InLanguage = Language.DUTCH) -> Response:
    """The same for a spreadsheet: with semicolons in Dutch, with commas in English."""
    found = await _groups(session, call, by)
    return exporting.sheet(exporting.rows_of_groups(found, language), language, f"{by}-{call.since}-{call.until}")


@router.get("/spots", response_model=SpotsView)
async def show_spots(call: Counted, session: ReadSession, across: Across = "theme") -> SpotsView:
    """What is asked where nobody offers it, and offered where nobody asks for it."""
    return await _spots(session, call, across)


@router.get("/spots.csv", responses=_AS_CSV, response_class=Response)
async def export_spots(
    call: Counted, session: ReadSession, across: Across = "theme", language: InLanguage = Language.DUTCH
) -> Response:
    """The same for a spreadsheet."""
    found = await _spots(session, call, across)
    return exporting.sheet(exporting.rows_of_spots(found, language), language, f"spots-{call.since}-{call.until}")


@router.get("/initiatives", response_model=InitiativesView)
async def show_initiatives(call: Counted, session: ReadSession, by: By = "theme") -> InitiativesView:
    """What people do together after an introduction: how many, how they ended, and what they brought."""
    return await _initiatives(session, call, by)


@router.get("/initiatives.csv", responses=_AS_CSV, response_class=Response)
async def export_initiatives(
    call: Counted, session: ReadSession, by: By = "theme", language: InLanguage = Language.DUTCH
) -> Response:
    """The counts of it for a spreadsheet."""
    found = await _initiatives(session, call, by)
    name = f"initiatives-{by}-{call.since}-{call.until}"
    return exporting.sheet(exporting.rows_of_initiatives(found, language), language, name)


@router.get("/regions", response_model=list[RegionView])
async def list_regions(_: SignedIn, session: ReadSession) -> list[RegionView]:
    """The nodes that something was heard of: in a region itself and the national node, there all of them."""
    return [RegionView(region=node, name=name) for node, name in (await counting.regions(session)).items()]


async def _groups(session: ReadSession, call: Call, by: By) -> GroupsView:
    found = await counting.counts(session, call.asked, by)
    whole = (await counting.counts(session, call.asked, None)).get("", counting.NOTHING)
    names = await counting.regions(session) if by == "region" else {}
    if by == "month":
        found = {month: found.get(month, counting.NOTHING) for month in rules.every_month(call.since, call.until)}
    groups = views.groups_of(found, whole, names, exact=call.exact)
    if by == "month":
        groups.sort(key=lambda one: one.key)
    else:
        groups = [one for one in groups if call.exact or one.asked or one.offered or one.standing]
    return GroupsView(by=by, **call.period(), groups=groups)


async def _spots(session: ReadSession, call: Call, across: Across) -> SpotsView:
    white, surplus = views.spots_of(await counting.spots(session, call.asked, across), exact=call.exact)
    return SpotsView(across=across, **call.period(), white=white, surplus=surplus)


async def _initiatives(session: ReadSession, call: Call, by: By) -> InitiativesView:
    whole = (await initiatives.counts(session, call.asked, None)).get("", initiatives.NOTHING)
    found = await initiatives.counts(session, call.asked, by)
    names = await counting.regions(session) if by == "region" else {}
    together = views.initiatives_of(whole, exact=call.exact)
    untold = views.untold_of(together)
    groups = [
        InitiativeGroup(key=key, name=names.get(key), **views.initiatives_of(row, exact=call.exact) | untold)
        for key, row in found.items()
        if "started" not in untold
    ]
    groups.sort(key=(lambda one: one.key) if by == "month" else (lambda one: (-rules.least(one.started), one.key)))
    return InitiativesView(
        by=by,
        **call.period(),
        all=Initiatives(**together),
        groups=groups,
        sentences=[views.sentence_of(row) for row in await initiatives.sentences(session, call.asked)],
    )
