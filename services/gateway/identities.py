"""Who a member is and what they may do, asked of members and remembered for seconds; and that, signed for a service."""

import asyncio
import json
import time
from collections import OrderedDict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from joserfc.jwk import OKPKey

from chassis.identity import GATEWAY, LIFETIME_SECONDS, Identity, sign_identity
from chassis.problems import Unavailable
from services.gateway.settings import GatewaySettings
from services.gateway.upstreams import AnswerLost, TookTooLong, Upstreams

REMEMBERED_MAX = 20_000

#: A member is remembered for so long while members is away.
STALE_SECONDS_MAX = 60.0

#: A signed token is used again for this long, so that services recognise it and need not check it each time.
SIGNED_USED_SECONDS = LIFETIME_SECONDS / 2


class Identities:
    """Looks up and signs."""

    def __init__(self, settings: GatewaySettings, upstreams: Upstreams) -> None:
        self._settings, self._upstreams = settings, upstreams
        self._key = _private_key(settings.identity_private_key_file)
        self._known: OrderedDict[str, tuple[Identity, float]] = OrderedDict()
        self._asked: dict[str, asyncio.Task[Identity | None]] = {}
        self._signed: OrderedDict[tuple[str, str], tuple[Identity, str, float]] = OrderedDict()

    async def of(self, member_id: str) -> Identity | None:
        """A member as members knows them now, or a few seconds ago; none when they take part no more."""
        known = self._known.get(member_id)
        if known and time.monotonic() < known[1] + self._settings.identity_cached_seconds:
            return known[0]
        try:
            return await self._ask_once(member_id)
        except (Unavailable, TookTooLong, AnswerLost):
            if known and time.monotonic() < known[1] + STALE_SECONDS_MAX:
                return known[0]
            raise

    def forget(self, member_id: str) -> None:
        """What was remembered of a member may not hold any more."""
        self._known.pop(member_id, None)

    def token(self, identity: Identity, service: str) -> str:
        """The identity, signed for one service."""
        used = self._signed.get((identity.member_id, service))
        if used and used[0] == identity and time.monotonic() < used[2] + SIGNED_USED_SECONDS:
            return used[1]
        now = datetime.now(UTC)
        token = sign_identity(self._key, identity, node=self._settings.node, audience=service, now=now)
        self._signed[identity.member_id, service] = (identity, token, time.monotonic())
        _keep_small(self._signed)
        return token

    def own_token(self, service: str) -> str:
        """The gateway's own identity, which opens what is for it alone."""
        return self.token(Identity(member_id=GATEWAY, roles=frozenset({GATEWAY})), service)

    async def _ask_once(self, member_id: str) -> Identity | None:
        """Calls of the same member that come in together ask together."""
        asking = self._asked.get(member_id)
        if asking is None:
            asking = asyncio.create_task(self._ask(member_id))
            self._asked[member_id] = asking
            asking.add_done_callback(lambda _: self._asked.pop(member_id, None))
        return await asyncio.shield(asking)

    async def _ask(self, member_id: str) -> Identity | None:
        path = f"/internal/identities/{quote(member_id, safe='')}"
        answer = await self._upstreams.call("members", "GET", path, token=self.own_token("members"))
        if answer.status == 404:
            self.forget(member_id)
            return None
        if answer.status != 200:
            raise Unavailable("members does not tell who you are")
        identity = Identity.model_validate_json(answer.content)
        self._known[member_id] = (identity, time.monotonic())
        _keep_small(self._known)
        return identity


def _keep_small(remembered: OrderedDict[Any, Any]) -> None:
    if len(remembered) > REMEMBERED_MAX:
        remembered.popitem(last=False)


def _private_key(file: Path) -> OKPKey:
    try:
        key = OKPKey.import_key(json.loads(file.read_text()))
    except (OSError, ValueError) as error:
        raise ValueError(f"ODH_IDENTITY_PRIVATE_KEY_FILE: {file} has no key that can be read") from error
    if not key.is_private:
        raise ValueError(f"ODH_IDENTITY_PRIVATE_KEY_FILE: {file} has no private key")
    return key
