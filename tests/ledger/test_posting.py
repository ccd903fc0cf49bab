from __future__ import annotations

from datetime import date, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from fundapp.core.access import SYSTEM
from fundapp.core.errors import HeadroomExceededError, IdempotencyConflictError, LedgerRefusedError
from fundapp.core.quantities import gpu_hours, won
from fundapp.core.sessions import Database
from fundapp.ledger import actions, queries
from fundapp.ledger.rules import Entry, Leg

DAY = date(2026, 7, 1)


@pytest.fixture
def ledger(db: Database, at: datetime) -> Database:
    def found(session: Session) -> None:
        actions.open_account(session, "investor:kt", "KRW", on=DAY, floor=None)
        for path in ("pool:kt", "award:one", "award:two", "bank:fund"):
            actions.open_account(session, path, "KRW", on=DAY)
        pay(session, at, "commitment", "investor:kt", "pool:kt", 1000)

    db.transaction(found)
    return db


def pay(
    session: Session, at: datetime, key: str, source: str, target: str, amount: int, **more: object
) -> actions.Posting:
    return actions.post(
        session,
        key=key,
        kind="test",
        legs=[Leg(source, target, won(amount))],
        effective_on=more.get("on", DAY),  # type: ignore[arg-type]
        actor=SYSTEM,
        at=at,
    )


def reserve(session: Session, at: datetime, key: str, amount: int) -> actions.Posting:
    return actions.hold(
        session,
        key=key,
        kind="reserve",
        legs=[Leg("pool:kt", "award:one", won(amount))],
        effective_on=DAY,
        actor=SYSTEM,
        at=at,
        source_ref="ballot:one",
    )


def free(database: Database, path: str) -> int:
    with database.read() as session:
        row = queries.find_balance(session, path, "KRW")
    assert row is not None
    return row.free


def assert_clean(database: Database) -> None:
    with database.read() as session:
        assert queries.verify(session).problems == []


def test_a_transfer_moves_an_amount_from_one_account_to_another(ledger: Database, at: datetime) -> None:
    ledger.transaction(lambda s: pay(s, at, "a", "pool:kt", "award:one", 300))
    assert (free(ledger, "pool:kt"), free(ledger, "award:one")) == (700, 300)
    assert_clean(ledger)


def test_an_overdraft_is_refused_and_leaves_nothing_behind(ledger: Database, at: datetime) -> None:
    with pytest.raises(HeadroomExceededError):
        ledger.transaction(lambda s: pay(s, at, "a", "pool:kt", "award:one", 1001))
    assert free(ledger, "pool:kt") == 1000
    with ledger.read() as session:
        assert queries.transfers(session, account="award:one") == []


def test_after_a_refusal_the_same_transaction_can_go_on(ledger: Database, at: datetime) -> None:
    def work(session: Session) -> None:
        with pytest.raises(HeadroomExceededError):
            pay(session, at, "too-much", "pool:kt", "award:one", 5000)
        pay(session, at, "enough", "pool:kt", "award:one", 400)

    ledger.transaction(work)
    assert free(ledger, "award:one") == 400
    assert_clean(ledger)


def test_a_hold_counts_against_the_floor_until_it_is_voided(ledger: Database, at: datetime) -> None:
    ledger.transaction(lambda s: reserve(s, at, "h", 800))
    assert free(ledger, "pool:kt") == 200
    with pytest.raises(HeadroomExceededError):
        ledger.transaction(lambda s: pay(s, at, "a", "pool:kt", "award:two", 201))
    ledger.transaction(lambda s: actions.void_hold(s, hold_key="h", key="v", effective_on=DAY, actor=SYSTEM, at=at))
    assert free(ledger, "pool:kt") == 1000
    assert_clean(ledger)


def test_posting_part_of_a_hold_releases_the_rest(ledger: Database, at: datetime) -> None:
    ledger.transaction(lambda s: reserve(s, at, "h", 800))
    legs = [Leg("pool:kt", "award:one", won(500))]
    ledger.transaction(
        lambda s: actions.post_hold(s, hold_key="h", key="p", effective_on=DAY, actor=SYSTEM, at=at, legs=legs)
    )
    assert (free(ledger, "pool:kt"), free(ledger, "award:one")) == (500, 500)
    with ledger.read() as session:
        assert [row.state for row in queries.find_holds(session, "ballot:one")] == ["posted"]
    assert_clean(ledger)


def test_a_hold_ends_once_only(ledger: Database, at: datetime) -> None:
    ledger.transaction(lambda s: reserve(s, at, "h", 100))
    ledger.transaction(lambda s: actions.void_hold(s, hold_key="h", key="v", effective_on=DAY, actor=SYSTEM, at=at))
    with pytest.raises(LedgerRefusedError):
        ledger.transaction(lambda s: actions.post_hold(s, hold_key="h", key="p", effective_on=DAY, actor=SYSTEM, at=at))


