"""A person with two references has one inbox, one choice of mails, and one digest."""

import re

import pytest

from contracts.matching import MatchEndorsed, MatchProposed
from contracts.members import MemberMerged, MemberParted, NodeTeamJoined
from contracts.notify import DigestDue
from services.notify.views import PreferencesDraft
from tests.catching import words
from tests.notify.conftest import NODE_URL, a_match, a_person


@pytest.fixture
async def two(notify):
    """Two references of one person, who is reached at one address."""
    stays = a_person("Noor Jansen")
    other = a_person("Noor Jansen", email=stays.email)
    await notify.given(stays, other, MemberMerged(member_id=other.member_id, version=2, into=stays.member_id))
    return stays, other


async def digests_gathered(notify, *people):
    """The digests that are being gathered for some people."""
    return {mail.digest_id for mail in await notify.mails_kept(*people) if mail.status == "gathered"}


async def gathered_as_one(notify, noor, nora):
    """Two who were merged by mistake, and a match of each that waits to be mailed; returns those matches."""
    await notify.given(noor, nora, MemberMerged(member_id=nora.member_id, version=2, into=noor.member_id))
    asker, offerer = a_person("Vera Vreemd"), a_person("Wim Vreemd")
    first, of_noor, of_nora = (a_match(asker, offerer, person) for person in (noor, noor, nora))
    await notify.when(MatchProposed(**first))  # the first of the day goes at once
    await notify.when(MatchProposed(**of_noor), MatchProposed(**of_nora))
    return of_noor, of_nora


def each_was_told_of_their_own(notify, noor, nora, of_noor, of_nora):
    """And of that alone, once."""
    told_noor, told_nora = ("".join(map(words, notify.mails(person))) for person in (noor, nora))
    assert [told_noor.count(f"/matches/{match['match_id']}") for match in (of_noor, of_nora)] == [1, 0]
    assert [told_nora.count(f"/matches/{match['match_id']}") for match in (of_noor, of_nora)] == [0, 1]


async def test_what_is_told_under_either_is_in_one_inbox_and_nobody_elses(notify, two):
    stays, other = two
    for person in two:
        await notify.when(MatchEndorsed(**a_match(person, a_person("Vera Vreemd"))))

    one = notify.http_as(stays.member_id, also=(other.member_id,))
    items = (await one.get("/v1/inbox")).json()["items"]
    assert len(items) == 2
    assert (await one.post(f"/v1/inbox/{items[0]['item_id']}/read")).status_code == 204
    assert len(await notify.inbox(stays)) == len(await notify.inbox(other)) == 1  # parted, each has their own
    assert len(notify.mails(stays)) == 2


async def test_one_choice_holds_for_both_and_so_does_one_click(notify, two):
    stays, other = two
    await notify.when(MatchEndorsed(**a_match(other, a_person("Vera Vreemd"))))
    link = re.fullmatch(rf"<{NODE_URL}/api(/v1/unsubscribe/[\w-]+)>", notify.mails(stays)[-1]["List-Unsubscribe"])
    assert (await notify.http.post(link[1])).status_code == 200
    await notify.when(MatchEndorsed(**a_match(stays, a_person("Wim Vreemd"))))
    assert len(notify.mails(stays)) == 1

    one = notify.http_as(stays.member_id, also=(other.member_id,))
    wishes = await one.get("/v1/preferences")
    chosen = {name: wishes.json()[name] for name in PreferencesDraft.model_fields} | {"proposals": "at-once"}
    answer = await one.put("/v1/preferences", json=chosen, headers={"If-Match": wishes.headers["etag"]})
    assert answer.status_code == 200, answer.text
    await notify.when(MatchEndorsed(**a_match(other, a_person("Wim Vreemd"))))
    assert len(notify.mails(stays)) == 2


async def test_an_ambassador_under_two_references_has_one_mail_a_day(notify, two):
    stays, _ = two
    asker, offerer = a_person("Vera Vreemd"), a_person("Wim Vreemd")

    for person in two:
        await notify.when(MatchProposed(**a_match(asker, offerer, person)))

    assert len(notify.mails(stays)) == 1
    assert [mail.status for mail in await notify.mails_kept(*two)] == ["sent", "gathered"]


async def test_one_person_has_one_digest(notify, two):
    stays, other = two
    matches = await gathered_as_one(notify, stays, other)

    (digest_id,) = await digests_gathered(notify, *two)
    await notify.when(DigestDue(digest_id=digest_id))

    assert notify.subjects(stays)[1:] == ["2 berichten van Om de Hoek"]
    text = words(notify.mails(stays)[1])
    assert all(f"/matches/{match['match_id']}" in text for match in matches)
    assert {mail.status for mail in await notify.mails_kept(*two)} == {"sent"}


async def test_parted_persons_do_not_share_a_digest(notify):
    noor, nora = a_person("Noor Jansen"), a_person("Nora Jansen")
    matches = await gathered_as_one(notify, noor, nora)

    await notify.when(MemberParted(member_id=nora.member_id, version=3, from_id=noor.member_id))
    await notify.when(*(DigestDue(digest_id=one) for one in await digests_gathered(notify, noor, nora)))

    each_was_told_of_their_own(notify, noor, nora, *matches)


async def test_nor_one_that_was_in_the_post_already(own_notify):
    noor, nora = a_person("Noor Jansen"), a_person("Nora Jansen")
    matches = await gathered_as_one(own_notify, noor, nora)
    (digest_id,) = await digests_gathered(own_notify, noor, nora)
    await own_notify.catcher.away()
    await own_notify.running.when(DigestDue(digest_id=digest_id))

    await own_notify.running.when(MemberParted(member_id=nora.member_id, version=3, from_id=noor.member_id))
    await own_notify.catcher.back()
    await own_notify.posted()

    each_was_told_of_their_own(own_notify, noor, nora, *matches)


async def test_who_is_found_to_be_one_hears_it_once_and_so_does_the_team(notify):
    stays, team = a_person("Noor Jansen"), a_person("Tess Timmer")
    other = a_person("N. Jansen")
    await notify.given(stays, other, team, NodeTeamJoined(member_id=team.member_id))
    merged = MemberMerged(member_id=other.member_id, version=2, into=stays.member_id, news=True)

    await notify.when(merged, MemberMerged(member_id=other.member_id, version=3, into=stays.member_id))
    await notify.when(merged.model_copy(update={"version": 4}), delivered_times=2)

    (mail,) = notify.mails(stays)
    assert "dat is nu één" in mail["Subject"]
    assert f"{NODE_URL}/same/mine" in mail.get_body(("plain",)).get_content()
    assert notify.mails(other) == notify.mails(team) == []
    (item,) = await notify.inbox(stays)
    (told,) = await notify.inbox(team)
    assert item["url"] == f"{NODE_URL}/same/mine"
    assert told["url"] == f"{NODE_URL}/same?thing=persons&state=merged"


async def test_of_whom_only_networks_told_nobody_hears_that_they_are_one(notify):
    stays, other = a_person("Noor Jansen"), a_person("N. Jansen")

    await notify.given(stays, other)
    await notify.when(MemberMerged(member_id=other.member_id, version=2, into=stays.member_id))

    assert notify.mails(stays) == []
    assert await notify.inbox(stays) == []
