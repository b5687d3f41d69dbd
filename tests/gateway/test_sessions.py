"""Sessions: begun by a link that works once, known by a cookie, ended by signing out, by time or by leaving."""

import asyncio

import httpx
import pytest
from sqlalchemy import event, text
from sqlmodel import select

from contracts.members import MemberLeft
from services.gateway import store
from services.gateway.rules import new_token, token_hash
from services.gateway.store import SessionRow
from tests.gateway.conftest import a_street, another_gateway, slug
from tests.given import eventually, fresh_name

COOKIE = "odh-session"


def an_address() -> str:
    return f"{fresh_name('iemand')}@vechtdal.example"


async def is_signed_in(browser: httpx.AsyncClient) -> bool:
    return (await browser.get("/api/v1/sessions/current")).status_code == 200


async def test_who_follows_the_link_is_signed_in(street):
    email = an_address()
    browser = await street.member(email=email)

    session = (await browser.get("/api/v1/sessions/current")).json()
    me = (await browser.get("/api/v1/members/me")).json()

    assert session["member_id"] == me["member_id"]
    assert session["roles"] == ["member"]
    assert len(session["organisation_ids"]) == 1
    assert me["email"] == email


async def test_the_cookie_is_for_this_site_and_no_script(street):
    email = an_address()
    await street.member(email=email)
    await street.visitor().post("/api/v1/sign-in-links", json={"email": email})

    answer = await street.visitor().post("/api/v1/sessions", json={"token": await street.link_for(email)})

    assert (answer.status_code, answer.headers["location"]) == (201, "/api/v1/sessions/current")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= {part.strip() for part in cookie.split(";")}
    assert "Domain" not in cookie
    assert answer.headers["cache-control"] == "no-store"


async def test_over_tls_the_cookie_is_bound_to_this_very_host(street, postgres, nats):
    async with another_gateway(street, postgres, nats, public_url="https://utrecht.omdehoek.example") as street:
        browser = street.visitor()
        await browser.post("/api/v1/sign-in-links", json={"email": "team@omdehoek.example"})
        token = await street.link_for("team@omdehoek.example")
        answer = await browser.post("/api/v1/sessions", json={"token": token})

    assert answer.headers["set-cookie"].startswith("__Host-odh-session=")
    assert "Secure" in answer.headers["set-cookie"]
    assert answer.headers["strict-transport-security"]


async def test_only_the_hash_of_the_token_is_stored(street):
    browser = await street.member()
    async with street.gateway.session() as session:
        rows = (await session.exec(select(SessionRow))).all()

    assert len(browser.cookies[COOKIE]) >= 43  # 256 bits
    assert not any(browser.cookies[COOKIE].encode() in row.token_hash for row in rows)


async def test_a_link_that_does_not_work_signs_nobody_in(street):
    browser = street.visitor()

    answer = await browser.post("/api/v1/sessions", json={"token": "no-such-token"})

    assert (answer.status_code, slug(answer)) == (422, "sign-in-link-invalid")
    assert "set-cookie" not in answer.headers


async def test_who_presses_twice_is_signed_in_once(street):
    """The browser drops the answer to the first press, with the session that it was given."""
    email, firefox = an_address(), street.visitor(**{"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"})
    await street.member(email=email)
    elsewhere = await street.signed_in(email, browser=firefox)
    await street.visitor().post("/api/v1/sign-in-links", json={"email": email})
    token = await street.link_for(email)

    first, second = [await street.visitor().post("/api/v1/sessions", json={"token": token}) for _ in range(2)]

    assert [answer.status_code for answer in (first, second)] == [201, 201]
    pressed = [street.visitor(Cookie=answer.headers["set-cookie"].partition(";")[0]) for answer in (first, second)]
    assert [await is_signed_in(one) for one in (*pressed, elsewhere)] == [False, True, True]


async def test_the_answer_does_not_tell_whose_address_it_is(street):
    email = an_address()
    await street.member(email=email)

    known = await street.visitor().post("/api/v1/sign-in-links", json={"email": email})
    unknown = await street.visitor().post("/api/v1/sign-in-links", json={"email": an_address()})

    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)