def test_more_than_was_held_cannot_be_posted(ledger: Database, at: datetime) -> None:
    ledger.transaction(lambda s: reserve(s, at, "h", 100))
    legs = [Leg("pool:kt", "award:one", won(101))]
    with pytest.raises(LedgerRefusedError):
        ledger.transaction(
            lambda s: actions.post_hold(s, hold_key="h", key="p", effective_on=DAY, actor=SYSTEM, at=at, legs=legs)
        )


def test_expired_holds_are_released_by_the_clock(ledger: Database, at: datetime) -> None:
    ledger.transaction(
        lambda s: actions.hold(
            s,
            key="h",
            kind="reserve",
            legs=[Leg("pool:kt", "award:one", won(600))],
            effective_on=DAY,
            actor=SYSTEM,
            at=at,
            expires_at=at,
        )
    )
    assert ledger.transaction(lambda s: actions.expire_holds(s, actor=SYSTEM, at=at)) == 1
    assert ledger.transaction(lambda s: actions.expire_holds(s, actor=SYSTEM, at=at)) == 0
    assert free(ledger, "pool:kt") == 1000


def test_the_same_key_posts_once(ledger: Database, at: datetime) -> None:
    first = ledger.transaction(lambda s: pay(s, at, "a", "pool:kt", "award:one", 10))
    second = ledger.transaction(lambda s: pay(s, at, "a", "pool:kt", "award:one", 10))
    assert (first.replayed, second.replayed) == (False, True)
    assert free(ledger, "award:one") == 10


def test_the_same_key_with_other_content_is_an_error(ledger: Database, at: datetime) -> None:
    ledger.transaction(lambda s: pay(s, at, "a", "pool:kt", "award:one", 10))
    with pytest.raises(IdempotencyConflictError):
        ledger.transaction(lambda s: pay(s, at, "a", "pool:kt", "award:one", 11))


def test_a_posting_is_reversed_at_most_once(ledger: Database, at: datetime) -> None:
    ledger.transaction(lambda s: pay(s, at, "a", "pool:kt", "award:one", 10))
    undo = lambda s, key: actions.reverse(s, txn_key="a", key=key, effective_on=DAY, actor=SYSTEM, at=at)  # noqa: E731
    ledger.transaction(lambda s: undo(s, "r"))
    assert free(ledger, "award:one") == 0
    assert ledger.transaction(lambda s: undo(s, "r")).replayed
    with pytest.raises(LedgerRefusedError):
        ledger.transaction(lambda s: undo(s, "r2"))


def test_a_posting_is_replaced_where_neither_half_would_find_room_alone(ledger: Database, at: datetime) -> None:
    """A thousand went from the pool through the bank to the award: both are empty, and the day was wrong."""
    early = date(2026, 6, 29)
    ledger.transaction(lambda s: pay(s, at, "in", "pool:kt", "bank:fund", 1000))
    ledger.transaction(lambda s: pay(s, at, "out", "bank:fund", "award:one", 1000))

    def put_right(session: Session, key: str = "right") -> actions.Posting:
        legs = [Leg("pool:kt", "bank:fund", won(1000))]
        moved = {"txn_key": "in", "reversed_on": DAY, "effective_on": early, "actor": SYSTEM, "at": at}
        return actions.replace(session, key=key, legs=legs, **moved)  # type: ignore[arg-type]

    assert not ledger.transaction(put_right).replayed
    assert ledger.transaction(put_right).replayed
    with pytest.raises(LedgerRefusedError, match="was done already"):
        ledger.transaction(lambda s: put_right(s, "again"))
    with ledger.read() as session:
        row = queries.find_balance(session, "bank:fund", "KRW", as_of=early)
        assert queries.verify(session).ok
    assert row is not None
    assert (row.posted, free(ledger, "bank:fund"), free(ledger, "pool:kt")) == (1000, 0, 0)


def test_a_replacement_that_finds_no_room_leaves_nothing_behind_in_its_transaction(
    ledger: Database, at: datetime
) -> None:
    ledger.transaction(lambda s: pay(s, at, "in", "pool:kt", "bank:fund", 1000))

    def too_much(session: Session) -> None:
        legs = [Leg("pool:kt", "bank:fund", won(1001))]
        moved = {"txn_key": "in", "reversed_on": DAY, "effective_on": DAY, "actor": SYSTEM, "at": at}
        with pytest.raises(HeadroomExceededError):
            actions.replace(session, key="more", legs=legs, **moved)  # type: ignore[arg-type]
        assert queries.verify(session).problems == []

    ledger.transaction(too_much)
    assert free(ledger, "bank:fund") == 1000


def test_closed_books_refuse_earlier_effective_dates(ledger: Database, at: datetime) -> None:
    ledger.transaction(lambda s: actions.close_books(s, through=date(2026, 9, 30), actor=SYSTEM, at=at))
    with pytest.raises(LedgerRefusedError, match="closed through 2026-09-30"):
        ledger.transaction(lambda s: pay(s, at, "a", "pool:kt", "award:one", 10, on=date(2026, 9, 30)))
    ledger.transaction(lambda s: pay(s, at, "b", "pool:kt", "award:one", 10, on=date(2026, 10, 1)))
    assert free(ledger, "award:one") == 10


