"""One award, paid and used, that the tests of reports begin with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from fund_factory import SIGNED_AT, Case, Use, add_person, add_pool, decide, found_fund, write_usage
from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.quarters import Quarter
from fundapp.core.sessions import Database
from fundapp.portfolio.actions import (
    disburse_tranche,
    import_usage,
    prepare_tranche,
    sign_award,
)
from fundapp.portfolio.tables import Tranche
from fundapp.reporting.actions import Frozen, freeze_quarter
from fundapp.reporting.collecting import collect_rows
from reports.rows import ReportRows, ordered

Q3 = Quarter(2026, 3)
END = Q3.last_day
AFTER = datetime(2026, 10, 12, 3, 0, tzinfo=UTC)
PAID = datetime(2026, 7, 10, 3, 0, tzinfo=UTC)
AUGUST = date(2026, 8, 3)


@dataclass(frozen=True)
class Scene:
    one: Viewer
    two: Viewer
    award: str


def sign(db: Database, case: Case, key: str = "sign", instrument: str = "RCPS") -> str:
    signed = db.transaction(
        lambda s: sign_award(
            s,
            decision_id=case.decision_id,
            instrument=instrument,
            key=key,
            actor=SYSTEM,
            at=SIGNED_AT,
            signed_on=date(2026, 7, 1),
        )
    )
    return signed.number


def set_up(db: Database, *, instrument: str = "RCPS") -> Scene:
    """One award of 100,000,001 won and 400 h: half paid on 10 July, 120.5 h used at 5,200 won."""

    def prepare(session: Session) -> tuple[Case, Viewer, Viewer]:
        found_fund(session)
        pool = add_pool(session)
        case = decide(session, hours=[(pool, 400)])
        return case, add_person(session, "Han", "finance"), add_person(session, "Seo", "finance")

    case, one, two = db.transaction(prepare)
    number = sign(db, case, instrument=instrument)
    pay(db, one, two, 1, PAID)
    return Scene(one, two, number)


def pay(db: Database, one: Viewer, two: Viewer, number: int, at: datetime) -> None:
    with db.read() as session:
        tranche = session.scalars(select(Tranche).where(Tranche.number == number)).one()
    db.transaction(lambda s: prepare_tranche(s, tranche_id=tranche.id, evidence="점검표", actor=one, at=at))
    db.transaction(lambda s: disburse_tranche(s, tranche_id=tranche.id, key=f"d{number}", actor=two, at=at))


def use(db: Database, folder: Path, *rows: Use) -> None:
    import_usage(db, write_usage(folder / "usage.csv", rows), actor=SYSTEM, at=AFTER)


def collect(db: Database, as_of: date = END) -> ReportRows:
    with db.read() as session:
        return ordered(collect_rows(session, Q3, as_of=as_of))


def freeze(db: Database, **options: object) -> Frozen:
    return db.transaction(lambda s: freeze_quarter(s, quarter=Q3, actor=SYSTEM, at=AFTER, **options))
