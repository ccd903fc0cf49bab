"""Real processes against one database: what a single process can never show."""

from __future__ import annotations

import multiprocessing
from datetime import UTC, date, datetime

import pytest

from fundapp.core.access import SYSTEM
from fundapp.core.errors import HeadroomExceededError
from fundapp.core.quantities import gpu_hours
from fundapp.core.sessions import Database
from fundapp.ledger import actions, queries
from fundapp.ledger.rules import Leg

DAY = date(2026, 7, 1)
AT = datetime(2026, 7, 1, tzinfo=UTC)
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


def _race(url: str, workers: list[str], attempts: int) -> int:
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    processes = [context.Process(target=_take, args=(url, worker, attempts, results)) for worker in workers]
    for process in processes:
        process.start()
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
