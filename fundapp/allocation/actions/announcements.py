"""What investors announce: capacity of quarters to come, before any of it is contributed."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy.orm import Session

from fundapp.allocation.tables import CapacityAnnouncement, Investor
from fundapp.audit.actions import record_event
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import InvalidInputError, NotFoundError
from fundapp.core.quarters import Quarter, utc_day

MOST_HOURS = 1_000_000_000


def announce_capacity(
    session: Session,
    *,
    investor: str,
    sku: str,
    region: str,
    quarter: str,
    hours: int,
    announced_on: date,
    source: str,
    actor: Viewer,
    at: datetime,
) -> uuid.UUID:
    """Note how many hours an investor says there will be; what was announced before stays on record.

    Args:
        session: A writing session.
        investor: Code of an in-kind investor.
        sku: Such as `h100`; kept in lower case.
        region: Such as `koreacentral`.
        quarter: UTC quarter that is not over, such as `2026Q3`.
        hours: Whole GPU-hours in all, contributions included; 0 takes an announcement back.
        announced_on: When it was said; not in the future.
        source: Where it was said.
        actor: Finance.
        at: Now.

    Raises:
        NotFoundError: if there is no such in-kind investor.
        InvalidInputError: if the quarter is over, the day lies ahead, the hours are negative, or the source is missing.
    """
    require(actor, Verb.EDIT, Thing(Kind.POOL))
    period = _require_sayable(session, investor, quarter, hours, announced_on, source, utc_day(at))
    row = CapacityAnnouncement(
        investor_code=investor,
        sku=sku.strip().lower(),
        region=region.strip(),
        quarter=str(period),
        hours=hours,
        announced_on=announced_on,
        source=source.strip(),
        entered_by=actor.name or actor.email,
        entered_by_id=actor.person_id,
        at=at,
    )
    session.add(row)
    session.flush()
    record_event(
        session,
        actor=actor,
        verb="capacity.announced",
        subject_kind="pool",
        subject=f"{row.sku}:{row.region}:{row.quarter}",
        at=at,
        details={"hours": hours, "announced_on": announced_on.isoformat(), "source": row.source},
    )
    return row.id


def _require_sayable(
    session: Session, investor: str, quarter: str, hours: int, announced_on: date, source: str, today: date
) -> Quarter:
    found = session.get(Investor, investor)
    if found is None or found.kind != "in_kind":
        raise NotFoundError(investor=investor)
    period = Quarter.parse(quarter)
    if period < Quarter.of_date(today):
        raise InvalidInputError(field="quarter", reason_ko="이미 지난 분기입니다", reason_en="is over")
    if announced_on > today:
        raise InvalidInputError(
            field="announced_on", reason_ko="오늘이나 그 전이어야 합니다", reason_en="must not lie in the future"
        )
    if not 0 <= hours <= MOST_HOURS:
        raise InvalidInputError(
            field="hours", reason_ko=f"0부터 {MOST_HOURS:,}까지입니다", reason_en=f"must be 0 to {MOST_HOURS:,}"
        )
    if not source.strip():
        raise InvalidInputError(field="source", reason_ko="출처를 적어 주세요", reason_en="needs a source")
    return period
