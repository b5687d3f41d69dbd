"""Who is told what of an initiative: a decision, without database, mail server or clock."""

from contracts.matching import reference
from contracts.requests import InitiativeNews
from services.notify.rules import Notice
from services.notify.templates import Template

_TEMPLATES = {
    "started": Template.INITIATIVE_STARTED,
    "changed": Template.INITIATIVE_CHANGED,
    "ended": Template.INITIATIVE_ENDED,
    "quiet": Template.INITIATIVE_QUIET,
}


def news_notices(event: InitiativeNews) -> list[Notice]:
    """The readers that the event names; a silence is told once for each time that it began.

    That the title or the days changed can be read in the inbox, and is no mail.
    """
    facts = event.model_dump(mode="json", include={"title", "status", "outcome", "starts_on", "ends_on"})
    occurrence = event.quiet_since.isoformat() if event.quiet_since else str(event.version)
    return [
        Notice(
            reader.member_id,
            _TEMPLATES[event.news],
            event.initiative_id,
            facts | {"other_organisation": reader.other_organisation},
            occurrence=occurrence,
            by_mail=event.news != "changed",
            about=(reader.member_id, reference(reader.other_member_id, reader.other_node))
            if reader.other_member_id
            else (reader.member_id,),
            needs=(reader.member_id,),
        )
        for reader in event.readers
    ]
