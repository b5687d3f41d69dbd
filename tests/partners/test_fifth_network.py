"""A network that no release knows is a file of the operator: its words are taken, and it is known by its name.

Nodes that have no such file, and those of the last release, go on as they did.
"""

import json
import sys
from datetime import UTC, datetime

import pytest
from jsonschema import Draft202012Validator
from structlog.testing import capture_logs

from contracts import networks
from contracts.envelope import encode
from contracts.event import new_id
from contracts.export import file_name, released
from contracts.members import MemberJoined, OrganisationRegistered, RecordAccepted
from contracts.networks import NetworkNotRight
from contracts.partners import OrganisationTold
from contracts.vocabulary import Language, Network
from contracts.words import network_in_words
from node import partner
from services.members.app import service as members_service
from services.partners import keys, profiles
from services.partners.app import service
from tests.given import Running, eventually, running
from tests.insight.conftest import TOWNS, an_organisation
from tests.members.test_told_by_networks import a_person, a_school
from tests.partners.conftest import an_event

PROFILE = """
name = "De Groene Schakel"

[types]
"nl.groeneschakel.school" = "organisation"

[implied."nl.groeneschakel.school"]
kind = "school"

[fields.all]
schoolnaam = "name"
gemeente = "place"

[ignored]
organisation = ["leerlingen"]
"""
OURS = {"schoolnaam": "Vechtdal College", "gemeente": "Zwolle", "brin": "25PJ", "leerlingen": 1200}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("networks")
    (made / "groene-schakel.toml").write_text(PROFILE)
    yield made
    profiles.learn(None)


@pytest.fixture(scope="module")
def partners_settings(folder):
    return {"networks_folder": folder}


@pytest.fixture
def odh_partner(monkeypatch, capsys, folder):
    """Runs the command as an operator does who has set the folder."""

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setenv("ODH_NETWORKS_FOLDER", str(folder))
        monkeypatch.setattr(sys, "argv", ["odh partner", *arguments])
        code = partner.main()
        shown = capsys.readouterr()
        return code, shown.out + shown.err

    return run


async def test_its_events_come_in_in_its_own_words(partners):
    now = datetime.now(UTC)
    async with partners.session() as session:
        about = "groene-schakel", "https://schakel.example", now
        partners.keys["schakel"] = await keys.add(session, "schakel", *about)
        await session.commit()

    event = an_event("", "s-1", OURS, type="nl.groeneschakel.school", source="https://schakel.example")
    (receipt,) = await partners.pushed(event, partner="schakel")
    (told,) = await partners.said(OrganisationTold)
    await partners.accepted(told)

    assert (told.network, told.name, told.place.name) == ("groene-schakel", "Vechtdal College", "Zwolle")
    assert (await partners.receipt(receipt, "schakel"))["status"] == "accepted"


async def test_without_its_file_partners_takes_in_nothing_and_says_why(partners, folder, monkeypatch):
    """As on a node that was put back, and whose operator forgot the folder: all it tells would be refused for good."""
    monkeypatch.setattr("chassis.service.MIGRATES_AGAIN_SECONDS", 0.1)
    monkeypatch.setattr("chassis.service.OPENING_SECONDS_MAX", 0.1)
    async with partners.session() as session:
        await keys.add(session, "schakel", "groene-schakel", "https://schakel.example", datetime.now(UTC))
        await session.commit()

    with capture_logs() as logs:
        try:
            forgetful = service(partners.service.settings.model_copy(update={"networks_folder": None}))
            async with forgetful.app.router.lifespan_context(forgetful.app):
                here = Running(forgetful, partners.running._key, partners.clock)
                await eventually(lambda: told(logs, "groene-schakel"), saying="what has no file")
                answers = [await here.http.get("/health/ready"), await here.http.post("/v1/token", data={"a": "b"})]
                async with partners.session() as session:
                    await keys.revoke(session, "schakel", datetime.now(UTC))
                    await session.commit()
                await eventually(lambda: is_open(forgetful), saying="a service that has no partner of it any more")
        finally:
            profiles.learn(folder)

    ready, refused = answers  # the rest of the node does not wait for it
    assert (ready.status_code, ready.json()["parts"]["service"]) == (200, "kept closed")
    assert refused.status_code == 503


