"""`./odh matching refit` and `weights`, on a service that runs: learned from what its ambassadors said.

The node starts with weights that look at the theme and hardly at the distance. Its ambassadors do: what is not within a
quarter of an hour by train they dismiss as too far.
"""

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from contracts.matching import MatchProposed
from contracts.vocabulary import Kind, Theme
from node import learning as command
from services.matching import refitting, weighing
from services.matching.app import service
from services.matching.learning import REQUESTS_MIN
from services.matching.refitting import Overtaken
from services.matching.store import ask
from services.matching.turns import take_turn
from services.matching.weights import Weights, kept_weights
from tests.given import eventually, running
from tests.matching.conftest import Matching, a_request, an_offer, in_team

pytestmark = pytest.mark.long

SKEWED = Weights({**kept_weights().weights, "distance": 0.2}, 0.3, "somebody's guess")
NEAR, FAR = ("Zeist", "Amersfoort"), ("Groningen", "Leeuwarden", "Maastricht")
TWO_THEMES = (Theme.ENERGY_TRANSITION, Theme.CIRCULAR_ECONOMY)
REQUESTS = REQUESTS_MIN + 6


@pytest.fixture(scope="module")
async def node(postgres, nats):
    """Matching with skewed weights, whose ambassadors have judged what it proposed."""
    async with running(service, postgres, nats, embedding_model="none", proposals_per_request_max=5) as started:
        matching = Matching(started)
        await matching.given(in_team())
        async with matching.session() as session, session.begin():
            await take_turn(session)
            await weighing.know_release(session, matching.clock())
            version = await weighing.add(session, SKEWED, matching.clock(), made_by="refit")
            await weighing.use(session, version, matching.clock())
        for place, more in [*((near, {"themes": TWO_THEMES}) for near in NEAR), *((far, {}) for far in FAR)]:
            await matching.given(an_offer(f"o-{place}", organisation_id=f"o-{place}", place=place, **more))
        for first in range(0, REQUESTS, 8):
            await matching.when(*[_request(number) for number in range(first, min(first + 8, REQUESTS))])
        for match in await matching.said(MatchProposed):
            step, body = ("endorse", None) if match.offerer.place in NEAR else ("dismiss", {"because": "too-far"})
            answer = await matching.team().post(f"/v1/matches/{match.match_id}/{step}", json=body)
            assert answer.status_code == 200, answer.text
        await matching.given()
        yield matching
        assert [letter.headers for letter in await started.dead_letters()] == []


def _request(number: int) -> Any:
    return a_request(f"r-{number:03}", member_id=f"m-{number}", organisation_id=f"s-{number}")


@pytest.fixture
async def skewed(node: Matching) -> Matching:
    """As it was before anything was learned: version 1 is the release's, version 2 the skewed one, in use."""
    async with node.session() as session, session.begin():
        await take_turn(session)
        await ask(session, text("DELETE FROM weights WHERE version > 2"))
        await weighing.use(session, 2, node.clock())
    return node


SET = [
    {"type": "offer", "id": "near", "kind": "guest-lesson", "themes": list(TWO_THEMES), "place": "Zeist"},
    {"type": "offer", "id": "far", "kind": "guest-lesson", "themes": ["energy-transition"], "place": "Maastricht"},
    {"type": "request", "id": "r", "kind": "guest-lesson", "themes": ["energy-transition"], "place": "Utrecht"},
]


def a_set(folder: Path, *, best: str) -> str:
    """A graded set of two offers with the same words: one near, and one whose themes are just those asked."""
    words = {"title": "Gastles warmtepompen", "text": "Over het installeren van een warmtepomp."}
    lines = [line | words for line in SET]
    grades = [{"type": "judgement", "request": "r", "offer": best, "grade": 3}]
    file = folder / f"{best}.jsonl"
    file.write_text("\n".join(json.dumps(line) for line in [*lines, *grades]))
    return str(file)


async def odh(matching: Matching, action: str, **options: Any) -> int:
    """The command, on the database of this service; returns its exit code."""
    asked = {"apply": False, "set": None, "json": None, "use": None, "version": None} | options
    return await command.run(Namespace(action=action, **asked), matching.service.settings)


async def in_use(matching: Matching) -> int:
    """The version that is in use."""
    async with matching.service.engine.connect() as connection:
        return int((await connection.execute(text("SELECT version FROM weights WHERE is_in_use"))).scalar_one())


async def test_what_was_learned_is_shown_and_nothing_changes_until_it_is_applied(skewed, tmp_path, capsys):
    code = await odh(skewed, "refit", set=a_set(tmp_path, best="near"), json=str(tmp_path / "outcome.json"))

    assert code == 0
    shown = capsys.readouterr().out
    assert f"{REQUESTS} vragen zeggen iets" in shown
    assert "distance" in shown
    assert "niet slechter" in shown
    found = json.loads((tmp_path / "outcome.json").read_text())
    assert (found["verdict"], found["version_in_use"]) == ("no-worse", 2)
    assert found["weights"]["distance"]["after"] > 2 * found["weights"]["distance"]["before"]
    agreement, ndcg = found["evaluation"]["agreement"], found["evaluation"]["ndcg"]
    assert agreement["after"] > agreement["before"] + 0.2
    assert ndcg["after"] > ndcg["before"]
    assert await in_use(skewed) == 2


async def test_the_same_feedback_gives_the_same_bytes(skewed, tmp_path):
    graded = a_set(tmp_path, best="near")

    for name in ("one.json", "other.json"):
        await odh(skewed, "refit", set=graded, json=str(tmp_path / name))

    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "other.json").read_bytes()


