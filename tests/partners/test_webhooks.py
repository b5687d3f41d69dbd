"""What is news for a partner comes to its endpoints: signed, tried for three days, each at its own pace."""

import asyncio
from datetime import timedelta

import pytest
from aiohttp import web
from sqlmodel import select

from contracts.event import new_id
from contracts.members import MemberErased
from contracts.partners import EventRefused, OrganisationTold, PersonTold, WebhookDisabled
from services.partners import keys, news
from services.partners.app import service
from services.partners.tables import Attempt, Delivery, Webhook
from services.partners.webhooks import deliveries, endpoints
from services.partners.webhooks.sending import CALLS_MAX
from tests.given import eventually, running
from tests.partners.conftest import PERSON, SCHOOL, an_event, with_networks
from tests.partners.receiving import an_endpoint


@pytest.fixture(scope="module")
def partners_settings():
    return {"webhooks_to_private": True, "webhook_poll_seconds": 0.02, "webhook_seconds_max": 3.0}


async def added(partners, endpoint, *kinds, partner="docenten"):
    """An endpoint of a partner."""
    async with partners.session() as session:
        now = partners.clock()
        made = await endpoints.add(session, partner, endpoint.url, kinds, now, to_private=True)
        await session.commit()
        return made


async def rejected(partners, subject="school-1", **attributes):
    """An event that ends rejected, which is news; returns the id of the event."""
    (receipt,) = await partners.pushed(an_event("organisation", subject, {"kind": "x"}, **attributes))
    await partners.quiet()
    return receipt["event_id"]


async def looked_at(partners, kind, **which):
    """A row as it stands."""
    async with partners.session() as session:
        query = select(kind)
        for name, value in which.items():
            query = query.where(getattr(kind, name) == value)
        return (await session.exec(query)).all()


async def came(endpoint, count):
    async def all_there():
        return len(endpoint.calls) >= count

    await eventually(all_there, saying=f"{count} calls")


async def settled(partners, webhook, status, tries=None):
    """The one delivery of an endpoint, when it stands so."""

    async def stands():
        (delivery,) = await looked_at(partners, Delivery, webhook_id=webhook.webhook_id)
        return delivery if delivery.status == status and tries in (None, delivery.tries) else None

    return await eventually(stands, saying=f"a delivery {status}")


async def test_news_comes_signed_and_is_the_same_as_over_nats(partners):
    async with an_endpoint() as endpoint:
        webhook = await added(partners, endpoint)
        refused = await rejected(partners)
        await came(endpoint, 1)
        await settled(partners, webhook, "delivered", tries=1)

        headers, _ = endpoint.calls[0]
        (event,) = endpoint.events
        ((news_id, told),) = await partners.told_to()
        assert headers["content-type"] == "application/cloudevents+json"
        assert headers["webhook-id"] == event["id"] == news_id
        assert event["type"] == "nl.omdehoek.partners.event-refused.v1"
        assert event["data"] == told.model_dump(mode="json")
        assert event["data"]["event_id"] == refused
        assert endpoint.signed_with(webhook.secret)
        (attempt,) = await looked_at(partners, Attempt)
        assert (attempt.status, attempt.answer, attempt.problem) == (204, None, None)


async def test_an_endpoint_gets_the_kinds_it_chose_and_no_other_partners(partners):
    async with an_endpoint() as chosen, an_endpoint() as everything, an_endpoint() as others:
        await added(partners, chosen, "event-refused")
        await added(partners, everything)
        await added(partners, others, partner="centra")
        await partners.pushed(an_event("organisation", "school-1", SCHOOL))
        await partners.accepted((await partners.said(OrganisationTold))[0])
        await rejected(partners, "school-2")
        await came(everything, 2)
        await came(chosen, 1)

        assert {event["type"].split(".")[3] for event in everything.events} == {"event-accepted", "event-refused"}
        assert [event["type"].split(".")[3] for event in chosen.events] == ["event-refused"]
        assert others.calls == []


async def test_a_partner_whose_keys_were_all_revoked_is_told_nothing_until_it_has_a_new_one(partners):
    async with an_endpoint() as revoked, an_endpoint() as others:
        await added(partners, revoked)
        await added(partners, others, partner="centra")
        async with partners.session() as session:
            await keys.revoke(session, "docenten", partners.clock())
            for partner in ("docenten", "centra"):
                which = {"receipt_id": new_id(), "partner_id": partner, "source": "https://x.example", "event_id": "1"}
                told = EventRefused(**which, event_type="x", problem="x", title="X")
                await news.tell(session, told, partners.clock())
            await session.commit()
        await came(others, 1)
        assert revoked.calls == []

        async with partners.session() as session:
            await keys.rotate(session, "docenten", partners.clock(), old_until=partners.clock())
            await session.commit()

        await came(revoked, 1)


