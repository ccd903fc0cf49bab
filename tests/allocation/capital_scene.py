"""A fund with cash, one pool of hours and a call with terms."""

from __future__ import annotations

from datetime import date

from committee.committee_factory import AT, open_call
from sqlalchemy.orm import Session

from fundapp.allocation import actions
from fundapp.core.access import SYSTEM
from fundapp.core.quantities import gpu_hours, won

TERMS = {
    "budget_krw": 1_000_000_000,
    "allowed_tickets_krw": [100_000_000, 200_000_000, 300_000_000],
    "skus": ["h100"],
    "quarters": ["2026Q3"],
    "objective": {"alpha_permille": 500, "second_half_weight_permille": 600, "minimum_viable_permille": 400},
    "shares": {"sector_cap_permille": 1000, "capital_regions": ["서울특별시", "경기도"]},
}
POOL = "pool:microsoft:h100:koreacentral:2026Q3"


def pool(session: Session, *, hours: int = 1000, rate: int = 5200, key: str = "p1") -> actions.PoolAdded:
    return actions.add_pool(
        session,
        investor="microsoft",
        sku="H100",
        region="koreacentral",
        quarter="2026Q3",
        hours=gpu_hours("H100", hours),
        rate_krw=rate,
        actor=SYSTEM,
        at=AT,
        key=key,
    )


def capital(session: Session, *, cash: int = 800_000_000, hours: int = 1000) -> None:
    """Found the fund with cash, one pool, and a call with terms."""
    open_call(session, **TERMS)
    for code, kind in (("kt", "cash"), ("microsoft", "in_kind")):
        actions.add_investor(session, code=code, name_ko=code, name_en=code, kind=kind, actor=SYSTEM, at=AT)
    actions.commit_cash(
        session, investor="kt", amount=won(cash), effective_on=date(2026, 1, 2), key="c1", actor=SYSTEM, at=AT
    )
    pool(session, hours=hours)
