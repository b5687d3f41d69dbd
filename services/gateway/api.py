"""The gateway's own part of the API: signing in and out, and who one is."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from chassis import Input, Now, ShortText
from chassis.identity import NotSignedIn
from contracts.members import AmbassadorScope
from services.gateway import signing_in
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


def _signed_out(gateway: Gateway) -> Response:
    response = Response(status_code=204)
    gateway.sessions.take(response)
    return response
