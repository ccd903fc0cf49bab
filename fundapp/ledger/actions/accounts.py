"""Opening accounts."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any, Final, NamedTuple

from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from fundapp.core.quantities import scale_of
from fundapp.core.sessions import RetryTransactionError
from fundapp.ledger.tables import Account, Balance, Commodity, OpeningSlot

_AT_ONCE: Final = 500
"""Paths looked up with one statement."""
_SLOTS: Final = 64
"""Rows of `ledger_opening_slot`, as its migration left them."""


class Opening(NamedTuple):
    """An account to open.

    Attributes:
        path: Colon-separated name.
        commodity: What it counts.
        on: The day it opens.
        floor: Least balance in minor units, pending holds counted; None for a source that may go below zero.
    """

    path: str
    commodity: str
    on: date
    floor: int | None = 0


def open_account(session: Session, path: str, commodity: str, *, on: date, floor: int | None = 0) -> None:
    """Open an account unless it exists.

    Args:
        session: A writing session.
        path: Colon-separated name, e.g. `pool:kt`.
        commodity: What it counts.
        on: The day it opens.
        floor: Least balance in minor units, pending holds counted; None for a source that may go below zero.
    """
    open_accounts(session, [Opening(path, commodity, on, floor)])


def open_accounts(session: Session, openings: Iterable[Opening]) -> None:
    """Open those of the accounts that do not exist, with a few statements however many they are.

    Args:
        session: A writing session.
        openings: Accounts; of two with one path and commodity the last counts.

    Raises:
        RetryTransactionError: if a rival opened one after our snapshot was taken.
    """
    wanted = {(one.path, one.commodity): one for one in openings}
    known = _numbers(session, wanted)
    fresh = [wanted[key] for key in sorted(wanted) if key not in known]
    if not fresh:
        return
    commodities = sorted({one.commodity for one in fresh})
    insert_missing(session, Commodity.__table__, [{"code": code, "scale": scale_of(code)} for code in commodities])
    rows = [{"path": one.path, "commodity": one.commodity, "opened_on": one.on} for one in fresh]
    insert_missing(session, Account.__table__, rows)
    numbers = _numbers(session, [(one.path, one.commodity) for one in fresh])
    if len(numbers) < len(fresh):
        raise RetryTransactionError
    balances = [_empty_balance(numbers[one.path, one.commodity], one.floor) for one in fresh]
    insert_missing(session, Balance.__table__, balances)
    if session.get_bind().dialect.name == "postgresql":  # on SQLite no snapshot is older than the write lock
        slot = func.mod(func.pg_backend_pid(), _SLOTS)
        accounts = OpeningSlot.accounts + len(fresh)
        session.execute(update(OpeningSlot).where(OpeningSlot.slot == slot).values(accounts=accounts))


def _numbers(session: Session, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Return the numbers of those accounts that exist."""
    paths = sorted({path for path, _ in keys})
    found: dict[tuple[str, str], int] = {}
    for start in range(0, len(paths), _AT_ONCE):
        some = paths[start : start + _AT_ONCE]
        rows = session.execute(select(Account.path, Account.commodity, Account.id).where(Account.path.in_(some)))
        found |= {(path, commodity): number for path, commodity, number in rows if (path, commodity) in keys}
    return found


def _empty_balance(account_id: int, floor: int | None) -> dict[str, Any]:
    columns = ("debits_posted", "credits_posted", "debits_pending", "credits_pending", "transfers_posted")
    return {"account_id": account_id, "floor": floor, **dict.fromkeys(columns, 0)}


def insert_missing(session: Session, table: Any, rows: list[dict[str, Any]]) -> None:  # noqa: ANN401 - a Table
    """Insert rows, passing over those whose key is there."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    session.execute(dialect.insert(table).on_conflict_do_nothing(), rows)
