"""What pages ask of the ledger: an account step by step, transactions whole, transfers by what caused them.

Lists run from the newest to the oldest and go on after a mark instead of counting pages, so that a page costs the same
whether an account has a hundred transfers or a million.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true
from sqlalchemy.orm import Session, aliased

from fundapp.ledger.tables import Account, Balance, HoldResolution, Transfer, Txn

_POSTED = ("posted", "post")
_IMPUTED = "KRW-IMPUTED"


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a list goes on: the day, transaction and transfer of the last row shown; its text fits into an address."""

    day: date
    txn: int
    transfer: int

    @classmethod
    def parse(cls, text: str) -> Mark | None:
        """Read a mark; anything else is no mark."""
        parts = text.split(".")
        try:
            day, txn, transfer = date.fromisoformat(parts[0]), int(parts[1]), int(parts[2])
        except (ValueError, IndexError):
            return None
        return cls(day, txn, transfer) if len(parts) == 3 and max(txn, transfer) < 2**63 else None  # noqa: PLR2004

    def __str__(self) -> str:
        return f"{self.day.isoformat()}.{self.txn}.{self.transfer}"


@dataclass(frozen=True, slots=True)
class Span:
    """What a list is narrowed to: a kind of transaction, and days of effect, both ends included."""

    kind: str = ""
    first: date | None = None
    last: date | None = None

    @property
    def narrow(self) -> bool:
        """Whether it leaves anything out."""
        return bool(self.kind or self.first or self.last)


@dataclass(frozen=True, slots=True)
class StepRow:
    """One posted transfer as an account sees it.

    Attributes:
        change: Positive where the account is credited, in minor units.
        balance: What the account held after it; None in a list of one kind only.
        value_e4: Of GPU time, the in-kind value that moved with it, in ten-thousandths of a won.
    """

    mark: Mark
    txn_key: str
    kind: str
    effective_on: date
    recorded_at: datetime
    actor: str
    other: str
    change: int
    balance: int | None
    source_ref: str | None
    value_e4: int | None = None


@dataclass(frozen=True, slots=True)
class HeldRow:
    """An open hold on an account; amount in minor units, negative where the account is debited."""

    txn_key: str
    kind: str
    effective_on: date
    expires_at: datetime | None
    other: str
    amount: int
    source_ref: str | None


@dataclass(frozen=True, slots=True)
class MovedRow:
    """One transfer in a list over all accounts."""

    mark: Mark
    txn_key: str
    kind: str
    status: str
    effective_on: date
    recorded_at: datetime
    actor: str
    debit: str
    credit: str
    commodity: str
    amount: int
    source_ref: str | None


@dataclass(frozen=True, slots=True)
class TxnPage:
    """A transaction with all its transfers and what it is tied to, each by its key."""

    key: str
    kind: str
    status: str
    effective_on: date
    recorded_at: datetime
    actor: str
    source_ref: str | None
    request_sha256: str
    expires_at: datetime | None
    hold_key: str | None
    resolved_by: str | None
    reverses: str | None
    reversed_by: str | None
    legs: tuple[tuple[str, str, str, int], ...]


def list_steps(
    session: Session, account: str, commodity: str, span: Span, *, after: Mark | None, limit: int
) -> list[StepRow]:
    """Return posted transfers of an account, newest first, from after a mark on, with the balance after each.

    Args:
        session: Any session.
        account: Its path.
        commodity: Which of its commodities.
        span: What to narrow to.
        after: The last row of the page before.
        limit: Most rows.
    """
    found = session.execute(
        select(Account.id, Balance.credits_posted - Balance.debits_posted)
        .join(Balance, Balance.account_id == Account.id)
        .where(Account.path == account, Account.commodity == commodity)
    ).one_or_none()
    if found is None:
        return []
    account_id, posted = found
    rows: list[tuple[Mark, int, Any]] = []
    for own, other, sign in ((Transfer.debit_id, Transfer.credit_id, -1), (Transfer.credit_id, Transfer.debit_id, 1)):
        opposite = aliased(Account)
        query = (
            select(Transfer.effective_on, Txn, Transfer.id, Transfer.amount, opposite.path)
            .join(Txn, Txn.id == Transfer.txn_id)
            .join(opposite, opposite.id == other)
            .where(own == account_id, Transfer.effective_on.is_not(None), _within(span), _older(after))
            .order_by(Transfer.effective_on.desc(), Transfer.txn_id.desc(), Transfer.id.desc())
            .limit(limit)
        )
        for day, txn, transfer_id, amount, path in session.execute(query):
            rows.append((Mark(day or txn.effective_on, txn.id, transfer_id), sign * amount, (txn, path)))
    rows.sort(key=lambda row: (row[0].day, row[0].txn, row[0].transfer), reverse=True)
    del rows[limit:]
    balance = None
    if rows and not span.kind:
        balance = posted - _newer(session, account_id, rows[0][0])
    steps = _steps(rows, balance)
    if commodity.startswith("GPUH."):
        values = _values(session, account, [row[0].txn for row in rows])
        return [replace(step, value_e4=values.get((step.mark.txn, step.other))) for step in steps]
    return steps