async def test_a_wrong_address_is_a_wrong_field(street):
    answer = await street.visitor().post("/api/v1/sign-in-links", json={"email": "no address"})

    assert (answer.status_code, slug(answer)) == (422, "invalid-fields")
    assert answer.json()["errors"][0]["field"] == "email"


async def test_a_session_that_somebody_prepared_is_not_the_one_that_counts(street):
    """Fixation: whoever planted a cookie before the sign-in has nothing after it."""
    email = an_address()
    victim = await street.member(email=email)
    planted = victim.cookies[COOKIE]

    await street.signed_in(email, browser=victim)

    assert victim.cookies[COOKIE] != planted
    attacker = street.visitor(Cookie=f"{COOKIE}={planted}")
    assert not await is_signed_in(attacker)


@pytest.mark.parametrize("planted", ["", "made-up", "x" * 5000, "a=b"])
async def test_a_made_up_cookie_is_nobodys(street, planted):
    answer = await street.visitor(Cookie=f"{COOKIE}={planted}").get("/api/v1/members/me")

    assert (answer.status_code, slug(answer)) == (401, "not-signed-in")


async def test_signing_out_ends_the_session(street):
    browser = await street.member()
    token = browser.cookies[COOKIE]

    answer = await browser.delete("/api/v1/sessions/current")

    assert answer.status_code == 204
    assert COOKIE not in browser.cookies
    assert not await is_signed_in(street.visitor(Cookie=f"{COOKIE}={token}"))


async def test_signing_out_counts_at_once_in_the_process_that_does_it(street, postgres, nats):
    async with another_gateway(street, postgres, nats, session_cached_seconds=60) as other:
        here, elsewhere, third = await other.team(), await other.team(), await other.team()
        cookies = [{"Cookie": f"{COOKIE}={browser.cookies[COOKIE]}"} for browser in (here, elsewhere, third)]
        visitors = [other.visitor(**cookie) for cookie in cookies]
        assert [await is_signed_in(visitor) for visitor in visitors] == [True, True, True]

        await here.delete("/api/v1/sessions/current")
        assert [await is_signed_in(visitor) for visitor in visitors] == [False, True, True]
        await elsewhere.delete("/api/v1/sessions")
        assert [await is_signed_in(visitor) for visitor in visitors] == [False, False, False]


async def test_signing_out_everywhere_ends_the_sessions_of_this_member_only(street):
    email = an_address()
    here, elsewhere = await street.member(email=email), await street.signed_in(email)
    somebody_else = await street.member()

    assert (await here.delete("/api/v1/sessions")).status_code == 204

    assert not await is_signed_in(here)
    assert not await is_signed_in(elsewhere)
    assert await is_signed_in(somebody_else)


async def test_signing_out_here_leaves_other_browsers_signed_in(street):
    email = an_address()
    here, elsewhere = await street.member(email=email), await street.signed_in(email)

    await here.delete("/api/v1/sessions/current")

    assert await is_signed_in(elsewhere)


async def test_signing_out_with_the_token_of_before_ends_the_session_that_went_on_under_another(street):
    browser, team, late = await street.member(), await street.team(), street.visitor()
    late.cookies.set(COOKIE, before := browser.cookies[COOKIE])
    await team.put(f"/api/v1/ambassadors/{await street.member_id(browser)}", json={"provinces": ["Zeeland"]})

    async def goes_on_under_another():
        return await is_signed_in(browser) and browser.cookies[COOKIE] != before

    await eventually(goes_on_under_another, saying="another token")
    assert (await late.delete("/api/v1/sessions/current")).status_code == 204

    assert not await is_signed_in(browser)


async def test_signing_out_while_the_session_goes_on_under_another_token_ends_that_one_too(street):
    browser, gateway = await street.member(), street.gateway
    old, new = token_hash(browser.cookies[COOKIE]), token_hash(new_token())
    member_id = await street.member_id(browser)
    async with gateway.session() as going_on:
        assert await store.turn_over(going_on, old, new, frozenset({"ambassador"}), gateway.clock())
        await going_on.flush()

        leaving = asyncio.create_task(browser.delete("/api/v1/sessions/current"))
        await eventually(lambda: a_session_is_waited_for(gateway), saying="a browser that signs out")
        await going_on.commit()

    assert (await leaving).status_code == 204
    async with gateway.session() as session:
        assert (await session.exec(select(SessionRow).where(SessionRow.member_id == member_id))).all() == []


