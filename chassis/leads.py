"""Where an organisation leads to that was merged into another, as far as a service has heard.

Each service that follows it keeps a table of its own.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession


class Leading(SQLModel):
    """The columns: `into` is none of one that stands on its own again. The highest version wins."""

    organisation_id: str = Field(primary_key=True, sa_type=sa.Text)
    version: int
    into: str | None = Field(default=None, sa_type=sa.Text)


async def note(
    session: AsyncSession, lead: type[Leading], organisation_id: str, version: int, into: str | None
) -> bool:
    """Whether this is newer than what was heard of it: two kinds of events come in any order."""
    insert = pg.insert(lead).values(organisation_id=organisation_id, version=version, into=into)
    told: dict[str, Any] = {"version": version, "into": into}
    newer = col(lead.version) < version
    upsert = insert.on_conflict_do_update(index_elements=["organisation_id"], set_=told, where=newer)
    return bool((await session.exec(upsert)).rowcount)


async def stays(session: AsyncSession, lead: type[Leading], organisation_id: str) -> str:
    """The organisation that an id leads to; itself, unless it was merged."""
    led = {organisation_id}
    while into := (await session.exec(select(lead.into).where(lead.organisation_id == organisation_id))).first():
        if into in led:  # two tellings crossed; the next one puts it right
            break
        led.add(organisation_id := into)
    return organisation_id
