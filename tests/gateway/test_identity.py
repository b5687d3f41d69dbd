"""Who is calling is said by the gateway alone: signed, for one service, for a minute, as members knows it now."""

import base64
import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey
from starlette.requests import Request

from chassis.identity import Identity, sign_identity
from contracts.vocabulary import Role
from tests.gateway.conftest import another_gateway, serving, slug
from tests.gateway.upstream import Trouble
from tests.given import eventually


def unsigned(claims: dict) -> str:
    """A token with `alg: none`, which nobody may believe."""

    def part(value: dict) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none'})}.{part(claims)}."


def claims(street, **changes) -> dict:
    now = int(datetime.now(UTC).timestamp())
    node = street.members.service.settings.node
    return {
        "iss": f"odh-gateway-{node}", "aud": "members", "sub": "the-team", "roles": ["member", "node-team"],
        "iat": now, "exp": now + 60,
    } | changes  # fmt: skip


def foreign_tokens(street) -> dict[str, str]:
    """Tokens that somebody might make, or find."""
    own, other = street.keys.private, OKPKey.generate_key("Ed25519", parameters={"kid": street.keys.private.kid})
    public = json.dumps(own.as_dict(private=False)).encode()
    now, node = datetime.now(UTC), street.members.service.settings.node
    team = Identity(member_id="the-team", roles=frozenset({Role.NODE_TEAM.value}))
    old = now - timedelta(minutes=5)
    return {
        "alg none": unsigned(claims(street)),
        "another key": sign_identity(other, team, node=node, audience="members", now=now),
        "the public key as a secret": jwt.encode(
            {"alg": "HS256", "kid": own.kid}, claims(street), OctKey.import_key(public)
        ),
        "another service": sign_identity(own, team, node=node, audience="requests", now=now),
        "another node": sign_identity(own, team, node="elsewhere", audience="members", now=now),
        "expired": sign_identity(own, team, node=node, audience="members", now=old),
        "without its signature": sign_identity(own, team, node=node, audience="members", now=now).rpartition(".")[0],
        "no token": "x" * 100,
    }


@pytest.mark.parametrize("kind", [
    "alg none", "another key", "the public key as a secret", "another service", "another node", "expired",
    "without its signature", "no token",
])  # fmt: skip
async def test_a_service_believes_no_token_but_the_gateways(street, kind):
    token = foreign_tokens(street)[kind]
    async with httpx.AsyncClient(base_url=street.members_url) as direct:
        answer = await direct.get("/v1/members/me", headers={"Authorization": f"Bearer {token}"})

    assert (answer.status_code, slug(answer)) == (401, "not-signed-in")


async def test_the_gateway_passes_on_no_token_that_a_client_brings(street):
    """Not even a good one: who calls is known by the session, and by nothing else."""
    node, now = street.members.service.settings.node, datetime.now(UTC)
    team = Identity(member_id="the-team", roles=frozenset({Role.NODE_TEAM.value}))
    good = sign_identity(street.keys.private, team, node=node, audience="members", now=now)
    headers = {"Authorization": f"Bearer {good}"}

    assert (await street.visitor(**headers).get("/api/v1/members/me")).status_code == 401

    member = await street.member()
    member_id = await street.member_id(member)
    assert (await member.get("/api/v1/members/me", headers=headers)).json()["member_id"] == member_id
    assert (await member.put(f"/api/v1/node-team/{member_id}", headers=headers)).status_code == 403


async def test_each_service_gets_a_token_of_its_own_that_is_used_for_a_while(street, postgres, nats):
    trouble = Trouble()
    async with serving(trouble.app) as url, another_gateway(street, postgres, nats, requests_url=url) as other:
        browser = await other.team()
        for _ in range(3):
            await browser.get("/api/v1/requests")
        member_id = await other.member_id(browser)

    tokens = {heard.headers["authorization"].removeprefix("Bearer ") for heard in trouble.heard}
    (token,) = tokens
    told = jwt.decode(token, street.keys.private, algorithms=["Ed25519"]).claims
    assert (told["aud"], told["sub"]) == ("requests", member_id)
    assert told["roles"] == ["member", "node-team"]
    assert told["exp"] - told["iat"] == 60


async def test_nothing_of_who_asks_goes_along_with_what_is_open_to_all(street, postgres, nats):
    trouble = Trouble()

    @trouble.app.get("/v1/unsubscribe/{token}")
    async def show_unsubscribe(token: str, request: Request) -> dict:
        return dict(request.headers)

    async with serving(trouble.app) as url, another_gateway(street, postgres, nats, notify_url=url) as other:
        told = (await (await other.team()).get("/api/v1/unsubscribe/abc")).json()

    assert "authorization" not in told
    assert "cookie" not in told


async def test_a_role_that_is_given_or_taken_counts_within_seconds(street, postgres, nats):
    async with another_gateway(street, postgres, nats, identity_cached_seconds=0.2) as other:
        member, team = await other.member(), await other.team()
        own = f"/api/v1/node-team/{await other.member_id(member)}"

        async def may_appoint() -> bool:  # somebody who is not there, so that nothing changes
            return (await member.put("/api/v1/node-team/nobody")).status_code == 404

        async def may_not_appoint() -> bool:
            return (await member.put("/api/v1/node-team/nobody")).status_code == 403

        assert await may_not_appoint()
        assert (await team.put(own)).status_code == 204
        await eventually(may_appoint, saying="the role")
        assert "node-team" in (await member.get("/api/v1/sessions/current")).json()["roles"]
        assert (await team.delete(own)).status_code == 204
        await eventually(may_not_appoint, saying="the end of the role")


async def test_an_ambassador_is_known_with_their_scope(street):
    member, team = await street.member(), await street.team()
    member_id = await street.member_id(member)

    await team.put(f"/api/v1/ambassadors/{member_id}", json={"provinces": ["Utrecht"]})
    street.gateway.service.app.state.gateway.identities.forget(member_id)

    session = (await member.get("/api/v1/sessions/current")).json()
    assert session["roles"] == ["ambassador", "member"]
    assert session["scope"] == {"organisation_ids": [], "provinces": ["Utrecht"], "themes": []}


async def test_while_members_is_away_who_was_known_stays_known_for_a_while(street, postgres, nats):
    trouble = Trouble()
    async with (
        serving(trouble.app) as url,
        serving(street.members.service.app) as members_url,
        another_gateway(
            street, postgres, nats, requests_url=url, members_url=members_url, identity_cached_seconds=0.0,
            restart_seconds_max=0.1,
        ) as other,
    ):  # fmt: skip
        browser = await other.team()
        assert (await browser.get("/api/v1/requests")).status_code == 200
        gateway = other.gateway.service.app.state.gateway
        gateway.upstreams._urls["members"] = "http://127.0.0.1:1"

        assert (await browser.get("/api/v1/requests")).status_code == 200
        assert slug(await browser.get("/api/v1/members/me")) == "temporarily-unavailable"
        gateway.identities.forget(await _member_id(browser))
        assert slug(await browser.get("/api/v1/requests")) == "temporarily-unavailable"


async def _member_id(browser: httpx.AsyncClient) -> str:
    return (await browser.get("/api/v1/sessions/current")).json()["member_id"]
