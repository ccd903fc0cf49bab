"""One row for each application as lists show, sort and search it, kept by triggers and actions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028_listing"
down_revision = "0027_documents"
branch_labels = None
depends_on = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STAGES = ("eligible", "proposed", "approved", "rejected", "deferred", "awarded")
SORTED = (
    ("number", ["call_id", "number"]),
    ("company", ["call_id", "company", "number"]),
    ("stage", ["call_id", "stage", "number"]),
    ("founded_on", ["call_id", "founded_on", "number"]),
    ("requested_krw", ["call_id", "requested_krw", "number"]),
    ("requested_hours_e4", ["call_id", "requested_hours_e4", "number"]),
    ("score_tenths", ["call_id", "score_tenths", "number"]),
    ("mean_tenths", ["call_id", "mean_tenths", "number"]),
    ("median_tenths", ["call_id", "median_tenths", "number"]),
    ("trimmed_tenths", ["call_id", "trimmed_tenths", "number"]),
    ("deviation_tenths", ["call_id", "deviation_tenths", "number"]),
    ("reviews_filed", ["call_id", "reviews_filed", "number"]),
    ("sector", ["call_id", "sector", "stage"]),
    ("counts", ["call_id", "stage", "sector", "deviation_tenths", "gap_tenths", "application_id"]),
)

OFF_DOCKET = ("draft", "submitted", "on_hold", "ineligible", "withdrawn")
# A stage that a call adds later lies between eligible and a proposal, and counts as eligible.
STAGE = (
    "CASE "
    + " ".join(f"WHEN NEW.state = '{state}' THEN {place}" for place, state in enumerate(STAGES))
    + " WHEN NEW.state IN ("
    + ", ".join(f"'{state}'" for state in OFF_DOCKET)
    + ") THEN NULL ELSE 0 END"
)
OPENED = (
    "INSERT INTO listing (application_id, call_id, company_id, number, state, stage, company) "
    f"SELECT NEW.id, NEW.call_id, NEW.company_id, NEW.number, NEW.state, {STAGE}, name "
    "FROM company WHERE id = NEW.company_id"
)
MOVED = f"UPDATE listing SET state = NEW.state, stage = {STAGE} WHERE application_id = NEW.id"
RENAMED = "UPDATE listing SET company = NEW.name WHERE company_id = NEW.id"
# A scoring that repeats the same points touches no row; an older card that is written later does not count.
SCORED = (
    "UPDATE listing SET score_tenths = NEW.total_tenths, gap_tenths = abs(trimmed_tenths - NEW.total_tenths) "
    "WHERE application_id = NEW.application_id "
    "AND (score_tenths IS NULL OR score_tenths <> NEW.total_tenths) "
    "AND NOT EXISTS (SELECT 1 FROM scorecard s WHERE s.application_id = NEW.application_id AND "
    "(s.scored_at > NEW.scored_at OR (s.scored_at = NEW.scored_at AND s.id > NEW.id)))"
)
SHARED_OUT = (
    "UPDATE listing SET reviews_assigned = (SELECT count(*) FROM assignment a WHERE a.application_id = {row}.application_id) "
    "WHERE application_id = {row}.application_id"
)
# Who reviews what, and whether they have: what is sealed for somebody is read from the index of this table alone.
TAKEN_ON = (
    "INSERT INTO reviewing (person_id, application_id, call_id, filed) "
    "SELECT NEW.person_id, NEW.application_id, a.call_id, (SELECT CASE WHEN count(*) = 0 THEN 0 ELSE 1 END FROM review r "
    "WHERE r.application_id = NEW.application_id AND r.person_id = NEW.person_id) "
    "FROM application a WHERE a.id = NEW.application_id"
)
GIVEN_UP = "DELETE FROM reviewing WHERE person_id = OLD.person_id AND application_id = OLD.application_id"
FILED = (
    "UPDATE reviewing SET filed = 1 "
    "WHERE person_id = NEW.person_id AND application_id = NEW.application_id AND filed = 0"
)
TRIGGERS = (
    ("listing_opened", "INSERT", "application", OPENED),
    ("listing_moved", "UPDATE OF state", "application", MOVED),
    ("listing_renamed", "UPDATE OF name", "company", RENAMED),
    ("listing_scored", "INSERT", "scorecard", SCORED),
    ("listing_assigned", "INSERT", "assignment", SHARED_OUT.format(row="NEW")),
    ("listing_released", "DELETE", "assignment", SHARED_OUT.format(row="OLD")),
    ("reviewing_begun", "INSERT", "assignment", TAKEN_ON),
    ("reviewing_ended", "DELETE", "assignment", GIVEN_UP),
    ("reviewing_filed", "INSERT", "review", FILED),
)
# SQLite's full-text index reads the grams from our own table; PostgreSQL has an inverted index over them.
INDEXED = "INSERT INTO listing_fts (rowid, grams) VALUES (NEW.listing_id, NEW.grams)"
UNINDEXED = "INSERT INTO listing_fts (listing_fts, rowid, grams) VALUES ('delete', OLD.listing_id, OLD.grams)"


def upgrade() -> None:
    _tables()
    _fill()
    if op.get_bind().dialect.name == "sqlite":
        for name, event, table, statement in TRIGGERS:
            op.execute(f"CREATE TRIGGER {name} AFTER {event} ON {table} BEGIN {statement}; END")
        op.execute(
            "CREATE VIRTUAL TABLE listing_fts USING fts5(grams, content='listing_text', content_rowid='listing_id', "
            "tokenize='ascii', detail=none, columnsize=0)"
        )
        op.execute(f"CREATE TRIGGER listing_text_added AFTER INSERT ON listing_text BEGIN {INDEXED}; END")
        op.execute(f"CREATE TRIGGER listing_text_gone AFTER DELETE ON listing_text BEGIN {UNINDEXED}; END")
        op.execute(
            f"CREATE TRIGGER listing_text_changed AFTER UPDATE ON listing_text BEGIN {UNINDEXED}; {INDEXED}; END"
        )
        return
    for name, event, table, statement in TRIGGERS:
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {statement}; RETURN NULL; END $$"
        )
        op.execute(f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
    op.execute("CREATE INDEX ix_listing_text_grams ON listing_text USING gin (string_to_array(grams, ' '))")


def _tables() -> None:
    plain = sa.String(200).with_variant(sa.String(200, collation="C"), "postgresql")
    op.create_table(
        "listing",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("number", plain, nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("stage", sa.BigInteger(), nullable=True),
        sa.Column("company", plain, nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("region", sa.String(length=200), server_default="", nullable=False),
        sa.Column("sector", plain, server_default="", nullable=False),
        sa.Column("founded_on", sa.Date(), nullable=True),
        sa.Column("linkages", sa.String(length=40), server_default="", nullable=False),
        sa.Column("requested_krw", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("requested_hours_e4", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("gpu", sa.Text(), server_default="[]", nullable=False),
        sa.Column("score_tenths", sa.BigInteger(), nullable=True),
        sa.Column("reviews_assigned", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("reviews_filed", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("ratings", sa.Text(), server_default="{}", nullable=False),
        sa.Column("mean_tenths", sa.BigInteger(), nullable=True),
        sa.Column("median_tenths", sa.BigInteger(), nullable=True),
        sa.Column("trimmed_tenths", sa.BigInteger(), nullable=True),
        sa.Column("deviation_tenths", sa.BigInteger(), nullable=True),
        sa.Column("gap_tenths", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["application_id"], ["application.id"], name=op.f("fk_listing_application_id")),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_listing_call_id")),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_listing_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listing")),
        sa.UniqueConstraint("application_id", name=op.f("uq_listing_application_id")),
    )
    op.create_index(op.f("ix_listing_company_id"), "listing", ["company_id"])
    for name, columns in SORTED:
        op.create_index(f"ix_listing_{name}", "listing", columns)
    op.create_table(
        "listing_text",
        sa.Column("listing_id", SERIAL, autoincrement=False, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("grams", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["listing_id"], ["listing.id"], name=op.f("fk_listing_text_listing_id")),
        sa.PrimaryKeyConstraint("listing_id", name=op.f("pk_listing_text")),
    )
    op.create_table(
        "reviewing",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("filed", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("filed IN (0,1)", name=op.f("ck_reviewing_filed")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_reviewing_person_id")),
        sa.ForeignKeyConstraint(["application_id"], ["application.id"], name=op.f("fk_reviewing_application_id")),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_reviewing_call_id")),
        sa.PrimaryKeyConstraint("person_id", "application_id", name=op.f("pk_reviewing")),
    )
    op.create_index("ix_reviewing_waiting", "reviewing", ["person_id", "filed", "call_id", "application_id"])


def _fill() -> None:
    """Give every application its row. What takes reading answers and reviews, `fund init` fills in afterwards."""
    op.execute(
        "INSERT INTO listing (application_id, call_id, company_id, number, state, stage, company, score_tenths, "
        "reviews_assigned) "
        f"SELECT a.id, a.call_id, a.company_id, a.number, a.state, {STAGE.replace('NEW.', 'a.')}, c.name, "
        "(SELECT s.total_tenths FROM scorecard s WHERE s.application_id = a.id "
        "ORDER BY s.scored_at DESC, s.id DESC LIMIT 1), "
        "(SELECT count(*) FROM assignment g WHERE g.application_id = a.id) "
        "FROM application a JOIN company c ON c.id = a.company_id ORDER BY a.number"
    )
    op.execute(
        "INSERT INTO reviewing (person_id, application_id, call_id, filed) "
        "SELECT g.person_id, g.application_id, a.call_id, CASE WHEN EXISTS (SELECT 1 FROM review r WHERE "
        "r.application_id = g.application_id AND r.person_id = g.person_id) THEN 1 ELSE 0 END "
        "FROM assignment g JOIN application a ON a.id = g.application_id"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name in ("listing_text_added", "listing_text_gone", "listing_text_changed"):
            op.execute(f"DROP TRIGGER {name}")
        op.execute("DROP TABLE listing_fts")
    for name, _event, table, _statement in TRIGGERS:
        if op.get_bind().dialect.name == "sqlite":
            op.execute(f"DROP TRIGGER {name}")
        else:
            op.execute(f"DROP TRIGGER {name} ON {table}")
            op.execute(f"DROP FUNCTION {name}()")
    op.drop_table("reviewing")
    op.drop_table("listing_text")
    op.drop_table("listing")
