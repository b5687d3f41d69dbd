"""Who is told what, and what makes it the same thing twice: decisions, without database, mail server or clock."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from chassis import Problem
from contracts.matching import (
    AnswerOverdue,
    IntroductionMade,
    MatchAnswered,
    MatchEndorsed,
    MatchHandedOver,
    MatchLapsed,
    MatchProposed,
    RequestEscalated,
    RequestUnanswered,
    reference,
)
from contracts.members import SignInRequested
from contracts.notify import NotificationFailed
from services.notify.templates import CATEGORY_OF, SIGN_IN_TEMPLATES, Category, Template


class InboxItemNotFound(Problem, slug="inbox-item-not-found", status=404, title="This item is not in your inbox"):
    """There is no such item, or it is somebody else's."""


class PreferencesNotFound(
    Problem, slug="preferences-not-found", status=404, title="There is nobody to set preferences for (any more)"
):
    """The member was erased while they were still signed in."""


class UnsubscribeLinkUnknown(
    Problem, slug="unsubscribe-link-unknown", status=404, title="This link does not work (any more)"
):
    """The token of the link is of no member."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell one person, as references and public facts; the words are made when it is read or sent."""

    member_id: str
    template: Template
    matter_id: str
    facts: dict[str, Any] = field(default_factory=dict)
    occurrence: str = ""
    by_mail: bool = True
    in_inbox: bool = True
    about: tuple[str, ...] = ()  # the members whose erasure removes this notice
    needs: tuple[str, ...] = ()  # the members whose contact must be known before the mail can go
    desk: bool = False  # told to somebody as ambassador, also where a side is told the same

    def notification_id(self, node: str) -> str:
        """Always the same for the same thing told to the same person by mail: also the mail's Message-ID."""
        return str(uuid5(_NAMESPACE, "\n".join((node, "mail", *self.identity))))

    @property
    def category(self) -> Category | None:
        """What the member may stop or have together, if it is such."""
        return Category.DESK if self.desk else CATEGORY_OF.get(self.template)

    @property
    def urgent(self) -> bool:
        """Whether somebody sits waiting for it: it goes before what was told earlier."""
        return self.template in SIGN_IN_TEMPLATES

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What makes two notices the same thing told twice."""
        return (self.member_id, self.template, self.matter_id, self.occurrence)


_NAMESPACE = UUID("5d1c0c9e-8a43-5f0a-9a52-6f0a4d1c7b1e")

_MatchEvent = (
    MatchProposed | MatchHandedOver | MatchEndorsed | MatchAnswered | AnswerOverdue | IntroductionMade | MatchLapsed
)


def sign_in_notice(event: SignInRequested) -> Notice:
    """The link goes to the address in the event: whoever joins has no contact with us yet."""
    return Notice(
        event.member_id,
        Template.JOINING if event.joining else Template.SIGN_IN,
        event.sign_in_id,
        event.model_dump(mode="json", include={"name", "email", "language", "token", "expires_at", "confirms"}),
        in_inbox=False,
        about=(event.member_id,),
    )


def proposal_notices(event: MatchProposed) -> list[Notice]:
    """The ambassadors look first."""
    return [_match_notice(event, who, Template.MATCH_PROPOSED) for who in _once(event.ambassador_ids)]


def hand_over_notices(event: MatchHandedOver) -> list[Notice]:
    """Whoever looks at it from now on, and has not just said so; when it comes back to somebody later, that is news."""
    return [
        _match_notice(event, who, Template.MATCH_HANDED_OVER, occurrence=str(event.version))
        for who in (() if event.said_yes else _once(event.ambassador_ids))
    ]


def question_notices(event: MatchEndorsed) -> list[Notice]:
    """Both sides are asked: yes or no."""
    return [_match_notice(event, who, Template.MATCH_ENDORSED) for who in _sides(event)]


def answer_notices(event: MatchAnswered) -> list[Notice]:
    """The ambassadors can see how it goes on; no mail for that."""
    return [
        _match_notice(event, who, Template.MATCH_ANSWERED, occurrence=event.side, by_mail=False)
        for who in _observers(event)
    ]


def reminder_notices(event: AnswerOverdue) -> list[Notice]:
    """Whoever has not answered is reminded, once for each step of a match: a later one may wait for them too."""
    sides, step = _sides(event), str(event.version)
    return [
        _match_notice(event, who, Template.ANSWER_OVERDUE, occurrence=step, desk=who not in sides)
        for who in _once(event.waiting_for)
    ]


def introduction_notices(event: IntroductionMade) -> list[Notice]:
    """Both sides get each other's contact details; the ambassadors hear that it worked, without them."""
    needed = _references(event)
    return [_match_notice(event, who, Template.INTRODUCTION, needs=needed) for who in _sides(event)] + [
        _match_notice(event, who, Template.INTRODUCED) for who in _observers(event)
    ]


