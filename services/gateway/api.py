"""The gateway's own part of the API: signing in and out, and who one is."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, Field
from pydantic_core import to_json

from chassis import Input, Now, ShortText
from chassis.identity import NotSignedIn
from contracts.members import AmbassadorScope
from services.gateway import my_data, signing_in
from services.gateway.callers import Caller, SignedInCaller
from services.gateway.gateway import Gateway

router = APIRouter(prefix="/api/v1", tags=["sessions"])


class LinkAsked(Input):
    """Whom to mail a sign-in link."""

    email: ShortText


class LinkAnswer(BaseModel):
    """The same for everybody, whether we know the address or not."""

    message: str


class TokenShown(Input):
    """What was in the link."""

    token: ShortText


class SessionView(BaseModel):
    """Who is signed in, what they may do, and until when."""

    member_id: str
    roles: tuple[str, ...]
    scope: AmbassadorScope | None
    organisation_ids: tuple[str, ...]
    expires_at: datetime

    @classmethod
    def of(cls, caller: Caller) -> "SessionView":
        """As it stands now."""
        who = caller.identity
        return cls(
            member_id=who.member_id,
            roles=tuple(sorted(who.roles)),
            scope=who.scope,
            organisation_ids=who.organisation_ids,
            expires_at=caller.session.expires_at,
        )


async def _gateway(request: Request) -> Gateway:
    gateway: Gateway = request.app.state.gateway
    return gateway


async def _own_gateway(request: Request) -> Gateway:
    """For calls that no session is needed for: no page of another site may make them either."""
    gateway: Gateway = request.app.state.gateway
    gateway.callers.check_command(request)
    return gateway


TheGateway = Annotated[Gateway, Depends(_gateway)]
OwnGateway = Annotated[Gateway, Depends(_own_gateway)]


@router.post("/sign-in-links", status_code=202, response_model=LinkAnswer)
async def ask_link(asked: LinkAsked, request: Request, gateway: OwnGateway) -> Response:
    """A sign-in link is mailed to whoever has this address here; the answer does not tell whether somebody has."""
    return signing_in.passed_on(await signing_in.ask_link(gateway, request, asked.email))


@router.post("/sessions", status_code=201, response_model=SessionView)
async def sign_in(shown: TokenShown, request: Request, gateway: OwnGateway, now: Now) -> Response:
    """Somebody shows the token of a link, which works once; the cookie in the answer is their session."""
    token = await signing_in.sign_in(gateway, request, shown.token, now)
    if not isinstance(token, str):
        return signing_in.passed_on(token)
    caller = await gateway.callers.with_token(token)
    if caller is None:  # they left in this very moment
        raise NotSignedIn
    response = Response(SessionView.of(caller).model_dump_json(), 201, media_type="application/json")
    response.headers["Location"] = "/api/v1/sessions/current"
    gateway.sessions.give(response, token)
    return response


class OwnSession(BaseModel):
    """Where somebody is signed in."""

    session_id: str
    device: str | None = Field(description="What they signed in with, such as `Firefox, Windows`.")
    started_at: datetime
    seen_at: datetime = Field(description="When it was last used, to the hour.")
    expires_at: datetime
    is_current: bool


@router.get("/sessions")
async def list_sessions(caller: SignedInCaller, gateway: TheGateway, now: Now) -> list[OwnSession]:
    """Where the caller is signed in, what was used last first."""
    return [OwnSession(**one) for one in await signing_in.sessions_of(gateway, caller, now)]


@router.get("/my-data")
async def show_my_data(caller: SignedInCaller, gateway: TheGateway, now: Now) -> Response:
    """Everything that this node keeps about the caller, service by service; raises `Unavailable` when one is away."""
    return Response(to_json(await my_data.kept(gateway, caller, now)), media_type="application/json")


@router.get("/sessions/current")
async def show_session(caller: SignedInCaller) -> SessionView:
    """Who is signed in."""
    return SessionView.of(caller)


@router.delete("/sessions/current", status_code=204)
async def sign_out(caller: SignedInCaller, gateway: TheGateway) -> Response:
    """Signs out here."""
    await gateway.sessions.end(caller.session.token_hash)
    return _signed_out(gateway)


@router.delete("/sessions", status_code=204)
async def sign_out_everywhere(caller: SignedInCaller, gateway: TheGateway) -> Response:
    """Signs out here and wherever else the caller is signed in."""
    for reference in caller.identity.references:
        await gateway.sessions.end_all(reference)
    return _signed_out(gateway)


@router.delete("/sessions/{session_id}", status_code=204)
async def end_session(
    session_id: Annotated[str, Path(max_length=64)], caller: SignedInCaller, gateway: TheGateway, now: Now
) -> Response:
    """Signs out there; one that is not there any more is none of the caller's either."""
    ended_here = await signing_in.end_session(gateway, caller, session_id, now)
    return _signed_out(gateway) if ended_here else Response(status_code=204)


def _signed_out(gateway: Gateway) -> Response:
    response = Response(status_code=204)
    gateway.sessions.take(response)
    return response
