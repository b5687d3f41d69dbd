"""Signing in by a link in the mail: the API and the page do the same."""

from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from services.gateway.gateway import Gateway
from services.gateway.rules import token_hash
from services.gateway.upstreams import Answer


async def ask_link(gateway: Gateway, request: Request, email: str) -> Answer:
    """Members has a link mailed to whoever has this address; returns what members answers."""
    await gateway.limits.count("sign-in-link", gateway.callers.address(request))
    return await _ask_members(gateway, "/internal/sign-in-links", {"email": email})


async def sign_in(gateway: Gateway, request: Request, token: str, now: datetime) -> str | Answer:
    """The token of a new session for whoever has the token of a link, or what members answers to a wrong one.

    Whatever session the browser had before is over: nobody can have prepared the one that counts from now on.
    """
    await gateway.limits.count("sign-in", gateway.callers.address(request))
    return await _enter(gateway, request, await _ask_members(gateway, "/internal/sign-ins", {"token": token}), now)


async def look_at_invitation(gateway: Gateway, request: Request, token: str) -> Answer:
    """What members tells of an invitation to who has its token."""
    await gateway.limits.count("sign-in", gateway.callers.address(request))
    return await _ask_members(gateway, "/internal/invitations/look", {"token": token})


async def accept_invitation(gateway: Gateway, request: Request, draft: dict[str, Any], now: datetime) -> str | Answer:
    """Who was invited takes part and is signed in: their token shows that the address is theirs, as a link does."""
    await gateway.limits.count("sign-in", gateway.callers.address(request))
    return await _enter(gateway, request, await _ask_members(gateway, "/internal/invitations/accept", draft), now)


async def _enter(gateway: Gateway, request: Request, answer: Answer, now: datetime) -> str | Answer:
    if answer.status != 200:
        return answer
    if had := gateway.sessions.token_in(request):
        await gateway.sessions.end(token_hash(had))
    member_id = answer.json()["member_id"]
    gateway.identities.forget(member_id)  # the link may have made them a member
    return await gateway.sessions.open(member_id, now)


def passed_on(answer: Answer) -> Response:
    """The answer of a service, as it is."""
    return Response(answer.content, answer.status, media_type=answer.media_type)


async def _ask_members(gateway: Gateway, path: str, body: dict[str, Any]) -> Answer:
    token = gateway.identities.own_token("members")
    return await gateway.upstreams.call("members", "POST", path, token=token, body=body)