def _values(session: Session, account: str, txns: Sequence[int]) -> dict[tuple[int, str], int]:
    """Return the in-kind value that an account took in or gave away, by transaction and opposite account."""
    own = select(Account.id).where(Account.path == account, Account.commodity == _IMPUTED).scalar_subquery()
    debit, credit = aliased(Account), aliased(Account)
    rows = session.execute(
        select(Transfer.txn_id, Transfer.credit_id == own, debit.path, credit.path, func.sum(Transfer.amount))
        .join(debit, debit.id == Transfer.debit_id)
        .join(credit, credit.id == Transfer.credit_id)
        .where(Transfer.txn_id.in_(txns), (Transfer.debit_id == own) | (Transfer.credit_id == own))
        .group_by(Transfer.txn_id, Transfer.credit_id, Transfer.debit_id, debit.path, credit.path)
    )
    return {
        (txn, source if taken else target): int(amount) if taken else -int(amount)
        for txn, taken, source, target, amount in rows
    }


def _steps(rows: Sequence[tuple[Mark, int, Any]], balance: int | None) -> list[StepRow]:
    steps = []
    for mark, change, (txn, path) in rows:
        steps.append(
            StepRow(
                mark=mark,
                txn_key=txn.key,
                kind=txn.kind,
                effective_on=mark.day,
                recorded_at=txn.recorded_at,
                actor=txn.actor,
                other=path,
                change=change,
                balance=balance,
                source_ref=txn.source_ref,
            )
        )
        balance = None if balance is None else balance - change
    return steps


def _newer(session: Session, account_id: int, mark: Mark) -> int:
    """Return what an account changed by after a row: the row's balance is what it holds now less that."""
    later = or_(
        Transfer.effective_on > mark.day,
        and_(
            Transfer.effective_on == mark.day,
            or_(
                Transfer.txn_id > mark.txn,
                and_(Transfer.txn_id == mark.txn, Transfer.id > mark.transfer),
            ),
        ),
    )
    total = 0
    for own, sign in ((Transfer.debit_id, -1), (Transfer.credit_id, 1)):
        query = select(func.coalesce(func.sum(Transfer.amount), 0)).where(
            own == account_id, Transfer.effective_on >= mark.day, later
        )
        total += sign * int(session.scalar(query) or 0)
    return total


def _older(after: Mark | None) -> ColumnElement[bool]:
    if after is None:
        return true()
    return and_(
        Transfer.effective_on <= after.day,
        or_(
            Transfer.effective_on < after.day,
            Transfer.txn_id < after.txn,
            and_(Transfer.txn_id == after.txn, Transfer.id < after.transfer),
        ),
    )


def _within(span: Span) -> ColumnElement[bool]:
    terms: list[ColumnElement[bool]] = [true()]
    if span.kind:
        terms.append(Txn.kind == span.kind)
    if span.first is not None:
        terms.append(Transfer.effective_on >= span.first)
    if span.last is not None:
        terms.append(Transfer.effective_on <= span.last)
    return and_(*terms)


def list_held(session: Session, account: str, commodity: str) -> list[HeldRow]:
    """Return the open holds on an account, oldest first."""
    debit, credit = aliased(Account), aliased(Account)
    rows = session.execute(
        select(Txn, debit.path, credit.path, Transfer.amount)
        .join(Txn, Txn.id == Transfer.txn_id)
        .join(debit, debit.id == Transfer.debit_id)
        .join(credit, credit.id == Transfer.credit_id)
        .outerjoin(HoldResolution, HoldResolution.hold_id == Txn.id)
        .where(
            Txn.status == "hold",
            HoldResolution.hold_id.is_(None),
            Transfer.commodity == commodity,
            (debit.path == account) | (credit.path == account),
        )
        .order_by(Txn.id)
    )
    return [
        HeldRow(
            txn_key=txn.key,
            kind=txn.kind,
            effective_on=txn.effective_on,
            expires_at=txn.expires_at,
            other=target if source == account else source,
            amount=-amount if source == account else amount,
            source_ref=txn.source_ref,
        )
        for txn, source, target, amount in rows
    ]


def list_kinds(session: Session, account: str | None = None) -> list[str]:
    """Return the kinds of transactions there are, of one account or of all."""
    query = select(Txn.kind).distinct().order_by(Txn.kind)
    if account is not None:
        ids = select(Account.id).where(Account.path == account)
        touching = [
            select(Transfer.txn_id).where(column.in_(ids)) for column in (Transfer.debit_id, Transfer.credit_id)
        ]
        query = query.where(or_(*(Txn.id.in_(found) for found in touching)))
    return list(session.scalars(query))


