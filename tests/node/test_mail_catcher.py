"""The mail catcher: keeps what it is sent, shows it without letting it do anything, and fails as it is told to."""

import os
import signal
from email.message import EmailMessage
from typing import Any

import aiosmtplib
import html5lib
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.mail_catcher.store import Store
from node.part import free_port
from node.program import Program
from tests.catching import Catcher, catching


@pytest.fixture
async def catcher():
    """A catcher of this test's own."""
    async with catching() as started:
        yield started


def a_mail(to: str = "noor@school.example", subject: str = "Dag Noor", **parts: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "post@omdehoek.example", to, subject
    mail["Message-ID"] = parts.get("message_id", "<1@omdehoek.example>")
    mail.set_content(parts.get("text", "Kijk op https://omdehoek.example/matches/1 & zeg ja."))
    if "html" in parts:
        mail.add_alternative(parts["html"], subtype="html")
    if "language" in parts:
        mail["Content-Language"] = parts["language"]
    return mail


async def send(catcher: Catcher, mail: EmailMessage, to: str | None = None) -> Any:
    return await aiosmtplib.send(
        mail, hostname="127.0.0.1", port=catcher.port, recipients=to or str(mail["To"]), start_tls=False
    )


async def send_bytes(catcher: Catcher, content: bytes, to: str = "noor@school.example") -> None:
    catcher.receiver.store.add("x@y.example", [to], content)


async def messages(catcher: Catcher, **query: str) -> list[dict[str, Any]]:
    answer = await catcher.http.get("/api/messages", params=query)
    assert answer.status_code == 200
    assert answer.json()["count"] == len(answer.json()["messages"])
    return list(answer.json()["messages"])


def page(answer: httpx.Response) -> Any:
    """A page, parsed as a browser does, and refused when a browser would have to guess."""
    assert answer.status_code == 200, answer.text
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(answer.text)


async def page_of(catcher: Catcher) -> Any:
    (mail,) = await messages(catcher)
    return page(await catcher.http.get(f"/messages/{mail['id']}"))


async def test_a_mail_is_kept_as_it_came_with_who_it_was_really_for(catcher):
    await send(catcher, a_mail(html="<p>Dag</p>"), to="Verborgen@School.example")

    (mail,) = await messages(catcher)
    assert (mail["to"], mail["subject"]) == (["Verborgen@School.example"], "Dag Noor")
    whole = (await catcher.http.get(f"/api/messages/{mail['id']}")).json()
    assert ["To", "noor@school.example"] in whole["headers"]
    assert whole["text"].strip() == "Kijk op https://omdehoek.example/matches/1 & zeg ja."
    assert whole["html"].strip() == "<p>Dag</p>"
    raw = (await catcher.http.get(f"/messages/{mail['id']}/raw")).text
    assert "X-Odh" not in raw
    assert raw.startswith("From: post@omdehoek.example")


async def test_a_mail_is_on_disk_before_the_yes_and_there_after_a_restart(catcher, tmp_path):
    await send(catcher, a_mail())
    (mail,) = await messages(catcher)

    again = Store(catcher.folder)

    (found,) = again.newest_first()
    assert (found.id, found.subject, found.recipients) == (mail["id"], "Dag Noor", ("noor@school.example",))


async def test_the_newest_comes_first_and_one_persons_mail_can_be_asked(catcher):
    for n, to in enumerate(["noor@school.example", "fatima@bedrijf.example", "NOOR@school.example"]):
        await send(catcher, a_mail(to, f"mail {n}", message_id=f"<{n}@x>"))

    assert [mail["subject"] for mail in await messages(catcher)] == ["mail 2", "mail 1", "mail 0"]
    assert [mail["subject"] for mail in await messages(catcher, to="noor@SCHOOL.example")] == ["mail 2", "mail 0"]
    assert await messages(catcher, to="niemand@x.example") == []


async def test_a_mail_that_came_twice_is_counted(catcher):
    for message_id in ("<a@x>", "<b@x>", "<a@x>"):
        await send(catcher, a_mail(message_id=message_id))

    assert [mail["copies"] for mail in await messages(catcher)] == [2, 1, 2]
    assert "2 keer dezelfde mail" in (await catcher.http.get("/")).text


async def test_everything_can_be_thrown_away(catcher):
    await send(catcher, a_mail())
    assert (await catcher.http.delete("/api/messages")).json() == {"removed": 1}
    assert await messages(catcher) == []
    assert Store(catcher.folder).newest_first() == []
    assert "Nog geen mail" in (await catcher.http.get("/")).text


async def test_a_mail_that_is_not_there_is_not_found(catcher):
    for path in ("/messages/x", "/messages/x/html", "/messages/x/raw", "/api/messages/x", "/messages/..%2f..%2fetc"):
        assert (await catcher.http.get(path)).status_code == 404


# The pages.


async def test_the_pages_read_well(catcher):
    await send(catcher, a_mail(html="<p>Dag</p>", language="en"))

    listed, shown = page(await catcher.http.get("/")), await page_of(catcher)

    assert listed.get("lang") == shown.get("lang") == "nl"
    assert "".join(shown.find(".//h1").itertext()) == "Dag Noor"
    assert shown.find(".//h1").get("lang") == shown.find(".//pre").get("lang") == "en"
    assert shown.find(".//iframe").get("title")
    assert [link.text for link in shown.iter("a") if link.get("href") == "https://omdehoek.example/matches/1"]


async def test_the_list_renews_itself_only_for_who_asks(catcher):
    assert page(await catcher.http.get("/")).find("head/meta[@http-equiv='refresh']") is None
    assert page(await catcher.http.get("/?follow")).find("head/meta[@http-equiv='refresh']") is not None


async def test_a_mail_is_shown_by_the_rules_of_today_and_its_links_open_elsewhere(catcher):
    await send(
        catcher, a_mail(html='<!DOCTYPE html><html lang="nl"><head><title>x</title></head><body>Dag</body></html>')
    )
    (mail,) = await messages(catcher)

    answer = await catcher.http.get(f"/messages/{mail['id']}/html")

    assert answer.text.startswith("<!DOCTYPE html>")
    assert page(answer).find("head/base").get("target") == "_blank"


async def test_a_mail_cannot_run_load_or_send_anything(catcher):
    await send(catcher, a_mail(html="<script>alert(1)</script><img src=https://evil.example/x>"))
    (mail,) = await messages(catcher)

    policy = (await catcher.http.get(f"/messages/{mail['id']}/html")).headers["content-security-policy"]

    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    frame = (await page_of(catcher)).find(".//iframe")
    assert frame.get("sandbox") == "allow-popups allow-popups-to-escape-sandbox"


@pytest.mark.parametrize(
    "words", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7*7 }}", "a\u202eb"]
)
async def test_what_a_mail_says_is_words_on_our_pages(catcher, words):
    await send(catcher, a_mail(subject=words, text=words))

    for document in (page(await catcher.http.get("/")), await page_of(catcher)):
        assert words in "".join(document.itertext())
        assert document.find("body").find(".//script") is None
        assert document.find("body").find(".//img") is None


