"""What accounts hold, now or on a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from fundapp.core.quantities import Quantity, scale_of
from fundapp.ledger.tables import Account, Balance, Period, Snapshot, Transfer


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """One account: posted = credits - debits, held = pending debits, free = posted - held; minor units."""

    account: str
    commodity: str
    posted: int
    held: int
    free: int


def balances(session: Session, *, prefix: str = "", as_of: date | None = None) -> list[BalanceRow]:
    """Return the balances of accounts whose path starts with `prefix`, by path.

    With `as_of`, they are what transfers effective up to and including that day had come to; holds are not dated
    and count as 0 then. The newest snapshot at or before the day is the start, so that only the transfers after it
    are added up.
    """
    wanted = Account.path.startswith(prefix, autoescape=True)
    query = _now() if as_of is None else _on(session, as_of)
    rows = session.execute(query.where(wanted).order_by(Account.path, Account.commodity))
    return [_row(*row) for row in rows]


def find_balance(session: Session, path: str, commodity: str, *, as_of: date | None = None) -> BalanceRow | None:
    """Return one account's balance, or None if there is no such account; `as_of` as for `balances`."""
    query = _now() if as_of is None else _on(session, as_of)
    row = session.execute(query.where(Account.path == path, Account.commodity == commodity)).one_or_none()
    return None if row is None else _row(*row)


def _row(path: str, commodity: str, posted: Any, held: int) -> BalanceRow:  # noqa: ANN401 - a sum is Decimal on PostgreSQL
    return BalanceRow(path, commodity, int(posted), held, int(posted) - held)


def _now() -> Select[*tuple[Any, ...]]:
    return select(
        Account.path, Account.commodity, Balance.credits_posted - Balance.debits_posted, Balance.debits_pending
    ).join(Balance, Balance.account_id == Account.id)


def _on(session: Session, day: date) -> Select[*tuple[Any, ...]]:
    last = session.execute(
        select(Period.id, Period.ends_on).where(Period.ends_on <= day).order_by(Period.ends_on.desc()).limit(1)
    ).one_or_none()
    counted: ColumnElement[bool] = Transfer.effective_on <= day
    if last is None:
        since: ColumnElement[Any] = _sum(Transfer.credit_id, counted) - _sum(Transfer.debit_id, counted)
        return select(Account.path, Account.commodity, since, literal(0))
    if last.ends_on == day:
        posted: ColumnElement[Any] = func.coalesce(Snapshot.credits_posted - Snapshot.debits_posted, literal(0))
    else:
        counted = and_(counted, Transfer.effective_on > last.ends_on)
        since = _sum(Transfer.credit_id, counted) - _sum(Transfer.debit_id, counted)
        posted = func.coalesce(Snapshot.credits_posted - Snapshot.debits_posted, literal(0)) + since
    return select(Account.path, Account.commodity, posted, literal(0)).outerjoin(
        Snapshot, and_(Snapshot.period_id == last.id, Snapshot.account_id == Account.id)
    )


def _sum(column: InstrumentedAttribute[int], counted: ColumnElement[bool]) -> ScalarSelect[Any]:
    total = func.coalesce(func.sum(Transfer.amount), 0)
    return select(total).where(column == Account.id, counted).correlate(Account).scalar_subquery()


def decimal_text(minor: int, commodity: str) -> str:
    """Return an exact decimal of minor units, for exports."""
    return f"{Quantity(minor, commodity).decimal:.{scale_of(commodity)}f}"
