"""Whatever happens to a request or an offer, those who hear of it know how it stands."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlmodel.ext.asyncio.session import AsyncSession

from contracts.vocabulary import Kind, Side, Status, Theme
from services.requests import life, rules, telling
from services.requests.rules import Step
from services.requests.settings import RequestsSettings
from services.requests.tables import Proposition

CLOSED = {Status.FULFILLED, Status.WITHDRAWN, Status.EXPIRED}
AFTER = {
    Status.OPEN: ("Placed", "Changed", "Reopened"),
    Status.IN_CONVERSATION: ("Changed",),
    **dict.fromkeys(CLOSED, ("Closed", "Changed")),
}


class ALife(RuleBasedStateMachine):
    """Steps in any order, at any time, with changes in between; what is said is looked at after each."""

    side = Side.REQUEST

    def __init__(self) -> None:
        super().__init__()
        self.session = AsyncSession()  # what is said waits in it; no database is asked anything
        self.now = datetime(2026, 11, 2, 12, tzinfo=UTC)
        self.thing = Proposition(
            proposition_id="one",
            side=self.side,
            version=1,
            member_id="noor",
            organisation_id="vechtdal",
            status=Status.DRAFT,
            kind=Kind.TIP,
            themes=[Theme.BIODIVERSITY],
            title="Een tip",
            text="Een tip",
            language="nl",
            place_name="Utrecht",
            province="Utrecht",
            latitude=52.1,
            longitude=5.1,
            expires_at=self.now,
            created_at=self.now,
        )

    @rule(step=st.sampled_from(Step))
    def take(self, step: Step) -> None:
        before = (self.thing.status, self.thing.version)
        if rules.can_take(self.thing.status, step):
            life.move(self.session, self.thing, step, self.now, RequestsSettings())
            assert self.thing.version == before[1] + 1

    @rule(title=st.sampled_from(["Een tip", "Nog een tip"]))
    def change(self, title: str) -> None:
        self.thing.title = title
        self.thing.version += 1
        telling.changed(self.session, self.thing)

    @rule(days=st.integers(1, 200))
    def wait(self, days: int) -> None:
        self.now += timedelta(days=days)

    @precondition(lambda self: self.thing.status in CLOSED)
    @rule(days=st.integers(0, 30))
    def choose_a_day(self, days: int) -> None:
        self.thing.expires_on = rules.day_of(self.now) + timedelta(days=days)

    def said(self) -> list[Any]:
        return [said.event for said in self.session.info.get("said", [])]

    @invariant()
    def nobody_hears_of_a_draft(self) -> None:
        if self.thing.status is Status.DRAFT:
            assert not self.session.info.get("said")

    @invariant()
    def what_was_said_last_is_how_it_stands(self) -> None:
        told = self.said()
        if not told:
            assert self.thing.status is Status.DRAFT
            return
        last = told[-1]
        for name in ("status", "version", "title", "expires_at"):
            assert getattr(last, name) == getattr(self.thing, name)
        assert type(last).__name__.removeprefix(self.side.title()) in AFTER[Status(self.thing.status)]

    @invariant()
    def it_is_placed_once_and_its_versions_only_rise(self) -> None:
        told = self.said()
        assert [type(event).__name__ for event in told].count(f"{self.side.title()}Placed") == bool(told)
        versions = [event.version for event in told]
        assert versions == sorted(set(versions))


class AnOffersLife(ALife):
    """The same, of an offer."""

    side = Side.OFFER


for machine in (ALife, AnOffersLife):
    machine.TestCase.settings = settings(max_examples=60, stateful_step_count=25)
TestALife = ALife.TestCase
TestAnOffersLife = AnOffersLife.TestCase
