"""Importing applications, scoring them, scoring them again, importing usage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from measuring import Case, clock
from sheets import APPLICATIONS, EXAMPLES, parse, write_applications, write_usage
from sqlalchemy import insert, select
from sqlalchemy.orm import Session
from stores import SqliteStore, Store, copied

from fundapp.core.access import SYSTEM
from fundapp.core.sessions import Database
from fundapp.intake.actions import open_call
from fundapp.intake.call_file import read_call_file
from fundapp.intake.importing import ImportResult, import_applications
from fundapp.portfolio.usage import import_usage
from fundapp.screening.actions import screen_call
from fundapp.screening.keeping import keep_rubric
from fundapp.screening.queries import list_scores
from fundapp.screening.rubrics import load_rubric_file, read_rubric
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


def rescoring(store: Store, sheet: Sheet, repetitions: int) -> Case:
    """Score a call again under a changed rubric and rank it; the floors write the same scorecards and nothing else."""
    template = f"scored-{sheet.rows}"

    def prepare(database: Database) -> None:
        take_in(database, sheet)
        screen_call(database, CALL, actor=SYSTEM, at=AT)

    store.keep(template, prepare, base="called")
    changed = read_rubric(load_rubric_file().text.replace('version = "2026.1"', 'version = "changed"'))

    def work(database: Database) -> None:
        result = screen_call(database, CALL, actor=SYSTEM, at=LATER, rubric=changed)
        assert result.scored == sheet.rows, result
        with database.read() as session:
            ranked = sorted(list_scores(session, SYSTEM, CALL).values(), key=lambda one: -one.total_tenths)
        assert len(ranked) == sheet.rows
        assert ranked[0].rubric == "changed"

    def run() -> float:
        with copied(store, template) as database:
            return clock(lambda: work(database))

    def write(*, by_driver: bool) -> float:
        with copied(store, template) as database:
            screen_call(database, CALL, actor=SYSTEM, at=LATER, rubric=changed)
            with database.read() as session:
                cards = select(Scorecard.__table__).where(Scorecard.rubric == "changed")
                rows = [dict(row) for row in session.execute(cards).mappings()]
        with copied(store, template) as database:
            database.transaction(lambda session: keep_rubric(session, changed, LATER))
            insert_rows = driver_insert(database, rows) if by_driver else core_insert(rows)
            return clock(lambda: database.transaction(insert_rows))

    return Case(
        what="score a call again, stored and ranked",
        store=store.name,
        n=sheet.rows,
        unit="s",
        run=run,
        floors={
            "the same rows, SQLAlchemy core": lambda: write(by_driver=False),
            "the same rows, driver alone": lambda: write(by_driver=True),
        },
        repetitions=repetitions,
    )


def core_insert(rows: list[dict[str, Any]]) -> Callable[[Session], object]:
    """Return what inserts scorecards through SQLAlchemy's core, their documents as Python has them."""
    return lambda session: session.connection().execute(insert(Scorecard), rows)


def driver_insert(database: Database, rows: list[dict[str, Any]]) -> Callable[[Session], object]:
    """Return what inserts scorecards through the driver, every parameter made ready beforehand."""
    statement = insert(Scorecard).values(rows[0]).compile(database.engine)
    ready = [statement.construct_params({name: row[name] for name in statement.params}) for row in rows]
    convert = statement._bind_processors  # noqa: SLF001 - SQLAlchemy's own conversions, done off the clock
    made = [
        {name: convert[name](value) if name in convert and value is not None else value for name, value in one.items()}
        for one in ready
    ]
    places = statement.positiontup
    parameters = made if places is None else [tuple(one[name] for name in places) for one in made]

    def work(session: Session) -> None:
        cursor = session.connection().connection.cursor()
        cursor.executemany(str(statement), parameters)
        cursor.close()

    return work


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
