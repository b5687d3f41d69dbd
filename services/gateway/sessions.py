"""Sessions: begun by a sign-in, known by a cookie, remembered for a few seconds so that a call asks no database."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from chassis.transactions import Item
from services.gateway import rules, store
from services.gateway.rules import Session
from services.gateway.settings import GatewaySettings

if TYPE_CHECKING:
    from chassis import Service

REMEMBERED_MAX = 20_000

#: As long as browsers keep a cookie at most.
KNOWN_SECONDS = 400 * 24 * 3600


class Sessions:
    """The sessions of this node; other processes of the gateway share the table."""

    def __init__(self, service: "Service", settings: GatewaySettings) -> None:
        self._service, self._settings = service, settings
        self._remembered: OrderedDict[bytes, tuple[Session, float]] = OrderedDict()
        begin = "__Host-" if settings.is_https else ""
        self.cookie, self.browser_cookie = f"{begin}odh-session", f"{begin}odh-browser"

    async def open(self, member_id: str, now: datetime, device: str | None = None, device_id: str | None = None) -> str:
        """A new session; returns its token, which is known to nobody else."""
        token = rules.new_token()
        row = store.SessionRow(
            token_hash=rules.token_hash(token),
            member_id=member_id,
            started_at=now,
            seen_at=now,
            expires_at=now + self._settings.session_lifetime,
            device=device,
            device_id=device_id,
        )

        async def keep(session: AsyncSession) -> None:
            session.add(store.SessionRow(**row.model_dump()))

        await self._do(keep)
        return token

    async def find(self, token: str, now: datetime) -> Session | None:
        """The session of a token, if it is live."""
        found = await self._look_up(rules.token_hash(token))
        idle = self._settings.session_idle
        if found is None or not found.is_live(now, idle):
            return None
        if found.is_to_be_noted(now, idle):
            await self._do(lambda session: store.note_use(session, found.token_hash, now))
            self._forget(found.token_hash)
        return found

    async def is_live(self, session: Session, now: datetime) -> bool:
        """Whether a session that was found before still counts; looking does not make it last longer."""
        found = await self._look_up(session.token_hash)
        return found is not None and found.is_live(now, self._settings.session_idle)

    async def with_roles(self, session: Session, roles: frozenset[str], now: datetime) -> str | None:
        """The token that a session goes on under when its member may do other things than before; none: the same.

        Who had got hold of the old one, or had made the browser take it, does not get the new rights with it.
        """
        if session.roles == roles:
            return None
        if session.roles is None:
            await self._do(lambda work: store.note_roles(work, session.token_hash, roles))
            self._forget(session.token_hash)
            return None
        token, until = rules.new_token(), now + rules.TURNED_OVER
        new = rules.token_hash(token)
        turned = await self._do(lambda work: store.turn_over(work, session.token_hash, new, roles, until))
        self._forget(session.token_hash)
        return token if turned else None

    async def all_of(self, member_ids: Sequence[str], now: datetime) -> Sequence[store.SessionRow]:
        """Where a member is signed in."""
        async with self._service.sessions() as session:
            return await store.live_sessions(session, member_ids, now, self._settings.session_idle)

    async def end(self, token_hash: bytes, staying: str | None = None) -> None:
        """Signs out here; a device that the same member is `staying` signed in on is told things as before."""
        self._forget(token_hash)
        for ended in await self._do(lambda session: store.end_session(session, token_hash, staying)):
            self._forget(ended)  # a call may have looked it up meanwhile

    async def end_just_begun(
        self, member_id: str, device: str | None, now: datetime, staying: str | None = None
    ) -> None:
        """A member pressed twice: what the first press began is of no use to anybody."""
        begun = (member_id, device, now - rules.THROWN_AWAY_WITHIN)
        for ended in await self._do(lambda session: store.end_sessions_begun(session, *begun, staying)):
            self._forget(ended)

    async def note_device(self, token_hash: bytes, device_id: str | None) -> None:
        """A session is in a browser that is told things, or is told nothing any more."""
        await self._do(lambda session: store.note_device(session, token_hash, device_id))

    async def end_all(self, member_id: str) -> None:
        """Signs out everywhere."""
        for token_hash in await self._do(lambda session: store.end_sessions_of(session, member_id)):
            self._forget(token_hash)

    async def forget_ended(self) -> None:
        """Every hour: the sessions that count no more are removed."""
        while True:
            await self._do(
                lambda session: store.forget_ended(session, self._service.now(), self._settings.session_idle)
            )
            await asyncio.sleep(3600)

    def token_in(self, request: Request) -> str | None:
        """What the browser shows to be known."""
        return request.cookies.get(self.cookie)

    def pushed_device(self, request: Request, member_id: str) -> str | None:
        """What a member's being told in this browser is called, when anybody ever was."""
        browser = request.cookies.get(self.browser_cookie)
        return rules.pushed_device(browser, member_id) if browser else None

    def know_again(self, request: Request, response: Response) -> str:
        """A browser in which somebody is told things is known, also when they sign in there next year; returns how."""
        browser = request.cookies.get(self.browser_cookie) or rules.new_token()
        self._set_cookie(response, browser, KNOWN_SECONDS, self.browser_cookie)
        return browser

    def give(self, response: Response, token: str) -> None:
        """Tells the browser what to show from now on."""
        lifetime = int(self._settings.session_lifetime.total_seconds())
        self._set_cookie(response, token, lifetime)

    def take(self, response: Response) -> None:
        """Tells the browser to forget it."""
        self._set_cookie(response, "", 0)

    def _set_cookie(self, response: Response, value: str, seconds: int, name: str | None = None) -> None:
        response.set_cookie(
            name or self.cookie,
            value,
            max_age=seconds,
            path="/",
            secure=self._settings.is_https,
            httponly=True,
            samesite="lax",
        )

    async def _look_up(self, token_hash: bytes) -> Session | None:
        remembered = self._remembered.get(token_hash)
        if remembered and time.monotonic() < remembered[1]:
            return remembered[0]
        async with self._service.sessions() as session:
            found = await store.session_with(session, token_hash)
        if found is None:
            self._forget(token_hash)
            return None
        self._remembered[token_hash] = (found, time.monotonic() + self._settings.session_cached_seconds)
        self._remembered.move_to_end(token_hash)
        if len(self._remembered) > REMEMBERED_MAX:
            self._remembered.popitem(last=False)
        return found

    def _forget(self, token_hash: bytes) -> None:
        self._remembered.pop(token_hash, None)

    async def _do(self, work: Any) -> Any:
        return await self._service.transactions.do(Item(work))