async def test_a_running_service_takes_them_up_and_goes_back(skewed, tmp_path, capsys):
    graded = a_set(tmp_path, best="near")

    assert await odh(skewed, "refit", set=graded, apply=True) == 0

    assert await in_use(skewed) == 3
    assert await version_of_next_match(skewed, "r-after") == 3
    assert await odh(skewed, "refit", set=graded, apply=True) == command.TOO_LITTLE  # it is not counted twice
    assert await odh(skewed, "weights", use="use", version=2) == 0
    assert await version_of_next_match(skewed, "r-back") == 2
    capsys.readouterr()
    assert await odh(skewed, "weights") == 0
    release, guess, learned = capsys.readouterr().out.splitlines()
    assert ("release" in release, guess[0], learned[0]) == (True, "*", " ")
    assert f"{REQUESTS} vragen (requests)" in learned
    assert "nDCG@10" in learned


async def version_of_next_match(matching: Matching, request_id: str) -> int:
    """By which version a new request is matched, as the team is told; it is of another kind, so as to teach nothing."""
    offer = an_offer(f"o-{request_id}", organisation_id=f"o-{request_id}", kind=Kind.EQUIPMENT)
    await matching.when(offer, a_request(request_id, organisation_id=f"s-{request_id}", kind=Kind.EQUIPMENT))
    (match, *_) = [match for match in await matching.said(MatchProposed) if match.request_id == request_id]
    view = (await matching.team().get(f"/v1/matches/{match.match_id}")).json()
    await matching.given()
    return int(view["explanation"]["weights_version"])


async def test_another_replica_takes_them_up_too(skewed, tmp_path):
    second = service(skewed.service.settings)
    async with second.app.router.lifespan_context(second.app):

        async def is_ready() -> bool:
            return set((await second.parts()).values()) == {"ready"}

        await eventually(is_ready, saying="a second replica")
        for way in ("one", "two", "three", "four"):
            assert await odh(skewed, "weights", use="use", version=1) == 0
            assert await version_of_next_match(skewed, f"r-{way}-release") == 1
            assert await odh(skewed, "weights", use="use", version=2) == 0
            assert await version_of_next_match(skewed, f"r-{way}-skewed") == 2


async def test_what_is_worse_on_the_graded_set_is_refused(skewed, tmp_path, capsys):
    code = await odh(skewed, "refit", set=a_set(tmp_path, best="far"), apply=True)

    assert code == command.WORSE
    assert "Geweigerd" in capsys.readouterr().out
    assert await in_use(skewed) == 2


async def test_with_too_little_feedback_it_says_how_much_lacks(matching, capsys):
    await matching.proposed()

    code = await odh(matching, "refit", apply=True)

    assert code == command.TOO_LITTLE
    shown = capsys.readouterr().out
    assert "te weinig om van te leren" in shown
    assert f"nog {REQUESTS_MIN} vragen die iets zeggen" in shown


async def test_other_weights_that_came_into_use_meanwhile_are_not_overwritten(skewed):
    made = await refitting.refit(skewed.service.sessions, skewed.clock())
    await odh(skewed, "weights", use="use", version=1)

    with pytest.raises(Overtaken):
        await refitting.apply(skewed.service.sessions, made, {}, skewed.clock())
    assert await in_use(skewed) == 1


@pytest.mark.parametrize("options", [{"use": "use", "version": 99}, {"use": "use"}])
async def test_a_version_that_is_not_there_is_not_taken(skewed, options, capsys):
    assert await odh(skewed, "weights", **options) == 2

    assert "ersie" in capsys.readouterr().err
    assert await in_use(skewed) == 2


@pytest.mark.parametrize("content", [None, "{}", "geen json"])
async def test_a_set_that_cannot_be_read_is_refused_before_anything_changes(skewed, tmp_path, content, capsys):
    file = tmp_path / "set.jsonl"
    if content:
        file.write_text(content)

    assert await odh(skewed, "refit", set=str(file), apply=True) == 2

    assert "this set is of no use" in capsys.readouterr().err
    assert await in_use(skewed) == 2


async def test_the_weights_of_a_newer_release_take_the_place_of_an_older_ones(matching, monkeypatch):
    await matching.proposed()
    newer = Weights({**kept_weights().weights, "kind": 2.0}, 0.5, "a newer release")
    monkeypatch.setattr(weighing, "kept_weights", lambda: newer)

    await matching.when(a_request("r-newer", member_id="m-other", organisation_id="s-other"))

    async with matching.session() as session:
        found = await weighing.versions(session)
    assert [(one.weights.version, one.made_by, one.is_in_use) for one in found] == [
        (1, "release", False),
        (2, "release", True),
    ]


async def test_weights_of_the_nodes_own_stay_in_use_when_a_release_brings_others(skewed, monkeypatch):
    newer = Weights({**kept_weights().weights, "kind": 2.0}, 0.5, "a newer release")
    monkeypatch.setattr(weighing, "kept_weights", lambda: newer)

    assert len(await refitting.versions(skewed.service.sessions, skewed.clock())) == 3

    assert await in_use(skewed) == 2


async def test_a_signal_that_came_later_counts_as_the_release_says(skewed):
    older = {name: weight for name, weight in SKEWED.weights.items() if name != "direction"}
    async with skewed.session() as session, session.begin():
        await take_turn(session)
        version = await weighing.add(session, Weights(older, 0.3, "older"), skewed.clock(), made_by="refit")
        await weighing.use(session, version, skewed.clock())
        found = await weighing.in_use(session, skewed.clock())

    assert found.weights.weights["direction"] == kept_weights().weights["direction"]
