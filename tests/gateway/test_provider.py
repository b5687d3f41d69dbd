"""Signing in with an account elsewhere: by a verified address, and by nothing that was not made for this sign-in."""

import asyncio
import json

import aiohttp
import pytest
from joserfc.jwk import OctKey, RSAKey

from services.gateway import provider as provider_module
from services.gateway.provider import Provider
from services.gateway.settings import GatewaySettings
from tests.gateway.conftest import another_gateway, serving
from tests.gateway.oidc_provider import CLIENT_ID, CLIENT_SECRET, OidcProvider
from tests.gateway.test_pages import goes_on
from tests.given import fresh_name

BROWSER = {"Accept": "text/html", "Accept-Language": "nl"}


@pytest.fixture(scope="module")
async def shared_elsewhere(shared_street, postgres, nats, tmp_path_factory):
    """A provider, and a gateway that has people sign in there."""
    secret = tmp_path_factory.mktemp("oidc") / "secret"
    secret.write_text(f"{CLIENT_SECRET}\n")
    provider = OidcProvider()
    async with serving(provider.app()) as issuer:
        provider.issuer = issuer
        settings = {"oidc_issuer": issuer, "oidc_client_id": CLIENT_ID, "oidc_client_secret_file": secret}
        settings |= {"oidc_name": "SURFconext", "public_url": "http://utrecht.omdehoek.example"}
        async with another_gateway(shared_street, postgres, nats, **settings) as street:
            yield street, provider


@pytest.fixture
async def elsewhere(shared_elsewhere, monkeypatch):
    """The same for each test, with a provider that does as it should."""
    street, provider = shared_elsewhere
    vars(provider).update(vars(OidcProvider(issuer=provider.issuer, key=provider.key)))
    monkeypatch.setattr(provider_module, "KEYS_ASKED_AGAIN_SECONDS", 0.0)
    yield street, provider
    while street.clients:
        await street.clients.pop().aclose()


async def a_member(street) -> str:
    """The address of somebody who joined."""
    email = f"{fresh_name('iemand')}@vechtdal.example"
    await street.member(email=email)
    return email


async def go_there(browser, provider, **query):
    """To the provider and to the door on the way back, which is not opened yet; gives its address."""
    there = await browser.get("/sign-in/provider", params=query, headers=BROWSER)
    assert there.status_code == 303, there.text
    assert there.headers["location"].startswith(provider.issuer)
    back = await browser.get(there.headers["location"])
    return back.headers["location"].removeprefix("http://utrecht.omdehoek.example")


async def sign_in(street, provider, browser=None, **query):
    browser = browser or street.visitor()
    return browser, await browser.get(await go_there(browser, provider, **query), headers=BROWSER)


async def test_a_member_signs_in_and_goes_on_where_they_wanted(elsewhere):
    street, provider = elsewhere
    email = await a_member(street)
    provider.claims = {"email": email.upper(), "email_verified": True}
    browser = street.visitor()
    page = await browser.get("/sign-in", headers=BROWSER)
    assert "Log in met SURFconext" in page.text

    browser, answer = await sign_in(street, provider, browser, next="/inbox")

    assert await goes_on(browser, answer) == "/inbox"
    who = (await browser.get("/api/v1/sessions/current")).json()["member_id"]
    by_mail = await street.signed_in(email)
    assert who == await street.member_id(by_mail)
    assert "odh-provider" not in browser.cookies


@pytest.mark.parametrize("claims", [{}, {"email_verified": False}, {"email_verified": "true"}, {"email": None}])
async def test_an_address_that_is_not_certain_opens_nothing(elsewhere, claims):
    street, provider = elsewhere
    provider.claims = {"email": await a_member(street)} | claims

    browser, answer = await sign_in(street, provider)

    assert (answer.status_code, "niet zeker" in answer.text) == (403, True)
    assert (await browser.get("/api/v1/sessions/current")).status_code == 401


async def test_who_is_no_member_reads_how_to_become_one(elsewhere):
    street, provider = elsewhere
    provider.claims = {"email": f"{fresh_name('niemand')}@vechtdal.example", "email_verified": True}

    browser, answer = await sign_in(street, provider)

    assert (answer.status_code, "Word eerst lid" in answer.text) == (404, True)
    assert "/sign-in?next=" not in answer.text  # what was brought back counts once: there is nothing to come back to
    assert (await browser.get("/api/v1/sessions/current")).status_code == 401


async def test_the_address_may_be_told_apart_but_of_the_same_account(elsewhere):
    street, provider = elsewhere
    provider.claims, provider.in_token = {"email": await a_member(street), "email_verified": True}, False

    _, answer = await sign_in(street, provider)
    assert answer.status_code == 303, answer.text

    provider.user_info = {"sub": "another"}
    _, answer = await sign_in(street, provider)
    assert answer.status_code == 403


