from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from running import RIVALS
from sqlalchemy import bindparam, select, text, update
from sqlalchemy.orm import Session

from fundapp.core.clockwork import Lease, take_lease
from fundapp.core.errors import IdempotencyConflictError, InvalidInputError
from fundapp.core.idempotency import once
from fundapp.core.outbox import OutboxMessage, enqueue_mail
from fundapp.core.sessions import Database, RetryTransactionError

AT = datetime(2026, 7, 1, tzinfo=UTC)


def test_an_error_inside_rolls_everything_back(db: Database) -> None:
    def work(session: Session) -> None:
        session.add(Lease(name="x", owner="me", until=AT))
        session.flush()
        raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        db.transaction(work)
    with db.read() as session:
        assert session.get(Lease, "x") is None


def test_a_read_session_keeps_nothing(db: Database) -> None:
    with db.read() as session:
        session.add(Lease(name="x", owner="me", until=AT))
        session.flush()
    with db.read() as session:
        assert session.get(Lease, "x") is None


def test_a_question_alone_leaves_the_next_transaction_as_it_was(db: Database) -> None:
    db.transaction(lambda s: s.add(Lease(name="x", owner="me", until=AT)))
    assert [tuple(row) for row in db.ask(select(Lease.name, Lease.owner))] == [("x", "me")]

    def fail(session: Session) -> None:
        session.execute(update(Lease).values(owner="you"))
        raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        db.transaction(fail)
    assert db.ask(select(Lease.owner).where(Lease.name == bindparam("name")), {"name": "x"})[0].owner == "me"
    if not db.is_sqlite:
        assert db.transaction(lambda s: s.scalar(text("SHOW transaction_isolation"))) == "serializable"


def test_a_transaction_that_asks_for_it_starts_again(db: Database) -> None:
    tries: list[int] = []

    def work(_session: Session) -> str:
        tries.append(1)
        if len(tries) < 3:
            raise RetryTransactionError
        return "done"

    assert (db.transaction(work), len(tries)) == ("done", 3)


def test_whoever_has_failed_three_times_holds_back_all_others_and_nobody_before(postgres_db: Database) -> None:
    held: list[list[str]] = []

    def work(session: Session) -> None:
        asked = "SELECT relation::regclass::text FROM pg_locks WHERE mode = 'ExclusiveLock' AND relation IS NOT NULL"
        held.append(list(session.scalars(text(asked))))
        if len(held) < 5:
            raise RetryTransactionError

    postgres_db.transaction(work)
    assert held == [[], [], [], ["audit_head"], ["audit_head"]]


def test_sqlite_runs_durable_with_foreign_keys(sqlite_template: object, tmp_path: object) -> None:
    database = Database(f"sqlite:///{tmp_path}/x.db")
    with database.engine.connect() as connection:
        pragma = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    database.dispose()
    assert pragma == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_instants_come_back_aware_and_in_utc(db: Database) -> None:
    kst = datetime.fromisoformat("2026-07-01T09:00:00+09:00")
    db.transaction(lambda s: s.add(Lease(name="x", owner="me", until=kst)))
    with db.read() as session:
        stored = session.get(Lease, "x")
    assert stored is not None
    assert (stored.until, stored.until.tzinfo) == (AT, UTC)


def test_a_key_acts_once_and_returns_the_first_result(db: Database) -> None:
    calls: list[int] = []

    def work(session: Session) -> dict[str, object]:
        return once(
            session,
            key="k",
            verb="v",
            request={"a": 1},
            at=AT,
            work=lambda: calls.append(1) or {"n": len(calls)},
        )

    assert [db.transaction(work), db.transaction(work)] == [{"n": 1}, {"n": 1}]


def test_a_key_with_other_input_is_refused(db: Database) -> None:
    db.transaction(lambda s: once(s, key="k", verb="v", request=1, at=AT, work=dict))
    with pytest.raises(IdempotencyConflictError):
        db.transaction(lambda s: once(s, key="k", verb="v", request=2, at=AT, work=dict))


def test_a_lease_has_one_owner_until_it_runs_out(db: Database) -> None:
    take = lambda owner, at: db.transaction(  # noqa: E731
        lambda s: take_lease(s, name="clock", owner=owner, at=at, length=timedelta(seconds=30))
    )
    assert take("a", AT) == 1
    assert take("b", AT + timedelta(seconds=29)) is None
    assert take("a", AT + timedelta(seconds=29)) == 2
    assert take("b", AT + timedelta(seconds=60)) == 3


def test_mail_goes_into_the_outbox_once_for_one_cause(db: Database) -> None:
    for _ in range(2):
        db.transaction(lambda s: enqueue_mail(s, dedupe_key="d", recipient="a@b.example", subject="s", body="b", at=AT))
    with db.read() as session:
        assert session.query(OutboxMessage).count() == 1


def test_a_line_break_in_a_subject_is_refused(db: Database) -> None:
    with pytest.raises(InvalidInputError):
        db.transaction(
            lambda s: enqueue_mail(s, dedupe_key="d", recipient="a@b.example", subject="s\r\nBcc: x", body="b", at=AT)
        )


def _add_hundred(url: str) -> None:
    database = Database(url)
    for _ in range(25):

        def work(session: Session) -> None:
            value = session.execute(text("SELECT attempts FROM outbox_message WHERE dedupe_key = 'd'")).scalar_one()
            session.execute(text("UPDATE outbox_message SET attempts = :n WHERE dedupe_key = 'd'"), {"n": value + 1})

        database.transaction(work)
    database.dispose()


@pytest.mark.race
def test_read_then_write_loses_nothing_between_processes(db: Database, database_url: str) -> None:
    db.transaction(lambda s: enqueue_mail(s, dedupe_key="d", recipient="a@b.example", subject="s", body="b", at=AT))
    processes = [RIVALS.Process(target=_add_hundred, args=(database_url,)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(timeout=120)
        assert process.exitcode == 0
    with db.read() as session:
        assert session.query(OutboxMessage).one().attempts == 100
