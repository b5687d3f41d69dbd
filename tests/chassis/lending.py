"""A tiny service to try the chassis with: it lends tools, and gets into trouble when a test asks for it."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field as Column
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from chassis import (
    Ambassador,
    Command,
    EventRouter,
    FromGateway,
    Identity,
    IfMatch,
    Input,
    LongText,
    NodeTeam,
    Page,
    Paging,
    Problem,
    ReadSession,
    Reply,
    Service,
    Settings,
    ShortText,
    SignedIn,
    check_version,
    say,
    say_later,
)
from chassis.database import own_tables
from chassis.replies import define_ids_told
from contracts.event import PERSONAL, Event, new_id


class ToolWanted(Event, wire_name="borrowers.tool-wanted", about="tool_id", reach="shared"):
    """Somebody wants a tool: what the service hears."""

    tool_id: str
    wanted_by: str = "somebody"


class ToolLent(Event, wire_name="lending.tool-lent", about="tool_id", reach="shared"):
    """A tool was lent: what the service says."""

    tool_id: str
    lent_to: str
    note: str = ""


class ReturnDue(Event, wire_name="lending.return-due", about="tool_id", reach="local"):
    """A timer."""

    tool_id: str
    remark: str = ""


class KeyHanded(Event, wire_name="lending.key-handed", about="tool_id", reach="local", kept_seconds=60):
    """What must not stay in a stream, and does for the length of a test."""

    tool_id: str
    code: Annotated[str, PERSONAL]


class CodeHanded(Event, wire_name="lending.code-handed", about="tool_id", reach="local", kept_seconds=1):
    """What must not stay in a stream, and goes while a test waits."""

    tool_id: str
    code: Annotated[str, PERSONAL]


class DepositAsked(Event, wire_name="borrowers.deposit-asked", about="tool_id", reach="local"):
    """How borrowers of the release before asked for a deposit: in whole euros."""

    tool_id: str
    euros: int


class DepositAskedV2(Event, wire_name="borrowers.deposit-asked", about="tool_id", reach="local", wire_version=2):
    """How they ask now: in cents."""

    tool_id: str
    cents: int

    @classmethod
    def lifted(cls, older: Event) -> "DepositAskedV2":
        """The first version counted in whole euros."""
        if isinstance(older, DepositAsked):
            return cls(tool_id=older.tool_id, version=older.version, cents=older.euros * 100)
        return super().lifted(older)


Table = own_tables()
define_ids_told(Table.metadata)


class Tool(Table, table=True):
    """A tool, in the state of its highest version."""

    tool_id: str = Column(primary_key=True)
    version: int
    lent_to: str


class Handling(Table, table=True):
    """Each time that a handler had an effect, and in which replica."""

    handling_id: str = Column(primary_key=True, default_factory=new_id)
    tool_id: str
    version: int
    replica: str
    remark: str = Column(default="", sa_column_kwargs={"server_default": ""})


class LendingSettings(Settings):
    """The replica's name, to see who did what."""

    replica: str = "one"


class AlreadyLent(Problem, slug="already-lent", status=409, title="This tool is with somebody else"):
    """A tool is with one person at a time."""


class NeverLent(Problem, slug="never-lent", status=404, title="This tool was never lent"):
    """Nothing is known of it."""


class Lend(Input):
    """What is asked of the service."""

    tool_id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    lent_to: ShortText
    note: LongText | None = None
    copies: int = Field(default=1, ge=1, le=5000)
    deposit: float | None = None
    labels: tuple[str, ...] = ()
    returned_after_seconds: float | None = None
    key_code: str | None = None
    told_to: str | None = None


class ToolView(Input):
    """What the service shows."""

    tool_id: str
    lent_to: str
    version: int


class Rename(Input):
    """Somebody else has it."""

    lent_to: ShortText


api = APIRouter(prefix="/v1")

#: What goes wrong in the handling of a tool, by its id: a test puts it there, and takes it away.
TROUBLE: dict[str, Callable[[Event, AsyncSession], Awaitable[None]]] = {}


@api.post("/tools", status_code=201)
async def lend(lending: Lend, command: Command) -> Response:
    """Lends a tool that nobody has."""

    async def work(session: AsyncSession) -> Reply:
        if await session.get(Tool, lending.tool_id):
            raise AlreadyLent(tool_id=lending.tool_id)
        session.add(Tool(tool_id=lending.tool_id, lent_to=lending.lent_to, version=1))
        await session.flush()
        if lending.tool_id in TROUBLE:
            await TROUBLE[lending.tool_id](ToolWanted(tool_id=lending.tool_id), session)
        for number in range(lending.copies):
            tool_id = lending.tool_id if number == 0 else f"{lending.tool_id}-{number}"
            say(session, ToolLent(tool_id=tool_id, lent_to=lending.lent_to, note=lending.note or ""))
        if lending.told_to:
            say(session, ToolLent(tool_id=lending.tool_id, lent_to=lending.lent_to), to=lending.told_to)
        if lending.key_code:
            say(session, KeyHanded(tool_id=lending.tool_id, code=lending.key_code))
        if lending.returned_after_seconds is not None:
            due = datetime.now().astimezone() + timedelta(seconds=lending.returned_after_seconds)
            say_later(session, ReturnDue(tool_id=lending.tool_id), at=due)
        view = ToolView(tool_id=lending.tool_id, lent_to=lending.lent_to, version=1)
        return Reply(view, 201, f"/v1/tools/{lending.tool_id}", version=1)

    return await command(work)


