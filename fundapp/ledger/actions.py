"""Posting, holding, resolving, reversing.

Balances change only by relative UPDATEs in account order, and the CHECK on the row decides: nothing here reads a
balance, computes and writes it back. That is what keeps eight processes from granting a pool twice at READ
COMMITTED, where read-check-write granted 2,400 of 1,000 hours.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.core.access import Viewer
from fundapp.core.errors import HeadroomExceededError, IdempotencyConflictError, LedgerRefusedError
from fundapp.core.idempotency import request_hash
from fundapp.core.quantities import Quantity, scale_of
from fundapp.core.sessions import RetryTransactionError
from fundapp.ledger.rules import Entry, Leg, require_postable, require_within
from fundapp.ledger.tables import Account, Balance, Book, Commodity, HoldResolution, RateCard, Transfer, Txn

_CHUNK = 2000


@dataclass(frozen=True, slots=True)
class Posting:
    """What became of a request: its key, and whether it had been carried out before."""

    key: str
    replayed: bool


@dataclass(frozen=True, slots=True)
class _Stamp:
    """Who records it, when, and what the transaction row says besides its entry."""

    actor: str
    at: datetime
    status: str = "posted"
    hold_id: int | None = None
    reverses_id: int | None = None
    expires_at: datetime | None = None


def open_account(session: Session, path: str, commodity: str, *, on: date, floor: int | None = 0) -> None:
    """Open an account unless it exists.

    Args:
        session: A writing session.
        path: Colon-separated name, e.g. `pool:kt`.
        commodity: What it counts.
        on: The day it opens.
        floor: Least balance in minor units, pending holds counted; None for a source that may go below zero.
    """
    _insert_missing(session, Commodity.__table__, [{"code": commodity, "scale": scale_of(commodity)}])
    known = session.scalar(select(Account.id).where(Account.path == path, Account.commodity == commodity))
    if known is not None:
        return
    _insert_missing(session, Account.__table__, [{"path": path, "commodity": commodity, "opened_on": on}])
    account_id = session.scalars(
        select(Account.id).where(Account.path == path, Account.commodity == commodity)
    ).one_or_none()
    if account_id is None:  # a rival opened it after our snapshot was taken
        raise RetryTransactionError
    _insert_missing(session, Balance.__table__, [_empty_balance(account_id, floor)])


def _empty_balance(account_id: int, floor: int | None) -> dict[str, Any]:
    zero = dict.fromkeys(("debits_posted", "credits_posted", "debits_pending", "credits_pending"), 0)
    return {"account_id": account_id, "floor": floor, **zero}


def _insert_missing(session: Session, table: Any, rows: list[dict[str, Any]]) -> None:  # noqa: ANN401 - a Table
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    session.execute(dialect.insert(table).on_conflict_do_nothing(), rows)


def post(
    session: Session,
    *,
    key: str,
    kind: str,
    legs: Sequence[Leg],
    effective_on: date,
    actor: Viewer,
    at: datetime,
    source_ref: str | None = None,
) -> Posting:
    """Post transfers, all or none.

    Raises:
        HeadroomExceededError: if an account would fall below its floor.
        LedgerRefusedError: if the period is closed, an account is missing or the legs are malformed.
        IdempotencyConflictError: if the key was used with other content.
    """
    entry = Entry(key, kind, tuple(legs), effective_on, source_ref)
    done = _record(session, [entry], _Stamp(actor.name or actor.email, at))
    return Posting(key, replayed=not done)


def post_many(session: Session, entries: Sequence[Entry], *, actor: Viewer, at: datetime) -> int:
    """Post many entries in one go; return how many were new. Same guarantees and errors as `post`."""
    stamp = _Stamp(actor.name or actor.email, at)
    return sum(_record(session, entries[start : start + _CHUNK], stamp) for start in range(0, len(entries), _CHUNK))


def hold(
    session: Session,
    *,
    key: str,
    kind: str,
    legs: Sequence[Leg],
    effective_on: date,
    actor: Viewer,
    at: datetime,
    expires_at: datetime | None = None,
    source_ref: str | None = None,
) -> Posting:
    """Reserve transfers: they count against the debited accounts' floors at once, and are posted or voided later.

    Raises:
        HeadroomExceededError, LedgerRefusedError, IdempotencyConflictError: as `post`.
    """
    entry = Entry(key, kind, tuple(legs), effective_on, source_ref)
    stamp = _Stamp(actor.name or actor.email, at, status="hold", expires_at=expires_at)
    return Posting(key, replayed=not _record(session, [entry], stamp))


def post_hold(
    session: Session,
    *,
    hold_key: str,
    key: str,
    effective_on: date,
    actor: Viewer,
    at: datetime,
    legs: Sequence[Leg] | None = None,
) -> Posting:
    """Post a hold, wholly or in part; the rest of it is released.

    Raises:
        LedgerRefusedError: if there is no such hold, it has ended, or more is asked than it holds.
    """
    held = _load_hold(session, hold_key)
    wanted = tuple(legs) if legs is not None else held.legs
    require_within(wanted, held.by_slot())
    return _resolve(session, held, Entry(key, held.kind, wanted, effective_on, held.source_ref), "post", actor, at)


def void_hold(session: Session, *, hold_key: str, key: str, effective_on: date, actor: Viewer, at: datetime) -> Posting:
    """Release a hold without posting anything.

    Raises:
        LedgerRefusedError: if there is no such hold or it has ended.
    """
    held = _load_hold(session, hold_key)
    return _resolve(session, held, Entry(key, held.kind, (), effective_on, held.source_ref), "void", actor, at)


def expire_holds(session: Session, *, actor: Viewer, at: datetime) -> int:
    """Void every open hold whose time is over; return how many."""
    due = session.scalars(
        select(Txn.key)
        .outerjoin(HoldResolution, HoldResolution.hold_id == Txn.id)
        .where(Txn.status == "hold", Txn.expires_at <= at, HoldResolution.hold_id.is_(None))
        .order_by(Txn.id)
    ).all()
    for key in due:
        void_hold(session, hold_key=key, key=f"expire:{key}", effective_on=at.date(), actor=actor, at=at)
    return len(due)


def reverse(session: Session, *, txn_key: str, key: str, effective_on: date, actor: Viewer, at: datetime) -> Posting:
    """Post the mirror image of a posted transaction; each can be reversed once.

    Raises:
        LedgerRefusedError: if there is no such posting or it has been reversed.
        HeadroomExceededError: if what it gave has been spent.
    """
    original = session.scalars(select(Txn).where(Txn.key == txn_key)).one_or_none()
    if original is None or original.status not in {"posted", "post"}:
        raise LedgerRefusedError(
            reason_ko=f"되돌릴 거래가 없습니다: {txn_key}", reason_en=f"no such posting: {txn_key}"
        )
    reversed_by = session.scalar(select(Txn.key).where(Txn.reverses_id == original.id))
    if reversed_by not in {None, key}:
        raise LedgerRefusedError(
            reason_ko=f"이미 되돌린 거래입니다: {txn_key}", reason_en=f"already reversed: {txn_key}"
        )
    legs = tuple(Leg(leg.credit, leg.debit, leg.quantity) for leg in _legs_of(session, original.id))
    entry = Entry(key, f"{original.kind}_reversal"[:40], legs, effective_on, original.source_ref)
    stamp = _Stamp(actor.name or actor.email, at, reverses_id=original.id)
    return Posting(key, replayed=not _record(session, [entry], stamp))


def set_rate(session: Session, *, commodity: str, valid_from: date, unit_price: int, source: str) -> None:
    """Append a rate-card line: whole won an hour from a date on; the same line twice changes nothing."""
    newest = session.scalars(
        select(RateCard)
        .where(RateCard.commodity == commodity, RateCard.valid_from == valid_from)
        .order_by(RateCard.version.desc())
        .limit(1)
    ).one_or_none()
    if newest is not None and (newest.unit_price, newest.source) == (unit_price, source):
        return
    _insert_missing(session, Commodity.__table__, [{"code": commodity, "scale": scale_of(commodity)}])
    session.add(
        RateCard(
            commodity=commodity,
            valid_from=valid_from,
            version=1 if newest is None else newest.version + 1,
            unit_price=unit_price,
            source=source,
        )
    )
    session.flush()


def close_books(session: Session, *, through: date) -> None:
    """Refuse every later posting that would take effect on or before `through`. Books never reopen."""
    _insert_missing(session, Book.__table__, [{"id": 1, "closed_through": None}])
    session.execute(
        update(Book)
        .where(Book.id == 1, Book.closed_through.is_(None) | (Book.closed_through < through))
        .values(closed_through=through)
    )


# ---- how it is done ----


@dataclass(frozen=True, slots=True)
class _Held:
    id: int
    key: str
    kind: str
    source_ref: str | None
    legs: tuple[Leg, ...]

    def by_slot(self) -> dict[tuple[str, str, str], int]:
        slots: dict[tuple[str, str, str], int] = defaultdict(int)
        for leg in self.legs:
            slots[leg.debit, leg.credit, leg.quantity.commodity] += leg.quantity.minor
        return slots


def _load_hold(session: Session, hold_key: str) -> _Held:
    txn = session.scalars(select(Txn).where(Txn.key == hold_key, Txn.status == "hold")).one_or_none()
    if txn is None:
        raise LedgerRefusedError(reason_ko=f"예약이 없습니다: {hold_key}", reason_en=f"no such hold: {hold_key}")
    return _Held(txn.id, txn.key, txn.kind, txn.source_ref, _legs_of(session, txn.id))


def _legs_of(session: Session, txn_id: int) -> tuple[Leg, ...]:
    debit, credit = Account.__table__.alias("debit"), Account.__table__.alias("credit")
    rows = session.execute(
        select(debit.c.path, credit.c.path, Transfer.amount, Transfer.commodity)
        .join_from(Transfer, debit, debit.c.id == Transfer.debit_id)
        .join(credit, credit.c.id == Transfer.credit_id)
        .where(Transfer.txn_id == txn_id)
        .order_by(Transfer.id)
    )
    return tuple(Leg(row[0], row[1], Quantity(row[2], row[3])) for row in rows)


def _resolve(session: Session, held: _Held, entry: Entry, status: str, actor: Viewer, at: datetime) -> Posting:
    digest = request_hash(entry.request())
    known = _known_hashes(session, [entry.key])
    if known:
        if known[entry.key] != digest:
            raise IdempotencyConflictError(key=entry.key)
        return Posting(entry.key, replayed=True)
    ended = LedgerRefusedError(reason_ko=f"이미 끝난 예약입니다: {held.key}", reason_en=f"hold has ended: {held.key}")
    if session.get(HoldResolution, held.id) is not None:
        raise ended
    stamp = _Stamp(actor.name or actor.email, at, status=status, hold_id=held.id)
    _require_open_period(session, [entry.effective_on])
    accounts = _find_accounts(session, [*held.legs, *entry.legs])
    deltas = _Deltas()
    deltas.add(held.legs, accounts, "pending", -1)
    deltas.add(entry.legs, accounts, "posted", 1)
    try:
        with session.begin_nested():
            ids = _insert_txns(session, [entry], [digest], stamp)
            session.execute(insert(HoldResolution), [{"hold_id": held.id, "txn_id": ids[entry.key]}])
            _insert_transfers(session, [entry], ids, accounts)
            deltas.apply(session)
    except IntegrityError as error:
        if "hold_resolution" in str(error.orig):
            raise ended from error
        _explain(error, [entry])
    return Posting(entry.key, replayed=False)


def _record(session: Session, entries: Sequence[Entry], stamp: _Stamp) -> int:
    """Write the entries that are not there yet; return how many were written."""
    for entry in entries:
        require_postable(entry.legs)
    digests = {entry.key: request_hash(entry.request()) for entry in entries}
    known = _known_hashes(session, digests)
    for key, digest in known.items():
        if digest != digests[key]:
            raise IdempotencyConflictError(key=key)
    fresh = [entry for entry in entries if entry.key not in known]
    if not fresh:
        return 0
    _require_open_period(session, [entry.effective_on for entry in fresh])
    accounts = _find_accounts(session, [leg for entry in fresh for leg in entry.legs])
    deltas = _Deltas()
    state = "pending" if stamp.status == "hold" else "posted"
    for entry in fresh:
        deltas.add(entry.legs, accounts, state, 1)
    try:
        with session.begin_nested():
            ids = _insert_txns(session, fresh, [digests[entry.key] for entry in fresh], stamp)
            _insert_transfers(session, fresh, ids, accounts)
            deltas.apply(session)
    except IntegrityError as error:
        _explain(error, fresh)
    return len(fresh)


def _known_hashes(session: Session, keys: Iterable[str]) -> dict[str, str]:
    rows = session.execute(select(Txn.key, Txn.request_sha256).where(Txn.key.in_(list(keys))))
    return {key: digest for key, digest in rows}  # noqa: C416 - a typed Row is not a pair


def _require_open_period(session: Session, days: Sequence[date]) -> None:
    # FOR SHARE keeps a close from slipping in between; SQLite's write lock does the same.
    closed = session.scalar(select(Book.closed_through).where(Book.id == 1).with_for_update(read=True))
    if closed is not None and min(days) <= closed:
        raise LedgerRefusedError(
            reason_ko=f"{closed}까지 마감되었습니다. 열린 기간에 정정하세요",
            reason_en=f"books are closed through {closed}; correct in the open period",
        )


def _find_accounts(session: Session, legs: Sequence[Leg]) -> dict[tuple[str, str], int]:
    paths = {path for leg in legs for path in (leg.debit, leg.credit)}
    found = {
        (path, commodity): account_id
        for path, commodity, account_id in session.execute(
            select(Account.path, Account.commodity, Account.id).where(Account.path.in_(paths))
        )
    }
    for leg in legs:
        for path in (leg.debit, leg.credit):
            if (path, leg.quantity.commodity) not in found:
                raise LedgerRefusedError(
                    reason_ko=f"{leg.quantity.commodity} 계정이 없습니다: {path}",
                    reason_en=f"no account in {leg.quantity.commodity}: {path}",
                )
    return found


def _insert_txns(session: Session, entries: Sequence[Entry], digests: Sequence[str], stamp: _Stamp) -> dict[str, int]:
    rows = [
        {
            "key": entry.key,
            "request_sha256": digest,
            "kind": entry.kind,
            "status": stamp.status,
            "effective_on": entry.effective_on,
            "recorded_at": stamp.at,
            "actor": stamp.actor,
            "source_ref": entry.source_ref,
            "hold_id": stamp.hold_id,
            "reverses_id": stamp.reverses_id,
            "expires_at": stamp.expires_at,
        }
        for entry, digest in zip(entries, digests, strict=True)
    ]
    ids = session.execute(insert(Txn).returning(Txn.key, Txn.id), rows)
    return {key: txn_id for key, txn_id in ids}  # noqa: C416 - a typed Row is not a pair


def _insert_transfers(
    session: Session, entries: Sequence[Entry], ids: dict[str, int], accounts: dict[tuple[str, str], int]
) -> None:
    rows = [
        {
            "txn_id": ids[entry.key],
            "debit_id": accounts[leg.debit, leg.quantity.commodity],
            "credit_id": accounts[leg.credit, leg.quantity.commodity],
            "commodity": leg.quantity.commodity,
            "amount": leg.quantity.minor,
        }
        for entry in entries
        for leg in entry.legs
    ]
    if rows:
        session.execute(insert(Transfer), rows)


class _Deltas:
    """Sums of changes by account, applied in account order so that two writers cannot deadlock."""

    def __init__(self) -> None:
        self._sums: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0, 0])

    def add(self, legs: Sequence[Leg], accounts: dict[tuple[str, str], int], state: str, sign: int) -> None:
        offset = 0 if state == "posted" else 2
        for leg in legs:
            amount = sign * leg.quantity.minor
            self._sums[accounts[leg.debit, leg.quantity.commodity]][offset] += amount
            self._sums[accounts[leg.credit, leg.quantity.commodity]][offset + 1] += amount

    def apply(self, session: Session) -> None:
        rows = [
            {"account": account, "dp": dp, "cp": cp, "dh": dh, "ch": ch}
            for account, (dp, cp, dh, ch) in sorted(self._sums.items())
        ]
        # One statement a row: PostgreSQL takes row locks in this order, and a CHECK names the row that fails.
        for row in rows:
            session.connection().execute(_APPLY, row)


_BALANCE = Balance.__table__
_APPLY = (
    update(_BALANCE)  # type: ignore[arg-type]
    .where(_BALANCE.c.account_id == bindparam("account"))
    .values(
        debits_posted=_BALANCE.c.debits_posted + bindparam("dp"),
        credits_posted=_BALANCE.c.credits_posted + bindparam("cp"),
        debits_pending=_BALANCE.c.debits_pending + bindparam("dh"),
        credits_pending=_BALANCE.c.credits_pending + bindparam("ch"),
    )
)


def _explain(error: IntegrityError, entries: Sequence[Entry]) -> None:
    """Turn a refused constraint into the error it means.

    Raises:
        HeadroomExceededError: for a floor.
        RetryTransactionError: for a key that a rival has just used.
        IntegrityError: for anything else, unchanged.
    """
    text = str(error.orig)
    if "ck_ledger_balance_floor" in text:
        debited = sorted({leg.debit for entry in entries for leg in entry.legs})
        raise HeadroomExceededError(account=", ".join(debited[:4])) from error
    if "ledger_txn" in text and ("key" in text or "reverses" in text):
        raise RetryTransactionError from error
    raise error


def count_transfers(session: Session) -> int:
    """Return the number of transfers in the ledger."""
    return session.scalar(select(func.count()).select_from(Transfer)) or 0
