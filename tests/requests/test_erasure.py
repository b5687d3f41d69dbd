"""Who is erased is forgotten: in the tables, in the streams, and by whatever is heard or asked later."""

import asyncio
import re

from sqlalchemy import text

from contracts.event import new_id
from contracts.members import MemberErased, MemberLeft
from contracts.requests import MemberForgotten, PropositionsForgotten, RequestChanged, RequestPlaced
from services.requests import store
from tests.given import eventually
from tests.kept import rows_kept
from tests.requests.conftest import a_request, an_introduction, an_offer, slug

ERASED = MemberErased(member_id="noor", version=9)

OF_THE_ERASURE = re.compile(r"\.(?:member-erased|member-forgotten|propositions-forgotten)\.")


async def everything_kept(requests) -> str:
    """What requests says and every row of its tables, as text; but for who it is that was forgotten."""
    said = [message for kind in ("shared", "local", "dead") for message in await requests.messages(kind)]
    kept = [subject + body.decode() for subject, body in said if ".requests." in subject]
    kept += [row for table, row in await rows_kept(requests.service) if table not in ("inbox", "departure")]
    return "\n".join(one for one in kept if not OF_THE_ERASURE.search(one))


async def test_other_nodes_are_told_what_is_to_leave_their_streams(region):
    mine = [(await region.placed())["id"], (await region.placed("offer"))["id"]]
    await region.given()

    await region.when(ERASED)

    (told,) = await region.said(PropositionsForgotten)
    assert sorted(told.proposition_ids) == sorted(mine)


async def test_what_was_heard_of_somebody_whom_another_node_erased_leaves_the_stream_and_of_no_other_node(region):
    await region.given()
    await region.placed()
    (placed,) = await region.said(RequestPlaced)
    theirs, of_another = (placed.model_copy(update={"request_id": new_id()}) for _ in range(2))
    await region.publish_elsewhere(theirs, said_by="national")
    await region.publish_elsewhere(of_another, said_by="zeeland")
    ids = (theirs.request_id, of_another.request_id)
    for event, said_by in ((theirs, "national"), (of_another, "zeeland")):
        await buried(region, event, said_by)

    await region.publish_elsewhere(PropositionsForgotten(member_id="noor", proposition_ids=ids), said_by="national")
    await region.quiet()

    letters = {letter.subject.split(".")[-1] for letter in await region.running.dead_letters()}
    assert letters & {*ids} == {of_another.request_id}
    about = [subject.split(".")[-1] for subject, _ in await region.messages("elsewhere")]
    assert theirs.request_id not in about
    assert of_another.request_id in about


async def buried(region, event, said_by):
    """A service that could not read what another node said has put it aside."""
    node, subject = region.service.settings.node, event.subject(said_by)
    at = f"odh.{node}.dead.insight.{subject.split('.', 3)[3]}"
    headers = {"Odh-Subject": subject, "Odh-Service": "insight", "Odh-Reason": "not understood", "Odh-Attempts": "1"}
    await region.service.streams.js.publish(at, b"a form of a later release", headers=headers)


async def test_everything_of_an_erased_member_is_removed_and_nothing_of_others(requests):
    mine = [await requests.placed(), await requests.placed("offer"), await requests.placed(draft=True)]
    await requests.noor.post("/v1/requests", json=a_request(), headers={"Idempotency-Key": new_id()})
    await requests.step(mine[1], "withdraw")
    theirs = await requests.placed(who="sem")
    await requests.given()
    assert mine[0]["id"] in await everything_kept(requests)

    await requests.when(ERASED)

    (forgotten,) = await requests.then_said(MemberForgotten)
    assert forgotten.member_id == "noor"
    # four placed of which a draft; said: three times placed and once closed
    assert forgotten.removed == {
        "requests": 3,
        "offers": 1,
        "stored-replies": 1,
        "sign-ups": 0,
        "stream-messages": 4,
    } | {
        "introductions": 0,
        "initiatives": 0,
        "sign-ups": 0,
    }
    kept = await everything_kept(requests)
    for one in mine:
        assert one["id"] not in kept
        assert (await requests.noor.get(one["path"])).status_code == 404
    assert [row.proposition_id for row in await requests.rows()] == [theirs["id"]]
    assert theirs["id"] in kept


async def test_what_somebody_asked_goes_also_from_the_reply_to_who_was_one_person_with_them(requests):
    asked = await requests.placed(title="Een gast over bijen")
    one_person = requests.http_as("noor-too", also=("noor",))
    await one_person.post(f"{asked['path']}/withdraw", headers={"Idempotency-Key": new_id()})
    await requests.given()

    await requests.when(ERASED)

    assert "bijen" not in await stored_words(requests)


