"""A fund with one award for tests of usage: loading files, changing their cells, reading balances."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from fund_factory import HOUR, SIGNED, SIGNED_AT, Use, add_pool, decide, found_fund, write_usage
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.core.access import SYSTEM
from fundapp.core.sessions import Database
from fundapp.ledger.queries import find_balance
from fundapp.ledger.tables import Transfer
from fundapp.portfolio.actions import UsageResult, import_usage, sign_award

LATER = datetime(2026, 10, 5, 3, 0, tzinfo=UTC)
AUGUST = date(2026, 8, 3)
GRANT = "grant:AW-2026-0001:h100:koreacentral:2026Q3"
USED = "used:AW-2026-0001:h100"
OVERAGE = "overage:AW-2026-0001:h100:koreacentral:2026Q3"
DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "focus"


def set_up(db: Database, *, hours: int = 100, quarters: Sequence[str] = ("2026Q3",)) -> None:
    def work(session: Session) -> None:
        found_fund(session)
        pools = [(add_pool(session, quarter=quarter), hours) for quarter in quarters]
        case = decide(session, hours=pools)
        sign_award(
            session,
            decision_id=case.decision_id,
            instrument="RCPS",
            key="sign",
            actor=SYSTEM,
            at=SIGNED_AT,
            signed_on=SIGNED,
        )

    db.transaction(work)


def load(db: Database, folder: Path, rows: Sequence[Use], **options: object) -> UsageResult:
    path = write_usage(folder / "usage.csv", rows)
    return import_usage(db, path, actor=SYSTEM, at=LATER, **options)  # type: ignore[arg-type]


def edit(path: Path, **changes: str) -> Path:
    """Change cells of every row of a file, adding columns that it does not have."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row | changes for row in csv.DictReader(file)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def hours(db: Database, path: str) -> Decimal:
    with db.read() as session:
        row = find_balance(session, path, "GPUH.H100")
    return Decimal(0) if row is None else Decimal(row.posted) / HOUR


def transfer_count(db: Database) -> int:
    with db.read() as session:
        return session.scalar(select(func.count()).select_from(Transfer)) or 0
