"""What members says when somebody takes part by what another did, so that they hear it at their own address."""

from typing import Literal

from contracts.event import Event


class MemberWelcomed(Event, wire_name="members.member-welcomed", about="member_id", reach="local"):
    """Somebody takes part from now on by an invitation, which may have been passed on, or because the node's team let
    them in again. It has the version in which they joined.
    """

    member_id: str
    by: Literal["invitation", "team"]
