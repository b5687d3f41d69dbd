"""How often matching asks its database for a request until its match is said: each time wakes two processes."""

from contracts.matching import MatchProposed
from services.matching.app import service
from tests.counting import counted
from tests.given import eventually, running
from tests.matching.conftest import SCHOOL_AND_COMPANY, a_request, an_offer, appointed, in_team

TO_KEEP = "BEGIN; SELECT pg_advisory_xact_lock_shared("
TO_SEEK = "COMMIT; BEGIN; SELECT set_config('hnsw"
TO_PROPOSE = "BEGIN; SELECT pg_advisory_xact_lock("
PREPARED = ""


async def test_what_is_kept_is_committed_with_the_begin_of_seeking_and_weights_are_read_in_the_turn_alone(
    postgres, nats
):
    own = {"embedding_model": "none", "overdue_seconds": 3600, "relay_poll_seconds": 3600, "relay_removed_seconds": 1}
    async with counted(postgres) as ways, running(service, ways, nats, **own) as here:
        await here.given(*SCHOOL_AND_COMPANY, appointed(), in_team(), an_offer())
        for _ in range(4):  # until its connections have their statements prepared
            await here.when(a_request())
        ways.asked.clear()
        asked = a_request()

        async def proposed() -> bool:
            return asked.request_id in {
                event.request_id for _, event in await here.envelopes() if type(event) is MatchProposed
            }

        await here.publish(asked)
        await eventually(proposed, saying="a match")
        found = [*ways.asked]

        seeking = found.index(next(one for one in found if one.startswith(TO_SEEK)))
        assert found[seeking - 2].startswith(TO_KEEP)
        assert found[seeking - 1 : seeking + 3] == [PREPARED, found[seeking], PREPARED, "ROLLBACK"]
        assert found[seeking + 3].startswith(TO_PROPOSE)
        assert found[seeking + 4 :] == [*[PREPARED] * 6, "COMMIT"]
