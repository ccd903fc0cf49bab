"""Which policy recognises GPU time in kind in a quarter."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.allocation.tables import Fund
from fundapp.core.quarters import Quarter
from fundapp.reporting.tables import RecognitionChange
from reports.rows import Policy


def recognition_of(session: Session, fund: Fund, quarter: Quarter) -> Policy:
    """Return the policy of a quarter: of the newest change that had begun by then, else of the fund's agreement."""
    changed = session.scalars(
        select(RecognitionChange.policy)
        .where(RecognitionChange.from_quarter <= str(quarter))
        .order_by(RecognitionChange.version.desc())
        .limit(1)
    ).one_or_none()
    return "at_grant" if (changed or fund.recognition) == "at_grant" else "at_delivery"
