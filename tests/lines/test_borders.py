"""What does not cross a line, whoever tries, and what a service, a region and a stranger may not do."""

import asyncio
from datetime import UTC, datetime, timedelta

import nats
import pytest

from chassis.dead_letters import bury
from chassis.mailboxes import Outgoing
from chassis.publishing import Publisher
from chassis.pulling import Pull
from chassis.settings import Settings
from chassis.streams import Streams
from contracts.event import new_id
from contracts.members import ContactChanged, OrganisationRegistered
from node import SERVICES
from node.links import certificates
from node.links.keeper import reload
from node.links.nkeys import new_user_key
from node.links.register import NotPossible, Register
from tests.given import PATIENCE_SECONDS, eventually
from tests.lines.country import HUB, Country, asked, connected, ids, placed

pytestmark = pytest.mark.timeout(120)


async def answers(client, subject, body=b""):
    """What comes back; none when nobody is there, or it is refused."""
    try:
        return (await client.request(subject, body, timeout=0.5)).data
    except (nats.errors.NoRespondersError, nats.errors.TimeoutError):
        return None


async def test_what_is_local_crosses_no_line_in_either_direction(country: Country):
    """Whoever has all rights in one node publishes, listens and asks for the streams of another."""
    hub, drenthe, zeeland = country.hub, country.regions["drenthe"], country.regions["zeeland"]
    everybody = {place.name: await place.client("odh", no_echo=True) for place in (hub, drenthe, zeeland)}
    heard = []

    async def hear(message):
        heard.append(message.subject)

    for name, client in everybody.items():
        others = [other for other in everybody if other != name]
        for other in others:
            await client.subscribe(f"odh.{other}.>", cb=hear)
        await client.flush()
    for name, client in everybody.items():
        for reach in ("local.members.contact-changed.x", "timer.x", "dead.members.x", "shared.members.x"):
            await client.publish(f"odh.{name}.{reach}", b"secret")
            for other in everybody:
                await client.publish(f"odh.{other}.{reach}", b"as another") if other != name else None
        await client.flush()

    asked = [
        (name, f"{api}.{call}")
        for name in everybody
        for other in everybody
        if other != name
        for api in (f"$JS.{other}.API", f"{other}.API")
        for call in ("INFO", "STREAM.NAMES", f"STREAM.INFO.odh-{other}-local", f"STREAM.DELETE.odh-{other}-shared")
    ]
    answered = await asyncio.gather(*(answers(everybody[name], call) for name, call in asked))
    assert [call for call, answer in zip(asked, answered, strict=True) if answer is not None] == []
    another_region = "zeeland.API.CONSUMER.RESET.odh-zeeland-shared.to-national"
    assert await answers(everybody["drenthe"], another_region) is None
    assert heard == []
    for place, client in ((hub, everybody[HUB]), (drenthe, everybody["drenthe"]), (zeeland, everybody["zeeland"])):
        streams = (await client.request("$JS.API.STREAM.NAMES", timeout=PATIENCE_SECONDS)).data.decode()
        assert all(f"odh-{other}-" not in streams for other in everybody if other != place.name)
        assert not [s for s in await place.heard() if ".local." in s or ".timer." in s or ".dead." in s]
        await client.close()


async def test_a_region_cannot_take_the_local_stream_of_another_as_a_source(country: Country):
    hub, zeeland = country.hub, country.regions["zeeland"]
    client = await zeeland.client("odh")
    source = {"name": "odh-national-local", "external": {"api": "national.API", "deliver": "stolen"}}
    also = {"name": "odh-national-local", "external": {"api": "$JS.national.API", "deliver": "stolen"}}
    made = {"name": "stolen", "subjects": ["stolen.in"], "sources": [source]}
    await hub.says("secret", reach="local", wire="members.contact-changed")

    for one in (source, also):
        await client.request("$JS.API.STREAM.CREATE.stolen", asked(made | {"sources": [one]}), timeout=PATIENCE_SECONDS)
        await asyncio.sleep(0.5)  # longer than a line takes; there is nothing to wait for
        told = (await client.request("$JS.API.STREAM.INFO.stolen", timeout=PATIENCE_SECONDS)).data
        assert b'"messages":0' in told
        await client.request("$JS.API.STREAM.DELETE.stolen", timeout=PATIENCE_SECONDS)
    await client.close()


