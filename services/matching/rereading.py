"""What was read from texts by an older release is read anew when the service starts, beside its other work."""

import structlog
from sqlalchemy import text

from chassis import Service
from contracts.vocabulary import Language
from services.matching import propositions
from services.matching.store import ask
from services.matching.terms import MAKE

log = structlog.get_logger()

#: So many texts are read in a transaction: a tenth of a second.
TOGETHER = 200

_OLDER = text(
    """
    SELECT proposition_id, title, text, language FROM proposition WHERE words_make IS DISTINCT FROM :make
        AND proposition_id > :after
    ORDER BY proposition_id LIMIT :together FOR UPDATE SKIP LOCKED
    """
)
_READ = text(
    """
    UPDATE proposition SET words = CAST(:words AS tsvector), words_make = :words_make,
        unwanted = CAST(:unwanted AS text[]), voice = CAST(:voice AS float8)
    WHERE proposition_id = :proposition_id
    """
)


async def read_anew(service: Service) -> None:
    """Reads what has terms of another make, until there is nothing left; replicas that start together share it."""
    done = 0
    while together := await _read_through(service):
        done += together
    if done:
        log.info("texts read anew", texts=done, make=MAKE)


async def _read_through(service: Service) -> int:
    """Once from the first to the last; what another replica has in its hands is passed over. Returns how many."""
    after, done = "", 0
    while read := await _read_some(service, after):
        after, done = read[-1], done + len(read)
    return done


async def _read_some(service: Service, after: str) -> list[str]:
    async with service.sessions() as session:
        rows = list(await ask(session, _OLDER, {"make": MAKE, "after": after, "together": TOGETHER}))
        for row in rows:
            found = propositions.understood(row.title, row.text, Language(row.language))
            await ask(session, _READ, found | {"proposition_id": row.proposition_id})
        await session.commit()
    return [row.proposition_id for row in rows]
