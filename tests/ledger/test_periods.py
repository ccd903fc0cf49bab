from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from fundapp.core.access import SYSTEM
from fundapp.core.errors import LedgerRefusedError
from fundapp.core.quantities import won
from fundapp.core.sessions import Database
from fundapp.ledger import actions, queries
from fundapp.ledger.rules import Leg, Span, spans

AT = datetime(2026, 10, 2, 9, 30, tzinfo=UTC)
JUNE, JULY, SEPTEMBER, OCTOBER = date(2026, 6, 30), date(2026, 7, 1), date(2026, 9, 30), date(2026, 10, 1)


def pay(session: Session, key: str, source: str, target: str, amount: int, day: date) -> None:
    legs = [Leg(source, target, won(amount))]
    actions.post(
        session, key=key, kind="test", legs=legs, effective_on=day, actor=SYSTEM, at=AT, source_ref=f"of:{key}"
    )


def close(session: Session, through: date) -> None:
    actions.close_books(session, through=through, actor=SYSTEM, at=AT)


@pytest.fixture
def ledger(db: Database) -> Database:
    def found(session: Session) -> None:
        actions.open_account(session, "investor:kt", "KRW", on=JUNE, floor=None)
        for path in ("pool:kt", "award:one"):
            actions.open_account(session, path, "KRW", on=JUNE)
        pay(session, "promise", "investor:kt", "pool:kt", 1000, JUNE)
        pay(session, "award", "pool:kt", "award:one", 300, JULY)
        close(session, SEPTEMBER)

    db.transaction(found)
    return db


def test_days_are_cut_into_quarters_and_a_part_bears_its_last_day() -> None:
    assert spans(None, date(2026, 8, 15), earliest=date(2026, 4, 1)) == [
        Span("2026Q2", date(2026, 4, 1), JUNE),
        Span("2026-08-15", JULY, date(2026, 8, 15)),
    ]
    assert spans(date(2026, 8, 15), SEPTEMBER, earliest=JULY) == [Span("2026Q3", date(2026, 8, 16), SEPTEMBER)]
    assert spans(SEPTEMBER, SEPTEMBER, earliest=JULY) == []


def test_closing_writes_a_period_for_each_quarter_chained_to_the_one_before(ledger: Database) -> None:
    with ledger.read() as session:
        second, third = queries.list_periods(session)
    assert [(p.name, p.starts_on, p.ends_on, p.transfers) for p in (second, third)] == [
        ("2026Q2", date(2026, 4, 1), JUNE, 1),
        ("2026Q3", JULY, SEPTEMBER, 1),
    ]
    assert (second.previous_sha256, third.previous_sha256) == (None, second.sha256)


def test_the_hash_is_what_the_documentation_says(ledger: Database) -> None:
    recorded = "2026-10-02T09:30:00.000000+00:00"

    def sha256(*lines: list[object]) -> str:
        said = "".join(json.dumps(line, separators=(",", ":"), ensure_ascii=False) + "\n" for line in lines)
        return hashlib.sha256(said.encode()).hexdigest()

    second = sha256(
        ["2026Q2", "2026-04-01", "2026-06-30", None],
        ["promise", "test", "2026-06-30", recorded, SYSTEM.name, "of:promise", "investor:kt", "pool:kt", "KRW", 1000],
        ["investor:kt", "KRW", 1000, 0],
        ["pool:kt", "KRW", 0, 1000],
    )
    third = sha256(
        ["2026Q3", "2026-07-01", "2026-09-30", second],
        ["award", "test", "2026-07-01", recorded, SYSTEM.name, "of:award", "pool:kt", "award:one", "KRW", 300],
        ["award:one", "KRW", 0, 300],
        ["investor:kt", "KRW", 1000, 0],
        ["pool:kt", "KRW", 300, 1000],
    )
    with ledger.read() as session:
        assert [period.sha256 for period in queries.list_periods(session)] == [second, third]


def test_closing_again_or_earlier_changes_nothing(ledger: Database) -> None:
    ledger.transaction(lambda s: close(s, SEPTEMBER))
    ledger.transaction(lambda s: close(s, JUNE))
    with ledger.read() as session:
        assert (len(queries.list_periods(session)), queries.find_closed_through(session)) == (2, SEPTEMBER)


