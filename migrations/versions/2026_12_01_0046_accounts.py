"""Addresses that are proved, links by mail, second factors, and who is let into a company."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0046_accounts"
down_revision = "0045_capacity_announcements"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("person", sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True))
    # Whoever was let in before has been writing and receiving mail under that address.
    op.execute("UPDATE person SET confirmed_at = created_at")
    _links()
    _factors()
    _invitations()
    _last_owner()


def _links() -> None:
    op.create_table(
        "account_link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("purpose IN ('confirm','recover','move')", name=op.f("ck_account_link_purpose")),
        sa.CheckConstraint("expires_at > created_at", name=op.f("ck_account_link_expires")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_account_link_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_link")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_account_link_token_sha256")),
    )
    op.create_index("ix_account_link_person_id_created_at", "account_link", ["person_id", "created_at"])
    op.create_index(
        "uq_account_link_open",
        "account_link",
        ["person_id", "purpose"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def _factors() -> None:
    op.create_table(
        "second_factor",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_counter", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_second_factor_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_second_factor")),
    )
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("code_sha256", sa.String(length=64), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_recovery_code_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
        sa.UniqueConstraint("person_id", "code_sha256", name=op.f("uq_recovery_code_person_id_code_sha256")),
    )


def _invitations() -> None:
    op.create_table(
        "invitation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("invited_by_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_by_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("role IN ('owner','member')", name=op.f("ck_invitation_role")),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_invitation_email_lower")),
        sa.CheckConstraint("expires_at > created_at", name=op.f("ck_invitation_expires")),
        sa.CheckConstraint("accepted_by_id IS NULL OR ended_at IS NOT NULL", name=op.f("ck_invitation_accepted")),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_invitation_company_id")),
        sa.ForeignKeyConstraint(["invited_by_id"], ["person.id"], name=op.f("fk_invitation_invited_by_id")),
        sa.ForeignKeyConstraint(["accepted_by_id"], ["person.id"], name=op.f("fk_invitation_accepted_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_invitation_token_sha256")),
    )
    op.create_index(
        "uq_invitation_open",
        "invitation",
        ["company_id", "email"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def _last_owner() -> None:
    another = (
        "SELECT 1 FROM membership m WHERE m.company_id = OLD.company_id AND m.person_id <> OLD.person_id "
        "AND m.role = 'owner'"
    )
    if op.get_bind().dialect.name == "sqlite":
        for verb, also in (("DELETE", ""), ("UPDATE", " AND NEW.role <> 'owner'")):
            op.execute(
                f"CREATE TRIGGER membership_last_owner_{verb.lower()} BEFORE {verb} ON membership "
                f"WHEN OLD.role = 'owner'{also} AND NOT EXISTS ({another}) "
                "BEGIN SELECT RAISE(ABORT, 'a company keeps its last owner'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION refuse_last_owner() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN IF OLD.role = 'owner' AND (TG_OP = 'DELETE' OR NEW.role <> 'owner') "
        f"AND NOT EXISTS ({another}) THEN "
        "RAISE EXCEPTION 'a company keeps its last owner' USING ERRCODE = 'integrity_constraint_violation'; END IF; "
        "IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER membership_last_owner BEFORE DELETE OR UPDATE ON membership "
        "FOR EACH ROW EXECUTE FUNCTION refuse_last_owner()"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER membership_last_owner_delete")
        op.execute("DROP TRIGGER membership_last_owner_update")
    else:
        op.execute("DROP TRIGGER membership_last_owner ON membership")
        op.execute("DROP FUNCTION refuse_last_owner()")
    for table in ("invitation", "recovery_code", "second_factor", "account_link"):
        op.drop_table(table)
    with op.batch_alter_table("person") as batch:
        batch.drop_column("confirmed_at")