def lapse_notices(event: MatchLapsed) -> list[Notice]:
    """Everybody who knew of the match can read that it ended; who had said yes is mailed, since they wait for it."""
    own = {event.asker.member_id: event.request_id, event.offerer.member_id: event.offer_id}

    def notice(who: str) -> Notice:
        said_yes = who in event.accepted
        more = {"said_yes": said_yes, "own_id": own.get(who)}
        return _match_notice(event, who, Template.MATCH_LAPSED, by_mail=said_yes, more=more)

    asked = [who for who in _sides(event) if who in event.asked]
    return [notice(who) for who in (*asked, *_observers(event))]


def unanswered_notices(event: RequestUnanswered, team: Iterable[str]) -> list[Notice]:
    """Who asked hears that we go on looking, and the node's team that it is up to them; also when opened again."""
    facts, occurrence = {"title": event.title}, str(event.version)

    def notice(who: str, template: Template) -> Notice:
        about = tuple(_once((who, event.member_id)))
        return Notice(who, template, event.request_id, facts, occurrence, about=about, needs=(who,))

    return [notice(event.member_id, Template.REQUEST_UNANSWERED)] + [
        notice(who, Template.TEAM_REQUEST_UNANSWERED) for who in _once(team)
    ]


def escalation_notices(event: RequestEscalated) -> list[Notice]:
    """Who asked can read that an answer is sought in the whole country."""
    facts, who = {"title": event.title}, event.member_id
    told = Notice(who, Template.REQUEST_ESCALATED, event.request_id, facts, by_mail=False, about=(who,), needs=(who,))
    return [told]


def refusal_notices(
    event: NotificationFailed, team: Iterable[str], occurrence: str, *, address_refused: bool = True
) -> list[Notice]:
    """The node's team hears once for each refused address (`occurrence`) that a member cannot be reached.

    Without a refused address they hear of an answer of the server alone: the rest is our own fault, and the operator's.

    Not of who wanted to join or was invited: anybody can fill in an address that does not exist, as often as they like.
    An address that another took the place of may well exist no more. A link may have gone elsewhere than to the address
    of the member: to a new one with a typing error in it.
    """
    if event.template in (Template.JOINING, Template.INVITATION, Template.ADDRESS_REPLACED):
        return []
    if not address_refused and (event.template == Template.SIGN_IN or not event.refusal[:1].isdigit()):
        return []
    return [
        Notice(
            who,
            Template.TEAM_MAIL_REFUSED,
            event.member_id,
            {"refusal": event.refusal, "address_refused": address_refused},
            occurrence=occurrence,
            by_mail=False,
            about=tuple(_once((who, event.member_id))),
        )
        for who in _once(team)
    ]


def refusal_occurrence(refused_at: datetime | None, now: datetime) -> str:
    """What the team hears once: an address that was refused, or a day on which mails to a member were refused."""
    return refused_at.isoformat() if refused_at else now.date().isoformat()


def _match_notice(
    event: _MatchEvent,
    member_id: str,
    template: Template,
    *,
    occurrence: str = "",
    by_mail: bool = True,
    needs: tuple[str, ...] = (),
    desk: bool = False,
    more: dict[str, Any] | None = None,
) -> Notice:
    return Notice(
        member_id,
        template,
        event.match_id,
        event.model_dump(mode="json", include=_MATCH_FACTS) | (more or {}),
        occurrence=occurrence,
        by_mail=by_mail,
        about=_once((member_id, *_references(event))),
        needs=needs or (member_id,),
        desk=desk,
    )


_MATCH_FACTS = {
    "asker", "offerer", "request_kind", "offer_kind", "reasons", "side", "accepted", "lapsed_because",
    "answer_by", "then_the_team", "asked_about",
}  # fmt: skip


def _sides(event: _MatchEvent) -> tuple[str, ...]:
    """The sides of this node: those of another are told there."""
    return _once(party.member_id for party in (event.asker, event.offerer) if party.node is None)


def _references(event: _MatchEvent) -> tuple[str, ...]:
    return _once(reference(party.member_id, party.node) for party in (event.asker, event.offerer))


def _observers(event: _MatchEvent) -> list[str]:
    """The ambassadors who are not a side themselves."""
    return [who for who in _once(event.ambassador_ids) if who not in _sides(event)]


def _once(ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ids))
