"""Documents: a company's wallet, what is attached to an application, what went in with a submission."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027_documents"
down_revision = "0026_text_searches"
branch_labels = None
depends_on = None

FROZEN = "submission_document"


def upgrade() -> None:
    op.create_table(
        "document",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("format", sa.String(length=8), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("pages", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("cleaned_sha256", sa.String(length=64), nullable=True),
        sa.Column("text_read", sa.Boolean(), nullable=False),
        sa.Column("scanned_by", sa.String(length=20), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("uploaded_by", sa.String(length=120), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "format IN ('pdf', 'png', 'jpeg', 'hwp', 'hwpx', 'docx', 'xlsx')", name=op.f("ck_document_format")
        ),
        sa.CheckConstraint("bytes > 0", name=op.f("ck_document_bytes")),
        sa.CheckConstraint("pages IS NULL OR pages > 0", name=op.f("ck_document_pages")),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_document_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
    )
    op.create_index(op.f("ix_document_sha256"), "document", ["sha256"])
    op.create_index(
        "uq_document_in_wallet",
        "document",
        ["company_id", "kind", "sha256"],
        unique=True,
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_table(
        "application_document",
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("requirement", sa.String(length=40), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("attached_by", sa.String(length=120), nullable=False),
        sa.Column("attached_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.id"], name=op.f("fk_application_document_application_id")
        ),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_application_document_document_id")),
        sa.PrimaryKeyConstraint("application_id", "requirement", "document_id", name=op.f("pk_application_document")),
    )
    op.create_index(op.f("ix_application_document_document_id"), "application_document", ["document_id"])
    _freeze()


def _freeze() -> None:
    op.create_table(
        FROZEN,
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("requirement", sa.String(length=40), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_submission_document_document_id")),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name=op.f("fk_submission_document_submission_id")
        ),
        sa.PrimaryKeyConstraint("submission_id", "requirement", "document_id", name=op.f("pk_submission_document")),
        info={"append_only": True},
    )
    op.create_index(op.f("ix_submission_document_document_id"), FROZEN, ["document_id"])
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER append_only_{FROZEN}_{verb.lower()} BEFORE {verb} ON {FROZEN} "
                f"BEGIN SELECT RAISE(ABORT, 'append-only: {FROZEN}'); END"
            )
        return
    op.execute(
        f"CREATE TRIGGER append_only_{FROZEN} BEFORE UPDATE OR DELETE OR TRUNCATE ON {FROZEN} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    for table in (FROZEN, "application_document", "document"):
        op.drop_table(table)
