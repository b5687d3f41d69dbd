"""The routes of members: each subject has a file of its own."""

from services.members import appointments, erasure, joining, organisations, own_same, profile, same, signing_in

#: In this order: `/members/me` is matched before `/members/{member_id}`.
routers = (
    joining.router,
    profile.router,
    organisations.router,
    same.router,
    own_same.router,
    appointments.router,
    erasure.router,
    signing_in.router,
)
