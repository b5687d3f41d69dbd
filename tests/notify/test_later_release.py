"""What a later release tells waits for a process of that release, and holds up nothing that this one knows."""

from sqlalchemy import text

from chassis.sql import run
from contracts.event import new_id
from contracts.matching import MatchEndorsed, MatchProposed
from contracts.notify import DigestDue
from services.notify.templates import Delivery
from tests.notify.conftest import a_match, a_person
from tests.notify.test_sending import sending

MAIL_OF = "UPDATE notification SET template = 'of-a-later-release' WHERE member_id = :member_id"
ITEM_OF = "UPDATE inbox_item SET template = 'of-a-later-release' WHERE member_id = :member_id AND item_id = :item_id"
GATHER_IN = "UPDATE notification SET digest_id = :digest_id, status = 'gathered' WHERE member_id = ANY(:members)"


async def done(notify, statement, **values):
    async with notify.running.session() as session:
        await run(session, text(statement), values)
        await session.commit()


async def test_a_mail_of_a_later_release_waits_and_the_others_go(idle_notify):
    known, unknown = a_person("Noor Jansen"), a_person("Sem de Vries")
    await idle_notify.given(known, unknown)
    await idle_notify.running.when(MatchProposed(**a_match(a_person(), a_person(), known, unknown)))
    await done(idle_notify, MAIL_OF, member_id=unknown.member_id)

    async with sending(idle_notify):
        await idle_notify.catcher.mail(known.email)
        await idle_notify.becomes(known, Delivery.SENT)

    left = await idle_notify.kept(unknown)
    assert (left.status, left.attempts) == (Delivery.WAITING, 0)
    listed = await idle_notify.http_as("m-team", roles=("node-team",)).get("/v1/notifications?status=waiting")
    assert (listed.status_code, listed.json()["items"]) == (200, [])


async def test_a_digest_with_something_of_a_later_release_waits_for_it(idle_notify):
    noor, digest_id = a_person("Noor Jansen"), new_id()
    await idle_notify.given(noor)
    await idle_notify.running.when(*(MatchProposed(**a_match(a_person(), a_person(), noor)) for _ in range(2)))
    first, _ = await idle_notify.mails_kept(noor)
    await done(idle_notify, GATHER_IN, members=[noor.member_id], digest_id=digest_id)
    await done(idle_notify, f"{MAIL_OF} AND notification_id = :it", member_id=noor.member_id, it=first.notification_id)
    other = a_person("Sem de Vries")
    await idle_notify.given(other)
    await idle_notify.running.when(DigestDue(digest_id=digest_id), MatchEndorsed(**a_match(other, a_person())))

    async with sending(idle_notify):
        await idle_notify.becomes(other, Delivery.SENT)

    digest = await idle_notify.kept(noor, "digest")
    assert (digest.status, digest.attempts) == (Delivery.WAITING, 0)


async def test_an_inbox_shows_what_this_release_knows_and_leaves_the_rest_unread(notify):
    noor = a_person("Noor Jansen")
    await notify.given(noor)
    for _ in range(2):
        await notify.when(MatchEndorsed(**a_match(noor, a_person())))
    newest, unknown = await notify.inbox(noor)
    await done(notify, ITEM_OF, member_id=noor.member_id, item_id=unknown["item_id"])

    assert await notify.inbox(noor) == [newest]
    client = notify.http_as(noor.member_id)
    assert (await client.post("/v1/inbox/read", json={"item_id": newest["item_id"]})).status_code == 204

    await done(notify, "UPDATE inbox_item SET template = 'match-endorsed' WHERE item_id = :it", it=unknown["item_id"])
    assert [item["read_at"] is not None for item in await notify.inbox(noor)] == [True, False]
