"""Closed periods."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.ledger.tables import Book, Period


@dataclass(frozen=True, slots=True)
class PeriodRow:
    """A closed period: its days, its number of transfers, its hash and that of the period before."""

    name: str
    starts_on: date
    ends_on: date
    closed_at: datetime
    closed_by: str
    transfers: int
    previous_sha256: str | None
    sha256: str


def list_periods(session: Session) -> list[PeriodRow]:
    """Return all closed periods, oldest first."""
    rows = session.execute(
        select(
            Period.name,
            Period.starts_on,
            Period.ends_on,
            Period.closed_at,
            Period.closed_by,
            Period.transfers,
            Period.previous_sha256,
            Period.sha256,
        ).order_by(Period.ends_on)
    )
    return [PeriodRow(*row) for row in rows]


def find_closed_through(session: Session, *, hold: bool = False) -> date | None:
    """Return the last day of closed books, or None while all are open.

    Args:
        session: A session.
        hold: Let no close come in between until the transaction ends, as a posting does.
    """
    asked = select(Book.closed_through).where(Book.id == 1)
    return session.scalar(asked.with_for_update(read=True) if hold else asked)
