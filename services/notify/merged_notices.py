"""Who is told that two memberships turned out to be one person's: a decision, without database or mail server."""

from collections.abc import Iterable

from contracts.members import MemberMerged
from services.notify.rules import Notice
from services.notify.templates import Template


def merged_notices(event: MemberMerged, team: Iterable[str]) -> list[Notice]:
    """The person, by mail and in their inbox, and the node's team in theirs: once of these two, and only who signed in
    here before. Whom only networks told of have nothing yet that anybody could read.
    """
    if not event.news:
        return []
    about = (event.member_id, event.into)
    person = Notice(
        event.into, Template.PERSON_MERGED, event.member_id, occurrence=event.into, about=about, needs=(event.into,)
    )
    return [person] + [
        Notice(
            who,
            Template.TEAM_PERSON_MERGED,
            event.member_id,
            occurrence=event.into,
            by_mail=False,
            about=(who, *about),
        )
        for who in dict.fromkeys(team)
    ]
