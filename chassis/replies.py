"""Replies to creating calls, kept so that the same Idempotency-Key gets the same bytes again."""

import hashlib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel
from pydantic_core import to_json
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from chassis.mailboxes import INSERT_OUTBOX, Outgoing, outgoing, take_said
from chassis.problems import Problem
from chassis.sql import begin, literal, run

#: A reply can be asked again for so long, as partners and apps are promised.
REPLIES_KEPT_DAYS = 7


class KeyReused(
    Problem, slug="idempotency-key-reused", status=422, title="This Idempotency-Key was used for something else"
):
    """The same key came with another body."""


class AnsweredMeanwhile(Exception):
    """Another call with the same key was answered while this one was under way."""


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """The caller's own name for a call, and what the call asked."""

    caller: str
    key: str
    fingerprint: bytes = field(compare=False)


def fingerprint_of(method: str, path: str, body: bytes) -> bytes:
    """What a call asked: equal for texts that are equal in Unicode's NFC."""
    normal = (
        body
        if body.isascii()
        else unicodedata.normalize("NFC", body.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    )
    return hashlib.sha256(b"\0".join((method.encode(), path.encode(), normal))).digest()


@dataclass(frozen=True)
class Reply:
    """What a command answers after its commit. `version` becomes the ETag."""

    body: BaseModel | dict[str, Any] | None = None
    status: int = 200
    location: str | None = None
    version: int | None = None

    def headers(self) -> dict[str, str]:
        """The headers that belong to the answer."""
        found = {}
        if self.location:
            found["Location"] = self.location
        if self.version is not None:
            found["ETag"] = f'"{self.version}"'
        return found

    @cached_property
    def content(self) -> bytes:
        """The bytes of the answer."""
        if isinstance(self.body, BaseModel):
            return self.body.model_dump_json().encode()
        return b"" if self.body is None else to_json(self.body)

    def response(self) -> Response:
        """The answer as an HTTP reply."""
        return _response(self.status, self.headers(), self.content)


@dataclass(frozen=True, slots=True)
class StoredReply:
    """A reply that was given before."""

    fingerprint: bytes
    status: int
    headers: dict[str, str]
    body: bytes

    def replayed_for(self, key: IdempotencyKey) -> "StoredReply":
        """The same reply again; raises `KeyReused` when the call asks something else."""
        if self.fingerprint != key.fingerprint:
            raise KeyReused
        return self

    def response(self) -> Response:
        """The reply, byte for byte."""
        return _response(self.status, self.headers | {"Idempotency-Replayed": "true"}, self.body)


def _response(status: int, headers: dict[str, str], body: bytes) -> Response:
    return Response(body, status, headers, "application/json" if body else None)


_FIND = text(
    """
    SELECT caller, key, fingerprint, status, headers, body FROM stored_reply
    WHERE (caller, key) IN (SELECT * FROM unnest(CAST(:callers AS text[]), CAST(:keys AS text[])))
    """
)

_INSERT = """
    INSERT INTO stored_reply (caller, key, fingerprint, status, headers, body)
    SELECT * FROM unnest(
        CAST(:callers AS text[]), CAST(:keys AS text[]), CAST(:fingerprints AS bytea[]),
        CAST(:statuses AS smallint[]), CAST(:headers AS jsonb[]), CAST(:contents AS bytea[]))
    ON CONFLICT DO NOTHING
    """
_STORE = text(_INSERT)

# What is said and what is answered go together: it is one way to the database less for every command.
_STORE_AND_SAY = text(
    f"WITH stored AS ({_INSERT} RETURNING 1) {INSERT_OUTBOX}, (SELECT count(*) FROM stored) AS replies"
)

_FORGET = text(
    """
    DELETE FROM stored_reply
    WHERE caller = ANY(CAST(:ids AS text[])) OR ids_told(body) && CAST(:ids AS text[])
    """
)

# In JSON an id stands whole between two quotes. Ours have a digit and no space, which hardly anything else has: so the
# index is small. What a service answers is written far more often than it is forgotten.
_IDS_TOLD = r"""
    CREATE OR REPLACE FUNCTION ids_told(body bytea) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
        SELECT coalesce(array_agg(DISTINCT told), '{}')
        FROM unnest(string_to_array(convert_from(body, 'UTF8'), '"')) AS told
        WHERE octet_length(told) <= 256 AND told ~ '[0-9]' AND told !~ '[\s,:]'
    $$
    """
_BY_IDS_TOLD = "ix_stored_reply_ids_told"
_INDEXED: dict[str, Any] = {
    "postgresql_using": "gin",
    "postgresql_with": {"fastupdate": "off"},
}  # no call pays for many others


def define_ids_told(metadata: sa.MetaData) -> None:
    """For a service that forgets replies: those in which an id stands are found at once, however many are kept."""
    sa.Index(_BY_IDS_TOLD, sa.func.ids_told(metadata.tables["stored_reply"].c.body), **_INDEXED)
    sa.event.listen(metadata, "before_create", sa.DDL(_IDS_TOLD.replace("%", "%%")))  # where no migration makes it


def create_ids_told(op: Any) -> None:
    """For the migration of such a service."""
    op.execute(_IDS_TOLD)
    op.create_index(_BY_IDS_TOLD, "stored_reply", [text("ids_told(body)")], **_INDEXED)


def drop_ids_told(op: Any) -> None:
    """Undoes `create_ids_told`."""
    op.drop_index(_BY_IDS_TOLD, "stored_reply")
    op.execute("DROP FUNCTION ids_told")


async def find_replies(session: AsyncSession, keys: list[IdempotencyKey]) -> dict[tuple[str, str], StoredReply]:
    """Begins a transaction with a look for the replies that were given to these keys before: mostly there are none."""
    if not keys:
        return {}
    asked = ", ".join(f"({literal(key.caller)}, {literal(key.key)})" for key in keys)
    if not await begin(session, f"SELECT FROM stored_reply WHERE (caller, key) IN ({asked})"):
        return {}
    rows = await run(session, _FIND, {"callers": [k.caller for k in keys], "keys": [k.key for k in keys]})
    return {(r.caller, r.key): StoredReply(r.fingerprint, r.status, r.headers, r.body) for r in rows}


async def store_replies(
    session: AsyncSession, replies: Sequence[tuple[IdempotencyKey, Reply]], node: str
) -> list[Outgoing]:
    """Keeps replies with the work they answer, and writes what was said into the outbox; returns its rows.

    Raises `AnsweredMeanwhile` when a key has got a reply meanwhile.
    """
    values = {
        "callers": [key.caller for key, _ in replies],
        "keys": [key.key for key, _ in replies],
        "fingerprints": [key.fingerprint for key, _ in replies],
        "statuses": [reply.status for _, reply in replies],
        "headers": [to_json(reply.headers()).decode() for _, reply in replies],
        "contents": [reply.content for _, reply in replies],
    }
    if said := take_said(session, node):
        rows = (await run(session, _STORE_AND_SAY, values | said)).all()
        stored = rows[0]["replies"]
    else:
        rows, stored = [], (await run(session, _STORE, values)).rowcount
    if stored != len(replies):
        raise AnsweredMeanwhile
    return outgoing((row["seq"] for row in rows), said)


async def forget_replies(session: AsyncSession, ids: Iterable[str]) -> int:
    """Removes the replies to these callers, and those to anybody in which one of these ids stands; how many that were.

    Who calls again with the key of one of them is answered anew.
    """
    return (await run(session, _FORGET, {"ids": list(ids)})).rowcount