def list_moved(
    session: Session, span: Span, *, source_ref: str = "", after: Mark | None, limit: int | None
) -> list[MovedRow]:
    """Return posted transfers of all accounts, newest first, by what caused them, kind and day."""
    debit, credit = aliased(Account), aliased(Account)
    query = (
        select(Transfer.effective_on, Txn, Transfer.id, debit.path, credit.path, Transfer.commodity, Transfer.amount)
        .join(Txn, Txn.id == Transfer.txn_id)
        .join(debit, debit.id == Transfer.debit_id)
        .join(credit, credit.id == Transfer.credit_id)
        .where(Txn.status.in_(_POSTED), Transfer.effective_on.is_not(None), _within(span), _older(after))
        .order_by(Transfer.effective_on.desc(), Transfer.txn_id.desc(), Transfer.id.desc())
        .limit(limit)
    )
    return [
        MovedRow(
            mark=Mark(day, txn.id, transfer_id),
            txn_key=txn.key,
            kind=txn.kind,
            status=txn.status,
            effective_on=day,
            recorded_at=txn.recorded_at,
            actor=txn.actor,
            debit=source,
            credit=target,
            commodity=commodity,
            amount=amount,
            source_ref=txn.source_ref,
        )
        for day, txn, transfer_id, source, target, commodity, amount in session.execute(_caused(query, source_ref))
    ]


def sum_moved(session: Session, span: Span, *, source_ref: str = "") -> list[tuple[str, int, int]]:
    """Return, for each commodity of such a list, how many transfers there are and what they add up to."""
    query = (
        select(Transfer.commodity, func.count(), func.sum(Transfer.amount))
        .join(Txn, Txn.id == Transfer.txn_id)
        .where(Txn.status.in_(_POSTED), Transfer.effective_on.is_not(None), _within(span))
        .group_by(Transfer.commodity)
        .order_by(Transfer.commodity)
    )
    return [(code, int(count), int(total)) for code, count, total in session.execute(_caused(query, source_ref))]


def _caused(query: Select[*tuple[Any, ...]], source_ref: str) -> Select[*tuple[Any, ...]]:
    return query.where(Txn.source_ref == source_ref) if source_ref else query


def find_txn(session: Session, key: str) -> TxnPage | None:
    """Return a transaction with everything that it is tied to, or None."""
    hold, ending, undone, undoing = aliased(Txn), aliased(Txn), aliased(Txn), aliased(Txn)
    found = session.execute(
        select(Txn, hold.key, ending.key, undone.key, undoing.key)
        .outerjoin(hold, hold.id == Txn.hold_id)
        .outerjoin(HoldResolution, HoldResolution.hold_id == Txn.id)
        .outerjoin(ending, ending.id == HoldResolution.txn_id)
        .outerjoin(undone, undone.id == Txn.reverses_id)
        .outerjoin(undoing, undoing.reverses_id == Txn.id)
        .where(Txn.key == key)
    ).one_or_none()
    if found is None:
        return None
    txn, hold_key, resolved_by, reverses, reversed_by = found
    debit, credit = aliased(Account), aliased(Account)
    legs = session.execute(
        select(debit.path, credit.path, Transfer.commodity, Transfer.amount)
        .join(debit, debit.id == Transfer.debit_id)
        .join(credit, credit.id == Transfer.credit_id)
        .where(Transfer.txn_id == txn.id)
        .order_by(Transfer.id)
    )
    return TxnPage(
        key=txn.key,
        kind=txn.kind,
        status=txn.status,
        effective_on=txn.effective_on,
        recorded_at=txn.recorded_at,
        actor=txn.actor,
        source_ref=txn.source_ref,
        request_sha256=txn.request_sha256,
        expires_at=txn.expires_at,
        hold_key=hold_key,
        resolved_by=resolved_by,
        reverses=reverses,
        reversed_by=reversed_by,
        legs=tuple((row[0], row[1], row[2], row[3]) for row in legs),
    )


@dataclass(frozen=True, slots=True)
class OpenHold:
    """A hold that nobody has posted or voided."""

    key: str
    kind: str
    effective_on: date
    expires_at: datetime | None
    source_ref: str | None


def list_open_holds(session: Session, *, through: date) -> list[OpenHold]:
    """Return the holds of the days through a date that are still open, oldest first."""
    rows = session.execute(
        select(Txn.key, Txn.kind, Txn.effective_on, Txn.expires_at, Txn.source_ref)
        .outerjoin(HoldResolution, HoldResolution.hold_id == Txn.id)
        .where(Txn.status == "hold", HoldResolution.hold_id.is_(None), Txn.effective_on <= through)
        .order_by(Txn.id)
    )
    return [OpenHold(row[0], row[1], row[2], row[3], row[4]) for row in rows]
