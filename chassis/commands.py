"""Commands over HTTP: done in a transaction, answered after its commit, once for every Idempotency-Key."""

import re
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Header, Request
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from chassis.identity import maybe_signed_in
from chassis.limits import BODY
from chassis.problems import FieldErrors, Problem
from chassis.replies import IdempotencyKey, Reply, StoredReply, fingerprint_of
from chassis.telemetry import traceparent
from chassis.transactions import Item

__all__ = ["Command", "IfMatch", "MaybeIfMatch", "Reply", "check_version"]

_KEY = re.compile(r"^[!-~]{16,128}$")
_ETAG = re.compile(r'^(?:W/)?"(\d{1,10})"$')


class PreconditionRequired(
    Problem, slug="precondition-required", status=428, title="Say which version you change: send If-Match"
):
    """A changing call without the version that it changes could undo somebody else's change unseen."""


class VersionConflict(Problem, slug="version-conflict", status=412, title="This was changed meanwhile"):
    """The caller changes another version than the one that stands now."""


class Commands:
    """Runs a command's work and makes its reply; FastAPI gives each call its own as `command: Command`."""

    def __init__(self, request: Request, caller: str, key: str | None) -> None:
        self._request, self._caller, self._key = request, caller, key

    async def __call__(self, work: Callable[[AsyncSession], Awaitable[Reply]]) -> Response:
        """Does the work, which may share a transaction with others, and answers after the commit."""
        key = None
        if self._key:
            asked = self._request.scope
            fingerprint = fingerprint_of(asked["method"], asked["path"], asked.get(BODY) or b"")
            key = IdempotencyKey(self._caller, self._key, fingerprint)
        reply: Reply | StoredReply = await self._request.app.state.service.transactions.do(
            Item(work, cause=traceparent(), key=key)
        )
        return reply.response()


async def _commands(  # a coroutine: FastAPI would hand anything else to a thread, at every call
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(description="16 to 128 characters of your own choice; the same key again gives the same reply."),
    ] = None,
) -> Commands:
    if idempotency_key is not None and not _KEY.match(idempotency_key):
        raise FieldErrors([("Idempotency-Key", "must be 16 to 128 visible ASCII characters")])
    identity = await maybe_signed_in(request)
    return Commands(request, identity.member_id if identity else "anonymous", idempotency_key)


Command = Annotated[Commands, Depends(_commands)]


_IfMatchHeader = Annotated[str | None, Header(description="The ETag of the version you change.")]


async def _maybe_if_match(if_match: _IfMatchHeader = None) -> int | None:
    if if_match is None:
        return None
    found = _ETAG.match(if_match.strip())
    if not found:
        raise FieldErrors([("If-Match", 'must be an ETag that we gave, such as "3"')])
    return int(found.group(1))


MaybeIfMatch = Annotated[int | None, Depends(_maybe_if_match)]
"""For a step that its own state guards: the version need not be told, but when it is, it must be right."""


async def _if_match(expected: MaybeIfMatch) -> int:
    if expected is None:
        raise PreconditionRequired
    return expected


IfMatch = Annotated[int, Depends(_if_match)]
"""For a change of what somebody saw: the version must be told."""


def check_version(expected: int | None, actual: int) -> None:
    """Refuses a change of another version than the one that stands, when the caller said which."""
    if expected is not None and expected != actual:
        raise VersionConflict(actual=actual)
