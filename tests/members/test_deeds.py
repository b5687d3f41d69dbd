"""What was done for others is kept for a year, and read by the team, by who did it and by whom it concerns."""

import asyncio
from datetime import timedelta

from sqlalchemy import text

from contracts.deeds import Deed, DeedDone
from contracts.event import new_id
from contracts.members import MemberErased
from contracts.vocabulary import Role
from services.members import deeds
from tests.given import eventually
from tests.members.conftest import COMPANY, slug

AMIR, NOOR, SEM = "m-amir", "m-noor", "m-sem"


def a_deed(now, **changes):
    """An ambassador endorsed a match of two members."""
    deed = {
        "deed_id": new_id(),
        "service": "matching",
        "done_by": AMIR,
        "role": Role.AMBASSADOR,
        "deed": Deed.MATCH_ENDORSED,
        "matter": "match",
        "matter_id": "match-1",
        "title": "Wie vertelt over warmtepompen?",
        "whose": (NOOR, SEM),
        "done_at": now,
    }
    return DeedDone(**deed | changes)


async def read(browser, path="/v1/deeds", **asked):
    answer = await browser.get(path, params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def test_the_team_reads_all_and_others_what_they_did_and_what_concerns_them(members):
    first = a_deed(members.clock())
    second = a_deed(members.clock(), deed=Deed.MATCH_DISMISSED, done_by=SEM, whose=(AMIR,))
    await members.when(first, second, delivered_times=2)
    amir, noor = members.http_as(AMIR, roles=("ambassador",)), members.http_as(NOOR)

    done = await read(members.team())
    assert [one["deed"] for one in done] == ["match-dismissed", "match-endorsed"]
    assert [one["deed"] for one in await read(members.team(), deed="match-endorsed")] == ["match-endorsed"]
    assert len(await read(members.team(), member_id=AMIR)) == 2
    (mine,) = await read(amir, "/v1/members/me/deeds")
    (about_noor,) = await read(noor, "/v1/members/me/deeds", of="about-me")
    assert (mine["done_by"], mine["whose"], mine["title"]) == (AMIR, [NOOR, SEM], "Wie vertelt over warmtepompen?")
    assert (about_noor["done_by"], about_noor["role"], about_noor["whose"]) == (None, "ambassador", [NOOR])
    for browser in (amir, noor):
        refused = await browser.get("/v1/deeds")
        assert (refused.status_code, slug(refused)) == (403, "not-allowed")
    assert await read(noor, "/v1/members/me/deeds") == []


async def test_who_takes_part_is_named_to_the_team_and_an_operator_has_no_name(members):
    noor = await members.joined(name="Noor Jansen")
    by_operator = a_deed(members.clock(), done_by="operator", role="operator", whose=(noor, SEM))
    await members.when(by_operator)

    (done,) = await read(members.team())
    (about_noor,) = await read(members.http_as(noor), "/v1/members/me/deeds", of="about-me")

    assert (done["done_by"], done["role"], done["names"]) == (None, "operator", {noor: "Noor Jansen"})
    assert (about_noor["role"], about_noor["names"]) == ("operator", {})


async def test_who_is_kept_out_is_still_named_to_the_team(members):
    noor = await members.joined(name="Noor Jansen")

    await members.team().put(f"/v1/members/{noor}/block")
    await members.quiet()

    (kept_out,) = await read(members.team())
    assert (kept_out["deed"], kept_out["names"][noor]) == ("member-blocked", "Noor Jansen")


async def test_what_a_later_release_says_was_done_is_kept_and_read_by_the_word_that_it_said(members):
    later = {"deed": "something-new", "matter": "something-else"}

    await members.when(a_deed(members.clock(), **later))

    (kept,) = await read(members.team())
    assert {"deed": kept["deed"], "matter": kept["matter"]} == later


async def test_after_a_year_it_is_gone(members):
    await members.when(a_deed(members.clock() - timedelta(days=366)), a_deed(members.clock() - timedelta(days=364)))
    await members.when(a_deed(members.clock()))

    assert len(await read(members.team())) == 2


async def test_what_is_said_of_it_leaves_the_stream_when_it_is_gone(members):
    noor = await members.joined()

    await members.team().put(f"/v1/members/{noor}/block")
    await members.quiet()

    (subject,) = [subject for subject, _ in await members.messages("local") if ".deed-done." in subject]
    name = members.service.streams.name("local")
    message = await members.service.streams.js.get_last_msg(name, subject)
    assert (message.headers or {}).get("Nats-TTL") == f"{deeds.KEPT_FOR.total_seconds():.0f}s"


async def test_of_who_is_erased_no_reference_is_left_also_when_the_deed_comes_late(members):
    noor = await members.joined()
    kept = a_deed(members.clock(), whose=(noor, SEM))
    late = a_deed(members.clock(), done_by=noor, whose=(SEM,))
    await members.when(kept)
    await members.http_as(noor).delete("/v1/members/me")
    await members.quiet()
    await members.when(late)

    second, first = await read(members.team())

    assert (first["done_by"], first["whose"], first["title"]) == (AMIR, [SEM], None)
    assert (second["done_by"], second["whose"], second["title"]) == (None, [SEM], None)
    left = [subject for subject, _ in await members.messages("local")]
    assert [subject for subject in left if kept.deed_id in subject or late.deed_id in subject] == []
    assert [type(event) for _, event in await members.envelopes() if isinstance(event, MemberErased)] == [MemberErased]


async def test_an_erasure_waits_for_a_deed_that_is_being_kept(members):
    """The deed has not committed yet when the erasure comes in."""
    noor = await members.joined()

    async def it_waits_or_is_done():
        async with members.service.engine.connect() as looking:
            waiting = text(
                "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'deed'::regclass"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
                " UNION ALL SELECT 1 FROM erasure_part WHERE member_id = :noor"
            )
            return (await looking.execute(waiting, {"noor": noor})).first()

    async with members.session() as keeping:
        await deeds.keep(keeping, a_deed(members.clock(), whose=(noor, SEM)), members.clock())
        erasing = asyncio.create_task(members.http_as(noor).delete("/v1/members/me"))
        await eventually(it_waits_or_is_done, saying="an erasure that waits or is done")
        await keeping.commit()
    assert (await erasing).status_code == 202
    await members.quiet()

    (done,) = await read(members.team())
    assert (done["whose"], done["title"]) == ([SEM], None)


async def test_who_brings_people_together_finds_members_in_their_scope(members):
    noor = await members.joined()
    sem = await members.joined(email="sem@warmtewerk.example", name="Sem de Vries", organisation=COMPANY)
    school = (await members.me(noor)).json()["affiliations"][0]["organisation"]["organisation_id"]
    scopes = (
        ({"provinces": ("Utrecht",)}, {noor, sem}), ({"organisation_ids": (school,)}, {noor}),
        ({"themes": ("biodiversity",)}, set()), ({"provinces": ("Zeeland",)}, set()),
        ({"organisation_ids": (school,), "provinces": ("Gelderland",)}, set()),
    )  # fmt: skip

    for scope, found in scopes:
        ambassador = members.ambassador(**scope)
        listed = {one["member_id"] for one in await read(ambassador, "/v1/members")}
        seen = {one for one in (noor, sem) if (await ambassador.get(f"/v1/members/{one}")).status_code == 200}
        assert (listed & {noor, sem}, seen) == (found, found), scope
    of_team = members.team()
    assert [one["name"] for one in await read(of_team, "/v1/members", q="VRIES")] == ["Sem de Vries"]
    assert [one["member_id"] for one in await read(of_team, "/v1/members", q="vechtdal")] == [noor]
    assert len(await read(of_team, "/v1/members", role="node-team")) == 1
    assert await read(of_team, "/v1/members", q="100%") == []
    assert (await members.http_as(noor).get("/v1/members")).status_code == 403
