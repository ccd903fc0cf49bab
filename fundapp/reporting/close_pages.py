"""What the pages of the close show: every quarter with its state, and one with its checklist and its steps."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Thing, Verb, Viewer, may, require
from fundapp.core.errors import NotFoundError
from fundapp.core.quarters import Quarter, kst_date
from fundapp.ledger.tables import Period
from fundapp.reporting.close_checks import close_lines, closed_through, first_quarter
from fundapp.reporting.close_rules import Line
from fundapp.reporting.sight import require_sight
from fundapp.reporting.tables import CloseStep


@dataclass(frozen=True, slots=True)
class CloseRow:
    """One quarter of the list.

    Attributes:
        state: `running`, `open`, `prepared`, `confirmed` or `closed`.
        sha256: The period's hash once it is closed.
    """

    quarter: str
    state: str
    sha256: str | None
    closed_by: str | None
    closed_at: datetime | None
    transfers: int | None


@dataclass(frozen=True, slots=True)
class StepTaken:
    """One step of a quarter's close; `reason` is given where it was taken back."""

    step: str
    taken_by: str
    person_id: uuid.UUID | None
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class ClosePage:
    """A quarter's close: its row, its checklist and what has been done."""

    row: CloseRow
    lines: tuple[Line, ...]
    steps: tuple[StepTaken, ...]

    @property
    def ready(self) -> bool:
        """Whether nothing but the report's signatures is open."""
        return all(line.ok or line.key == "report" for line in self.lines)


def list_closes(session: Session, viewer: Viewer, *, at: datetime) -> list[CloseRow]:
    """Return the quarters from the first transfer to the present one, newest first; four statements.

    Raises:
        ForbiddenError: if the viewer may see no ledger, or is recused from a part of it.
    """
    _require_close(session, viewer)
    first = first_quarter(session)
    if first is None:
        return []
    closed = closed_through(session)
    periods = {row.ends_on: row for row in session.scalars(select(Period))}
    taken = session.execute(select(CloseStep.quarter, CloseStep.step).order_by(CloseStep.number))
    steps: dict[str, str] = {quarter: step for quarter, step in taken}  # noqa: C416 - a typed Row is not a pair
    rows, one, last = [], first, Quarter.of_date(kst_date(at))
    while one <= last:
        rows.append(_row(one, steps.get(str(one)), periods.get(one.last_day), closed, at))
        one = one.next
    return rows[::-1]


def _row(quarter: Quarter, step: str | None, period: Period | None, closed: date | None, at: datetime) -> CloseRow:
    if closed is not None and closed >= quarter.last_day:
        state = "closed"
    elif not quarter.is_over(at):
        state = "running"
    else:
        state = step if step in {"prepared", "confirmed"} else "open"
    return CloseRow(
        quarter=str(quarter),
        state=state,
        sha256=None if period is None else period.sha256,
        closed_by=None if period is None else period.closed_by,
        closed_at=None if period is None else period.closed_at,
        transfers=None if period is None else period.transfers,
    )


def close_page(session: Session, viewer: Viewer, quarter: Quarter, *, at: datetime) -> ClosePage:
    """Return a quarter's close; the checklist of a closed one is not gone through again.

    Raises:
        ForbiddenError: if the viewer may see no ledger, or is recused from a part of it.
        NotFoundError: for a quarter before the first transfer or after the present one.
    """
    row = next((one for one in list_closes(session, viewer, at=at) if one.quarter == str(quarter)), None)
    if row is None:
        raise NotFoundError
    steps = session.scalars(select(CloseStep).where(CloseStep.quarter == row.quarter).order_by(CloseStep.number))
    return ClosePage(
        row=row,
        lines=() if row.state == "closed" else close_lines(session, quarter, at=at),
        steps=tuple(
            StepTaken(one.step, one.taken_by, one.person_id, one.at, one.checklist.get("reason", "")) for one in steps
        ),
    )


def _require_close(session: Session, viewer: Viewer) -> None:
    if not may(viewer, Verb.CLOSE, Thing(Kind.LEDGER)):
        require(viewer, Verb.VIEW, Thing(Kind.LEDGER))
    require_sight(session, viewer)
