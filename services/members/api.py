"""The routes of members: each subject has a file of its own."""

from services.members import (
    accepting,
    appointments,
    blocking,
    changing_organisations,
    deeds,
    directory,
    erasure,
    invitations,
    joining,
    kept,
    organisations,
    own_same,
    profile,
    same,
    signing_in,
)

#: In this order: `/members/me` is matched before `/members/{member_id}`.
routers = (
    joining.router,
    deeds.router,
    directory.router,
    profile.router,
    blocking.router,
    organisations.router,
    changing_organisations.router,
    same.router,
    own_same.router,
    appointments.router,
    erasure.router,
    invitations.router,
    accepting.router,
    signing_in.router,
    kept.router,
)