async def stored_words(requests) -> str:
    """What the replies say that are kept."""
    async with requests.service.engine.connect() as connection:
        return "".join(
            (await connection.execute(text("SELECT convert_from(body, 'UTF8') FROM stored_reply"))).scalars()
        )


async def test_an_erasure_that_is_said_again_removes_nothing_more_and_is_told_again(requests):
    """As where somebody threw away what was told, so that the report is not complete."""
    await requests.placed()
    await requests.given()
    await requests.when(ERASED, delivered_times=2)
    await requests.then_said(MemberForgotten)
    await requests.given()

    await requests.when(MemberErased(member_id="noor"))

    (told,) = await requests.then_said(MemberForgotten)
    assert set(told.removed.values()) == {0}


async def test_somebody_who_asked_nothing_is_forgotten_too(requests):
    await requests.when(ERASED)

    (forgotten,) = await requests.then_said(MemberForgotten)
    assert set(forgotten.removed.values()) == {0}


async def test_what_is_asked_in_the_name_of_who_was_erased_keeps_nothing(requests):
    await requests.given(ERASED)

    asked = await requests.noor.post("/v1/requests", json=a_request(), headers={"Idempotency-Key": new_id()})
    drafted = await requests.noor.post("/v1/offers", json=an_offer(draft=True))

    assert [(answer.status_code, slug(answer)) for answer in (asked, drafted)] == [(401, "not-signed-in")] * 2
    assert "vechtdal" not in await everything_kept(requests)
    await requests.then_nothing_said()


async def test_who_was_erased_does_not_hold_up_who_asks_at_the_same_moment(requests):
    await requests.given(ERASED)

    asking = [requests.member(f"lid-{n}").post("/v1/requests", json=a_request()) for n in range(6)]
    answers = await asyncio.gather(*asking, requests.noor.post("/v1/requests", json=a_request()))

    assert [answer.status_code for answer in answers] == [201] * 6 + [401]
    assert len(await requests.rows()) == 6


async def test_who_asks_while_they_are_erased_keeps_nothing(requests):
    """The erasure has not committed yet when the command comes in, and the database knows the statement already."""
    for _ in range(3):
        await requests.placed(who="sem")
    await requests.given()
    async with requests.session() as erasing:
        assert await store.note_erased(erasing, "noor", 9)
        await store.remove_member(erasing, "noor")
        asking = asyncio.create_task(requests.noor.post("/v1/requests", json=a_request()))
        await eventually(lambda: waits_for_a_lock(requests), saying="a command that waits")
        await erasing.commit()

    assert (await asking).status_code == 401
    assert {row.member_id for row in await requests.rows()} == {"sem"}
    await requests.then_nothing_said()


async def test_what_was_asked_just_before_an_erasure_is_removed_by_it(requests):
    """The command has not committed yet when the erasure comes in."""
    async with requests.service.engine.connect() as asking:
        await asking.execute(text("LOCK TABLE proposition IN ROW EXCLUSIVE MODE"))
        await requests.publish(ERASED)
        await eventually(lambda: waits_for_a_lock(requests), saying="an erasure that waits")
        await asking.execute(A_ROW, {"id": new_id()})
        await asking.commit()
    await requests.quiet()

    assert await requests.rows() == []
    (forgotten,) = await requests.then_said(MemberForgotten)
    assert forgotten.removed["requests"] == 1


A_ROW = text(
    """
    INSERT INTO proposition (proposition_id, side, version, member_id, organisation_id, status, kind, themes, title,
        text, language, place_name, province, latitude, longitude, expires_at, created_at, match_ids)
    VALUES (:id, 'request', 1, 'noor', 'vechtdal', 'open', 'tip', '{biodiversity}', 'Een tip', 'Een tip',
        'nl', 'Utrecht', 'Utrecht', 52.1, 5.1, now(), now(), '{}')
    """
)


async def waits_for_a_lock(requests) -> bool:
    """Whether somebody waits for the table."""
    async with requests.service.engine.connect() as connection:
        waiting = await connection.execute(
            text(
                "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'proposition'::regclass"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
        )
        return waiting.first() is not None


async def test_what_is_heard_later_of_who_was_erased_keeps_nothing(requests):
    asked, offered = await requests.placed(), await requests.placed("offer", kind="internship")
    await requests.given(ERASED)

    await requests.when(
        an_introduction(asked, offered),
        MemberLeft(member_id="noor", version=10),
    )

    assert await requests.rows() == []
    await requests.then_nothing_said()


async def test_the_other_side_of_an_introduction_hears_of_it_all_the_same(requests):
    asked = await requests.placed(who="sem")
    offered = await requests.placed("offer", kind="internship")
    await requests.given(ERASED)

    await requests.when(an_introduction(asked, offered))

    (changed,) = await requests.then_said(RequestChanged)
    assert (changed.request_id, changed.status) == (asked["id"], "in-conversation")
