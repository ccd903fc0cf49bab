"""The list that is gone through before a quarter is frozen."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.access import SYSTEM
from fundapp.core.quarters import Quarter
from fundapp.portfolio.queries import list_suspense
from fundapp.portfolio.tables import Award, Tranche
from fundapp.reporting.rules import Check


def freeze_checks(session: Session, quarter: Quarter) -> list[Check]:
    """Return the checks of a quarter: nobody's use on its UTC days, none of its tranches between two signatures."""
    return [_suspense(session, quarter), _tranches(session, quarter)]


def _suspense(session: Session, quarter: Quarter) -> Check:
    rows = list_suspense(session, SYSTEM, quarter=quarter)
    if not rows:
        return Check("suspense", ok=True, detail_ko="미확인 사용 없음", detail_en="no use in suspense")
    hours = sum(row.hours_e4 for row in rows) // 10_000
    return Check(
        "suspense",
        ok=False,
        detail_ko=f"주인을 모르는 GPU 사용 {hours:,} GPU시간, 계정 {len(rows)}개",
        detail_en=f"{hours:,} GPU-hours of {len(rows)} owners in suspense",
    )


def _tranches(session: Session, quarter: Quarter) -> Check:
    waiting = [
        f"{number}/{place}"
        for number, place in session.execute(
            select(Award.number, Tranche.number)
            .join(Award, Award.id == Tranche.award_id)
            .where(Tranche.state == "prepared", Tranche.due_on <= quarter.last_day)
            .order_by(Award.number, Tranche.number)
        )
    ]
    if not waiting:
        return Check("tranches", ok=True, detail_ko="승인 대기 집행 없음", detail_en="no tranche awaits approval")
    names = ", ".join(waiting)
    return Check(
        "tranches", ok=False, detail_ko=f"승인 대기 집행: {names}", detail_en=f"tranches awaiting approval: {names}"
    )