#: What a provider signs for another client, another sign-in or another time, or with what is not its key.
UNSAFE = {
    "another nonce": {"wrong": {"nonce": "of-another-sign-in"}},
    "no nonce": {"wrong": {"nonce": None}},
    "another client": {"wrong": {"aud": "another-client"}},
    "several clients": {"wrong": {"aud": [CLIENT_ID, "another-client"]}},
    "asked by another": {"wrong": {"azp": "another-client"}},
    "another issuer": {"wrong": {"iss": "https://elders.example"}},
    "too late": {"wrong": {"exp": 1_700_000_000}},
    "for ever": {"wrong": {"exp": None}},
    "a shared secret": {"header": {"alg": "HS256"}, "signs_with": OctKey.import_key(CLIENT_SECRET)},
    "another key": {"signs_with": RSAKey.generate_key(2048)},
}


@pytest.mark.parametrize("how", UNSAFE)
async def test_a_token_that_is_not_for_this_sign_in_opens_nothing(elsewhere, how):
    street, provider = elsewhere
    provider.claims = {"email": await a_member(street), "email_verified": True}
    vars(provider).update(UNSAFE[how])

    browser, answer = await sign_in(street, provider)

    assert answer.status_code == 403
    assert (await browser.get("/api/v1/sessions/current")).status_code == 401


async def test_what_came_back_counts_once_and_in_the_browser_that_began(elsewhere):
    street, provider = elsewhere
    provider.claims = {"email": await a_member(street), "email_verified": True}
    first, second = street.visitor(), street.visitor()
    door = await go_there(first, provider)

    assert (await second.get(door, headers=BROWSER)).status_code == 403  # no cookie of this sign-in
    await go_there(second, provider)
    assert (await second.get(door, headers=BROWSER)).status_code == 403  # of another one
    assert (await first.get(door, headers=BROWSER)).status_code == 303
    assert (await first.get(door, headers=BROWSER)).status_code == 403
    denied = await second.get("/sign-in/provider/done?error=access_denied", headers=BROWSER)
    assert (denied.status_code, "daar niet ingelogd" in denied.text) == (403, True)


async def test_a_new_key_of_the_provider_is_looked_up_and_an_old_one_is_not_asked_for_each_time(elsewhere):
    street, provider = elsewhere
    provider.claims = {"email": await a_member(street), "email_verified": True}
    await sign_in(street, provider)
    asked = provider.keys_asked

    _, answer = await sign_in(street, provider)
    assert (answer.status_code, provider.keys_asked) == (303, asked)
    provider.rotates()
    _, answer = await sign_in(street, provider)

    assert (answer.status_code, provider.keys_asked) == (303, asked + 1)


async def test_a_provider_that_is_away_or_another_leaves_the_link_by_mail(elsewhere, postgres, nats):
    street, provider = elsewhere
    provider.said_issuer = "https://elders.example"
    named = {"oidc_client_id": CLIENT_ID, "public_url": "http://utrecht.omdehoek.example"}
    for issuer in (provider.issuer, "http://127.0.0.1:1"):
        async with another_gateway(street, postgres, nats, oidc_issuer=issuer, **named) as other:
            answer = await other.visitor().get("/sign-in/provider", headers=BROWSER)
            assert (answer.status_code, "Vraag hieronder een link" in answer.text) == (503, True)


async def test_a_node_without_a_provider_has_no_such_door(street):
    page = await street.visitor().get("/sign-in", headers=BROWSER)
    assert "/sign-in/provider" not in page.text
    assert (await street.visitor().get("/sign-in/provider", headers=BROWSER)).status_code == 404


@pytest.mark.parametrize("wrong", [{"oidc_issuer": "http://elders.example"}, {"oidc_issuer": "https://elders.example"}])
def test_settings_that_would_be_unsafe_are_refused(wrong, tmp_path):
    named = {"oidc_client_id": "x"} if wrong["oidc_issuer"].startswith("http:") else {}
    with pytest.raises(ValueError, match="oidc"):
        GatewaySettings(identity_private_key_file=tmp_path, **wrong, **named)


async def test_an_answer_that_comes_in_two_pieces_is_read_whole(monkeypatch):
    waits, wait = asyncio.Event(), aiohttp.StreamReader._wait

    async def wait_for_more(stream, *asked):
        waits.set()
        await wait(stream, *asked)

    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        ends = {"authorization_endpoint": "/a", "token_endpoint": "/t", "jwks_uri": "/k"}
        told = json.dumps({"issuer": issuer} | {name: issuer + path for name, path in ends.items()}).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(told)}\r\n\r\n"
        writer.write(head.encode() + told[:40])
        await waits.wait()
        writer.write(told[40:])
        await writer.drain()
        writer.close()

    monkeypatch.setattr(aiohttp.StreamReader, "_wait", wait_for_more)
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    issuer = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    provider = Provider(
        GatewaySettings.model_construct(
            oidc_issuer=issuer, oidc_client_id="x", oidc_scopes="openid", public_url="http://x"
        )
    )
    try:
        begun = await provider.begin()
    finally:
        await provider.close()
        server.close()

    assert begun.url.startswith(f"{issuer}/a?")
