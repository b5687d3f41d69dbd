"""Whoever was mailed very often is forgotten in the streams a part at a time, and keeps nobody waiting."""

import chassis.purging
from contracts.matching import MatchProposed
from contracts.members import MemberErased
from contracts.notify import MemberForgotten, MoreToForget
from tests.given import eventually
from tests.holding import Holding
from tests.notify.conftest import a_match, a_person
from tests.notify.test_erasure import rows_with
from tests.notify.test_preferences import choose


async def test_others_are_told_things_while_the_streams_are_rid_of_who_was_mailed_often(notify, monkeypatch):
    monkeypatch.setattr(chassis.purging, "TOGETHER", 2)
    noor, other = a_person("Noor Jansen"), a_person("Fatima de Wit")
    await notify.given(noor, other)
    await choose(notify, noor, desk="at-once")
    asker = a_person("Sem")
    await notify.when(*(MatchProposed(**a_match(asker, asker, noor)) for _ in range(5)))
    mails = {mail.notification_id for mail in await notify.mails_kept(noor)}
    await notify.running.given()
    purges = Holding(notify.service.streams, monkeypatch, after=2)

    await notify.publish(MemberErased(member_id=noor.member_id, version=9))
    await purges.waits.wait()
    await notify.publish(MatchProposed(**a_match(asker, asker, other)))

    async def is_told() -> bool:
        return await notify.templates(other) == ["match-proposed"]

    await eventually(is_told, saying="a notice while the streams are purged")
    assert len(purges.ids) <= 4  # what waits is one part
    assert not [event for _, event in await notify.envelopes() if isinstance(event, MemberForgotten)]
    purges.goes_on.set()
    assert len(await notify.said(MoreToForget)) == 2
    (forgotten,) = await notify.said(MemberForgotten)
    assert purges.ids == mails
    assert forgotten.removed.items() >= {"notifications": 5, "inbox-items": 5, "stream-messages": 5}.items()
    assert {what for what in await rows_with(notify, noor.member_id) if "notify." in what} == {
        f"{where}: notify.{what}" for where in ("local", "said") for what in ("member-forgotten", "more-to-forget")
    }


async def test_who_was_erased_elsewhere_leaves_the_streams_in_parts_too(notify, monkeypatch):
    monkeypatch.setattr(chassis.purging, "TOGETHER", 2)
    asker, ambassador = a_person("Sem"), a_person("Amir Bos")
    await notify.given(ambassador)
    match = a_match(asker, asker, ambassador)
    match["offerer"] = match["offerer"].model_copy(update={"node": "zeeland"})
    await notify.when(*(MatchProposed(**match | {"match_id": a_match(asker, asker)["match_id"]}) for _ in range(3)))
    await notify.running.given()

    await notify.publish_elsewhere(MemberErased(member_id=asker.member_id, version=9), said_by="zeeland")

    assert [event.node for event in await notify.said(MoreToForget)] == ["zeeland"]
    assert await notify.said(MemberForgotten) == []
    assert await notify.mails_kept(ambassador) == []
    async with notify.session() as session:
        assert not await chassis.purging.is_left(session, f"zeeland.{asker.member_id}")
