"""Who is calling, by the cookie of their session: asked once for a call, and limited in how often."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from chassis.identity import Identity, NotSignedIn
from chassis.telemetry import log
from services.gateway import rules
from services.gateway.identities import Identities
from services.gateway.limiting import RateLimits
from services.gateway.rules import Session
from services.gateway.sessions import Sessions
from services.gateway.settings import GatewaySettings

#: Where the guard finds the cookie that goes with the answer, when a session goes on under another token.
NEW_COOKIE = "odh.new-cookie"

if TYPE_CHECKING:
    from chassis import Service


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who is signed in."""

    session: Session
    identity: Identity
    session_token: str

    @property
    def form_token(self) -> str:
        """What the forms of their pages carry."""
        return rules.form_token(self.session_token)


class Callers:
    """Knows who is calling."""

    def __init__(
        self,
        service: "Service",
        settings: GatewaySettings,
        sessions: Sessions,
        identities: Identities,
        limits: RateLimits,
    ) -> None:
        self._service, self._settings = service, settings
        self._sessions, self._identities, self._limits = sessions, identities, limits
        self._told_of_proxy = False

    async def who(self, request: Request) -> Caller | None:
        """The caller, whose call is counted; none when nobody is signed in, and then the address's call is."""
        caller = await self._known(request)
        if caller:
            caller = await self._as_they_are_now(request, caller)
            await self._limits.count("member", caller.identity.member_id)
        else:
            await self._limits.count("address", self.address(request))
        return caller

    def address(self, request: Request) -> str:
        """The address that the call comes from, as far as it can be known."""
        peer = request.client.host if request.client else None
        told = ",".join(request.headers.getlist("x-forwarded-for")) or None
        trusted = self._settings.proxies
        if not self._told_of_proxy and (proxy := rules.unknown_proxy(peer, told, trusted)):
            self._told_of_proxy = True
            log.warning("a proxy is not believed, and its visitors count as one: trusted_proxies", address=proxy)
        return rules.client_address(peer, told, trusted)

    def check_own_origin(self, request: Request) -> None:
        """Refuses a changing call that a page of another site made."""
        rules.check_own_origin(request.method, request.headers, self._settings.public_url)

    def check_command(self, request: Request) -> None:
        """Refuses a changing call to the API that another site could have made a browser send."""
        self.check_own_origin(request)
        rules.check_not_a_form(request.method, request.headers)

    async def _known(self, request: Request) -> Caller | None:
        token = self._sessions.token_in(request)
        return await self.with_token(token) if token else None

    async def _as_they_are_now(self, request: Request, caller: Caller) -> Caller:
        """The caller; under another token when they may do other things than when they were here last."""
        now = self._service.now()
        token = await self._sessions.with_roles(caller.session, caller.identity.roles, now)
        session = await self._sessions.find(token, now) if token else None
        if token is None or session is None:
            return caller
        answer = Response()
        self._sessions.give(answer, token)
        request.scope[NEW_COOKIE].append((b"set-cookie", answer.headers["set-cookie"].encode("latin-1")))
        return Caller(session, caller.identity, token)

    async def with_token(self, token: str) -> Caller | None:
        """Whose session a token is."""
        session = await self._sessions.find(token, self._service.now())
        if session is None:
            return None
        identity = await self._identities.of(session.member_id)
        if identity is None:  # they left, or were erased
            await self._sessions.end(session.token_hash)
            return None
        return Caller(session, identity, token)


async def _maybe(request: Request) -> Caller | None:
    callers: Callers = request.app.state.gateway.callers
    callers.check_command(request)
    return await callers.who(request)


async def _signed_in(caller: "MaybeCaller") -> Caller:
    if caller is None:
        raise NotSignedIn
    return caller


MaybeCaller = Annotated[Caller | None, Depends(_maybe)]
SignedInCaller = Annotated[Caller, Depends(_signed_in)]