@pytest.mark.parametrize(
    ("day", "pool"), [(date(2026, 6, 29), 0), (JUNE, 1000), (JULY, 700), (SEPTEMBER, 700), (OCTOBER, 650)]
)
def test_a_balance_on_a_day_is_the_newest_snapshot_and_the_transfers_after_it(
    ledger: Database, day: date, pool: int
) -> None:
    ledger.transaction(lambda s: pay(s, "late", "pool:kt", "award:one", 50, OCTOBER))
    with ledger.read() as session:
        found = queries.find_balance(session, "pool:kt", "KRW", as_of=day)
        listed = queries.balances(session, prefix="pool:", as_of=day)
    assert found is not None
    assert ([row.posted for row in listed], found.posted) == ([pool], pool)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("UPDATE ledger_snapshot SET credits_posted = 1 WHERE credits_posted = 300", "snapshot is not what"),
        ("UPDATE ledger_txn SET actor = 'somebody else' WHERE key = 'award'", "2026Q3: its hash is"),
        ("UPDATE ledger_period SET sha256 = 'changed' WHERE name = '2026Q2'", "2026Q3: does not follow from"),
        ("UPDATE ledger_transfer SET effective_on = '2026-10-01' WHERE amount = 300", "another day than its"),
        ("UPDATE ledger_book SET closed_through = '2026-07-15'", "2026Q3: was closed, but the books are open"),
    ],
)
def test_verify_names_what_was_changed_in_a_closed_period(ledger: Database, harm: str, said: str) -> None:
    table = harm.split()[1]
    trigger = f"append_only_{table}"

    def tamper(session: Session) -> None:
        if table != "ledger_book":
            drop = f"DROP TRIGGER {trigger}_update" if ledger.is_sqlite else f"DROP TRIGGER {trigger} ON {table}"
            session.execute(text(drop))
        session.execute(text(harm))

    ledger.transaction(tamper)
    with ledger.read() as session:
        problems = queries.verify(session).problems
    assert [problem for problem in problems if said in problem] != []


def test_a_hold_whose_time_ended_in_closed_books_is_voided_on_the_first_open_day(ledger: Database) -> None:
    def reserve(session: Session) -> None:
        legs = [Leg("pool:kt", "award:one", won(5))]
        actions.hold(
            session,
            key="h",
            kind="reserve",
            legs=legs,
            effective_on=OCTOBER,
            actor=SYSTEM,
            at=AT,
            expires_at=AT,
        )

    ledger.transaction(reserve)
    ledger.transaction(lambda s: close(s, date(2026, 12, 31)))
    with ledger.read() as session:
        assert [hold.key for hold in queries.open_holds(session, account="pool:kt")] == ["h"]
    assert ledger.transaction(lambda s: actions.expire_holds(s, actor=SYSTEM, at=AT)) == 1
    with ledger.read() as session:
        assert session.scalar(text("SELECT effective_on FROM ledger_txn WHERE key = 'expire:h'")) in {
            "2027-01-01",
            date(2027, 1, 1),
        }
        assert queries.open_holds(session, account="pool:kt") == []


def test_a_hold_cannot_be_posted_once_its_time_is_over_though_no_job_has_run(ledger: Database) -> None:
    legs = [Leg("pool:kt", "award:one", won(5))]

    def work(session: Session) -> None:
        asked = {"legs": legs, "effective_on": OCTOBER, "actor": SYSTEM, "at": AT}
        actions.hold(session, key="h", kind="reserve", expires_at=AT + timedelta(hours=1), **asked)
        actions.post_hold(session, hold_key="h", key="p", **asked | {"at": AT + timedelta(hours=1)})

    with pytest.raises(LedgerRefusedError, match="time is over"):
        ledger.transaction(work)


def test_one_key_cannot_void_two_holds(ledger: Database) -> None:
    legs = [Leg("pool:kt", "award:one", won(5))]
    asked = {"effective_on": OCTOBER, "actor": SYSTEM, "at": AT}

    def work(session: Session) -> None:
        for key in ("h1", "h2"):
            actions.hold(session, key=key, kind="reserve", legs=legs, **asked)
        actions.void_hold(session, hold_key="h1", key="v", **asked)
        actions.void_hold(session, hold_key="h2", key="v", **asked)

    with pytest.raises(Exception, match="same request key"):
        ledger.transaction(work)


def test_a_reversal_cannot_be_reversed(ledger: Database) -> None:
    def work(session: Session) -> None:
        pay(session, "late", "pool:kt", "award:one", 50, OCTOBER)
        actions.reverse(session, txn_key="late", key="undo", effective_on=OCTOBER, actor=SYSTEM, at=AT)
        actions.reverse(session, txn_key="undo", key="redo", effective_on=OCTOBER, actor=SYSTEM, at=AT)

    with pytest.raises(LedgerRefusedError, match="post anew"):
        ledger.transaction(work)


def test_an_accounts_transfers_are_read_newest_first_in_pages_of_whole_transactions(ledger: Database) -> None:
    def work(session: Session) -> None:
        for number in range(5):
            pay(session, f"n{number}", "pool:kt", "award:one", 1 + number, OCTOBER + timedelta(days=number // 2))

    ledger.transaction(work)
    with ledger.read() as session:
        pages: list[list[str]] = []
        last: str | None = None
        while page := queries.transfers(session, account="pool:kt", newest_first=True, limit=3, older_than=last):
            pages.append([row.txn_key for row in page])
            last = page[-1].txn_key
        count = queries.count_transfers(session, account="pool:kt")
    assert pages == [["n4", "n3", "n2"], ["n1", "n0", "award"], ["promise"]]
    assert count == 7
