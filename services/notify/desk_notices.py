"""Who is told what happens around a desk: decisions, without database, mail server or clock."""

from datetime import datetime

from contracts.desk import FollowUpCame, HandOverAnswered, HandOverAsked, HelpAnswered, HelpAsked
from contracts.matching import reference
from services.notify.rules import Notice
from services.notify.templates import Template

#: By which a digest knows that what is asked of somebody is over: see `asking`.
_OF_WHAT = frozenset({"match_id", "match_version", "request_id", "request_version"})


def hand_over_notices(event: HandOverAsked | HandOverAnswered) -> list[Notice]:
    """Who is asked answers; who asked can read what."""
    if isinstance(event, HandOverAsked):
        return [_notice(event, event.member_id, Template.HAND_OVER_ASKED, event.hand_over_id)]
    answered = Template.HAND_OVER_ACCEPTED if event.accepted else Template.HAND_OVER_DECLINED
    return [_notice(event, event.asked_by, answered, event.hand_over_id, by_mail=False)]


def help_notices(event: HelpAsked | HelpAnswered) -> list[Notice]:
    """Who is asked answers; who asked, or looks after it since, hears what."""
    if isinstance(event, HelpAsked):
        return [_notice(event, event.member_id, Template.HELP_ASKED, event.ask_id)]
    if not event.asked_by:  # nobody is there who looks
        return []
    return [_notice(event, event.asked_by, Template.HELP_ANSWERED, event.ask_id, by_mail=event.accepted)]


def follow_up_notices(event: FollowUpCame, now: datetime) -> list[Notice]:
    """Their own words are not told: those stand at their desk. What was moved to a later day comes again then."""
    day = now.date().isoformat()
    return [_notice(event, event.member_id, Template.FOLLOW_UP, event.follow_up_id, occurrence=day)]


def _notice(
    event: HandOverAsked | HandOverAnswered | HelpAsked | HelpAnswered | FollowUpCame,
    who: str,
    template: Template,
    matter_id: str,
    *,
    occurrence: str = "",
    by_mail: bool = True,
) -> Notice:
    people = (who, getattr(event, "asked_by", who), event.member_id, reference(event.asker_id, event.asker_node))
    return Notice(
        who,
        template,
        matter_id,
        event.model_dump(mode="json", include={"title", "accepted", *_OF_WHAT}),
        occurrence=occurrence,
        by_mail=by_mail,
        about=tuple(dict.fromkeys(one for one in people if one)),
        needs=(who,),
    )
