"""Who is told that a member has another address: whoever reads the one that they had. Pure."""

from datetime import datetime

from contracts.members import AddressReplaced
from services.notify.attempts import KEEP_TRYING
from services.notify.rules import Notice
from services.notify.templates import Template


def replaced_notice(event: AddressReplaced, now: datetime) -> Notice:
    """To the address that was theirs, for as long as a mail is tried; who has taken it over reads nothing of it."""
    facts = event.model_dump(mode="json", include={"name", "email", "language"})
    return Notice(
        event.member_id,
        Template.ADDRESS_REPLACED,
        event.member_id,
        facts | {"expires_at": (now + KEEP_TRYING).isoformat()},
        occurrence=str(event.version),
        in_inbox=False,
        about=(event.member_id,),
    )