async def test_a_secret_is_replaced_while_calls_go_on(partners):
    async with an_endpoint() as endpoint:
        webhook = await added(partners, endpoint)
        async with partners.session() as session:
            mine = await endpoints.one(session, "docenten", webhook.webhook_id)
            fresh = await endpoints.rotate(session, mine, old_until=partners.clock() + timedelta(hours=24))
            await session.commit()

        await rejected(partners)
        await came(endpoint, 1)
        partners.clock.move(hours=25)
        await rejected(partners, "school-2")
        await came(endpoint, 2)

        assert endpoint.signed_with(webhook.secret, 0)
        assert endpoint.signed_with(fresh, 0)
        assert not endpoint.signed_with(webhook.secret, 1)
        assert endpoint.signed_with(fresh, 1)


async def test_what_is_not_taken_is_tried_again_under_the_same_id_and_every_try_is_kept(partners):
    gone_elsewhere = web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"})
    broken = web.Response(status=500, text="Er ging iets\nmis \x07" + "x" * 10_000)
    async with an_endpoint(gone_elsewhere, broken) as endpoint:
        webhook = await added(partners, endpoint)
        await rejected(partners)
        for tries in (1, 2):
            await settled(partners, webhook, "waiting", tries)
            partners.clock.move(minutes=1)
        await settled(partners, webhook, "delivered", tries=3)

        assert len({headers["webhook-id"] for headers, _ in endpoint.calls}) == 1
        assert len({body for _, body in endpoint.calls}) == 1
        attempts = sorted(await looked_at(partners, Attempt), key=lambda one: one.at)
        assert [one.status for one in attempts] == [302, 500, 204]
        assert attempts[1].answer.startswith("Er ging iets mis xxx")
        assert len(attempts[1].answer) == 200


async def test_an_endpoint_that_asks_for_patience_gets_it(partners):
    patience = web.Response(status=429, headers={"Retry-After": "3600"})
    async with an_endpoint(patience) as endpoint, an_endpoint() as quick:
        webhook = await added(partners, endpoint)
        await added(partners, quick)
        await rejected(partners)
        delivery = await settled(partners, webhook, "waiting", tries=1)
        partners.clock.move(minutes=59)
        await rejected(partners, "school-2")  # which waits, too: the whole endpoint asked
        await came(quick, 2)

        assert timedelta(minutes=59) < delivery.due_at - delivery.since <= timedelta(minutes=61)
        assert len(endpoint.calls) == 1
        partners.clock.move(minutes=2)
        await came(endpoint, 3)


async def test_who_is_slow_holds_up_nobody_and_is_not_waited_for_for_ever(partners):
    async def think(_):
        await asyncio.sleep(30)
        return web.Response()

    async with an_endpoint(*[think] * 20) as slow, an_endpoint() as quick:
        webhook = await added(partners, slow)
        await added(partners, quick)
        for number in range(8):
            await rejected(partners, f"school-{number}")
        await came(quick, 8)

        assert len(slow.calls) <= CALLS_MAX + 1

        async def noted():
            return [one for one in await looked_at(partners, Attempt, webhook_id=webhook.webhook_id) if one.problem]

        assert (await eventually(noted, saying="a call that took too long"))[0].problem == "too-slow"


async def test_after_three_days_in_vain_an_endpoint_is_disabled_with_notice_and_can_be_enabled(partners):
    async with an_endpoint(*[web.Response(status=500)] * 4) as endpoint:
        webhook = await added(partners, endpoint)
        await rejected(partners)
        for days in range(1, 3):
            await settled(partners, webhook, "waiting", tries=days)
            partners.clock.move(days=1)
        await settled(partners, webhook, "waiting", tries=3)
        partners.clock.move(days=1, minutes=1)
        await settled(partners, webhook, "failed", tries=4)

        (disabled,) = await partners.said(WebhookDisabled)
        assert (disabled.webhook_id, disabled.because) == (webhook.webhook_id, "failing")
        await rejected(partners, "school-2")  # goes nowhere, but stays to be read and sent again
        async with partners.session() as session:
            mine = await endpoints.one(session, "docenten", webhook.webhook_id)
            assert await endpoints.send_all_again(session, mine, mine.made_at, partners.clock()) == 0
            await endpoints.enable(session, mine)
            assert await endpoints.send_all_again(session, mine, mine.made_at, partners.clock()) == 2
            await session.commit()
        await came(endpoint, 6)
        assert len({event["id"] for event in endpoint.events}) == 2


