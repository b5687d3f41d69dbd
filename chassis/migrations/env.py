"""Alembic's environment for every service: it runs on the connection that `chassis.database.upgrade` opened."""

from alembic import context
from sqlalchemy import MetaData

from chassis.database import NAMES

context.configure(
    connection=context.config.attributes["connection"],
    # What a migration leaves without a name gets the name that the models give it.
    target_metadata=MetaData(naming_convention=NAMES),
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