def test_balances_as_of_a_day_leave_out_what_took_effect_later(ledger: Database, at: datetime) -> None:
    ledger.transaction(lambda s: pay(s, at, "a", "pool:kt", "award:one", 10, on=date(2026, 10, 1)))
    with ledger.read() as session:
        before = queries.balances(session, prefix="award:one", as_of=date(2026, 9, 30))
        after = queries.balances(session, prefix="award:one", as_of=date(2026, 10, 1))
    assert ([row.posted for row in before], [row.posted for row in after]) == ([0], [10])


def test_one_transfer_cannot_mix_commodities(ledger: Database, at: datetime) -> None:
    with pytest.raises(LedgerRefusedError, match=r"no account in GPUH\.H100: pool:kt"):
        ledger.transaction(
            lambda s: actions.post(
                s,
                key="a",
                kind="test",
                legs=[Leg("pool:kt", "award:one", gpu_hours("H100", 1))],
                effective_on=DAY,
                actor=SYSTEM,
                at=at,
            )
        )


def test_the_database_itself_refuses_a_transfer_of_another_commodity(ledger: Database, at: datetime) -> None:
    ledger.transaction(lambda s: pay(s, at, "a", "pool:kt", "award:one", 10))
    ledger.transaction(lambda s: actions.open_account(s, "pool:usd", "USD", on=DAY))
    statement = text(
        "INSERT INTO ledger_transfer (txn_id, debit_id, credit_id, commodity, amount) "
        "SELECT t.id, a.id, b.id, 'USD', 5 FROM ledger_txn t, ledger_account a, ledger_account b "
        "WHERE t.key = 'a' AND a.path = 'pool:kt' AND b.path = 'pool:usd'"
    )
    with pytest.raises(IntegrityError):
        ledger.transaction(lambda s: s.execute(statement))


@pytest.mark.parametrize("table", ["ledger_transfer", "ledger_txn"])
@pytest.mark.parametrize("verb", ["DELETE FROM {}", "UPDATE {} SET id = id"])
def test_history_refuses_update_and_delete(ledger: Database, table: str, verb: str) -> None:
    with pytest.raises(DBAPIError, match="append-only"):
        ledger.transaction(lambda s: s.execute(text(verb.format(table))))


def test_many_entries_post_like_single_ones(ledger: Database, at: datetime) -> None:
    entries = [Entry(f"m{n}", "test", (Leg("pool:kt", "award:one", won(1)),), DAY, "bulk") for n in range(250)]
    assert ledger.transaction(lambda s: actions.post_many(s, entries, actor=SYSTEM, at=at)) == 250
    assert ledger.transaction(lambda s: actions.post_many(s, entries, actor=SYSTEM, at=at)) == 0
    assert free(ledger, "award:one") == 250
    assert_clean(ledger)


def test_verify_names_a_balance_that_somebody_changed_by_hand(ledger: Database) -> None:
    ledger.transaction(
        lambda s: s.execute(
            text(
                "UPDATE ledger_balance SET credits_posted = credits_posted + 7 "
                "WHERE account_id = (SELECT id FROM ledger_account WHERE path = 'pool:kt')"
            )
        )
    )
    with ledger.read() as session:
        verdict = queries.verify(session)
    assert not verdict.ok
    assert verdict.problems == ["pool:kt [KRW]: balance [0, 1007, 0, 0] but transfers say [0, 1000, 0, 0]"]


def test_accounts_opened_together_are_those_opened_one_by_one_and_known_ones_stay(ledger: Database) -> None:
    openings = [
        actions.Opening("pool:new", "KRW", DAY),
        actions.Opening("pool:new", "USD", date(2026, 8, 1)),
        actions.Opening("used:new", "KRW", DAY, None),
        actions.Opening("pool:kt", "KRW", date(2026, 9, 1), None),
    ]
    for _ in range(2):
        ledger.transaction(lambda s: actions.open_accounts(s, openings))
    query = text(
        "SELECT a.path, a.commodity, CAST(a.opened_on AS TEXT), b.floor, b.credits_posted FROM ledger_account a "
        "JOIN ledger_balance b ON b.account_id = a.id WHERE a.path IN ('pool:new', 'used:new', 'pool:kt') "
        "ORDER BY a.path, a.commodity"
    )
    with ledger.read() as session:
        rows = [tuple(row) for row in session.execute(query)]
    assert rows == [
        ("pool:kt", "KRW", "2026-07-01", 0, 1000),
        ("pool:new", "KRW", "2026-07-01", 0, 0),
        ("pool:new", "USD", "2026-08-01", 0, 0),
        ("used:new", "KRW", "2026-07-01", None, 0),
    ]
