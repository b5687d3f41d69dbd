"""What may be done at a desk, and when something comes back to it: pure, with time as an argument."""

from collections.abc import Collection
from datetime import date, datetime, time, timedelta

from chassis import Problem
from contracts.days import AMSTERDAM
from contracts.members import AmbassadorScope
from contracts.vocabulary import Role, Side
from services.matching import routing
from services.matching.pairs import Proposition

#: What comes back on a day does so before the work begins.
COMES_AT = time(7)

#: A broker whose clock is ahead of ours may ring so much earlier: asked again for the rest, it would ring at once.
EARLY_MAX = timedelta(hours=3)

#: So many members are asked to help with a request at the most: they are people, not a mailing list.
ASKED_MAX = 10

#: So many things one may have to come back to. A list that is longer helps nobody remember.
FOLLOW_UPS_MAX = 50

REMEMBERED_FOR = timedelta(days=731)

#: What was opened longer ago is not new.
NEW_FOR_DAYS = 30


class RequestNotYours(
    Problem, slug="request-not-yours-to-look-after", status=404, title="There is no open request with this id for you"
):
    """It does not exist, is of another node, is not open (any more), or somebody else looks after it."""


class NotAnOffer(Problem, slug="offer-not-open", status=404, title="There is no open offer with this id here"):
    """It does not exist, or is not open (any more)."""


class CannotBeBroughtTogether(
    Problem, slug="cannot-be-brought-together", status=422, title="These two are of the same person"
):
    """Nobody is brought together with themselves."""


class MatchedBefore(Problem, slug="matched-before", status=409, title="These two were brought together before"):
    """Somebody saw no fit, one of the two said no, or they met."""


class CannotBeAsked(Problem, slug="member-cannot-be-asked", status=422, title="This member cannot be asked"):
    """It is their own request, or they are not here (any more)."""


class AskedEnough(
    Problem, slug="asked-enough", status=409, title="Enough members were asked to help with this request"
):
    """There is a limit to how many people one request goes to."""


class AskedByAnother(Problem, slug="asked-by-another", status=409, title="Somebody else asked this member already"):
    """Who asked first hears the answer, and the member reads their note."""


class AskNotFound(Problem, slug="ask-not-found", status=404, title="Nobody asks this of you (any more)"):
    """It does not exist, is somebody else's, or the request is gone."""


class AnsweredBefore(Problem, slug="ask-answered-before", status=409, title="You gave the other answer before"):
    """An answer is not taken back here: who was asked has been told to somebody."""


class HandOverNotFound(
    Problem, slug="hand-over-not-found", status=404, title="Nobody asks you to look at this match (any more)"
):
    """It does not exist, was answered or taken back, or the match has gone on."""


class HandOverWaits(
    Problem, slug="hand-over-waits", status=409, title="Somebody was asked to look at this match already"
):
    """One is asked at a time; take that back first."""


class FollowUpNotFound(Problem, slug="follow-up-not-found", status=404, title="You have no such follow-up"):
    """It does not exist, or is somebody else's."""


class TooManyFollowUps(
    Problem, slug="too-many-follow-ups", status=409, title="You have too much to come back to: finish something first"
):
    """A list that is longer helps nobody remember."""


def looks_after(proposition: Proposition, roles: Collection[str], scope: AmbassadorScope | None) -> bool:
    """Whether somebody looks after a request or an offer of this node: its team, or an ambassador by their scope."""
    if proposition.node is not None:
        return False
    if Role.NODE_TEAM.value in roles:
        return True
    return Role.AMBASSADOR.value in roles and scope is not None and routing.covers(scope, proposition)


def must_go_together(request: Proposition, asker: Collection[str], offer: Proposition, now: datetime) -> None:
    """Who brings two together by hand may overrule distance, kind and level, but not what the two themselves said.

    `asker`: all that who asks is known as.
    """
    if request.side is not Side.REQUEST or request.node is not None or not request.is_open(now):
        raise RequestNotYours
    if offer.side is not Side.OFFER or not offer.is_open(now):
        raise NotAnOffer
    if offer.node is None and offer.member_id in asker:
        raise CannotBeBroughtTogether


def comes_at(due_on: date) -> datetime:
    """The moment on a day at which something comes back."""
    return datetime.combine(due_on, COMES_AT, AMSTERDAM)


def is_there(due_on: date, now: datetime) -> bool:
    """Whether what comes back on a day may come back now."""
    return now >= comes_at(due_on) - EARLY_MAX


def is_ahead(due_on: date, now: datetime) -> bool:
    """Whether one can come back to something on a day: from today on, and not so far that it is a typing error."""
    today = now.astimezone(AMSTERDAM).date()
    return today <= due_on <= today + REMEMBERED_FOR
