"""Who is told that they are an ambassador, or are none any more: a decision, without database or mail server."""

from contracts.members import AmbassadorAppointed, AmbassadorStoodDown
from services.notify.rules import Notice
from services.notify.templates import Template


def ambassador_notices(event: AmbassadorAppointed | AmbassadorStoodDown) -> list[Notice]:
    """The member, each time that somebody decided it; not when it follows from something else that they know of."""
    if not event.news:
        return []
    is_one = isinstance(event, AmbassadorAppointed)
    return [
        Notice(
            event.member_id,
            Template.AMBASSADOR_APPOINTED if is_one else Template.AMBASSADOR_STOOD_DOWN,
            event.member_id,
            event.model_dump(mode="json", include={"scope"}),
            occurrence=str(event.version),
            about=(event.member_id,),
            needs=(event.member_id,),
        )
    ]
