"""Real processes against one database: what a single process can never show."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from running import RIVALS
from sqlalchemy.orm import Session

from fundapp.core.access import SYSTEM
from fundapp.core.errors import HeadroomExceededError, LedgerRefusedError
from fundapp.core.quantities import gpu_hours
from fundapp.core.sessions import Database
from fundapp.ledger import actions, queries
from fundapp.ledger.rules import Leg

DAY = date(2026, 7, 1)
AT = datetime(2026, 7, 1, tzinfo=UTC)
LONG = timedelta(days=30)
Worker = Callable[[str, str, int, object], None]
POOL, GRANT = "pool:microsoft:h100:koreacentral:2026Q3", "grant:race"

pytestmark = pytest.mark.race


def _found(database: Database, hours: int) -> None:
    def work(session: object) -> None:
        actions.open_account(session, "investor:microsoft", "GPUH.H100", on=DAY, floor=None)  # type: ignore[arg-type]
        for path in (POOL, GRANT):
            actions.open_account(session, path, "GPUH.H100", on=DAY)  # type: ignore[arg-type]
        actions.post(
            session,  # type: ignore[arg-type]
            key="contribution",
            kind="contribution",
            legs=[Leg("investor:microsoft", POOL, gpu_hours("H100", hours))],
            effective_on=DAY,
            actor=SYSTEM,
            at=AT,
        )

    database.transaction(work)


def _take(url: str, worker: str, attempts: int, results: object) -> None:
    """Try to take one hour at a time; report how many were granted."""
    database = Database(url)
    granted = 0
    for number in range(attempts):
        try:
            posting = database.transaction(
                lambda s, n=number: actions.post(  # type: ignore[misc]
                    s,
                    key=f"{worker}:{n}",
                    kind="award",
                    legs=[Leg(POOL, GRANT, gpu_hours("H100", 1))],
                    effective_on=DAY,
                    actor=SYSTEM,
                    at=AT,
                ),
                isolation="READ COMMITTED",
            )
        except HeadroomExceededError:
            continue
        granted += not posting.replayed
    database.dispose()
    results.put(granted)  # type: ignore[attr-defined]


def _end_holds(url: str, worker: str, attempts: int, results: object) -> None:
    """Try to end every hold in one way; report how many this worker ended."""
    database = Database(url)
    ended = 0
    for number in range(attempts):
        hold_key, key = f"hold:{number}", f"{worker}:{number}"
        asked = {"hold_key": hold_key, "key": key, "effective_on": DAY, "actor": SYSTEM, "at": AT}

        def end(s: object, asked: dict[str, object] = asked) -> int:
            if worker == "expiring":
                return actions.expire_holds(s, actor=SYSTEM, at=AT + LONG)  # type: ignore[arg-type]
            verb = actions.post_hold if worker == "posting" else actions.void_hold
            verb(s, **asked)  # type: ignore[arg-type,operator]
            return 1

        try:
            ended += database.transaction(end, isolation="READ COMMITTED" if number % 2 else "SERIALIZABLE")
        except LedgerRefusedError:
            continue
    database.dispose()
    results.put(ended)  # type: ignore[attr-defined]


def _post_until_closed(url: str, worker: str, attempts: int, results: object) -> None:
    """Post one hour at a time into a period that somebody closes; report how many were accepted."""
    database = Database(url)
    accepted = 0
    for number in range(attempts):
        try:
            database.transaction(
                lambda s, n=number: actions.post(  # type: ignore[misc]
                    s,
                    key=f"{worker}:{n}",
                    kind="award",
                    legs=[Leg(POOL, GRANT, gpu_hours("H100", 1))],
                    effective_on=DAY,
                    actor=SYSTEM,
                    at=AT,
                ),
                isolation="READ COMMITTED",
            )
        except LedgerRefusedError:
            break
        accepted += 1
    database.dispose()
    results.put(accepted)  # type: ignore[attr-defined]


def _race(url: str, workers: list[str], attempts: int, run: Worker = _take, during: Callable[[], object] = int) -> int:
    """Start a process for each worker, do something meanwhile, and return the sum of what they report."""
    results = RIVALS.Queue()
    processes = [RIVALS.Process(target=run, args=(url, worker, attempts, results)) for worker in workers]
    for process in processes:
        process.start()
    during()
    granted = sum(results.get(timeout=240) for _ in processes)
    for process in processes:
        process.join(timeout=60)
        assert process.exitcode == 0
    return granted


def test_eight_processes_take_exactly_what_a_pool_of_a_thousand_hours_holds(db: Database, database_url: str) -> None:
    _found(db, 1000)
    granted = _race(database_url, [f"w{n}" for n in range(8)], attempts=150)
    with db.read() as session:
        pool = queries.find_balance(session, POOL, "GPUH.H100")
        grant = queries.find_balance(session, GRANT, "GPUH.H100")
        assert queries.verify(session).problems == []
    assert pool is not None
    assert grant is not None
    assert (granted, pool.free, grant.posted) == (1000, 0, gpu_hours("H100", 1000).minor)


def test_eight_processes_with_the_same_keys_post_each_once(db: Database, database_url: str) -> None:
    _found(db, 1000)
    granted = _race(database_url, ["same"] * 8, attempts=60)
    with db.read() as session:
        grant = queries.find_balance(session, GRANT, "GPUH.H100")
        assert queries.verify(session).problems == []
    assert grant is not None
    assert (granted, grant.posted) == (60, gpu_hours("H100", 60).minor)


def test_each_hold_ends_once_however_many_try_to_post_void_and_expire_it(db: Database, database_url: str) -> None:
    holds = 40
    _found(db, 1000)
    for number in range(holds):
        db.transaction(
            lambda s, n=number: actions.hold(  # type: ignore[misc]
                s,
                key=f"hold:{n}",
                kind="reserve",
                legs=[Leg(POOL, GRANT, gpu_hours("H100", 2))],
                effective_on=DAY,
                actor=SYSTEM,
                at=AT,
                expires_at=AT + LONG / 2,
            )
        )
    ended = _race(database_url, ["posting", "voiding", "expiring"], attempts=holds, run=_end_holds)
    with db.read() as session:
        rows = [row for row in queries.transfers(session, account=GRANT) if row.status == "post"]
        pool = queries.find_balance(session, POOL, "GPUH.H100")
        assert queries.open_holds(session, account=POOL) == []
        assert queries.verify(session).problems == []
    assert pool is not None
    assert ended == holds
    assert (pool.held, pool.posted) == (0, gpu_hours("H100", 1000 - 2 * len(rows)).minor)


def test_a_period_that_closes_while_others_post_holds_every_transfer_that_was_accepted(
    db: Database, database_url: str
) -> None:
    _found(db, 1000)

    def close_once_they_post() -> None:
        while True:
            with db.read() as session:
                if queries.count_transfers(session) > 20:
                    break
            time.sleep(0.01)
        db.transaction(lambda s: actions.close_books(s, through=DAY, actor=SYSTEM, at=AT))

    accepted = _race(
        database_url, [f"w{n}" for n in range(3)], attempts=300, run=_post_until_closed, during=close_once_they_post
    )
    with db.read() as session:
        (period,) = queries.list_periods(session)
        assert queries.verify(session).problems == []
        assert queries.count_transfers(session) == period.transfers == 1 + accepted


def _open_and_post(url: str, worker: str, attempts: int, results: object) -> None:
    """Post between two accounts opened in a transaction of their own, until the period closes."""
    database = Database(url)
    accepted = 0
    for number in range(attempts):
        source, target = f"investor:{worker}:{number}", f"pool:{worker}:{number}"
        database.transaction(lambda s, pair=(source, target): _open_pair(s, *pair))
        try:
            database.transaction(lambda s, pair=(source, target): _post_pair(s, *pair), isolation="READ COMMITTED")
        except LedgerRefusedError:
            break
        accepted += 1
    database.dispose()
    results.put(accepted)  # type: ignore[attr-defined]


def _open_pair(session: Session, source: str, target: str) -> None:
    actions.open_account(session, source, "GPUH.H100", on=DAY, floor=None)
    actions.open_account(session, target, "GPUH.H100", on=DAY)


def _post_pair(session: Session, source: str, target: str) -> None:
    actions.post(
        session,
        key=f"post:{source}",
        kind="contribution",
        legs=[Leg(source, target, gpu_hours("H100", 1))],
        effective_on=DAY,
        actor=SYSTEM,
        at=AT,
    )


def test_a_close_counts_a_posting_between_accounts_opened_after_its_snapshot(postgres_db: Database) -> None:
    """The rival is another process, so that it commits while the transaction of the close has begun to read."""
    results = RIVALS.Queue()
    _found(postgres_db, 1000)
    begun: list[int] = []

    def close(session: Session) -> None:
        begun.append(queries.count_transfers(session))  # the snapshot is taken
        if len(begun) == 1:
            rival = RIVALS.Process(
                target=_open_and_post, args=(postgres_db.url.render_as_string(hide_password=False), "r", 1, results)
            )
            rival.start()
            rival.join(timeout=60)
        actions.close_books(session, through=DAY, actor=SYSTEM, at=AT)

    postgres_db.transaction(close)
    with postgres_db.read() as session:
        (period,) = queries.list_periods(session)
        assert queries.verify(session).problems == []
    assert (results.get(timeout=1), period.transfers, len(begun)) == (1, 2, 2)


def test_a_period_that_closes_while_others_open_accounts_and_post_holds_every_transfer(
    db: Database, database_url: str
) -> None:
    _found(db, 1000)

    tries: list[int] = []

    def close_late(session: Session) -> None:
        tries.append(queries.count_transfers(session))
        # A checklist takes its time between snapshot and close; with less each time a close among writers gets there.
        time.sleep(0.05 / len(tries) ** 2)
        actions.close_books(session, through=DAY, actor=SYSTEM, at=AT)

    def close_once_they_post() -> None:
        while True:
            with db.read() as session:
                if queries.count_transfers(session) > 10:
                    break
            time.sleep(0.01)
        db.transaction(close_late)

    accepted = _race(database_url, ["a", "b", "c"], attempts=2000, run=_open_and_post, during=close_once_they_post)
    with db.read() as session:
        (period,) = queries.list_periods(session)
        assert queries.verify(session).problems == []
        assert queries.count_transfers(session) == period.transfers == 1 + accepted


def test_a_close_that_takes_its_time_comes_through_at_once_while_others_post_without_pause(
    db: Database, database_url: str
) -> None:
    _found(db, 1_000_000)
    tries: list[int] = []

    def close(session: Session) -> None:
        actions.halt_postings(session)
        tries.append(queries.count_transfers(session))
        time.sleep(0.3)  # a checklist; as long as this, somebody has always posted in between
        actions.close_books(session, through=DAY, actor=SYSTEM, at=AT)

    def close_once_they_post() -> None:
        while True:
            with db.read() as session:
                if queries.count_transfers(session) > 10:
                    break
            time.sleep(0.01)
        db.transaction(close)

    posters = ["a", "b", "c"]
    accepted = _race(database_url, posters, attempts=100_000, run=_post_until_closed, during=close_once_they_post)
    with db.read() as session:
        (period,) = queries.list_periods(session)
        assert queries.verify(session).problems == []
        assert queries.count_transfers(session) == period.transfers == 1 + accepted
    assert len(tries) == 1


def test_opening_accounts_does_not_make_openers_wait_for_a_close_that_waits_for_them(postgres_db: Database) -> None:
    """Somebody has opened an account and not yet committed: the close passes over them, and they post later."""
    with Session(postgres_db.engine) as opener:
        _open_pair(opener, "investor:x", "pool:x")
        postgres_db.transaction(lambda s: actions.close_books(s, through=DAY, actor=SYSTEM, at=AT))
        with pytest.raises(LedgerRefusedError, match="books are closed"):
            _post_pair(opener, "investor:x", "pool:x")
