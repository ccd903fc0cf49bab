"""Ballots by a rule, open or secret, amended and reopened."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031_ballot_rules"
down_revision = "0030_discussion"
branch_labels = None
depends_on = None

TABLE = "ballot_voter"
# The rule by which every ballot was counted until now.
RULE = (
    '{"abstentions":"present","basis":"present","form":"open","majority":"majority","presence":"voted",'
    '"quorum":"majority","quorum_of":"entitled","tie":"rejected","veto":[],"written":"allowed"}'
)


def upgrade() -> None:
    op.add_column("ballot", sa.Column("form", sa.String(length=8), nullable=False, server_default="unlisted"))
    op.add_column("ballot", sa.Column("rule", sa.Text(), nullable=False, server_default=RULE))
    op.add_column("ballot", sa.Column("salt", sa.String(length=64), nullable=True))
    op.add_column("ballot", sa.Column("sealed_votes", sa.Text(), nullable=False, server_default="[]"))
    op.add_column("ballot", sa.Column("amends_id", sa.Uuid(), nullable=True))
    op.add_column("ballot", sa.Column("subsidiary", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("ballot", sa.Column("reopens_id", sa.Uuid(), nullable=True))
    op.add_column("ballot", sa.Column("remark", sa.Text(), nullable=True))
    op.add_column("vote", sa.Column("reason", sa.Text(), nullable=True))
    with op.batch_alter_table("ballot") as table:
        for column, kind in (
            ("form", sa.String(length=8)),
            ("rule", sa.Text()),
            ("sealed_votes", sa.Text()),
            ("subsidiary", sa.Boolean()),
        ):
            table.alter_column(column, existing_type=kind, server_default=None)
        table.alter_column("state", existing_type=sa.String(length=8), type_=sa.String(length=10))
        table.drop_constraint(op.f("ck_ballot_state"), type_="check")
        table.drop_constraint(op.f("ck_ballot_closed_at"), type_="check")
        table.create_check_constraint(op.f("ck_ballot_state"), "state IN ('open','waiting','closed','superseded')")
        table.create_check_constraint(
            op.f("ck_ballot_closed_at"), "(state IN ('closed','superseded')) = (closed_at IS NOT NULL)"
        )
        table.create_check_constraint(op.f("ck_ballot_form"), "form IN ('open','secret','unlisted')")
        table.create_check_constraint(
            op.f("ck_ballot_salt"), "(form = 'secret' AND state IN ('open','waiting')) = (salt IS NOT NULL)"
        )
        table.create_check_constraint(op.f("ck_ballot_sealed"), "salt IS NOT NULL OR sealed_votes = '[]'")
        table.create_check_constraint(op.f("ck_ballot_descent"), "amends_id IS NULL OR reopens_id IS NULL")
        table.create_check_constraint(op.f("ck_ballot_subsidiary"), "NOT subsidiary OR amends_id IS NOT NULL")
        table.create_foreign_key(op.f("fk_ballot_amends_id"), "ballot", ["amends_id"], ["id"])
        table.create_foreign_key(op.f("fk_ballot_reopens_id"), "ballot", ["reopens_id"], ["id"])
        table.create_unique_constraint(op.f("uq_ballot_reopens_id"), ["reopens_id"])
    op.create_index(op.f("ix_ballot_amends_id"), "ballot", ["amends_id"], unique=False)
    _create_tables()


def _create_tables() -> None:
    op.create_table(
        TABLE,
        sa.Column("ballot_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["ballot_id"], ["ballot.id"], name=op.f("fk_ballot_voter_ballot_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_ballot_voter_person_id")),
        sa.PrimaryKeyConstraint("ballot_id", "person_id", name=op.f("pk_ballot_voter")),
        info={"append_only": True},
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER append_only_{TABLE}_{verb.lower()} BEFORE {verb} ON {TABLE} "
                f"BEGIN SELECT RAISE(ABORT, 'append-only: {TABLE}'); END"
            )
    else:
        op.execute(
            f"CREATE TRIGGER append_only_{TABLE} BEFORE UPDATE OR DELETE OR TRUNCATE ON {TABLE} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.create_table(
        "reopening",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ballot_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("asked_by_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by", sa.String(length=120), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_by_id", sa.Uuid(), nullable=True),
        sa.Column("answered_by", sa.String(length=120), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('asked','confirmed','declined')", name=op.f("ck_reopening_state")),
        sa.CheckConstraint("(state = 'asked') = (answered_at IS NULL)", name=op.f("ck_reopening_answered")),
        sa.CheckConstraint("answered_by_id <> asked_by_id", name=op.f("ck_reopening_two_people")),
        sa.CheckConstraint("length(reason) > 0", name=op.f("ck_reopening_reason")),
        sa.ForeignKeyConstraint(["ballot_id"], ["ballot.id"], name=op.f("fk_reopening_ballot_id")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["person.id"], name=op.f("fk_reopening_asked_by_id")),
        sa.ForeignKeyConstraint(["answered_by_id"], ["person.id"], name=op.f("fk_reopening_answered_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reopening")),
    )
    op.create_index(op.f("ix_reopening_ballot_id"), "reopening", ["ballot_id"], unique=False)
    op.create_index(
        "uq_reopening_asked",
        "reopening",
        ["ballot_id"],
        unique=True,
        sqlite_where=sa.text("state = 'asked'"),
        postgresql_where=sa.text("state = 'asked'"),
    )


def downgrade() -> None:
    op.drop_table("reopening")
    op.drop_table(TABLE)
    # A ballot that waits or was superseded has no place in the older order of things: it counts as closed.
    op.execute(
        "UPDATE ballot SET salt = NULL, sealed_votes = '[]', form = 'unlisted', "
        "closed_at = COALESCE(closed_at, opened_at), state = 'closed' WHERE state IN ('waiting','superseded')"
    )
    op.execute("UPDATE ballot SET salt = NULL, sealed_votes = '[]', form = 'unlisted' WHERE form = 'secret'")
    op.drop_index(op.f("ix_ballot_amends_id"), table_name="ballot")
    with op.batch_alter_table("ballot") as table:
        table.drop_constraint(op.f("uq_ballot_reopens_id"), type_="unique")
        table.drop_constraint(op.f("fk_ballot_reopens_id"), type_="foreignkey")
        table.drop_constraint(op.f("fk_ballot_amends_id"), type_="foreignkey")
        for name in ("subsidiary", "descent", "sealed", "salt", "form", "closed_at", "state"):
            table.drop_constraint(op.f(f"ck_ballot_{name}"), type_="check")
        table.create_check_constraint(op.f("ck_ballot_state"), "state IN ('open','closed')")
        table.create_check_constraint(op.f("ck_ballot_closed_at"), "(state = 'closed') = (closed_at IS NOT NULL)")
        table.alter_column("state", existing_type=sa.String(length=10), type_=sa.String(length=8))
        for column in ("remark", "reopens_id", "subsidiary", "amends_id", "sealed_votes", "salt", "rule", "form"):
            table.drop_column(column)
    op.drop_column("vote", "reason")
