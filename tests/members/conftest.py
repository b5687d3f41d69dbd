"""A running members service, and the people who come to it. All of them are invented."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from contracts.members import AmbassadorScope, MemberJoined, NodeTeamJoined, SignInRequested
from services.members.app import service
from services.members.node_team import ensure_node_team
from tests.given import Running, eventually, running

SCHOOL = {
    "kind": "school",
    "name": "ROC Vechtdal",
    "place": {"name": "Utrecht"},
    "brin": "25PJ",
    "networks": ["duurzaam-mbo"],
}
COMPANY = {"kind": "company", "name": "Warmtewerk BV", "place": {"name": "Zeist"}, "kvk": "30123456"}


def a_join(**changes: Any) -> dict[str, Any]:
    """What somebody fills in to join."""
    return {
        "name": "Noor Jansen",
        "email": "noor.jansen@vechtdal.example",
        "phone": "06 12345678",
        "networks": ["duurzaam-mbo"],
        "organisation": SCHOOL,
        "role": "docent energietechniek",
        "consent": True,
    } | changes


@dataclass
class Members:
    """The service, in the words of these tests."""

    running: Running

    def __getattr__(self, name: str) -> Any:
        return getattr(self.running, name)

    @property
    def gateway(self) -> httpx.AsyncClient:
        """The gateway, which alone may sign people in."""
        return self.running.http_as("gateway", roles=("gateway",))

    def team(self, member_id: str = "somebody-of-the-team") -> httpx.AsyncClient:
        """Somebody of the node's team."""
        return self.running.http_as(member_id, roles=("node-team",))

    def ambassador(self, **scope: Any) -> httpx.AsyncClient:
        """An ambassador with a scope."""
        return self.running.http_as("somebody-else", roles=("ambassador",), scope=AmbassadorScope(**scope))

    async def links(self) -> list[SignInRequested]:
        """The links that were mailed so far."""
        return await self.running.said(SignInRequested)

    async def joined(self, **changes: Any) -> str:
        """Somebody joins and follows the link; returns their member id."""
        answer = await self.running.http.post("/v1/members", json=a_join(**changes))
        assert answer.status_code == 202, answer.text
        return await self.follow((await self.links())[-1].token)

    async def follow(self, token: str) -> str:
        """Somebody follows a link; returns the member's id."""
        answer = await self.gateway.post("/internal/sign-ins", json={"token": token})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["member_id"])

    async def me(self, member_id: str) -> httpx.Response:
        """What a member sees of themselves."""
        return await self.running.http_as(member_id).get("/v1/members/me")

    async def everything_shared(self) -> str:
        """All bytes of the stream that may leave the node."""
        return " ".join(subject + data.decode() for subject, data in await self.running.messages("shared"))


@pytest.fixture(scope="session")
async def started(postgres: Any, nats: Any) -> AsyncIterator[Running]:
    """One service for all tests of this folder that want it as it is."""
    async with running(service, postgres, nats) as here:
        await started_team(here)
        yield here


@pytest.fixture
async def members(started: Running) -> Members:
    """Members with its first node team, and nobody else; what was said about that is left behind."""
    await started.begin()
    await ensure_node_team(started.service)
    await started.given()
    return Members(started)


async def started_team(started: Running) -> None:
    """Waits until the first team has joined, and leaves what was said about that behind."""

    async def team_joined() -> list[NodeTeamJoined]:
        return await started.said(NodeTeamJoined)

    await eventually(team_joined, saying="a node team")
    assert len(await started.said(MemberJoined)) == 1
    await started.given()


def wrong_fields(answer: httpx.Response) -> dict[str, str]:
    """The fields that an answer calls wrong, with what it says of each."""
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return {error["field"]: error["message"] for error in answer.json()["errors"]}


def slug(answer: httpx.Response) -> str:
    """The stable name of a problem."""
    assert answer.headers["content-type"] == "application/problem+json"
    found = re.search(r"/problems/([a-z-]+)$", answer.json()["type"])
    assert found
    return found[1]
