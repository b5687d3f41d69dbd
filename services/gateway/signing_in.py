"""Signing in by a link in the mail: the API and the page do the same."""

from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from services.gateway.callers import Caller
from services.gateway.gateway import Gateway
from services.gateway.rules import TURNED_OVER, device_of, shown_id, token_hash
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
    """Who was invited takes part and is signed in: their token shows that the address is theirs, as a link does.

    Who takes part already is not: the answer has status 204.
    """
    await gateway.limits.count("sign-in", gateway.callers.address(request))
    return await _enter(gateway, request, await _ask_members(gateway, "/internal/invitations/accept", draft), now)


async def _enter(gateway: Gateway, request: Request, answer: Answer, now: datetime) -> str | Answer:
    if answer.status != 200:
        return answer
    told = answer.json()
    return await _open(gateway, request, told["member_id"], now, again=told.get("again", False))


async def sign_in_as(gateway: Gateway, request: Request, email: str, now: datetime) -> str | Answer:
    """The same for whoever proved elsewhere that an address is theirs; members answers 404 when no member has it."""
    answer = await _ask_members(gateway, "/internal/proven-sign-ins", {"email": email})
    if answer.status != 200:
        return answer
    return await _open(gateway, request, answer.json()["member_id"], now)


async def _open(gateway: Gateway, request: Request, member_id: str, now: datetime, *, again: bool = False) -> str:
    device_id = gateway.sessions.pushed_device(request, member_id)  # no other member's in this browser is called so
    if had := gateway.sessions.token_in(request):
        await gateway.sessions.end(token_hash(had), staying=device_id)
    gateway.identities.forget(member_id)  # the link may have made them a member
    device = device_of(request.headers.get("user-agent", ""))
    if again:
        await gateway.sessions.end_just_begun(member_id, device, now, staying=device_id)
    return await gateway.sessions.open(member_id, now, device, device_id)


async def sessions_of(gateway: Gateway, caller: Caller, now: datetime) -> list[dict[str, Any]]:
    """Where somebody is signed in, what was used last first."""
    rows = await gateway.sessions.all_of(caller.identity.references, now)
    return [
        {
            "session_id": shown_id(row.token_hash),
            "device": row.device,
            "started_at": row.started_at,
            "seen_at": row.seen_at,
            "expires_at": row.expires_at,
            "is_current": row.token_hash == caller.session.token_hash,
        }
        for row in rows
        if row.expires_at > now + TURNED_OVER or row.token_hash == caller.session.token_hash
    ]


async def end_session(gateway: Gateway, caller: Caller, session_id: str, now: datetime) -> bool:
    """Signs somebody out of one of their sessions; returns whether that was the one that they ask it in."""
    for row in await gateway.sessions.all_of(caller.identity.references, now):
        if shown_id(row.token_hash) == session_id:
            await gateway.sessions.end(row.token_hash)
    return session_id == caller.session.shown_id


def passed_on(answer: Answer) -> Response:
    """The answer of a service, as it is."""
    return Response(answer.content, answer.status, media_type=answer.media_type)


async def _ask_members(gateway: Gateway, path: str, body: dict[str, Any]) -> Answer:
    token = gateway.identities.own_token("members")
    return await gateway.upstreams.call("members", "POST", path, token=token, body=body)
