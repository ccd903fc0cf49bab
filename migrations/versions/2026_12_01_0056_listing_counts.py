"""The index that the docket counts in knows the state too, so that a filter by stage counts without reading rows."""

from __future__ import annotations

from alembic import op

revision = "0056_listing_counts"
down_revision = "0055_report_terms"
branch_labels = None
depends_on = None

INDEX = "ix_listing_counts"


def upgrade() -> None:
    op.drop_index(INDEX, table_name="listing")
    columns = ["call_id", "stage", "sector", "state", "deviation_tenths", "gap_tenths", "application_id"]
    op.create_index(INDEX, "listing", columns)


def downgrade() -> None:
    op.drop_index(INDEX, table_name="listing")
    columns = ["call_id", "stage", "sector", "deviation_tenths", "gap_tenths", "application_id"]
    op.create_index(INDEX, "listing", columns)