async def test_a_page_of_another_site_cannot_read_the_mail_by_a_name_of_its_own(catcher):
    await send(catcher, a_mail())
    assert (await catcher.http.get("/api/messages", headers={"Host": "evil.example"})).status_code == 400


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no headers at all",
        b"Subject: =?nosuch?q?x?=\n\nx",
        b"Subject: \xff\xfe\n\n\xff",
        b"Content-Type: text/plain; charset=nosuch\n\nx",
        b"Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n\n!!!",
        b"Content-Type: multipart/mixed\n\nx",
        b'Content-Type: multipart/alternative; boundary="b"\n\n--b\nContent-Type: image/png\n\nx\n--b--',
        b"Message-ID: <\nDate: yesterday\nFrom: @\nTo: ,,\n\nx",
    ],
)
async def test_a_mail_with_a_wrong_form_is_shown_all_the_same(catcher, content):
    await send_bytes(catcher, content)

    await page_of(catcher)
    (mail,) = await messages(catcher)
    for path in (f"/messages/{mail['id']}/html", f"/messages/{mail['id']}/raw", f"/api/messages/{mail['id']}"):
        assert (await catcher.http.get(path)).status_code == 200
    assert len(Store(catcher.folder).newest_first()) == 1


PIECES = b"Subject: |To: |\n|\n\n|=?utf-8?b?|\xff|a|Content-Type: |text/html|;|boundary=x|--x|multipart/mixed|<|@|,|:"


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(PIECES.split(b"|")), max_size=30))
async def test_any_bytes_are_shown_without_an_error(mail_catcher, parts):
    mail = mail_catcher.receiver.store.add("x@y.example", ["iemand@x.example"], b"".join(parts))

    page(await mail_catcher.http.get(f"/messages/{mail.id}"))
    assert (await mail_catcher.http.get(f"/api/messages/{mail.id}")).status_code == 200


