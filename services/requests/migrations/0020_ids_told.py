"""The replies in which an id stands are found by an index: an erasure does not read all that are kept."""

from alembic import op

from chassis.replies import create_ids_told, drop_ids_told

revision = "0020"
down_revision = "0018"


def upgrade() -> None:
    """Of what a release before keeps too, which knows nothing of it."""
    create_ids_told(op)


def downgrade() -> None:
    """As it was."""
    drop_ids_told(op)
