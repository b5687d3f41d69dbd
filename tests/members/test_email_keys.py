"""By what an address is found: another spelling of it is the same, a letter that is only like another is not."""

from sqlalchemy import text

from chassis.database import migrate, upgrade
from contracts.members import ContactChanged
from tests.chassis.test_migrations import HOMES, engine_on
from tests.members.conftest import COMPANY, a_join
from tests.members.test_told_by_networks import a_person, a_school, registered

(MIGRATIONS,) = [home / "migrations" for home in HOMES if home.name == "members"]


async def test_who_joins_is_mailed_at_their_own_address_whoever_came_before_with_one_that_is_like_it(members):
    for email in ("\u017fam@vechtdal.example", "sam@vechtdal.example", "SAM@vechtdal.example"):
        await members.http.post("/v1/members", json=a_join(email=email, organisation=COMPANY))

    strange, sam, capitals = await members.links()
    assert [strange.email, sam.email, capitals.email] == [
        "\u017fam@vechtdal.example", "sam@vechtdal.example", "SAM@vechtdal.example",
    ]  # fmt: skip
    assert strange.member_id != sam.member_id == capitals.member_id


async def test_a_network_that_tells_of_who_never_confirmed_tells_how_their_address_is_written(members):
    await members.given(a_school())
    (school,) = await registered(members)
    await members.http.post("/v1/members", json=a_join(email="NOOR@vechtdal.example", organisation=COMPANY))

    await members.when(a_person(school, email="noor@vechtdal.example"))

    assert [contact.email for contact in await members.said(ContactChanged)] == ["noor@vechtdal.example"]


async def test_only_the_keys_of_such_addresses_change_in_what_is_there(postgres):
    keys = {"Straße@roc.example": "strasse@roc.example", "Noor@roc.example": "noor@roc.example"}
    async with engine_on(postgres) as engine:
        async with engine.connect() as connection:
            await connection.run_sync(upgrade, MIGRATIONS, "0008")
            for email, key in keys.items():
                own = {"email": email, "key": key}
                await connection.execute(_MEMBER, own)
                await connection.execute(_INVITATION, own)
            await connection.commit()

        await migrate(engine, MIGRATIONS)

        async with engine.connect() as connection:
            for table in ("member", "invitation"):
                found = await connection.execute(text(f"SELECT email, email_key FROM {table}"))
                assert dict(found.all()) == keys | {"Straße@roc.example": "straße@roc.example"}
            never = await connection.execute(text("SELECT email FROM member WHERE same_keys IS NULL"))
            assert never.scalars().all() == ["Straße@roc.example"]


_MEMBER = text(
    "INSERT INTO member (member_id, version, status, name, email, email_key, language, networks, node_team, "
    "same_keys, first_seen_at) VALUES (:email, 1, 'active', 'Noor', :email, :key, 'nl', '{}', false, '{}', now())"
)
_INVITATION = text(
    "INSERT INTO invitation (invitation_id, token_hash, invited_by, email, email_key, language, created_at, "
    "expires_at) VALUES (:email, convert_to(:email, 'UTF8'), 'm', :email, :key, 'nl', now(), now())"
)
