"""What is asked of somebody, and no more: no mail asks what was answered, or what is over, or warns of it.

Each type of event comes by itself: what ends the asking may be heard before what asks.
"""

from collections.abc import Iterable
from enum import StrEnum

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import EventRouter
from chassis.sql import run
from contracts.desk import HandOverAnswered, HandOverTakenBack, HelpAnswered
from contracts.matching import (
    IntroductionMade,
    MatchAnswered,
    MatchDismissed,
    MatchEndorsed,
    MatchHandedOver,
    MatchLapsed,
)
from contracts.requests import (
    OfferChanged,
    OfferClosed,
    OfferReopened,
    RequestChanged,
    RequestClosed,
    RequestReopened,
)
from services.notify.tables import InboxItem
from services.notify.templates import CATEGORY_OF, Category, Template

router = EventRouter()

_MatchGoesOn = MatchHandedOver | MatchEndorsed | MatchAnswered | IntroductionMade | MatchLapsed | MatchDismissed

_PropositionGoesOn = RequestChanged | RequestClosed | RequestReopened | OfferChanged | OfferClosed | OfferReopened


class Asked(StrEnum):
    """Of whom: an ambassador or the team, one of the sides of a match, or who may help with a request."""

    DESK = "desk"
    REQUEST = "request"
    OFFER = "offer"
    HELP = "help"


_ASKING = (
    Template.MATCH_PROPOSED,
    Template.MATCH_HANDED_OVER,
    Template.MATCH_ENDORSED,
    Template.ANSWER_OVERDUE,
    Template.HAND_OVER_ASKED,
    Template.HELP_ASKED,
    Template.REQUEST_EXPIRY_NEAR,
    Template.OFFER_EXPIRY_NEAR,
    Template.REQUEST_QUIET,
    Template.OFFER_QUIET,
)

ASKING_VALUES = {"asking": list(_ASKING)}

_OF_DESKS = ", ".join(f"'{template}'" for template in _ASKING if CATEGORY_OF[template] is Category.DESK)

_END = text(
    """
    INSERT INTO asked_before AS known (matter_id, asked, version)
    SELECT CAST(:matter_id AS text), asked, :version FROM unnest(CAST(:asked AS text[])) AS asked
    ON CONFLICT (matter_id, asked) DO UPDATE SET version = greatest(known.version, excluded.version)
    """
)


def is_over(item: str, asking: str = ":asking") -> str:
    """The condition that what an `item` asks is not asked any more; the value of `asking` is in `ASKING_VALUES`.

    Who looks at a match may be a side of it, too: the template tells then as what they are asked. What may be asked
    more than once of a match has the version of it as its occurrence. Whose request or offer expires soon, or is long
    talked about, is asked as the side of a request is, whichever it is. To look at a match instead of another, or to
    help with a request, is not asked any more either when the match went on or the request closed after that was asked.
    """
    return f"""
        CASE WHEN {item}.template = ANY({asking}) THEN EXISTS (
            SELECT FROM (VALUES
                ({item}.matter_id, CAST('0' || {item}.occurrence AS integer),
                 CASE WHEN {item}.template IN ({_OF_DESKS}) OR {item}.member_id NOT IN (
                        {item}.facts #>> '{{asker,member_id}}', {item}.facts #>> '{{offerer,member_id}}') THEN 'desk'
                      WHEN {item}.facts #>> '{{offerer,member_id}}' = {item}.member_id
                       AND {item}.facts #>> '{{offerer,node}}' IS NULL THEN 'offer'
                      ELSE 'request' END),
                ({item}.facts ->> 'match_id', CAST({item}.facts ->> 'match_version' AS integer), 'desk'),
                ({item}.facts ->> 'request_id', CAST({item}.facts ->> 'request_version' AS integer), 'help')
            ) AS what (matter_id, version, asked)
            JOIN asked_before AS a ON a.matter_id = what.matter_id AND a.asked = what.asked
                AND what.version < a.version) ELSE false END
    """


_LEAVE_OUT = text(
    f"""
    UPDATE notification AS n SET status = 'expired', facts = '{{}}', digest_id = NULL
    WHERE n.digest_id = :digest_id AND n.status = 'gathered' AND (
        EXISTS (SELECT FROM inbox_item AS i WHERE i.member_id = n.member_id AND i.template = n.template
                AND i.matter_id = n.matter_id AND i.occurrence = n.occurrence AND i.read_at IS NOT NULL)
        OR {is_over("n")})
    """
)

_OVER = text(f"SELECT item_id FROM inbox_item AS i WHERE item_id = ANY(:item_ids) AND {is_over('i')}")


@router.hears(
    MatchHandedOver, MatchEndorsed, MatchAnswered, IntroductionMade, MatchLapsed, MatchDismissed, apart="asking"
)
async def end_asking_of_match(event: _MatchGoesOn, session: AsyncSession) -> None:
    """A match goes on or ends: who was asked before that is not asked any more."""
    await _end(session, event.match_id, asked_until(event), event.version)


@router.hears(HandOverAnswered, HandOverTakenBack, apart="asking")
async def end_asking_to_look(event: HandOverAnswered | HandOverTakenBack, session: AsyncSession) -> None:
    """Who was asked to look at a match instead answered, or need not."""
    await _end(session, event.hand_over_id, tuple(Asked), event.version)


@router.hears(HelpAnswered, apart="asking")
async def end_asking_for_help(event: HelpAnswered, session: AsyncSession) -> None:
    """Who was asked to help with a request answered."""
    await _end(session, event.ask_id, tuple(Asked), event.version)


@router.hears(RequestChanged, RequestClosed, RequestReopened, OfferChanged, OfferClosed, OfferReopened, apart="asking")
async def end_asking_of_proposition(event: _PropositionGoesOn, session: AsyncSession) -> None:
    """It was changed, is talked about, closed or opened again: neither that its day is near nor what came of a
    conversation is asked any more.

    With a request that closed nobody need help any more.
    """
    asked = (Asked.REQUEST, Asked.HELP) if isinstance(event, RequestClosed) else (Asked.REQUEST,)
    await _end(session, event.entity_id, asked, event.version)


def asked_until(event: _MatchGoesOn) -> tuple[Asked, ...]:
    """Of whom is not asked any more what was asked before this."""
    match event:
        case MatchHandedOver() | MatchEndorsed():
            return (Asked.DESK,)
        case MatchAnswered():
            return Asked.DESK, Asked(event.side)
        case _:
            return tuple(Asked)


async def leave_out_what_is_over(session: AsyncSession, digest_id: str) -> None:
    """What was read in the inbox, and what is not asked any more, is not mailed."""
    await run(session, _LEAVE_OUT, ASKING_VALUES | {"digest_id": digest_id})


async def not_asked_any_more(session: AsyncSession, items: Iterable[InboxItem]) -> set[str]:
    """Of which of these items what they ask was answered, or is over."""
    asking = [item.item_id for item in items if item.template in _ASKING]
    if not asking:
        return set()
    return {row[0] for row in await run(session, _OVER, ASKING_VALUES | {"item_ids": asking})}


async def _end(session: AsyncSession, matter_id: str, asked: tuple[Asked, ...], version: int) -> None:
    await run(session, _END, {"matter_id": matter_id, "asked": list(asked), "version": version})
