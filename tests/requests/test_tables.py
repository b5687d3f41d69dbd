"""The migrations make just the tables that the models describe, and can be undone."""

from sqlalchemy import inspect

from chassis.database import alembic_config
from services.requests.app import service
from tests.given import migration_matches, running


async def test_the_migrations_make_what_the_models_say_and_can_be_undone(postgres, nats):
    from alembic import command

    def undo(connection):
        config = alembic_config("requests")
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        return inspect(connection).get_table_names()

    async with running(service, postgres, nats) as started:
        assert await migration_matches(started.service) == []
        await started.quiet()
        async with started.service.engine.begin() as connection:
            assert await connection.run_sync(undo) == ["alembic_version"]
