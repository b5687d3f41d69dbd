"""The projection of requests and offers with what finds them, who is who, the matches, and the mailboxes."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import Vector
from sqlalchemy.dialects import postgresql as pg

from chassis.mailboxes import create_mailboxes, drop_mailboxes

revision = "0001"
down_revision = None

TEXTS = pg.ARRAY(sa.Text)
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """From nothing."""
    op.execute("CREATE EXTENSION IF NOT EXISTS vector")
    create_mailboxes(op)
    _create_proposition()
    _create_people()
    _create_match()


def downgrade() -> None:
    """Back to nothing; the extension stays, others may use it."""
    tables = (
        "erased_match", "match", "forgotten_member", "node_team_member", "ambassador", "organisation", "proposition",
    )  # fmt: skip
    for table in tables:
        op.drop_table(table)
    drop_mailboxes(op)


def _create_proposition() -> None:
    op.create_table(
        "proposition",
        _text("proposition_id"),
        _text("side"),
        sa.Column("version", sa.Integer, nullable=False),
        _text("member_id"),
        _text("organisation_id"),
        _text("kind"),
        sa.Column("themes", TEXTS, nullable=False),
        _text("title"),
        _text("text"),
        _text("language"),
        _text("place_name"),
        _text("province"),
        sa.Column("latitude", sa.Float, nullable=False),
        sa.Column("longitude", sa.Float, nullable=False),
        sa.Column("reach_km", sa.Integer),
        sa.Column("starts_on", sa.Date),
        sa.Column("ends_on", sa.Date),
        sa.Column("mbo_level", sa.Integer),
        _text("status"),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("opened_at", INSTANT),
        sa.Column("unanswered_said_at", INSTANT),
        sa.Column("meaning_model", sa.Text),
        sa.Column("meaning", Vector(384)),
        sa.Column("words", pg.TSVECTOR, sa.Computed(WORDS, persisted=True)),
        sa.PrimaryKeyConstraint("proposition_id", name="pk_proposition"),
    )
    op.create_index("ix_proposition_member_id", "proposition", ["member_id"])
    for side in ("request", "offer"):  # only what is open is searched for
        is_open = sa.text(f"side = '{side}' AND status = 'open'")
        op.create_index(
            f"ix_proposition_{side}_meaning",
            "proposition",
            ["meaning"],
            postgresql_using="hnsw",
            postgresql_ops={"meaning": "vector_cosine_ops"},
            postgresql_where=is_open,
        )
        op.create_index(
            f"ix_proposition_{side}_words", "proposition", ["words"], postgresql_using="gin", postgresql_where=is_open
        )
        op.create_index(
            f"ix_proposition_{side}_spot",
            "proposition",
            [sa.text("point(longitude, latitude)")],
            postgresql_using="gist",
            postgresql_where=is_open,
        )


def _create_people() -> None:
    op.create_table(
        "organisation",
        _text("organisation_id"),
        sa.Column("version", sa.Integer, nullable=False),
        _text("name"),
        sa.PrimaryKeyConstraint("organisation_id", name="pk_organisation"),
    )
    op.create_table(
        "ambassador",
        _text("member_id"),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("is_active", sa.Boolean, nullable=False),
        sa.Column("organisation_ids", TEXTS, nullable=False),
        sa.Column("provinces", TEXTS, nullable=False),
        sa.Column("themes", TEXTS, nullable=False),
        sa.PrimaryKeyConstraint("member_id", name="pk_ambassador"),
    )
    op.create_table(
        "node_team_member",
        _text("member_id"),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("is_active", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("member_id", name="pk_node_team_member"),
    )
    op.create_table(
        "forgotten_member",
        _text("member_id"),
        sa.Column("forgotten_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("member_id", name="pk_forgotten_member"),
    )


def _create_match() -> None:
    op.create_table(
        "match",
        _text("match_id"),
        sa.Column("version", sa.Integer, nullable=False),
        _text("request_id"),
        _text("offer_id"),
        _text("asker_id"),
        _text("offerer_id"),
        _text("offerer_organisation_id"),
        _text("request_kind"),
        _text("offer_kind"),
        sa.Column("score", sa.Float, nullable=False),
        sa.Column("reasons", pg.JSONB, nullable=False),
        sa.Column("ambassador_ids", TEXTS, nullable=False),
        _text("state"),
        sa.Column("waiting_since", INSTANT, nullable=False),
        sa.Column("endorsed_at", INSTANT),
        sa.Column("reminded_at", INSTANT),
        sa.Column("asker_accepted", sa.Boolean),
        sa.Column("offerer_accepted", sa.Boolean),
        sa.Column("dismissed_because", sa.Text),
        sa.Column("declined_because", sa.Text),
        sa.Column("lapsed_because", sa.Text),
        sa.Column("note", sa.Text),
        sa.Column("note_by", sa.Text),
        sa.PrimaryKeyConstraint("match_id", name="pk_match"),
    )
    op.create_index(
        "uq_match_pair",
        "match",
        ["request_id", "offer_id"],
        unique=True,
        postgresql_where=sa.text("lapsed_because IS DISTINCT FROM 'closed'"),
    )
    op.create_index("ix_match_offer_id", "match", ["offer_id"])
    op.create_index("ix_match_request_id", "match", ["request_id"])
    op.create_index("ix_match_asker_id", "match", ["asker_id", "match_id"])
    op.create_index("ix_match_offerer_id", "match", ["offerer_id", "match_id"])
    op.create_index("ix_match_ambassador_ids", "match", ["ambassador_ids"], postgresql_using="gin")
    op.create_index(
        "ix_match_waiting_ambassador",
        "match",
        [sa.text("(ambassador_ids[1])")],
        postgresql_where=sa.text("state = 'proposed'"),
    )
    op.create_table(
        "erased_match",
        _text("match_id"),
        _text("member_id"),
        sa.PrimaryKeyConstraint("match_id", name="pk_erased_match"),
    )
    op.create_index("ix_erased_match_member_id", "erased_match", ["member_id"])


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=False)


#: What `services.matching.words.EVERYDAY` was when the column was made: the index does not hold it.
EVERYDAY = " ".join(
    """
    aanbieden aanbod aanpak aantal activiteit activiteiten afspraak bedrijf bedrijven beetje begeleiden begeleiding
    beginnen beschikbaar bezig bezoek bezoeken bied bieden biedt bijdrage binnen blijven brengen buurt collega
    collegas contact cursus dag dagdeel dagdelen dagen delen denken docent docenten doen doet duren duur duurt
    duurzaam duurzaamheid duurzame eerste eigen elke enkele ervaring ervaringen gaan gaat gastles gastlessen gebruik
    gebruiken geef geeft geven geïnteresseerd gezocht goed goede graag groep groepen groepje halve hebben heel heeft
    helpen helpt idee ideeën iedereen iemand informatie jaar jongeren kijken kijkje klas klaslokaal klassen klein
    kleine komen komt kosten krijgen kunnen laat laten leerbedrijf leerling leerlingen leert leraar leren les lesdag
    lesmateriaal lessen leuk leuke leven lezen locatie maak maakt maand maanden maken mbo meedenken meedoen
    medewerker medewerkers meer meewerken mensen mogelijk mogelijkheid mogelijkheden naast neem nemen nieuw nieuwe
    niveau nodig onderneming onderwerp onderwijs ongeveer onze opdracht opdrachten opleiding opleidingen organisatie
    organisaties paar periode personen plaats plek praktijk praktijkles praktijklessen praktijkopdracht praktisch
    praktische programma project projecten regio samen samenwerken samenwerking scholen school semester soort stage
    stageplaats stageplek stages stagiair stagiaires stagiairs starten student studenten studie team teams tijd
    tijdens tip tips twee uitleg uitleggen uren uur vak vakken vanaf vanuit verschillende vertellen vinden volgen
    volgende vraag vragen vrij vrije week weken welke welkom werk werken werkplek werkt werkveld weten willen wilt
    wordt zelf zien zoals zoek zoeken zoekt zorgen ze waar hoe wij we je jij jullie u hen onder alle veel via per
    ook nog één drie vier vijf zes a about all and are available can class classes companies company course day days
    for from give have help how internship internships learn lesson lessons looking make offer our people practice
    project school schools student students teach teacher teachers team the their to us visit want we week weeks
    with work would you your
    """.split()  # noqa: SIM905  as a list it would be a line a word
)

WORDS = (
    "ts_delete(to_tsvector('dutch'::regconfig, title || ' ' || text), "
    f"tsvector_to_array(to_tsvector('dutch'::regconfig, '{EVERYDAY}')))"
)
