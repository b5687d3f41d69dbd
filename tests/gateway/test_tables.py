"""The migrations make just the tables that the models describe, and can be undone."""

from alembic import command
from sqlalchemy import inspect

from chassis.database import alembic_config
from tests.gateway.conftest import another_gateway
from tests.given import migration_matches


async def test_the_migrations_make_what_the_models_say_and_can_be_undone(street, postgres, nats):
    def undo(connection):
        config = alembic_config("gateway")
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        return inspect(connection).get_table_names()

    async with another_gateway(street, postgres, nats) as other:
        assert await migration_matches(other.gateway.service) == []
        async with other.gateway.service.engine.begin() as connection:
            assert await connection.run_sync(undo) == ["alembic_version"]
