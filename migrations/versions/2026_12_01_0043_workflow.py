"""The way of an application as data: stages, steps, versions by call; states and moves refer to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0043_workflow"
down_revision = "0042_letters"
branch_labels = None
depends_on = None

BUILT_IN = "00000000-0000-0000-0000-000000000001"
STAGES = (
    "draft",
    "submitted",
    "on_hold",
    "eligible",
    "ineligible",
    "proposed",
    "approved",
    "rejected",
    "deferred",
    "awarded",
    "withdrawn",
)
STEPS = (
    ("submit", "draft", "submitted"),
    ("resubmit", "submitted", "submitted"),
    ("resubmit", "on_hold", "submitted"),
    ("pass_screening", "submitted", "eligible"),
    ("hold", "submitted", "on_hold"),
    ("release", "on_hold", "eligible"),
    ("declare_ineligible", "on_hold", "ineligible"),
    ("propose", "eligible", "proposed"),
    ("propose", "deferred", "proposed"),
    ("approve", "proposed", "approved"),
    ("reject", "proposed", "rejected"),
    ("defer", "proposed", "deferred"),
    ("withdraw_proposal", "proposed", "eligible"),
    ("reopen", "approved", "proposed"),
    ("reopen", "rejected", "proposed"),
    ("reopen", "deferred", "proposed"),
    ("award", "approved", "awarded"),
    ("lapse", "approved", "withdrawn"),
    ("withdraw", "draft", "withdrawn"),
    ("withdraw", "submitted", "withdrawn"),
    ("withdraw", "on_hold", "withdrawn"),
    ("withdraw", "eligible", "withdrawn"),
)
CHECK = "state IN (" + ", ".join(f"'{stage}'" for stage in STAGES) + ")"
STATE_KEY = "fk_application_workflow_id_state"
STEP_KEY = "fk_application_transition_step"
STATE_FK = f"CONSTRAINT {STATE_KEY} FOREIGN KEY(workflow_id, state) REFERENCES workflow_stage (workflow_id, key)"
STEP_FK = (
    f"CONSTRAINT {STEP_KEY} FOREIGN KEY(workflow_id, verb, from_state, to_state) "
    "REFERENCES workflow_transition (workflow_id, verb, source, target)"
)
STATE_CHECK = f"CONSTRAINT ck_application_state CHECK ({CHECK})"
OWNER_FK = "CONSTRAINT fk_application_transition_application_id FOREIGN KEY(application_id) REFERENCES application (id)"


def is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def upgrade() -> None:
    _tables()
    _fill()
    column = "CHAR(32)" if is_sqlite() else "UUID"
    for table in ("application", "application_transition"):
        op.execute(f"ALTER TABLE {table} ADD COLUMN workflow_id {column} DEFAULT '{_stored()}' NOT NULL")
    if is_sqlite():
        _rewrite("application", STATE_CHECK, STATE_FK)
        _rewrite("application_transition", OWNER_FK, f"{OWNER_FK}, {STEP_FK}")
    else:
        op.drop_constraint(op.f("ck_application_state"), "application", type_="check")
        op.create_foreign_key(
            op.f(STATE_KEY), "application", "workflow_stage", ["workflow_id", "state"], ["workflow_id", "key"]
        )
        op.create_foreign_key(
            op.f(STEP_KEY),
            "application_transition",
            "workflow_transition",
            ["workflow_id", "verb", "from_state", "to_state"],
            ["workflow_id", "verb", "source", "target"],
        )
    _guard()
    for table in ("workflow_stage", "workflow_transition"):
        _keep_history(table)


def _tables() -> None:
    op.create_table(
        "workflow",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("proposed_by_id", sa.Uuid(), nullable=True),
        sa.Column("proposed_by", sa.String(length=120), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by_id", sa.Uuid(), nullable=True),
        sa.Column("approved_by", sa.String(length=120), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('proposed','in_force','past','discarded')", name=op.f("ck_workflow_state")),
        sa.CheckConstraint(
            "approved_by_id IS NULL OR approved_by_id <> proposed_by_id", name=op.f("ck_workflow_two_people")
        ),
        sa.CheckConstraint("(approved_at IS NULL) OR state IN ('in_force','past')", name=op.f("ck_workflow_approved")),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_workflow_call_id")),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["person.id"], name=op.f("fk_workflow_proposed_by_id")),
        sa.ForeignKeyConstraint(["approved_by_id"], ["person.id"], name=op.f("fk_workflow_approved_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow")),
        sa.UniqueConstraint("call_id", "version", name=op.f("uq_workflow_call_id_version")),
    )
    for state in ("in_force", "proposed"):
        op.create_index(
            f"uq_workflow_{state}",
            "workflow",
            ["call_id"],
            unique=True,
            sqlite_where=sa.text(f"state = '{state}'"),
            postgresql_where=sa.text(f"state = '{state}'"),
        )
    op.create_table(
        "workflow_stage",
        sa.Column("workflow_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=20), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["workflow_id"], ["workflow.id"], name=op.f("fk_workflow_stage_workflow_id")),
        sa.PrimaryKeyConstraint("workflow_id", "key", name=op.f("pk_workflow_stage")),
        info={"append_only": True},
    )
    op.create_table(
        "workflow_transition",
        sa.Column("workflow_id", sa.Uuid(), nullable=False),
        sa.Column("verb", sa.String(length=30), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("target", sa.String(length=20), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                ["workflow_id", end],
                ["workflow_stage.workflow_id", "workflow_stage.key"],
                name=op.f(f"fk_workflow_transition_workflow_id_{end}"),
            )
            for end in ("source", "target")
        ),
        sa.PrimaryKeyConstraint("workflow_id", "verb", "source", "target", name=op.f("pk_workflow_transition")),
        info={"append_only": True},
    )


def _fill() -> None:
    ways = sa.table(
        "workflow",
        sa.column("id", sa.Uuid(as_uuid=False)),
        sa.column("version", sa.BigInteger()),
        sa.column("state", sa.String()),
        sa.column("section", sa.Text()),
        sa.column("note", sa.Text()),
        sa.column("proposed_by", sa.String()),
        sa.column("proposed_at", sa.DateTime(timezone=True)),
    )
    op.execute(
        ways.insert().values(
            id=BUILT_IN,
            version=0,
            state="in_force",
            section="{}",
            note="",
            proposed_by="system",
            proposed_at=sa.text("CURRENT_TIMESTAMP"),
        )
    )
    stages = sa.table(
        "workflow_stage",
        sa.column("workflow_id", sa.Uuid(as_uuid=False)),
        sa.column("key", sa.String()),
        sa.column("place", sa.BigInteger()),
    )
    op.bulk_insert(
        stages, [{"workflow_id": BUILT_IN, "key": key, "place": place} for place, key in enumerate(STAGES, start=1)]
    )
    steps = sa.table(
        "workflow_transition",
        sa.column("workflow_id", sa.Uuid(as_uuid=False)),
        *(sa.column(name, sa.String()) for name in ("verb", "source", "target")),
    )
    op.bulk_insert(
        steps,
        [{"workflow_id": BUILT_IN, "verb": verb, "source": source, "target": target} for verb, source, target in STEPS],
    )


def _stored() -> str:
    return BUILT_IN.replace("-", "") if is_sqlite() else BUILT_IN


def _rewrite(table: str, old: str, new: str) -> None:
    """Change constraints in a table's own text, as SQLite's manual says for those that touch no row.

    A table that others refer to cannot be built again inside a transaction with foreign keys on: dropping the old
    one counts as breaking every reference, and nothing takes that back. See "Making Other Kinds Of Table Schema
    Changes" in https://sqlite.org/lang_altertable.html.
    """
    connection = op.get_bind()
    text = connection.scalar(
        sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name"), {"name": table}
    )
    if str(text).count(old) != 1:
        raise RuntimeError(f"{table} is not what earlier migrations made of it")
    version = int(connection.scalar(sa.text("PRAGMA schema_version")) or 0)
    op.execute("PRAGMA writable_schema = ON")
    connection.execute(
        sa.text("UPDATE sqlite_master SET sql = :sql WHERE type = 'table' AND name = :name"),
        {"sql": str(text).replace(old, new), "name": table},
    )
    op.execute(f"PRAGMA schema_version = {version + 1}")
    op.execute("PRAGMA writable_schema = OFF")


def _guard() -> None:
    """Let the state of an application change along a step of its way only."""
    step = (
        "SELECT 1 FROM workflow_transition WHERE workflow_id = NEW.workflow_id "
        "AND source = OLD.state AND target = NEW.state"
    )
    if is_sqlite():
        op.execute(
            "CREATE TRIGGER application_step BEFORE UPDATE OF state ON application "
            f"WHEN NEW.state <> OLD.state AND NOT EXISTS ({step}) "
            "BEGIN SELECT RAISE(ABORT, 'no such step of an application'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION refuse_unknown_step() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF NEW.state <> OLD.state AND NOT EXISTS ({step}) THEN "
        "RAISE EXCEPTION 'no such step of an application' USING ERRCODE = 'integrity_constraint_violation'; "
        "END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER application_step BEFORE UPDATE OF state ON application "
        "FOR EACH ROW EXECUTE FUNCTION refuse_unknown_step()"
    )


def _keep_history(table: str) -> None:
    if is_sqlite():
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER append_only_{table}_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'append-only: {table}'); END"
            )
        return
    op.execute(
        f"CREATE TRIGGER append_only_{table} BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    """Go back to one way for all; refused while an application follows another one."""
    strays = op.get_bind().scalar(
        sa.text("SELECT count(*) FROM workflow WHERE call_id IS NOT NULL AND state IN ('in_force','past')")
    )
    if strays:
        raise RuntimeError("calls have ways of their own; one way for all cannot hold their history")
    op.execute("DROP TRIGGER application_step" + ("" if is_sqlite() else " ON application"))
    if is_sqlite():
        _rewrite("application", STATE_FK, STATE_CHECK)
        _rewrite("application_transition", f"{OWNER_FK}, {STEP_FK}", OWNER_FK)
    else:
        op.execute("DROP FUNCTION refuse_unknown_step()")
        op.drop_constraint(op.f(STATE_KEY), "application", type_="foreignkey")
        op.drop_constraint(op.f(STEP_KEY), "application_transition", type_="foreignkey")
        op.create_check_constraint(op.f("ck_application_state"), "application", CHECK)
    for table in ("application", "application_transition"):
        op.execute(f"ALTER TABLE {table} DROP COLUMN workflow_id")
    for table in ("workflow_transition", "workflow_stage", "workflow"):
        op.drop_table(table)