@api.get("/tools")
async def tools(
    session: ReadSession, paging: Paging, starts: Annotated[str, Query(max_length=50)] = ""
) -> Page[ToolView]:
    """The tools, newest id first."""
    query = select(Tool).where(sa.func.starts_with(Tool.tool_id, starts)).order_by(sa.desc(Tool.tool_id))
    if paging.cursor:
        query = query.where(Tool.tool_id < paging.cursor)
    rows = (await session.exec(query.limit(paging.limit + 1))).all()
    views = [ToolView(tool_id=row.tool_id, lent_to=row.lent_to, version=row.version) for row in rows]
    return Page.of(views, paging, key=lambda view: view.tool_id)


@api.get("/tools/{tool_id}")
async def tool(tool_id: str, session: ReadSession) -> ToolView:
    """One tool."""
    found = await session.get(Tool, tool_id)
    if found is None:
        raise NeverLent
    return ToolView(tool_id=found.tool_id, lent_to=found.lent_to, version=found.version)


@api.put("/tools/{tool_id}")
async def rename(tool_id: str, change: Rename, version: IfMatch, command: Command) -> Response:
    """Gives a tool to somebody else."""

    async def work(session: AsyncSession) -> Reply:
        found = await session.get(Tool, tool_id, with_for_update=True)
        if found is None:
            raise NeverLent
        check_version(version, found.version)
        found.version, found.lent_to = found.version + 1, change.lent_to
        say(session, ToolLent(tool_id=tool_id, lent_to=found.lent_to, version=found.version))
        view = ToolView(tool_id=tool_id, lent_to=found.lent_to, version=found.version)
        return Reply(view, version=found.version)

    return await command(work)


@api.get("/me")
async def me(caller: SignedIn) -> Identity:
    """Who is calling."""
    return caller


@api.get("/ambassadors-only")
async def ambassadors_only(caller: Ambassador) -> Identity:
    """For ambassadors."""
    return caller


@api.get("/team-only")
async def team_only(caller: NodeTeam) -> Identity:
    """For the node's team."""
    return caller


@api.get("/gateway-only")
async def gateway_only(caller: FromGateway) -> Identity:
    """For the gateway."""
    return caller


@api.get("/broken")
async def broken(says: str = "") -> None:
    """A fault of ours, which knows something personal."""
    raise RuntimeError(f"could not reach {says}")


router = EventRouter()


@router.hears(ToolWanted)
async def lend_what_is_wanted(wanted: ToolWanted, session: AsyncSession, settings: LendingSettings) -> None:
    """Whoever wants a tool most recently has it."""
    session.info["replica"] = settings.replica  # for a trouble of one replica only
    if wanted.tool_id in TROUBLE:
        await TROUBLE[wanted.tool_id](wanted, session)
    await keep(session, wanted.tool_id, wanted.version, wanted.wanted_by)
    session.add(Handling(tool_id=wanted.tool_id, version=wanted.version, replica=settings.replica))
    say(session, ToolLent(tool_id=wanted.tool_id, lent_to=wanted.wanted_by, version=wanted.version))


@router.hears(ToolLent, elsewhere=True)
async def note_lent_elsewhere(lent: ToolLent, session: AsyncSession, settings: LendingSettings, said_by: str) -> None:
    """A tool was lent in another node."""
    if lent.tool_id in TROUBLE:
        await TROUBLE[lent.tool_id](lent, session)
    session.add(
        Handling(tool_id=lent.tool_id, version=lent.version, replica=settings.replica, remark=f"lent in {said_by}")
    )


@router.hears(ReturnDue)
async def note_return(due: ReturnDue, session: AsyncSession, settings: LendingSettings) -> None:
    """A timer went off."""
    session.add(Handling(tool_id=due.tool_id, version=due.version, replica=due.remark or settings.replica))


async def look_first(deposits: Sequence[Event], service: Service) -> list[None]:
    """Looks in the database before the transaction."""
    async with service.sessions() as session:
        await session.exec(select(Tool).limit(1))
    return [None] * len(deposits)


@router.hears(DepositAskedV2, prepare=look_first)
async def note_deposit(deposit: DepositAskedV2, session: AsyncSession, settings: LendingSettings) -> None:
    """A deposit, whichever version it was asked in."""
    session.add(Handling(tool_id=deposit.tool_id, version=deposit.cents, replica=settings.replica))


async def keep(session: AsyncSession, tool_id: str, version: int, lent_to: str) -> None:
    """The highest version wins."""
    statement = insert(Tool).values(tool_id=tool_id, version=version, lent_to=lent_to)
    newer = {"version": statement.excluded.version, "lent_to": statement.excluded.lent_to}
    await session.exec(
        statement.on_conflict_do_update(
            index_elements=[Tool.tool_id], set_=newer, where=Tool.version < statement.excluded.version
        )
    )


def service(settings: LendingSettings, name: str = "lending") -> Service:
    """The service, wired as every other."""
    return Service(
        name,
        settings,
        tables=Table,
        api=api,
        handlers=router,
        migrations=Path(__file__).parent / "migrations",
    )
