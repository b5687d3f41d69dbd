"""The routes of members: each subject has a file of its own."""

from services.members import appointments, erasure, joining, kept, organisations, profile, same, signing_in

#: In this order: `/members/me` is matched before `/members/{member_id}`.
routers = (
    joining.router,
    profile.router,
    organisations.router,
    same.router,
    appointments.router,
    erasure.router,
    signing_in.router,
    kept.router,
)
