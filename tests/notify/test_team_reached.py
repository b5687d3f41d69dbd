"""Who has a mail, and cannot go on, reaches the node's team: by answering it, and by the address that is told."""

import pytest

from contracts.vocabulary import Language
from services.notify.rendering import unsubscribe_link_unknown_page
from services.notify.settings import NotifySettings
from services.notify.templates import Template
from tests.catching import words
from tests.notify.conftest import NODE_URL, SETTINGS, a_notify
from tests.notify.test_mail_texts import FATIMA, MAILED, a_mail, hrefs, page, sent, shown

TEAM = "team@utrecht.omdehoek.example"
every_language = pytest.mark.parametrize("language", list(Language))


def of_node(mail, team=TEAM):
    """A mail of a node whose team is reached there, as its reader's program has it."""
    return sent(mail, NotifySettings(**SETTINGS, node_team_email=team))


@pytest.mark.parametrize("template", [one for one in MAILED if one is not Template.INTRODUCTION])
def test_who_answers_a_mail_reaches_the_team_where_that_is_told(template):
    assert of_node(a_mail(template))["Reply-To"] == f"Om de Hoek Utrecht <{TEAM}>"
    assert of_node(a_mail(template), team=None)["Reply-To"] is None


@pytest.mark.parametrize("address", ["fatima@warmtewerk.example", "fátima@warmtewerk.example"])
def test_an_answer_to_an_introduction_is_not_for_the_team(address):
    mail = a_mail(Template.INTRODUCTION)
    mail.contacts[FATIMA.member_id]["email"] = address

    assert TEAM not in (of_node(mail)["Reply-To"] or "")


def test_an_address_of_the_team_in_other_letters_is_written_as_mail_servers_know_it():
    link = a_mail(Template.SIGN_IN)

    assert "<team@xn--omdehok-" in of_node(link, "team@omdehoék.example")["Reply-To"]
    assert of_node(link, "téam@omdehoek.example")["Reply-To"] is None


@every_language
def test_whose_address_somebody_else_replaced_reads_how_to_reach_the_team(language):
    mail = of_node(a_mail(Template.ADDRESS_REPLACED, language))

    html = words(mail, "html")
    assert TEAM in words(mail)
    assert {f"mailto:{TEAM}", f"{NODE_URL}/help"} <= {*hrefs(html)}


@every_language
def test_nobody_is_led_to_where_no_way_to_the_team_is_told(language):
    mail = of_node(a_mail(Template.ADDRESS_REPLACED, language), team=None)

    assert "/help" not in words(mail)
    assert hrefs(words(mail, "html")) == []


async def test_a_link_that_stops_no_mail_leads_to_the_team(postgres, nats, mail_catcher):
    async with a_notify(postgres, nats, mail_catcher, node_team_email=TEAM) as notify:
        gone = await notify.http.get("/v1/unsubscribe/no-such-token", headers={"Accept": "text/html"})

    assert [link for link in hrefs(gone.text) if link.startswith("mailto:")] == [f"mailto:{TEAM}"] * 2
    assert "@" not in shown(unsubscribe_link_unknown_page(None))
    assert len(page(unsubscribe_link_unknown_page(None)).findall(".//p[@lang='en']")) == 1


@pytest.mark.parametrize("team", [TEAM, None])
async def test_the_operator_is_told_that_nobody_is_told_how_to_reach_the_team(
    postgres, nats, mail_catcher, capsys, team
):
    async with a_notify(postgres, nats, mail_catcher, node_team_email=team):
        pass

    assert ("node_team_email" in capsys.readouterr().out) == (team is None)
