"""Opening accounts."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from fundapp.core.quantities import scale_of
from fundapp.core.sessions import RetryTransactionError
from fundapp.ledger.tables import Account, Balance, Commodity


def open_account(session: Session, path: str, commodity: str, *, on: date, floor: int | None = 0) -> None:
    """Open an account unless it exists.

    Args:
        session: A writing session.
        path: Colon-separated name, e.g. `pool:kt`.
        commodity: What it counts.
        on: The day it opens.
        floor: Least balance in minor units, pending holds counted; None for a source that may go below zero.
    """
    known = session.scalar(select(Account.id).where(Account.path == path, Account.commodity == commodity))
    if known is not None:
        return
    insert_missing(session, Commodity.__table__, [{"code": commodity, "scale": scale_of(commodity)}])
    insert_missing(session, Account.__table__, [{"path": path, "commodity": commodity, "opened_on": on}])
    account_id = session.scalars(
        select(Account.id).where(Account.path == path, Account.commodity == commodity)
    ).one_or_none()
    if account_id is None:  # a rival opened it after our snapshot was taken
        raise RetryTransactionError
    insert_missing(session, Balance.__table__, [_empty_balance(account_id, floor)])


def _empty_balance(account_id: int, floor: int | None) -> dict[str, Any]:
    columns = ("debits_posted", "credits_posted", "debits_pending", "credits_pending", "transfers_posted")
    return {"account_id": account_id, "floor": floor, **dict.fromkeys(columns, 0)}


def insert_missing(session: Session, table: Any, rows: list[dict[str, Any]]) -> None:  # noqa: ANN401 - a Table
    """Insert rows, passing over those whose key is there."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    session.execute(dialect.insert(table).on_conflict_do_nothing(), rows)