# How it fails, when it is told to.


async def behave(catcher: Catcher, *rules: dict[str, Any]) -> None:
    answer = await catcher.http.put("/api/behaviour", json={"rules": list(rules)})
    assert answer.status_code == 200, answer.text


async def test_it_refuses_whom_it_is_told_to_and_nobody_else(catcher):
    await behave(catcher, {"to": "*@school.example", "answer": 550})

    with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
        await send(catcher, a_mail("noor@school.example"))
    await send(catcher, a_mail("fatima@bedrijf.example"))

    assert [mail["to"] for mail in await messages(catcher)] == [["fatima@bedrijf.example"]]


async def test_it_fails_as_often_as_it_is_told_to(catcher):
    await behave(catcher, {"stage": "data", "answer": 451, "times": 2})

    for _ in range(2):
        with pytest.raises(aiosmtplib.SMTPDataError) as refusal:
            await send(catcher, a_mail())
        assert refusal.value.code == 451
    await send(catcher, a_mail())

    assert len(await messages(catcher)) == 1
    assert (await catcher.http.get("/api/behaviour")).json()["rules"][0]["times"] == 0


@pytest.mark.parametrize(("hang_up", "is_sure"), [("before-answer", False), ("after-answer", True)])
async def test_it_hangs_up_with_the_mail_stored(catcher, hang_up, is_sure):
    await behave(catcher, {"stage": "data", "hang_up": hang_up})
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=catcher.port, start_tls=False)
    await client.connect()
    await client.mail("post@omdehoek.example")
    await client.rcpt("noor@school.example")

    if is_sure:
        assert (await client.data(bytes(a_mail()))).code == 250
    else:
        with pytest.raises(aiosmtplib.SMTPServerDisconnected):
            await client.data(bytes(a_mail()))

    assert len(await messages(catcher)) == 1
    client.close()


async def test_it_behaves_again(catcher):
    await behave(catcher, {"answer": 550})
    await catcher.http.put("/api/behaviour", json={})
    await send(catcher, a_mail())
    assert len(await messages(catcher)) == 1


@pytest.mark.parametrize(
    "rules",
    [{"answer": 700}, {"stage": "ehlo"}, {"text": "a\r\nb"}, {"nosuch": 1}, {"wait_seconds": 3600}, {"times": 0}],
)
async def test_a_rule_that_means_nothing_is_refused(catcher, rules):
    assert (await catcher.http.put("/api/behaviour", json={"rules": [rules]})).status_code == 422


async def test_it_runs_as_a_part_of_a_node(tmp_path):
    smtp, web = free_port(), free_port()
    arguments = ["node.mail_catcher", f"--data={tmp_path / 'mail'}", f"--smtp={smtp}", f"--http={web}"]
    part = Program("mail", arguments, port=web, log=tmp_path / "mail.log", environment=lambda: os.environ)
    await part.start()
    try:
        await aiosmtplib.send(a_mail(), hostname="127.0.0.1", port=smtp, start_tls=False)
        async with httpx.AsyncClient(base_url=part.url) as client:
            assert (await client.get("/api/messages")).json()["count"] == 1
    finally:
        await part.stop()
    assert part.exit_code in (0, -signal.SIGTERM)
    assert len(Store(tmp_path / "mail").newest_first()) == 1
