"""The page of a match: what is asked and offered, why it fits, and what the reader can do with it."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from chassis.problems import Problem
from contracts.vocabulary import Role
from services.gateway.pages.parts import colleagues
from services.gateway.pages.reading import Reader, Refused, SignedInReader

router = APIRouter(include_in_schema=False)

MatchId = Annotated[str, Path(max_length=128)]

#: What a button on the page does: the step, and its body as far as it does not depend on what was filled in.
STEPS: dict[str, tuple[str, dict[str, Any]]] = {
    "endorse": ("endorse", {}),
    "dismiss": ("dismiss", {}),
    "hand-over": ("hand-over", {}),
    "yes": ("answer", {"accepted": True}),
    "no": ("answer", {"accepted": False}),
}

#: The steps that are taken with a reason, a note, or the name of somebody.
WITH_WORDS = ("dismiss", "no", "hand-over")

REASONS = ("other-need", "too-far", "wrong-level", "no-capacity", "other")


@router.get("/matches")
async def show_matches(reader: SignedInReader, cursor: Annotated[str, Query(max_length=128)] = "") -> Response:
    """The reader's own, and for who brings people together all that they look after; the newest first."""
    asked = {"language": reader.language.value, "limit": "20"} | ({"cursor": cursor} if cursor else {})
    found = await reader.ask("/v1/matches?" + urlencode(asked))
    return reader.page("matches.html", matches=found["items"], older=found["next_cursor"], cursor=cursor)


@router.get("/matches/{match_id}")
async def show_match(match_id: MatchId, reader: SignedInReader, done: str = "") -> Response:
    """The match, for whoever may see it."""
    return await _page(reader, match_id, done=done)


@router.post("/matches/{match_id}")
async def take_step(match_id: MatchId, reader: SignedInReader) -> Response:
    """A button was pressed: the step is taken, or the match is shown with why it cannot be."""
    filled_in = await reader.form()
    button = filled_in.get("step", "")
    verb, body = STEPS.get(button, ("endorse", {}))
    if button not in STEPS:
        return await _page(reader, match_id, status=422, wrong="error.422")
    told = {name: filled_in[name] for name in ("because", "note", "member_id") if filled_in.get(name, "").strip()}
    try:
        match = await reader.ask(
            f"{_address(match_id)}/{verb}",
            method="POST",
            body=body | (told if button in WITH_WORDS else {}),
            if_match=None if verb == "answer" else f'"{filled_in.get("version", "")}"',
        )
    except Refused as refused:
        if refused.status not in (403, 409, 412, 422):
            raise
        wrong = wrong_with(button, refused)
        return await _page(reader, match_id, status=refused.status, wrong=wrong, typed=told | {"step": button})
    if button == "hand-over":
        done = done_with_hand_over(reader, told)
        if done == button:  # it may not be theirs to see any more
            return reader.go_to("/?done=hand-over")
    else:
        done = done_with(button, match)
    return reader.go_to(f"/matches/{quote(match_id, safe='')}?done={done}")


def done_with_hand_over(reader: Reader, told: Mapping[str, str]) -> str:
    """What the notice is after a match is given to somebody else: the team gives it at once, others ask first."""
    if "member_id" not in told:
        return "hand-over"
    return "handed-to" if reader.has(Role.NODE_TEAM) else "asked-over"


def done_with(button: str, match: dict[str, Any]) -> str:
    """What the notice is after a step with a match: of two regions one may have to look yet."""
    return "endorsed-here" if button == "endorse" and match["state"] == "proposed" else button


def wrong_with(button: str | None, refused: Refused) -> str:
    """The key of what is wrong with a step; two of them are taken with a reason."""
    is_reason = button in ("dismiss", "no") and refused.slug == "invalid-fields"
    return "wrong.match-because" if is_reason else wrong_with_note(refused)


def wrong_with_note(refused: Refused) -> str:
    """The key of what is wrong with a step that is taken with a note to somebody: nobody can write it but too long."""
    return wrong_at(refused, {"note": "wrong.note-too-long"})


def wrong_at(refused: Refused, told: Mapping[str, str]) -> str:
    """The key of what is wrong with the first of these fields that is; of why it was refused, where none is."""
    fields = [error["field"] for error in refused.told.get("errors", ())]
    return next((key for field, key in told.items() if field in fields), f"error.{refused.slug}")


async def _page(
    reader: Reader,
    match_id: str,
    *,
    status: int = 200,
    done: str = "",
    wrong: str = "",
    typed: Mapping[str, str] | None = None,
) -> Response:
    match = await reader.ask(f"{_address(match_id)}?language={reader.language}")
    may_judge = _may_judge(reader, match)
    return reader.page(
        "match.html",
        status=status,
        match=match,
        may_judge=may_judge,
        colleagues=await colleagues(reader) if may_judge else {},
        looks_after=reader.has(Role.AMBASSADOR, Role.NODE_TEAM) and not match["my_side"],
        may_answer=match["state"] == "endorsed" and match["my_side"] and match["my_answer"] is None,
        reasons=REASONS,
        introduction=await _introduction(reader, match),
        contact=await _contact(reader, match),
        done=done,
        wrong=wrong,
        typed=typed or {},
    )


async def _introduction(reader: Reader, match: dict[str, Any]) -> dict[str, Any] | None:
    """What the two can do together from here, or do already; none when that cannot be told now."""
    if match["state"] != "introduced" or not match["my_side"]:
        return None
    with suppress(Problem):
        return dict(await reader.ask(f"/v1/introductions/{quote(match['match_id'], safe='')}"))
    return None


async def _contact(reader: Reader, match: dict[str, Any]) -> str | None:
    """What the reader was told of how to reach the other; none when that is not there (yet), or long ago."""
    if match["state"] != "introduced" or not match["my_side"]:
        return None
    with suppress(Problem):
        told = (await reader.ask("/v1/inbox?limit=100"))["items"]
        about = (one for one in told if one["matter_id"] == match["match_id"])
        return next((str(one["text"]) for one in about if one["template"] == "introduction"), None)
    return None


def _may_judge(reader: Reader, match: dict[str, Any]) -> bool:
    """Whether the buttons are of use; matching decides itself whether the step may be taken."""
    of_team = reader.has(Role.NODE_TEAM) and not match["my_side"]
    waits_here = match["state"] == "proposed" and not match["is_endorsed_here"]
    return waits_here and (match["waits_for_me"] or of_team)


def _address(match_id: str) -> str:
    return f"/v1/matches/{quote(match_id, safe='')}"
