"""What is done to a partner is kept with what else was done, once: by an operator's command, and on its page."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from chassis.settings import Settings
from contracts.deeds import DeedDone
from node import addresses, partner
from services.partners.webhooks import endpoints
from tests.given import eventually


async def command(partners, monkeypatch, *words: str) -> None:
    """An operator's command, on the database of this service."""
    database = partners.service.settings.database_url
    monkeypatch.setenv("ODH_NODE", partners.service.settings.node)
    monkeypatch.setattr(sys, "argv", ["odh partner", *words, "--database", database])
    assert await partner.run(partner.arguments(), database) == 0


async def deeds(partners, count: int) -> list[DeedDone]:
    """What was done, as soon as it is so much; the relay finds by itself what a command left in the outbox."""

    async def said() -> list[DeedDone] | None:
        found = await partners.said(DeedDone)
        return found if len(found) >= count else None

    found = await eventually(said, within=60, saying=f"{count} deeds")
    assert isinstance(found, list)
    return found


async def test_what_an_operator_does_by_command_is_noted_once_without_a_name(partners, monkeypatch, capsys):
    address = "https://netwerk.example/hooks"
    for words in (
        ("add", "vechtdal", "--network", "katapult", "--source", "https://vechtdal.example"),
        ("rotate", "vechtdal"),
        ("webhook", "add", "vechtdal", address),
        ("webhook", "rotate", "vechtdal"),
        ("webhook", "resend", "vechtdal", "--since", (datetime.now(UTC) - timedelta(days=1)).isoformat()),
        ("webhook", "list", "vechtdal"),
        ("webhook", "enable", "vechtdal"),
        ("webhook", "remove", "vechtdal"),
        ("list",),
        ("revoke", "vechtdal"),
    ):
        await command(partners, monkeypatch, *words)

    found = await deeds(partners, 8)

    assert [one.deed for one in found] == [
        *("partner-added", "partner-key-rotated", "endpoint-added", "endpoint-secret-rotated"),
        *("news-resent", "endpoint-enabled", "endpoint-removed", "partner-revoked"),
    ]
    assert {(one.done_by, one.role, one.matter, one.matter_id) for one in found} == {
        ("operator", "operator", "partner", "vechtdal")
    }
    assert "client_secret" in capsys.readouterr().out
    assert Settings().node == partners.service.settings.node


async def test_a_command_that_does_nothing_notes_nothing(partners, monkeypatch):
    with pytest.raises(ValueError, match="endpoint"):
        await command(partners, monkeypatch, "webhook", "enable", "docenten", "no-such-endpoint")

    await partners.quiet()
    assert await partners.said(DeedDone) == []


async def test_a_command_on_a_database_of_which_the_node_was_not_named_is_refused_and_does_nothing(
    partners, monkeypatch, capsys
):
    words = ("add", "vechtdal", "--network", "katapult", "--source", "https://vechtdal.example")
    database = partners.service.settings.database_url
    monkeypatch.delenv("ODH_NODE", raising=False)
    monkeypatch.setattr(sys, "argv", ["odh partner", *words, "--database", database])

    assert await asyncio.to_thread(partner.main) == 2

    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert "ODH_NODE" in told.err
    async with partners.session() as session:
        assert await session.scalar(text("SELECT count(*) FROM partner WHERE partner_id = 'vechtdal'")) == 0
        assert await session.scalar(text("SELECT count(*) FROM outbox")) == 0


@pytest.mark.parametrize("said", ["in the environment", "as an option"])
async def test_a_command_takes_the_database_from_a_file_so_that_no_word_of_it_has_a_password(
    partners, monkeypatch, tmp_path, capsys, said
):
    (tmp_path / "database_url").write_text(partners.service.settings.database_url + "\n")
    monkeypatch.setattr(addresses, "DATA", tmp_path / "no node runs here")
    if said == "in the environment":
        monkeypatch.setenv("ODH_DATABASE_URL_FILE", str(tmp_path / "database_url"))
    option = ["--database-file", str(tmp_path / "database_url")] if said == "as an option" else []
    monkeypatch.setenv("ODH_NODE", partners.service.settings.node)

    for words in (["list"], ["rotate", "docenten"]):
        monkeypatch.setattr(sys, "argv", ["odh partner", *words, *option])
        assert await asyncio.to_thread(partner.main) == 0

    shown = capsys.readouterr().out
    assert "docenten             duurzaam-mbo" in shown
    assert "client_secret=" in shown
    assert "nats_seed=" not in shown  # those are kept elsewhere
    assert not (tmp_path / "no node runs here").exists()


async def test_what_is_done_on_the_page_is_noted_of_who_does_it(partners):
    now = datetime.now(UTC)
    async with partners.session() as session:
        made = await endpoints.add(session, "docenten", "https://n.example/hooks", (), now, to_private=False)
        await session.commit()
    team, at = partners.http_as("m-team", roles=("node-team",)), f"/v1/partners/docenten/webhooks/{made.webhook_id}"

    assert (await team.post(f"{at}/enable")).status_code == 204
    assert (await team.post(f"{at}/resend", json={"news_id": "x"})).status_code == 404

    (done,) = await deeds(partners, 1)
    assert (done.deed, done.done_by, done.role, done.matter_id) == (
        "endpoint-enabled",
        "m-team",
        "node-team",
        "docenten",
    )