async def a_session_is_waited_for(gateway) -> bool:
    async with gateway.service.engine.connect() as connection:
        waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND locktype IN ('transactionid', 'tuple')"
        return (await connection.execute(text(waiting))).first() is not None


async def test_a_session_that_another_process_ended_ends_here_within_seconds(street):
    browser = await street.member()
    assert await is_signed_in(browser)
    async with street.gateway.service.engine.begin() as connection:
        await connection.execute(
            text("DELETE FROM session WHERE member_id = :id"), {"id": await street.member_id(browser)}
        )

    async def ended() -> bool:
        return not await is_signed_in(browser)

    await eventually(ended, saying="the end of the session")


async def test_who_leaves_is_signed_in_nowhere(street):
    email = an_address()
    here, elsewhere = await street.member(email=email), await street.signed_in(email)

    assert (await here.post("/api/v1/members/me/leave")).status_code == 204

    async def out() -> bool:
        return not await is_signed_in(elsewhere)

    await eventually(out, saying="the end of the session")


async def test_who_left_or_was_erased_leaves_no_session_behind(postgres, nats, tmp_path):
    """On a street of its own: gateways of one node share what they hear."""
    async with a_street(postgres, nats, tmp_path) as street:
        leaving, erased = await street.member(), await street.member()
        staying = await street.team()

        assert (await leaving.post("/api/v1/members/me/leave")).status_code == 204
        assert (await erased.delete("/api/v1/members/me")).status_code == 202
        await street.members.quiet()
        await street.gateway.quiet()

        async with street.gateway.session() as session:
            (left,) = (await session.exec(select(SessionRow))).all()
        assert left.member_id == await street.member_id(staying)


async def test_who_came_back_stays_signed_in_when_their_leaving_is_heard_late(street):
    email = an_address()
    browser = await street.member(email=email)
    street.gateway.clock.move(minutes=1)  # the leaving that is heard then was said before
    back = await street.signed_in(email)
    street.gateway.clock.move(minutes=-1)

    # Past the broker: another gateway of the same node may run in this process, and hear it instead.
    await street.gateway.heard(MemberLeft(member_id=await street.member_id(back), version=2))

    async def out() -> bool:
        return not await is_signed_in(browser)

    await eventually(out, saying="the end of the session of before")
    assert await is_signed_in(back)


async def test_a_session_ends_when_nobody_uses_it_and_lasts_while_somebody_does(street, postgres, nats):
    async with another_gateway(street, postgres, nats, session_idle_hours=10, session_lifetime_hours=100) as street:
        browser, clock = await street.team(), street.gateway.clock

        for _ in range(5):
            clock.move(hours=9)
            assert await is_signed_in(browser)
        clock.move(hours=11)
        assert not await is_signed_in(browser)


async def test_a_session_ends_after_its_lifetime_however_much_it_is_used(street, postgres, nats):
    async with another_gateway(street, postgres, nats, session_idle_hours=10, session_lifetime_hours=20) as street:
        browser, clock = await street.team(), street.gateway.clock

        clock.move(hours=9)
        assert await is_signed_in(browser)
        clock.move(hours=9)
        assert await is_signed_in(browser)
        clock.move(hours=3)
        assert not await is_signed_in(browser)


async def test_calls_that_follow_each_other_ask_no_database_each(street, postgres, nats):
    asked = []

    def note(connection, cursor, statement, *_):
        if "FROM session" in statement:
            asked.append(statement)

    async with another_gateway(street, postgres, nats, session_cached_seconds=60) as street:
        browser = await street.team()
        event.listen(street.gateway.service.engine.sync_engine, "before_cursor_execute", note)
        for _ in range(10):
            assert await is_signed_in(browser)

    assert len(asked) <= 1
