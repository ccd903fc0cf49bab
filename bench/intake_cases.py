"""Importing applications, scoring them, importing usage."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from measuring import Case, clock
from sheets import APPLICATIONS, EXAMPLES, parse, write_applications, write_usage
from sqlalchemy import select
from stores import SqliteStore, Store, copied

from fundapp.core.access import SYSTEM
from fundapp.core.sessions import Database
from fundapp.intake.actions import open_call
from fundapp.intake.call_file import read_call_file
from fundapp.intake.importing import ImportResult, import_applications
from fundapp.portfolio.usage import import_usage
from fundapp.screening.actions import screen_call
from fundapp.screening.rubrics import load_rubric_file
from fundapp.screening.tables import Scorecard
from scoring import Facts, score

CALL = "AX-2026-1"
AT = datetime(2026, 5, 8, 6, 0, tzinfo=UTC)
LATER = datetime(2026, 10, 12, 0, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file to import and how many rows it has."""

    path: Path
    rows: int


def keep_called(store: Store) -> None:
    """Keep a template in which the example call is open."""
    file = read_call_file(EXAMPLES / "calls" / "2026-1.toml")

    def prepare(database: Database) -> None:
        database.transaction(lambda s: open_call(s, actor=SYSTEM, at=AT, document=file.document, text=file.text))

    store.keep("called", prepare)


def applications_sheet(store: Store, folder: Path, count: int) -> Sheet:
    """Write a sheet of good rows; which of the examples are good, a dry run tells."""
    with copied(store, "called") as database:
        trial = import_applications(database, APPLICATIONS, call_code=CALL, actor=SYSTEM, at=AT, dry_run=True)
    path = folder / f"applications-{count}.csv"
    write_applications(path, count, leave_out={rejection.row for rejection in trial.rejected})
    return Sheet(path, count)


def take_in(database: Database, sheet: Sheet) -> ImportResult:
    """Import a sheet; every row must become an application, or the run measures something else."""
    result = import_applications(database, sheet.path, call_code=CALL, actor=SYSTEM, at=AT)
    assert result.created == sheet.rows, result
    return result


def importing(store: Store, sheet: Sheet, repetitions: int) -> Case:
    """Import applications into an open call."""

    def run() -> float:
        with copied(store, "called") as database:
            return clock(lambda: take_in(database, sheet))

    return Case(
        what="import applications",
        store=store.name,
        n=sheet.rows,
        unit="rows/s",
        run=run,
        floors={"csv parse": lambda: clock(lambda: parse(sheet.path))},
        repetitions=repetitions,
    )


def scoring(store: Store, sheet: Sheet, repetitions: int) -> Case:
    """Score every application of a call; the floor scores the same facts without a database."""
    store.keep("applied", lambda database: take_in(database, sheet), base="called")
    rubric = load_rubric_file().rubric
    facts = _facts(store)
    assert len(facts) == sheet.rows

    def run() -> float:
        with copied(store, "applied") as database:
            return clock(lambda: screen_call(database, CALL, actor=SYSTEM, at=AT))

    return Case(
        what="score a call",
        store=store.name,
        n=sheet.rows,
        unit="rows/s",
        run=run,
        floors={"score in memory": lambda: clock(lambda: [score(one, rubric) for one in facts])},
        repetitions=repetitions,
    )


def _facts(store: Store) -> list[Facts]:
    with copied(store, "applied") as database:
        screen_call(database, CALL, actor=SYSTEM, at=AT)
        with database.read() as session:
            return [Facts.from_answers(stored) for stored in session.scalars(select(Scorecard.facts))]


def usage(store: SqliteStore, folder: Path, count: int, repetitions: int) -> Case:
    """Import a quarter's bill into the finished demonstration, as the bill of one more cloud account."""
    path = folder / "usage.csv"
    write_usage(path, count)

    def work(database: Database) -> None:
        result = import_usage(database, path, actor=SYSTEM, at=LATER)
        assert result.rows == count, result
        assert result.posted > 0, result

    def run() -> float:
        with copied(store, "demonstration") as database:
            return clock(lambda: work(database))

    return Case(
        what="import usage",
        store=store.name,
        n=count,
        unit="rows/s",
        run=run,
        floors={"csv parse": lambda: clock(lambda: parse(path))},
        repetitions=repetitions,
    )
