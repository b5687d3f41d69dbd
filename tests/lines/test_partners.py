"""What a partner network may do at a node's NATS server, whatever it tries (S12 of the faults)."""

import base64
from datetime import UTC, datetime, timedelta

import nats
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nats.aio.client import Client

from node.links.nkeys import written_public
from node.links.partners import LIMITS, PartnerKeys
from tests.given import PATIENCE_SECONDS, eventually
from tests.lines.country import HUB, Country

pytestmark = pytest.mark.timeout(120)


async def as_partner(country: Country, seed: str) -> Client:
    """Connected with a partner's key; `refused` is what the server did not allow."""
    raw = base64.b32decode(seed + "=" * (-len(seed) % 8))[2:34]
    private, client = Ed25519PrivateKey.from_private_bytes(raw), Client()
    client.refused = []

    async def on_error(error: Exception) -> None:
        client.refused.append(str(error).lower())

    client._public_nkey = written_public(private.public_key())  # what the package `nkeys` would do for a partner
    await client.connect(
        f"nats://127.0.0.1:{country.hub.server.port}",
        signature_cb=lambda nonce: base64.b64encode(private.sign(nonce.encode())),
        error_cb=on_error,
        allow_reconnect=False,
        connect_timeout=PATIENCE_SECONDS,
    )
    return client


async def let_in(country: Country, name: str, *, old_until: datetime | None = None) -> str:
    seed = country.hub.register.partners.add(name, old_until=old_until or datetime.now(UTC))
    await country.hub.has_taken_up()
    return seed


@pytest.fixture
async def door(country: Country):
    """The stream of what partners publish, as the service makes it."""
    js = (await country.hub.client("partners")).jetstream()
    await js.add_stream(name=f"odh-{HUB}-partners", subjects=[f"odh.{HUB}.partner.>"])
    return js


async def test_a_partner_publishes_on_its_own_subject_and_hears_what_it_is_told(country: Country, door):
    partner = await as_partner(country, await let_in(country, "docenten"))
    told = await partner.subscribe(f"odh.{HUB}.to-partner.docenten.>")
    ours = await country.hub.client("odh")

    kept = await partner.jetstream().publish(f"odh.{HUB}.partner.docenten.organisation.1", b"{}")
    await partner.flush()
    await ours.publish(f"odh.{HUB}.to-partner.docenten.partners.event-accepted.1", b"news")
    await ours.publish(f"odh.{HUB}.to-partner.centra.partners.event-accepted.1", b"of another")
    await ours.flush()

    assert kept.stream == f"odh-{HUB}-partners"
    assert (await told.next_msg(timeout=PATIENCE_SECONDS)).data == b"news"
    with pytest.raises(nats.errors.TimeoutError):
        await told.next_msg(timeout=0.3)
    await ours.close()
    await partner.close()


async def test_what_is_not_its_own_is_refused_and_an_answer_goes_nowhere_else(country: Country, door):
    partner = await as_partner(country, await let_in(country, "docenten"))
    own = f"odh.{HUB}.partner.docenten.organisation.1"
    await partner.jetstream().publish(own, b"{}")  # the server has read its users anew, for this is kept
    spy, heard = await country.hub.client("odh"), []

    async def hear(message):
        heard.append(message.subject)

    await spy.subscribe(f"odh.{HUB}.>", cb=hear)
    await spy.flush()
    published = [
        f"odh.{HUB}.partner.centra.organisation.1",
        f"odh.{HUB}.local.members.member-joined.x",
        f"odh.{HUB}.to-partner.docenten.x",
        "odh.zeeland.partner.docenten.organisation.1",
        "$JS.API.INFO",
        f"$JS.API.STREAM.PURGE.odh-{HUB}-partners",
        "$SYS.REQ.SERVER.PING",
    ]
    listened = [">", f"odh.{HUB}.>", f"odh.{HUB}.to-partner.centra.>", f"odh.{HUB}.partner.>", "$SYS.>"]
    for subject in published:
        await partner.publish(subject, b"{}")
    for subject in listened:
        await partner.subscribe(subject)
    # The acknowledgement of the stream, sent where only the node's own services speak.
    await partner.publish(own, b"{}", reply=f"odh.{HUB}.local.members.member-joined.x")
    await partner.flush()

    async def all_refused() -> bool:
        told = " ".join(partner.refused)
        return all(f'"{subject.lower()}"' in told for subject in published + listened)

    async def is_heard() -> bool:
        return own in heard

    await eventually(all_refused, saying="a refusal of each")
    await eventually(is_heard, saying="what it may say")
    assert heard == [own]
    await spy.close()
    await partner.close()


async def test_a_partner_has_its_share_of_the_server_and_no_more(country: Country, door):
    seed = await let_in(country, "docenten")
    there = [await as_partner(country, seed) for _ in range(LIMITS["max_connections"])]

    with pytest.raises(nats.errors.Error, match="maximum account active connections"):
        await as_partner(country, seed)
    for _ in range(LIMITS["max_subscriptions"] + 1):
        await there[0].subscribe("_INBOX.x")
    await eventually(lambda: told(there[0], "maximum subscriptions exceeded"), saying="a limit of subscriptions")
    await there[1].publish(f"odh.{HUB}.partner.docenten.organisation.1", b"x" * (LIMITS["max_payload"] + 1))
    await eventually(lambda: told(there[1], "maximum payload"), saying="a limit of a message")
    other = await as_partner(country, await let_in(country, "centra"))
    assert (await other.jetstream().publish(f"odh.{HUB}.partner.centra.centre.1", b"{}")).seq
    for client in (*there, other):
        await client.close()


async def told(client: Client, what: str) -> bool:
    return any(what in one for one in client.refused) or what in str(client.last_error).lower()


async def test_a_key_that_was_replaced_works_for_a_while_and_a_revoked_one_is_cut_off(country: Country, door):
    first = await let_in(country, "docenten")
    second = await let_in(country, "docenten", old_until=datetime.now(UTC) + timedelta(hours=1))
    old, new = await as_partner(country, first), await as_partner(country, second)

    country.hub.register.partners.remove("docenten")
    await country.hub.has_taken_up()

    async def both_cut_off() -> bool:
        return old.is_closed and new.is_closed

    await eventually(both_cut_off, saying="a connection that is closed")
    for seed in (first, second):
        with pytest.raises(nats.errors.Error):
            await as_partner(country, seed)


def test_only_the_public_half_is_kept(tmp_path):
    keys = PartnerKeys(tmp_path)
    seed = keys.add("docenten", old_until=datetime.now(UTC))

    assert keys.live()["docenten"][0].startswith("U")
    assert seed not in (tmp_path / "partners.json").read_text()
