"""Posting to the ledger, one entry to a commit and many to one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import ledger_floors
from measuring import Case, clock
from sqlalchemy.orm import Session
from stores import Store, copied

from fundapp.core.access import SYSTEM
from fundapp.core.quantities import gpu_hours, imputed_value
from fundapp.core.sessions import Database
from fundapp.ledger.actions import open_account, post, post_many
from fundapp.ledger.queries import verify
from fundapp.ledger.rules import Entry, Leg

AT = datetime(2026, 7, 1, 0, 0, tzinfo=UTC)
DAY = date(2026, 7, 1)
RATE_KRW = 5200
GRANTS = 40


def keep_opened(store: Store) -> None:
    """Keep a template with a pool, a source that it came from, and grants; all in hours and in imputed value."""

    def prepare(database: Database) -> None:
        def work(session: Session) -> None:
            for commodity in ("GPUH.H100", "KRW-IMPUTED"):
                open_account(session, "pool", commodity, on=DAY, floor=None)
                for grant in range(GRANTS):
                    open_account(session, f"grant:{grant}", commodity, on=DAY)

        database.transaction(work)

    store.keep("opened", prepare)


def entries(count: int) -> list[Entry]:
    """Return `count` drawdowns as the product posts them: hours and their value, one leg each."""
    return [_entry(number) for number in range(count)]


def _entry(number: int) -> Entry:
    hours = gpu_hours("H100", 1 + number % 24)
    path = f"grant:{number % GRANTS}"
    legs = (Leg("pool", path, hours), Leg("pool", path, imputed_value(hours, RATE_KRW)))
    return Entry(f"bench:{number}", "award", legs, DAY, f"bench:{number % GRANTS}")


def posting_singly(store: Store, count: int, repetitions: int) -> Case:
    """Post entries with a transaction and a commit for each."""
    wanted = entries(count)

    def work(database: Database) -> None:
        for entry in wanted:
            database.transaction(lambda session, entry=entry: _post(session, entry))  # type: ignore[misc]

    return Case(
        what="post, one a commit",
        store=store.name,
        n=count,
        unit="rows/s",
        run=lambda: _posted(store, work, count),
        floors={
            "driver alone, same statements": lambda: ledger_floors.same(store, wanted, AT, at_once=1),
            "driver alone, rows only": lambda: ledger_floors.lean(store, wanted, AT, at_once=1),
            "bare commits": lambda: ledger_floors.bare_commits(store, count),
        },
        repetitions=repetitions,
    )


def posting_together(store: Store, count: int, at_once: int, repetitions: int) -> Case:
    """Post entries so many to a transaction."""
    wanted = entries(count)

    def work(database: Database) -> None:
        for start in range(0, count, at_once):
            part = wanted[start : start + at_once]
            database.transaction(lambda session, part=part: post_many(session, part, actor=SYSTEM, at=AT))  # type: ignore[misc]

    return Case(
        what=f"post, {at_once:,} a commit",
        store=store.name,
        n=count,
        unit="rows/s",
        run=lambda: _posted(store, work, count),
        floors={
            "driver alone, same statements": lambda: ledger_floors.same(store, wanted, AT, at_once=at_once),
            "driver alone, rows only": lambda: ledger_floors.lean(store, wanted, AT, at_once=at_once),
        },
        repetitions=repetitions,
    )


def _post(session: Session, entry: Entry) -> None:
    post(
        session,
        key=entry.key,
        kind=entry.kind,
        legs=entry.legs,
        effective_on=entry.effective_on,
        actor=SYSTEM,
        at=AT,
        source_ref=entry.source_ref,
    )


def _posted(store: Store, work: Callable[[Database], None], count: int) -> float:
    with copied(store, "opened") as database:
        seconds = clock(lambda: work(database))
        with database.read() as session:
            books = verify(session)
        assert books.ok, books
        assert books.transfers == 2 * count, books
        return seconds