async def test_a_service_can_do_all_that_it_does(country: Country):
    """Speak one by one, together and for later, hear, acknowledge, give up, look how far it is, and forget."""
    zeeland = country.regions["zeeland"]
    settings = Settings(node="zeeland", nats_url=zeeland.server.url_of("members"))
    streams = Streams(settings, "members")
    await streams.connect()
    some, later = ids(20), new_id()
    rows = [
        Outgoing(n, id, ContactChanged.filter_subject("zeeland")[:-1] + id, None, None, None, b"x")
        for n, id in enumerate(some)
    ]
    timer = f"odh.zeeland.timer.members.contact-changed.{later}"
    in_a_while = datetime.now(UTC) + timedelta(seconds=1)
    rows.append(
        Outgoing(99, later, ContactChanged.filter_subject("zeeland")[:-1] + later, in_a_while, timer, None, b"x")
    )

    await Publisher(streams, "members").publish(rows)
    await Publisher(streams, "members").publish(
        [Outgoing(1, new_id(), "odh.zeeland.to.drenthe.members.x.1", None, None, None, b"")]
    )
    stream = await streams.consumer(ContactChanged, "members-contact-changed")
    elsewhere = await streams.consumer(
        OrganisationRegistered, "members-elsewhere-organisation-registered", elsewhere=True
    )
    heard = []
    async with Pull(streams, stream, "members-contact-changed", 100) as pull:
        while not {*some, later} <= set(heard):
            for message in await pull.messages():
                heard.append(message.subject.rpartition(".")[2])
                await message.ack()
    await bury(streams, "members", message, reason="a test", attempts=1)
    assert (await streams.js.consumer_info(elsewhere, "members-elsewhere-organisation-registered")).num_pending == 0
    assert await streams.purge("local", ContactChanged.filter_subject("zeeland")[:-1] + some[0]) == 1
    assert await streams.purge("dead", f"odh.zeeland.dead.*.members.contact-changed.{heard[-1]}") == 1
    await streams.close()


async def test_a_service_speaks_as_itself_and_hears_no_answer_of_another(country: Country):
    zeeland = country.regions["zeeland"]
    client = await zeeland.client("members")
    js = client.jetstream(timeout=PATIENCE_SECONDS)

    await js.publish("odh.zeeland.local.members.contact-changed.x", b"")
    await js.publish("odh.zeeland.shared.members.member-joined.x", b"")
    refused = {
        "odh.zeeland.local.requests.x": "publish",
        "odh.drenthe.shared.members.x": "publish",
        "$JS.API.STREAM.DELETE.odh-zeeland-local": "publish",
        "$JS.API.STREAM.UPDATE.odh-zeeland-shared": "publish",
        "_INBOX.notify.>": "subscription",
        "odh.zeeland.>": "subscription",
        "up.zeeland.>": "subscription",
    }
    for subject, what in refused.items():
        await (client.publish(subject, b"") if what == "publish" else client.subscribe(subject))
    await client.flush()

    async def all_refused():
        told = " ".join(client.refused).lower()
        return all(subject.lower() in told for subject in refused)

    await eventually(all_refused, saying="a refusal of each")
    await client.close()
    assert len(set(zeeland.passwords.values())) == len(SERVICES) + 2


async def test_who_has_no_key_or_lost_it_is_not_let_in(country: Country):
    hub, zeeland = country.hub, country.regions["zeeland"]
    stranger = Register(country.folder / "stranger" / "lines", "stranger")
    bundle = country.let_in("stranger")
    hub.register.remove("stranger")
    stranger.join(bundle._replace(seed=new_user_key().seed))
    for url in (f"nats://127.0.0.1:{hub.server.port}", f"nats://odh:wrong@127.0.0.1:{hub.server.port}"):
        with pytest.raises(nats.errors.Error):
            await connected(url)

    before, old_key = zeeland.register.line, hub.register.regions["zeeland"]
    after = hub.register.rotate("zeeland", before.url, None)
    await hub.has_taken_up()
    missed = ids(5)
    await zeeland.says(*missed)
    refusal = f'authentication error - Nkey "{old_key}"'
    refused_before = hub.server.log.read_text().count(refusal)

    async def refused_again():
        return hub.server.log.read_text().count(refusal) > refused_before

    await eventually(refused_again, saying="a call with the old key that is refused")
    assert not set(placed(zeeland, *missed)) & set(await hub.heard())

    zeeland.register.join(after)
    await zeeland.has_taken_up()

    async def all_there():
        return set(placed(zeeland, *missed)) <= set(await hub.heard())

    # A call that was made before the line was back is made anew only after half a minute.
    await eventually(all_there, within=60, saying="what waited for the new key")


async def test_the_line_and_the_clients_speak_tls_when_the_servers_have_certificates(another_country: Country):
    hub = another_country.hub
    certificates.make(hub.register.folder, ["127.0.0.1", "localhost"])
    await hub.start()

    region = await another_country.region("zeeland")
    await region.says("behind-tls")

    await hub.hears(*placed(region, "behind-tls"))
    assert region.register.line.url.startswith("tls://")
    with pytest.raises((nats.errors.Error, OSError)):
        await connected(hub.server.url, None)  # who does not know who signed the certificate
    await reload(hub.server.url_of("system"), hub.tls_ca)


def test_a_region_joins_under_its_own_name_and_is_let_in_once(tmp_path):
    hub, region = Register(tmp_path / "hub", "national"), Register(tmp_path / "region", "zeeland")
    bundle = hub.add("zeeland", "nats-leaf://hub.example:7422", None)

    assert (region.national, hub.national) == ("", "national")
    region.join(bundle)
    assert region.national == "national"
    assert bundle.seed not in (tmp_path / "hub" / "regions.json").read_text()
    for refused in (
        lambda: hub.add("zeeland", bundle.url, None),
        lambda: hub.remove("drenthe"),
        lambda: region.add("drenthe", bundle.url, None),
        lambda: region.join(bundle._replace(region="drenthe")),
        lambda: hub.join(bundle._replace(region="national")),
    ):
        with pytest.raises(NotPossible):
            refused()