@pytest.mark.parametrize("status", [500, 503])
async def test_the_days_that_a_node_was_off_use_up_no_patience(partners, status):
    async with an_endpoint(*[web.Response(status=status)] * 4) as endpoint:
        webhook = await added(partners, endpoint)
        await rejected(partners)
        await settled(partners, webhook, "waiting", tries=1)

        partners.clock.move(days=4)  # off, or between a backup and its restore

        await settled(partners, webhook, "waiting", tries=2)
        partners.clock.move(days=1)
        await settled(partners, webhook, "waiting", tries=3)
        (now,) = await looked_at(partners, Webhook)
        assert now.disabled_at is None
        partners.clock.move(days=1)
        await settled(partners, webhook, "waiting", tries=4)
        partners.clock.move(days=1, minutes=1)
        await settled(partners, webhook, "delivered", tries=5)


async def test_one_event_that_is_not_taken_does_not_disable_an_endpoint_that_takes_others(partners):
    async def by_event(request):
        return web.Response(status=422 if b"school-1" in await request.read() else 204)

    async with an_endpoint(*[by_event] * 5) as endpoint:
        webhook = await added(partners, endpoint)
        await rejected(partners, "school-1", id="of-school-1")
        await settled(partners, webhook, "waiting", tries=1)
        partners.clock.move(days=1)
        await settled(partners, webhook, "waiting", tries=2)
        partners.clock.move(days=1)
        await rejected(partners, "school-2")
        await came(endpoint, 4)
        partners.clock.move(days=1, minutes=1)

        async def ended():
            found = await looked_at(partners, Delivery, webhook_id=webhook.webhook_id)
            return sorted(one.status for one in found) == ["delivered", "failed"]

        await eventually(ended, saying="an event that was given up")
        (now,) = await looked_at(partners, Webhook)
        assert now.disabled_at is None


async def test_an_endpoint_that_says_it_is_gone_is_left_alone(partners):
    async with an_endpoint(web.Response(status=410)) as endpoint:
        webhook = await added(partners, endpoint)
        await rejected(partners)
        await settled(partners, webhook, "failed", tries=1)

        assert [event.because for event in await partners.said(WebhookDisabled)] == ["gone"]


async def test_what_waits_about_somebody_goes_when_they_are_forgotten(partners):
    async with an_endpoint(web.Response(status=500)) as endpoint:
        await partners.pushed(an_event("organisation", "school-1", SCHOOL), an_event("person", "noor", PERSON))
        await partners.accepted((await partners.said(OrganisationTold))[0])
        webhook = await added(partners, endpoint)
        await partners.accepted((await partners.said(PersonTold))[0], "the-member")
        await settled(partners, webhook, "waiting", tries=1)

        await partners.when(MemberErased(member_id="the-member", version=9))

        assert await looked_at(partners, Delivery) == await looked_at(partners, Attempt) == []


async def test_replicas_share_what_is_due_and_what_a_process_that_died_had_taken_comes_back(postgres, nats):
    idle = {"webhooks_to_private": True, "webhook_poll_seconds": 3600}
    async with running(service, postgres, nats, **idle) as started, an_endpoint() as endpoint:
        partners = await with_networks(started)
        await added(partners, endpoint)
        for number in range(3):
            await rejected(partners, f"school-{number}")

        async def claimed(session, most=2):
            now = partners.clock()
            return {one.news_id for one in await deliveries.claim(session, {}, now, most=most, seconds_max=10)}

        async with partners.session() as one, partners.session() as other:
            mine, theirs = await claimed(one), await claimed(other)  # neither has committed
            await one.commit()
            await other.commit()
            assert (len(mine), len(theirs), len(mine | theirs)) == (2, 1, 3)
            assert await claimed(one, most=9) == set()
            await one.rollback()
            partners.clock.move(seconds=31)
            assert await claimed(one, most=9) == mine | theirs
