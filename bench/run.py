"""Benchmarks as ratios to a floor, all in one run: `make bench`.

A time alone says something about the machine. Each thing is therefore measured in turn with the least that any way
of doing it must do, on the same machine in the same minutes, and the ratio of the two is what to compare.
"""

from __future__ import annotations

import argparse
import atexit
import json
import os
import platform
import secrets
import shutil
import sqlite3
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # as the product runs: before numpy is loaded

import books_cases
import docket_cases
import grant_cases
import intake_cases
import ledger_cases
import page_cases
import plan_cases
import portal_cases
import report_cases
import rush
import scoring_cases
import usage_cases
from measuring import Case, Result, measure
from peers import coldfront, pretalx, scorecards
from peers.running import Peer
from rich.console import Console
from rich.table import Table
from sheets import EXAMPLES
from stores import PostgresStore, SqliteStore, Store, postgres

from fundapp.core.schema import upgrade_schema
from fundapp.core.sessions import Database
from fundapp.demonstration.play import play

QUARTER = "2026Q3"
OUTPUT = Path(__file__).with_name("results.json")


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything; `few` repetitions of what takes seconds, `many` of what does not."""

    applications: int
    rescored: int
    docket: tuple[int, int]
    posts: int
    batch: int
    books: tuple[int, int]
    plans: tuple[int, ...]
    draws: int
    usage: int
    export: int
    grants: int
    scored: int
    learned: int
    report: tuple[int, int, int]
    series: int
    rush: rush.Rush
    few: int
    many: int


FULL = Sizes(
    applications=2000,
    rescored=10_000,
    docket=(1000, 10_000),
    posts=300,
    batch=1000,
    books=(100_000, 1_000_000),
    plans=(200, 2000),
    draws=200,
    usage=50_000,
    export=1_000_000,
    grants=10_000,
    scored=1_000_000,
    learned=2000,
    report=(300, 20, 100_000),
    series=10_000,
    rush=rush.Rush(),
    few=3,
    many=5,
)
QUICK = Sizes(
    applications=20,
    rescored=25,
    docket=(5, 15),
    posts=5,
    batch=10,
    books=(200, 1000),
    plans=(20,),
    draws=2,
    usage=2500,
    export=2000,
    grants=30,
    scored=1000,
    learned=100,
    report=(3, 20, 40),
    series=5,
    rush=rush.Rush(applicants=4, submissions=12, seconds=1),
    few=1,
    many=1,
)


def main() -> None:
    """Run everything, print the table and write the results."""
    asked = _arguments()
    sizes = QUICK if asked.quick else FULL
    started = time.perf_counter()
    errors = Console(stderr=True)
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="fundbench") as place, ExitStack() as stack:
        folder = Path(place)
        # PostgreSQL's wheel takes its lock once more at exit and makes the folder again; this runs after it.
        atexit.register(shutil.rmtree, place, ignore_errors=True)
        sqlite = SqliteStore(_made(folder / "sqlite"))
        servers = stack.enter_context(postgres(_made(folder / "postgresql")))
        errors.print("building the demonstration" if asked.instance is None else f"reading {asked.instance}")
        _keep_demonstration(sqlite, asked.instance, folder)
        for case in _cases(stack, sqlite, servers, folder, sizes, asked.only):
            errors.print(f"{case.what} {case.store} n={case.n}")
            for found in measure(case):  # said at once: the whole takes long, and what is known is worth having
                errors.print(f"    {_figure(found.median)} {found.unit}, {found.ratio:.3g} x {found.against}")
                results.append(found)
        if asked.only in {None, "usage"}:
            results += usage_cases.peak_memory(sqlite, folder / "export.csv", sizes.export)
        if asked.only in {None, "rush"}:
            errors.print(f"{sizes.rush.applicants} applicants before a deadline")
            results += rush.rows(rush.run(servers, folder, sizes.rush))
        accuracy = _accuracy(folder) if sizes is FULL and asked.only in {None, "scoring"} else []
    seconds = time.perf_counter() - started
    _show(results)
    _show_accuracy(accuracy)
    _write(asked.output, results, accuracy, seconds=seconds, quick=asked.quick)
    errors.print(f"{seconds:.0f} s in all; results in {asked.output}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Benchmarks as ratios to a floor, in one run.")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: tries the benchmarks, measures nothing")
    parser.add_argument("--only", choices=(*GROUPS, "rush"), help="measure one group alone; default: everything")
    parser.add_argument("--instance", type=Path, help="folder of a finished demonstration; default: build one")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="where the results go (default: %(default)s)")
    return parser.parse_args()


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _keep_demonstration(store: SqliteStore, instance: Path | None, folder: Path) -> None:
    home = instance or _made(folder / "demonstration")
    path = home / "fund.sqlite3"
    if instance is None:
        database = Database(f"sqlite:///{path}")
        upgrade_schema(database)
        play(
            database,
            examples=EXAMPLES,
            home=home,
            files_url=str(home / "files"),
            secret_key=secrets.token_hex(32),
            locale="ko",
            seed=None,
            tell=lambda _what: None,
        )
        database.dispose()
    elif not path.exists():
        raise SystemExit(f"no demonstration in {home}")
    store.adopt("demonstration", path)


GROUPS = ("intake", "scoring", "ledger", "plans", "pages", "usage", "grants")
"""What can be measured alone, in the order in which all is measured."""


def _cases(
    stack: ExitStack, sqlite: SqliteStore, servers: PostgresStore, folder: Path, sizes: Sizes, only: str | None
) -> Iterator[Case]:
    stores: tuple[Store, ...] = (sqlite, servers)
    for store in stores:
        intake_cases.keep_called(store)
        ledger_cases.keep_opened(store)
    made: dict[str, Callable[[], Iterator[Case]]] = {
        "intake": lambda: _intake(stores, sqlite, folder, sizes),
        "scoring": lambda: _learning(sizes),
        "ledger": lambda: _ledger(stack, stores, sizes),
        "plans": lambda: (case for size in sizes.plans for case in plan_cases.cases(size, sizes.many, sizes.draws)),
        "pages": lambda: _pages(stack, stores, folder, sizes),
        "usage": lambda: _usage(stack, stores, sqlite, folder, sizes),
        "grants": lambda: _grants(stack, sqlite, folder, sizes),
    }
    for name in GROUPS:
        if only in {None, name}:
            yield from made[name]()


def _intake(stores: Sequence[Store], sqlite: SqliteStore, folder: Path, sizes: Sizes) -> Iterator[Case]:
    sheet = intake_cases.applications_sheet(sqlite, folder, sizes.applications)
    for store in stores:
        yield intake_cases.importing(store, sheet, sizes.few)
    yield intake_cases.scoring(sqlite, sheet, sizes.few)
    again = intake_cases.applications_sheet(sqlite, folder, sizes.rescored)
    for store in stores:
        yield intake_cases.rescoring(store, again, sizes.few)


def _ledger(stack: ExitStack, stores: Sequence[Store], sizes: Sizes) -> Iterator[Case]:
    for store in stores:
        yield ledger_cases.posting_singly(store, sizes.posts, sizes.many)
        yield ledger_cases.posting_together(store, 4 * sizes.batch, sizes.batch, sizes.many)
    for store in stores:
        yield from _reading_books(stack, store, sizes)


def _pages(stack: ExitStack, stores: Sequence[Store], folder: Path, sizes: Sizes) -> Iterator[Case]:
    reviews = None
    if sizes is FULL:
        place = _made(folder / "pretalx")
        reviews = _peer(stack, pretalx.review_list(place, submissions=sizes.docket[1]))
    for store in stores:
        yield from stack.enter_context(docket_cases.docket_pages(store, folder, sizes.docket, reviews, 4 * sizes.many))
    for store in stores:
        yield from stack.enter_context(portal_cases.portal_pages(store, folder, 8 * sizes.many))


def _usage(
    stack: ExitStack, stores: Sequence[Store], sqlite: SqliteStore, folder: Path, sizes: Sizes
) -> Iterator[Case]:
    yield page_cases.report(sqlite, folder, QUARTER, sizes.many)
    yield report_cases.large_report(folder, *sizes.report, sizes.few)
    yield report_cases.rates_of_return(sizes.series, sizes.few)
    yield from stack.enter_context(report_cases.dashboard(sqlite, folder, sizes.many))
    yield intake_cases.usage(sqlite, folder, sizes.usage, sizes.few)
    export = usage_cases.write_export(folder / "export.csv", sizes.export)
    for store in stores:
        yield usage_cases.importing(store, export, sizes.export, sizes.few)


def _grants(stack: ExitStack, sqlite: SqliteStore, folder: Path, sizes: Sizes) -> Iterator[Case]:
    peer = None
    if sizes is FULL:
        place = _made(folder / "coldfront")
        peer = _peer(stack, coldfront.allocation_pages(place, allocations=sizes.grants))
    yield from stack.enter_context(grant_cases.grant_pages(sqlite, folder, sizes.grants, peer, 2 * sizes.many))


def _learning(sizes: Sizes) -> Iterator[Case]:
    yield from scoring_cases.explaining(10 if sizes is FULL else 1, sizes.many)
    yield scoring_cases.rescoring(sizes.rescored, sizes.many)
    yield scoring_cases.batch(sizes.scored, sizes.many)
    training = scoring_cases.training(sizes.learned, sizes.few)
    if training is None:
        Console(stderr=True).print("no figures of training: the public loans are not beside this checkout")
    else:
        yield training


def _accuracy(folder: Path) -> list[scoring_cases.Accuracy]:
    """Compare accuracy on the same folds; say what was left out and go on without."""
    place = _made(folder / "scorecards")
    found, left_out = scoring_cases.accuracy(lambda folds: scorecards.measure_scorecards(place, folds))
    if left_out:
        Console(stderr=True).print(f"left out of the accuracy table: {left_out}")
    return found


def _peer(stack: ExitStack, beside: AbstractContextManager[Peer | str]) -> Peer | None:
    """Start a peer for as long as the run; where it cannot be had, say so and go on without."""
    found = stack.enter_context(beside)
    if isinstance(found, str):
        Console(stderr=True).print(f"left out: {found}")
        return None
    return found


def _reading_books(stack: ExitStack, store: Store, sizes: Sizes) -> Iterator[Case]:
    few, many = (
        stack.enter_context(books_cases.opened(store, books_cases.keep_books(store, count))) for count in sizes.books
    )
    yield books_cases.balance_on_a_day(store, many, sizes.books[1], sizes.many)
    yield books_cases.account_page(store, many, few, sizes.books, sizes.many)
    if store.name == "sqlite":
        open_books = books_cases.keep_books(store, sizes.books[0], closed=False)
        still_open = stack.enter_context(books_cases.opened(store, open_books))
        yield books_cases.beside_beancount(store, still_open, sizes.books[0])


def _show(results: list[Result]) -> None:
    table = Table(title="Benchmarks")
    for name in ("what", "store"):
        table.add_column(name)
    for name in ("n", "median"):
        table.add_column(name, justify="right")
    table.add_column("unit")
    table.add_column("against")
    for name in ("floor", "ratio", "spread"):
        table.add_column(name, justify="right")
    for row in results:
        numbers = (_figure(row.floor), f"{row.ratio:.3g}", f"{row.spread:.0%}")
        table.add_row(row.what, row.store, f"{row.n:,}", _figure(row.median), row.unit, row.against, *numbers)
    # Without a terminal the table is as wide as it needs: a file or a log wraps nothing.
    Console(width=None if sys.stdout.isatty() else 150).print(table)


def _show_accuracy(rows: list[scoring_cases.Accuracy]) -> None:
    if not rows:
        return
    table = Table(title="Accuracy on five folds of the public loans")
    table.add_column("what")
    for name in ("AUC", "95 %", "log-loss", "ECE", "s a fit"):
        table.add_column(name, justify="right")
    for row in rows:
        interval = f"{row.auc_low:.3f} to {row.auc_high:.3f}"
        figures = (f"{row.log_loss:.3f}", f"{row.calibration_error:.3f}", f"{row.seconds:.2f}")
        table.add_row(row.what, f"{row.auc:.3f}", interval, *figures)
    Console(width=None if sys.stdout.isatty() else 150).print(table)


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _write(
    path: Path, results: list[Result], accuracy: list[scoring_cases.Accuracy], *, seconds: float, quick: bool
) -> None:
    document = {
        "taken_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": quick,
        "seconds": round(seconds, 1),
        "machine": {
            "cores": os.cpu_count(),
            "processor": platform.machine(),
            "system": platform.system(),
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
        },
        "rows": [asdict(row) for row in results],
        "accuracy": [asdict(row) for row in accuracy],
    }
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    # The test PostgreSQL's wheel asks for a runtime folder and falls back.
    warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
    main()
