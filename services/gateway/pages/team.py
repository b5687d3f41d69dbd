"""What the node's team does: members and their roles, what was not handled, and what was done for others."""

import asyncio
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from contracts.places import PROVINCES
from contracts.vocabulary import Role
from contracts.words import province_in_words, themes_in_words
from services.gateway.pages.forms import Form
from services.gateway.pages.joining import step_of, where
from services.gateway.pages.reading import Reader, Refused, SignedInReader

router = APIRouter(include_in_schema=False)

#: What a scope is made of.
SCOPE = ("organisation_ids", "provinces", "themes")

MemberId = Annotated[str, Path(max_length=128)]
Cursor = Annotated[str, Query(max_length=128)]

#: Whom the list shows, and how members is asked for them.
WHICH = {
    "all": {},
    "ambassador": {"role": "ambassador"},
    "node-team": {"role": "node-team"},
    "left": {"left": "true"},
    "blocked": {"blocked": "true"},
}

#: What a button on a member's page does: the method, and the address with the member's id in it.
STEPS = {
    "appoint": ("PUT", "/v1/ambassadors/{}"),
    "end": ("DELETE", "/v1/ambassadors/{}"),
    "add": ("PUT", "/v1/node-team/{}"),
    "remove": ("DELETE", "/v1/node-team/{}"),
    "block": ("PUT", "/v1/members/{}/block"),
    "unblock": ("DELETE", "/v1/members/{}/block"),
    "contact": ("POST", "/v1/members/{}/contact-reads"),
}


@router.get("/team")
async def show_team(reader: SignedInReader) -> Response:
    """Where everything of the team is."""
    reader.must_have(Role.NODE_TEAM)
    return reader.page("team.html")


@router.get("/members")
async def show_members(
    reader: SignedInReader, name: Annotated[str, Query(max_length=100)] = "", which: str = "all", cursor: Cursor = ""
) -> Response:
    """Who takes part, by a part of a name or organisation, or by role."""
    reader.must_have(Role.NODE_TEAM)
    which = which if which in WHICH else "all"
    asked = {"limit": "20"} | WHICH[which] | ({"q": name.strip()} if len(name.strip()) > 1 else {})
    found = await reader.ask("/v1/members?" + urlencode(asked | ({"cursor": cursor} if cursor else {})))
    return reader.page(
        "members.html", members=found["items"], older=found["next_cursor"], cursor=cursor, name=name, which=which,
        choices=tuple(WHICH),
    )  # fmt: skip


@router.get("/members/{member_id}")
async def show_member(member_id: MemberId, reader: SignedInReader, done: str = "") -> Response:
    """A member: where they belong, what they may do, and what was done to them; also who left."""
    return await _page(reader, member_id, done=done)


@router.post("/members/{member_id}")
async def take_step(member_id: MemberId, reader: SignedInReader) -> Response:
    """A role is given or taken, somebody is kept out or let in, forgotten, or their contact details are read."""
    form = await reader.filled_in()
    button = step_of(form, "appoint")
    if button == "find":
        return await _page(reader, member_id, form=form)
    if button == "erase":
        return await _erase(reader, member_id, form)
    if button not in STEPS:
        return await _page(reader, member_id, status=422, wrong="error.422")
    method, address = STEPS[button]
    scope = {name: form.all(name) for name in SCOPE} if button == "appoint" else None
    version = f'"{form.value("version")}"' if scope is not None else None
    if scope is not None and form.value("organisation"):
        if not (chosen := form.value("organisation_id")):
            form.asks("organisation", "wrong.scope-organisation", reader.language)
            return await _page(reader, member_id, status=422, form=form)
        scope["organisation_ids"] = list(dict.fromkeys([*scope["organisation_ids"], chosen]))
    if scope is not None and not any(scope.values()):
        return await _page(reader, member_id, status=422, wrong="error.scope-empty")
    try:
        there = address.format(quote(member_id, safe=""))
        told = await reader.ask(there, method=method, body=scope, if_match=version)
    except Refused as refused:
        if refused.status not in (404, 409, 412, 422):
            raise
        kept = form if scope is not None else None
        return await _page(reader, member_id, status=refused.status, wrong=f"error.{refused.slug}", form=kept)
    if button == "contact":  # shown once: it is noted who looked
        return await _page(reader, member_id, contact=told)
    return reader.go_to(f"/members/{quote(member_id, safe='')}?done=member-{button}")


async def _erase(reader: Reader, member_id: str, form: Form) -> Response:
    """They are forgotten, when who does it said to know what that means; what follows is the report of it."""
    if not form.value("sure"):
        return await _page(reader, member_id, status=422, wrong="wrong.sure")
    asked = await reader.ask(f"/v1/members/{quote(member_id, safe='')}", method="DELETE")
    return reader.go_to(f"/erased/{quote(asked['erasure_id'], safe='')}")


@router.get("/deeds")
async def show_deeds(reader: SignedInReader, cursor: Cursor = "", member: Cursor = "", deed: str = "") -> Response:
    """What was done for others in the last year, by whom and to whom."""
    reader.must_have(Role.NODE_TEAM)
    asked = {"limit": "20"} | {name: value for name, value in
                               (("cursor", cursor), ("member_id", member), ("deed", deed)) if value}  # fmt: skip
    found = await reader.ask("/v1/deeds?" + urlencode(asked))
    return reader.page("deeds.html", deeds=found["items"], older=found["next_cursor"], cursor=cursor, member=member)


async def _page(
    reader: Reader,
    member_id: str,
    *,
    status: int = 200,
    done: str = "",
    wrong: str = "",
    form: Form | None = None,
    contact: dict[str, Any] | None = None,
) -> Response:
    reader.must_have(Role.NODE_TEAM)
    one = quote(member_id, safe="")
    member = await reader.ask(f"/v1/members/{one}")
    deeds = (await reader.ask(f"/v1/deeds?limit=20&member_id={one}"))["items"]
    scope = member["scope"] or {name: [] for name in SCOPE}
    is_filled_in, form = form is not None, form or Form(dict(scope))
    ids = tuple(dict.fromkeys([*scope["organisation_ids"], *form.all("organisation_ids")]))
    known = await asyncio.gather(*(reader.ask(f"/v1/organisations/{quote(one, safe='')}") for one in ids))
    choices = {
        "organisation_ids": [(one, organisation["name"]) for one, organisation in zip(ids, known, strict=True)],
        "provinces": [(name, province_in_words(name, reader.language)) for name in PROVINCES],
        "themes": themes_in_words(reader.language),
    }
    return reader.page(
        "member.html",
        status=status,
        member=member,
        form=form,
        is_filled_in=is_filled_in,
        choices=choices,
        covers=[words for name in SCOPE for value, words in choices[name] if value in scope[name]],
        contact=contact,
        deeds=deeds,
        done=done,
        wrong=wrong,
        **(await where(reader, form) | {"new": None}),
    )
