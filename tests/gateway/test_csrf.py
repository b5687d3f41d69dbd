"""No page of another site can make a member's browser do something here."""

import re

import pytest

from services.gateway import pages, rules
from services.gateway.rules import CrossSite
from tests.gateway.conftest import slug

OWN = "http://127.0.0.1:8000"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": OWN},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:8000.evil.example"},
    ],
)
async def test_what_another_site_makes_a_browser_send_is_refused(street, headers):
    browser = await street.member()

    for method, path in (("POST", "/members/me/leave"), ("DELETE", "/members/me"), ("DELETE", "/sessions/current")):
        answer = await browser.request(method, f"/api/v1{path}", headers=headers)
        assert (answer.status_code, slug(answer)) == (403, "cross-site-request")
    assert (await browser.get("/api/v1/members/me")).status_code == 200


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "application/xml"],
)
async def test_what_a_form_can_send_is_no_command(street, kind):
    browser = await street.member()
    draft = b'{"kind": "centre", "name": "Centrum", "place": {"name": "Zeist"}}'

    answer = await browser.post("/api/v1/organisations", content=draft, headers={"Content-Type": kind})

    assert (answer.status_code, slug(answer)) == (403, "cross-site-request")


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}])
async def test_what_our_own_pages_and_api_clients_send_is_done(street, headers):
    browser = await street.member()

    assert (await browser.post("/api/v1/members/me/leave", headers=headers)).status_code == 204


async def test_an_origin_that_is_the_address_asked_is_ours(street):
    browser = await street.member()

    assert (await browser.delete("/api/v1/sessions/current", headers={"Origin": street.url})).status_code == 204


async def test_another_site_can_sign_nobody_in_as_somebody_else(street):
    """Else its visitors would tell us things under the account of the attacker."""
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        answer = await street.visitor().post("/api/v1/sessions", json={"token": "x"}, headers=headers)
        assert (answer.status_code, slug(answer)) == (403, "cross-site-request")
    answer = await street.visitor().post(
        "/api/v1/sessions", content=b'{"token": "x"}', headers={"Content-Type": "text/plain"}
    )
    assert slug(answer) == "cross-site-request"


async def test_no_other_site_may_read_an_answer(street):
    answer = await (await street.member()).get("/api/v1/members/me", headers={"Origin": "https://evil.example"})

    assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"


def test_reading_is_never_refused():
    rules.check_own_origin("GET", {"sec-fetch-site": "cross-site"}, OWN)
    rules.check_not_a_form("GET", {"content-type": "text/plain", "content-length": "3"})


def test_a_browser_that_does_not_tell_the_site_is_known_by_the_origin():
    rules.check_own_origin("POST", {"origin": OWN}, OWN)
    rules.check_own_origin("POST", {"origin": "http://localhost:8000", "host": "localhost:8000"}, OWN)
    with pytest.raises(CrossSite):
        rules.check_own_origin("POST", {"origin": "http://localhost:9000", "host": "localhost:8000"}, OWN)


def test_a_form_is_bound_to_its_session():
    token = rules.new_token()

    shown = rules.form_token(token)
    rules.check_form_token(token, shown)
    assert rules.form_token(token) != shown  # a packed page tells by its length what stays the same
    for shown in ("", "x", "é", rules.form_token(rules.new_token()), token):
        with pytest.raises(CrossSite):
            rules.check_form_token(token, shown)


#: What somebody fills in before they are signed in: there is no session yet that a form could be bound to.
BEFORE_SIGNING_IN = {"/sign-in", "/join", "/invited"}


async def test_every_form_of_a_page_is_refused_without_the_token_of_its_session(street):
    """From the pages' own routes: what is added tomorrow is tried too. A token of another session is none."""
    browser, other = await street.member(), await street.member()
    page = await other.get("/sessions", headers={"Accept": "text/html"})
    tokens = {"": "", "of another": page.text.partition('name="form" value="')[2].partition('"')[0]}
    assert len(tokens["of another"]) == 80
    tried = set()
    for router in pages.routers:
        for route in router.routes:
            if "POST" not in route.methods or route.path in BEFORE_SIGNING_IN:
                continue
            path = re.sub(r"\{\w+\}", "x", route.path)
            for shown in tokens.values():
                answer = await browser.post(f"{path}?match=x", data={"form": shown, "sure": "yes", "step": "all"})
                assert (answer.status_code, slug(answer)) == (403, "cross-site-request"), route.path
            tried.add(route.path)

    assert len(tried) > 20
    assert (await browser.get("/api/v1/sessions/current")).status_code == 200
