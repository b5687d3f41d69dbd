"""What people are told of what they do together."""

from datetime import timedelta

from contracts.event import new_id
from contracts.members import MemberErased
from contracts.requests import InitiativeNews
from contracts.vocabulary import InitiativeStatus
from tests.notify.conftest import NODE_URL, a_person


def news(what, *readers, other, **changes):
    """What requests says to the members of this node."""
    facts = {"title": "Zon op school", "status": "running", "outcome": None} | changes
    told = [
        {"member_id": one.member_id, "other_organisation": "Warmtewerk BV", "other_member_id": other.member_id}
        for one in readers
    ]
    return InitiativeNews(initiative_id=changes.pop("initiative_id", new_id()), news=what, readers=told, **facts)


async def test_who_does_something_with_another_reads_what_the_other_did(notify):
    noor, fatima = a_person("Noor Jansen"), a_person("Fatima de Wit")
    started = news("started", noor, other=fatima)
    ended = started.model_copy(
        update={
            "news": "ended",
            "status": InitiativeStatus.LASTING,
            "outcome": "De school komt elk jaar.",
            "version": 4,
        }
    )

    await notify.when(noor, fatima, started, ended)

    last, first = await notify.inbox(noor)
    assert first["text"] == 'Warmtewerk BV is een initiatief begonnen dat jullie samen doen: "Zon op school".'
    assert "blijven samenwerken. Dit leverde het op: De school komt elk jaar." in last["text"]
    assert {one["url"] for one in (first, last)} == {f"{NODE_URL}/initiatives/{started.initiative_id}"}
    assert await notify.inbox(fatima) == []
    assert sorted(mail.template for mail in await notify.mails_kept(noor, fatima)) == [
        "initiative-ended",
        "initiative-started",
    ]


async def test_that_words_changed_is_read_in_the_inbox_each_time_and_mailed_never(notify):
    noor, fatima = a_person("Noor Jansen"), a_person("Fatima de Wit")
    once = news("changed", noor, other=fatima, version=21)
    again = once.model_copy(update={"version": 41, "title": "Zon op het dak"})

    await notify.when(noor, fatima, once, once, again)

    assert [item["title"] for item in await notify.inbox(noor)] == [
        "Veranderd: Zon op het dak",
        "Veranderd: Zon op school",
    ]
    assert await notify.mails_kept(noor) == []


async def test_a_silence_is_told_once_for_each_time_that_it_began(notify):
    noor, fatima = a_person("Noor Jansen"), a_person("Fatima de Wit")
    quiet = news("quiet", noor, fatima, other=fatima, quiet_since=notify.clock())
    later = quiet.model_copy(update={"quiet_since": quiet.quiet_since + timedelta(days=60)})

    await notify.when(noor, fatima, quiet, quiet, later)

    assert [item["title"] for item in await notify.inbox(noor)] == ["Hoe gaat het met: Zon op school"] * 2
    assert len(await notify.inbox(fatima)) == 2


async def test_what_tells_of_who_was_erased_goes(notify):
    noor, fatima = a_person("Noor Jansen"), a_person("Fatima de Wit")
    await notify.when(noor, fatima, news("ended", noor, other=fatima, status="done", outcome="Fatima's woorden."))

    await notify.when(MemberErased(member_id=fatima.member_id, version=9))

    assert await notify.inbox(noor) == []
