from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.audit.queries import verify_chain
from fundapp.core.access import SYSTEM
from fundapp.core.sessions import Database

COUNT = 12


@pytest.fixture
def chained(db: Database, at: datetime) -> Database:
    def work(session: Session) -> None:
        for n in range(COUNT):
            record_event(
                session,
                actor=SYSTEM,
                verb="thing.done",
                subject_kind="thing",
                subject=str(n),
                at=at,
                details={"n": n},
            )

    db.transaction(work)
    return db


def tamper(database: Database, *statements: str) -> None:
    """Act as somebody who owns the database: switch the triggers off first."""

    def work(session: Session) -> None:
        if database.is_sqlite:
            session.execute(text("DROP TRIGGER append_only_audit_event_update"))
            session.execute(text("DROP TRIGGER append_only_audit_event_delete"))
        else:
            session.execute(text("ALTER TABLE audit_event DISABLE TRIGGER USER"))
        for statement in statements:
            session.connection().exec_driver_sql(statement)

    database.transaction(work)


def first_bad(database: Database, checkpoint: tuple[int, str] | None = None) -> int | None:
    with database.read() as session:
        return verify_chain(session, checkpoint=checkpoint).first_bad


def test_an_untouched_chain_is_whole(chained: Database) -> None:
    with chained.read() as session:
        verdict = verify_chain(session)
    assert (verdict.ok, verdict.events, verdict.first_bad) == (True, COUNT, None)


def test_events_refuse_update_and_delete(chained: Database) -> None:
    for statement in ("UPDATE audit_event SET actor = 'x'", "DELETE FROM audit_event"):
        with pytest.raises(DBAPIError, match="append-only"):
            chained.transaction(lambda s, q=statement: s.execute(text(q)))  # type: ignore[misc]


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        (("UPDATE audit_event SET actor = 'x' WHERE seq = 5",), 5),
        (("UPDATE audit_event SET details = '{\"n\":99}' WHERE seq = 7",), 7),
        (("DELETE FROM audit_event WHERE seq = 4",), 4),
        (
            (
                "UPDATE audit_event SET seq = 100 WHERE seq = 2",
                "UPDATE audit_event SET seq = 2 WHERE seq = 3",
                "UPDATE audit_event SET seq = 3 WHERE seq = 100",
            ),
            2,
        ),
        (("DELETE FROM audit_event WHERE seq > 10",), 11),
    ],
)
def test_tampering_shows_where_it_begins(chained: Database, statements: tuple[str, ...], expected: int) -> None:
    tamper(chained, *statements)
    assert first_bad(chained) == expected


def test_a_checkpoint_kept_outside_shows_a_truncation_that_also_moved_the_head(chained: Database) -> None:
    with chained.read() as session:
        whole = verify_chain(session)
        tenth = session.execute(text("SELECT hash FROM audit_event WHERE seq = 10")).scalar_one()
    tamper(
        chained,
        "DELETE FROM audit_event WHERE seq > 10",
        f"UPDATE audit_head SET seq = 10, hash = '{tenth}'",
    )
    assert first_bad(chained) is None
    assert first_bad(chained, (whole.events, whole.head)) == 11
