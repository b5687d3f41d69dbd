"""Whether everybody who was erased is gone everywhere, and whether the node has a team: for the operator."""

from datetime import timedelta

from sqlalchemy import text
from sqlmodel import select

from chassis import Service
from services.members import store
from services.members.rules import FORGETTING_SERVICES
from services.members.tables import NamedForTeam

#: Every service has told by then what it removed, but for one that is away or could not handle it.
ERASED_AFTER = timedelta(hours=1)

# Persons, each of whom may have been known by more references than one.
_LATE = text(
    """
    SELECT count(DISTINCT coalesce(together_with, erasure_id)) FROM erasure WHERE asked_at <= :before AND (
        SELECT count(*) FROM erasure_part
        WHERE erasure_part.member_id = erasure.member_id AND service = ANY(:services)) < :most
    """
)


async def figures(service: Service) -> dict[str, float]:
    """Asked anew. At a first start the team is not there yet, and is not told of."""
    values = {"services": list(FORGETTING_SERVICES), "most": len(FORGETTING_SERVICES)}
    async with service.sessions() as session:
        connection = await session.connection()
        late = await connection.scalar(_LATE, values | {"before": service.now() - ERASED_AFTER})
        told = {"erasures-late": float(late or 0)}
        if (await session.exec(select(NamedForTeam).limit(1))).first():
            told["team-members"] = float(await store.team_count(session))
        return told