async def told(logs, word) -> bool:
    return any(word in one["event"] for one in logs)


async def is_open(service) -> bool:
    return set((await service.parts()).values()) == {"ready"}


async def test_who_is_of_it_and_what_the_last_release_reads_of_that(postgres, nats):
    """Members has no such file, nor needs it."""
    async with running(members_service, postgres, nats) as members:
        await members.when(a_school("groene-schakel"))
        await members.when(a_school(Network.KATAPULT))
        (accepted, *_) = await members.said(RecordAccepted)
        await members.when(a_person(accepted.known_as, "groene-schakel"))

        (school,) = [
            one for one in await members.said(OrganisationRegistered) if one.organisation_id == accepted.known_as
        ]
        (*_, joined) = await members.said(MemberJoined)  # besides whoever begins as the node's team
        shown = (await members.http.get(f"/v1/organisations/{accepted.known_as}")).json()

    assert (school.networks, school.other_networks) == ((), ("groene-schakel",))
    assert (joined.networks, joined.other_networks) == ((), ("groene-schakel",))
    assert shown["networks"] == ["groene-schakel", "katapult"]
    for event in (school, joined):
        body = encode(event, event_id=new_id(), node="utrecht", time=datetime.now(UTC), traceparent=None)
        reader = Draft202012Validator(released()[file_name(type(event))])
        assert list(reader.iter_errors(json.loads(body)["data"])) == []


def test_a_name_is_shown_where_its_file_is_and_else_the_code(folder):
    networks.learn(None)
    assert network_in_words("groene-schakel", Language.DUTCH) == "groene-schakel"

    networks.learn(folder)
    assert network_in_words("groene-schakel", Language.DUTCH) == "De Groene Schakel"
    assert list(networks.known()) == [*Network, "groene-schakel"]


def test_a_reader_takes_any_code_and_nothing_else():
    told = an_organisation(networks=(Network.ROOTS,), other_networks=("groene-schakel",))
    assert (*told.networks, *told.other_networks) == ("het-groene-brein-roots", "groene-schakel")

    with pytest.raises(ValueError, match="pattern"):
        an_organisation(other_networks=("<b>",), place=TOWNS["Goes"])


def test_the_operator_sees_which_there_are_and_tries_the_words(odh_partner, folder):
    code, shown = odh_partner("networks")
    assert (code, shown.splitlines()[-1].split()[:4]) == (0, ["groene-schakel", "De", "Groene", "Schakel"])

    (folder / "events.json").write_text(
        json.dumps([an_event("", "s-1", OURS | more, type="nl.groeneschakel.school") for more in ({}, {"brin": "?"})])
    )
    code, shown = odh_partner("check", "--network", "groene-schakel", str(folder / "events.json"))
    assert code == 1
    assert "2: brin: " in shown
    assert "2 checked, 1 wrong" in shown

    code, shown = odh_partner("add", "schakel", "--network", "groene-schaak", "--source", "https://schakel.example")
    assert (code, "groene-schakel" in shown) == (2, True)


@pytest.mark.parametrize(
    ("name", "profile", "wrong"),
    [
        ("schakel", "[types]", "say what people call it"),
        ("katapult", 'name = "Een andere Katapult"', "has this network already"),
        ("De Schakel", 'name = "De Schakel"', "small letters"),
        ("schakel", "name = De Schakel", "Invalid value"),
        ("schakel", 'name = "De Schakel"\n[fields.all]\nnaam = "naam"', "fields.all: naam"),
        ("schakel", 'name = "De Schakel"\n[types]\n"nl.s.cursus" = "course"', "types: nl.s.cursus"),
        ("schakel", 'name = "De Schakel"\n[woorden]', "woorden: Extra inputs"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_at_the_start_with_why(tmp_path, name, profile, wrong):
    (tmp_path / f"{name}.toml").write_text(profile)

    with pytest.raises(NetworkNotRight, match=wrong) as refused:
        profiles.learn(tmp_path)

    assert f"{name}.toml" in str(refused.value)
    with pytest.raises(NetworkNotRight, match="no such folder"):
        profiles.learn(tmp_path / "elsewhere")
