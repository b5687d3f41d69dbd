"""What holds for invitations: how long, how many, and what is refused. Pure."""

import hashlib
from datetime import timedelta

from chassis.problems import Problem

#: How long an invitation can be accepted; after that nothing of it is kept.
INVITATION_LIFETIME = timedelta(days=14)

#: In which time the invitations of one member are counted.
INVITATIONS_COUNTED_OVER = timedelta(days=1)

#: So many mails an address gets at the most in the lifetime of an invitation, from whomever.
INVITATIONS_TO_ONE_MAX = 2

#: A broker whose clock is ahead of ours rings early: what lapses within this lapses now.
LAPSES_EARLY = timedelta(hours=1)


class InvitationNotFound(Problem, slug="invitation-not-found", status=404, title="This invitation does not exist"):
    """It does not exist (any more), or is somebody else's."""


class InvitedEnough(Problem, slug="invited-enough", status=429, title="You invited many people today: go on tomorrow"):
    """There is a limit to the mail that somebody has us send to addresses that never asked for it."""


class InvitedTwice(
    Problem, slug="invited-twice", status=429, title="This address got two invitations in fourteen days, and no more"
):
    """From whomever: nobody is mailed for ever at an address that they never gave us."""


def address_hash(token_hash: bytes, email_key: str) -> bytes:
    """What stays of the address of an invitation that waits no more: another one for each, by its token."""
    return hashlib.sha256(token_hash + email_key.encode()).digest()
