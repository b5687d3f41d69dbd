"""Nodes announce themselves, and contact details go to the other node of an introduction alone, sealed, once."""

import json
from contextlib import asynccontextmanager

import pytest

from contracts.envelope import decode
from contracts.event import new_id
from contracts.matching import IntroductionMade, Party, PartyErased
from contracts.members import ContactSealed, MemberErased, MemberJoined, NodeAnnounced, NodeKnown
from node.secrets import Secrets
from services.members.app import service
from services.members.nodes import newest_key
from services.notify.opening import CannotOpen, opened
from tests.given import running
from tests.members.conftest import Members, started_team


@pytest.fixture
def keys(tmp_path):
    """Ours, another node's, and the one that it has after a restore."""
    return [Secrets(tmp_path / name) for name in ("ours", "zeeland", "zeeland-again")]


def known(keys, version):
    key = newest_key(keys.encryption_public_keys_file)
    return NodeKnown(node="zeeland", version=version, shown_name="Om de Hoek Zeeland", key=key)


def introduced(member_id, node):
    party = Party(member_id=member_id, organisation_id="o", organisation_name="O", place="Goes", title="T")
    return IntroductionMade(
        match_id=new_id(),
        request_id=new_id(),
        offer_id=new_id(),
        asker=party,
        offerer=party.model_copy(update={"member_id": "theirs", "node": node}),
        request_kind="tip",
        offer_kind="tip",
        score=0.5,
        reasons=(),
    )


async def test_contact_details_go_to_one_node_once_and_anew_when_its_key_is_another(postgres, nats, keys):
    ours, before, after = keys
    settings = {"national_node": "national", "encryption_public_keys_file": ours.encryption_public_keys_file}
    async with running(service, postgres, nats, **settings) as started:
        await started_team(started)
        members = Members(started)
        (announced,) = [event for event in await everything(started) if isinstance(event, NodeAnnounced)]
        assert announced.key == newest_key(ours.encryption_public_keys_file)
        noor = await members.joined()
        match = introduced(noor, "zeeland")

        await started.when(match, introduced(noor, None), delivered_times=2)
        assert await started.said(ContactSealed) == []  # its key is not known yet
        for speaker in ("drenthe", "national", "national"):
            await started.publish_elsewhere(known(before, 1), said_by=speaker)
            await started.quiet()
        (sealed,) = await started.said(ContactSealed)
        await started.publish_elsewhere(known(after, 2), said_by="national")
        await started.quiet()
        again = [event for event in await started.said(ContactSealed) if event != sealed]

        assert opened(sealed, before.encryption_private_keys_file).email == "noor.jansen@vechtdal.example"
        assert [opened(one, after.encryption_private_keys_file).phone for one in again] == ["+31612345678"]
        with pytest.raises(CannotOpen):
            opened(again[0], before.encryption_private_keys_file)
        to = {subject for subject, _ in await started.messages("shared") if "contact-sealed" in subject}
        assert to == {f"odh.{started.service.settings.node}.to.zeeland.members.contact-sealed.{match.match_id}"}
        assert "noor" not in (await members.everything_shared()).lower()


@asynccontextmanager
async def introduced_to_zeeland(postgres, nats, keys):
    """A member whose contact details were sealed once, to the node of who they met."""
    ours, before, _ = keys
    settings = {"national_node": "national", "encryption_public_keys_file": ours.encryption_public_keys_file}
    async with running(service, postgres, nats, **settings) as started:
        await started_team(started)
        match = introduced(await Members(started).joined(), "zeeland")
        await started.publish_elsewhere(known(before, 1), said_by="national")
        await started.when(match)
        assert len(await started.said(ContactSealed)) == 1
        yield started


@pytest.mark.parametrize("said_by", ["zeeland", "national"])
async def test_nothing_is_sealed_again_for_who_was_erased_in_another_node(postgres, nats, keys, said_by):
    async with introduced_to_zeeland(postgres, nats, keys) as started:
        gone = {
            "zeeland": MemberErased(member_id="theirs", version=9),
            "national": PartyErased(member_id="theirs", node="zeeland"),
        }
        await started.publish_elsewhere(gone[said_by], said_by=said_by)
        await started.quiet()
        await started.publish_elsewhere(known(keys[2], 2), said_by="national")
        await started.quiet()

        assert await started.said(ContactSealed) == []


async def test_who_another_node_says_to_have_erased_loses_what_that_node_said_of_them_and_nothing_else(members):
    noor = await members.joined()
    joined = MemberJoined(member_id=noor, version=1, networks=("duurzaam-mbo",))
    for node in ("zeeland", "drenthe"):
        await members.publish_elsewhere(joined, said_by=node)
    await members.quiet()

    async def about_noor():
        found = [one for kind in ("local", "shared", "elsewhere") for one, _ in await members.messages(kind)]
        return [subject for subject in found if subject.endswith(noor)]

    before = await about_noor()
    await members.publish_elsewhere(MemberErased(member_id=noor, version=9), said_by="drenthe")
    await members.quiet()

    erased, of_drenthe = f"odh.drenthe.shared.members.member-erased.{noor}", joined.subject("drenthe")
    assert {*before} - {*await about_noor()} == {of_drenthe}
    assert erased in await about_noor()
    assert any(".timer." in subject for subject in before)


@pytest.mark.parametrize(("days", "times"), [(29, 1), (31, 0)])
async def test_what_was_sealed_in_the_last_thirty_days_is_sealed_anew_to_another_key(postgres, nats, keys, days, times):
    async with introduced_to_zeeland(postgres, nats, keys) as started:
        await started.given()

        started.clock.move(days=days)
        await started.publish_elsewhere(known(keys[2], 2), said_by="national")
        await started.quiet()

        assert len(await started.said(ContactSealed)) == times


async def everything(started):
    """All that the service ever said in the stream that others hear."""
    return [decode(data)[1] for _, data in await started.messages("shared")]


def test_only_public_halves_are_announced(keys):
    public = json.loads(keys[0].encryption_public_keys_file.read_text())["keys"]
    assert ["d" in key for key in public] == [False]
