"""Who is told of an invitation: the address that came along, which has no contact with us yet. Pure."""

from contracts.members import InvitationMade
from services.notify.rules import Notice
from services.notify.templates import Template


def invitation_notice(event: InvitationMade) -> Notice:
    """It goes when who invited is erased; what is of the address itself is gone as soon as the mail is sent."""
    facts = {"name", "by_name", "email", "language", "token", "expires_at", "is_member"}
    return Notice(
        event.invitation_id,
        Template.INVITATION,
        event.invitation_id,
        event.model_dump(mode="json", include=facts),
        in_inbox=False,
        about=(event.invitation_id, event.invited_by),
    )
