"""How entries are written: looked up by key, checked against books and accounts, written all or none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NoReturn

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from fundapp.core.errors import HeadroomExceededError, IdempotencyConflictError, LedgerRefusedError
from fundapp.core.idempotency import request_hash
from fundapp.core.quantities import Quantity
from fundapp.core.sessions import RetryTransactionError
from fundapp.ledger.rules import Entry, Leg, require_postable
from fundapp.ledger.tables import Account, HoldResolution, Transfer
from fundapp.ledger.wires import AccountId, Batch, Deltas, Stamp, wire_of


@dataclass(frozen=True, slots=True)
class Held:
    """A hold as it was placed, whatever became of it."""

    id: int
    key: str
    kind: str
    source_ref: str | None
    expires_at: datetime | None
    legs: tuple[Leg, ...]

    def by_slot(self) -> dict[tuple[str, str, str], int]:
        """Return minor units by (debit, credit, commodity)."""
        slots: dict[tuple[str, str, str], int] = defaultdict(int)
        for leg in self.legs:
            slots[leg.debit, leg.credit, leg.quantity.commodity] += leg.quantity.minor
        return slots


def record(session: Session, entries: Sequence[Entry], stamp: Stamp, *, held: Held | None = None) -> int:
    """Write the entries that are not there yet; return how many were written.

    With `held`, the one entry ends that hold: what it holds is released and what the entry says is posted.

    Raises:
        HeadroomExceededError, LedgerRefusedError, IdempotencyConflictError: as the actions say.
        RetryTransactionError: if a rival has just used a key; it is found when the transaction starts again.
    """
    if held is None:
        for entry in entries:
            require_postable(entry.legs)
    digests = _digests(entries, stamp)
    session.flush()  # what the caller has changed belongs before the posting, whatever becomes of it
    wire = wire_of(session.connection())
    looked = wire.look(list(digests), _paths(entries, held))
    for key, digest in looked.hashes.items():
        if digest != digests[key]:
            raise IdempotencyConflictError(key=key)
    fresh = list({entry.key: entry for entry in entries if entry.key not in looked.hashes}.values())
    if not fresh:
        return 0
    _require_open_period(looked.closed_through, fresh)
    if held is not None:
        _require_open_hold(session, held, stamp)
    numbers = [digests[entry.key] for entry in fresh]
    batch = Batch(fresh, numbers, stamp, looked.accounts, _deltas(fresh, held, looked.accounts, stamp))
    try:
        wire.write(batch)
    except IntegrityError as error:
        _explain(error, fresh, held)
    return len(fresh)


def record_both(session: Session, first: tuple[Entry, Stamp], second: tuple[Entry, Stamp]) -> bool:
    """Write two entries of different stamps with one change of balances; return whether they were new.

    Raises:
        HeadroomExceededError, LedgerRefusedError, IdempotencyConflictError, RetryTransactionError: as `record`.
    """
    pairs = (first, second)
    entries = [entry for entry, _ in pairs]
    digests: dict[str, str] = {}
    for entry, stamp in pairs:
        require_postable(entry.legs)
        digests |= _digests([entry], stamp)
    session.flush()
    connection = session.connection()
    wire = wire_of(connection)
    looked = wire.look(list(digests), _paths(entries, None))
    for key, digest in looked.hashes.items():
        if digest != digests[key]:
            raise IdempotencyConflictError(key=key)
    if len(looked.hashes) == len(digests):
        return False
    if looked.hashes:
        (known,) = looked.hashes
        raise LedgerRefusedError(reason_ko=f"이미 한 거래입니다: {known}", reason_en=f"was done already: {known}")
    _require_open_period(looked.closed_through, entries)
    deltas = _deltas(entries, None, looked.accounts, first[1])
    try:
        with connection.begin_nested():  # the session's own would wait for a statement that it knows of
            for (entry, stamp), changes in zip(pairs, (Deltas(), deltas), strict=True):
                wire.write(Batch([entry], [digests[entry.key]], stamp, looked.accounts, changes))
    except IntegrityError as error:
        _explain(error, entries, None)
    return True


def _digests(entries: Sequence[Entry], stamp: Stamp) -> dict[str, str]:
    """Return the request hash of each key; the same key twice in one go must say the same."""
    digests: dict[str, str] = {}
    for entry in entries:
        request = entry.request()
        if stamp.about is not None:
            request["about"] = stamp.about
        digest = request_hash(request)
        if digests.setdefault(entry.key, digest) != digest:
            raise IdempotencyConflictError(key=entry.key)
    return digests


def _paths(entries: Sequence[Entry], held: Held | None) -> list[str]:
    paths = {path for entry in entries for leg in entry.legs for path in (leg.debit, leg.credit)}
    if held is not None:
        paths.update(path for leg in held.legs for path in (leg.debit, leg.credit))
    return sorted(paths)


def _require_open_period(closed: date | None, entries: Sequence[Entry]) -> None:
    if closed is not None and min(entry.effective_on for entry in entries) <= closed:
        raise LedgerRefusedError(
            reason_ko=f"{closed}까지 마감되었습니다. 열린 기간에 정정하세요",
            reason_en=f"books are closed through {closed}; correct in the open period",
        )


def _require_open_hold(session: Session, held: Held, stamp: Stamp) -> None:
    if session.scalar(select(HoldResolution.txn_id).where(HoldResolution.hold_id == held.id)) is not None:
        raise _ended(held)
    if stamp.status == "post" and held.expires_at is not None and stamp.at >= held.expires_at:
        raise LedgerRefusedError(
            reason_ko=f"기한이 지난 예약입니다: {held.key}", reason_en=f"the hold's time is over: {held.key}"
        )


def _ended(held: Held) -> LedgerRefusedError:
    return LedgerRefusedError(reason_ko=f"이미 끝난 예약입니다: {held.key}", reason_en=f"hold has ended: {held.key}")


def _deltas(entries: Sequence[Entry], held: Held | None, accounts: dict[AccountId, int], stamp: Stamp) -> Deltas:
    deltas = Deltas()
    add = deltas.hold if stamp.status == "hold" else deltas.post
    for entry in entries:
        for leg in entry.legs:
            add(*_numbers(leg, accounts), leg.quantity.minor)
    for leg in held.legs if held is not None else ():
        deltas.hold(*_numbers(leg, accounts), -leg.quantity.minor)
    return deltas


def _numbers(leg: Leg, accounts: dict[AccountId, int]) -> tuple[int, int]:
    commodity = leg.quantity.commodity
    debit, credit = accounts.get((leg.debit, commodity)), accounts.get((leg.credit, commodity))
    if debit is None or credit is None:
        path = leg.debit if debit is None else leg.credit
        raise LedgerRefusedError(
            reason_ko=f"{commodity} 계정이 없습니다: {path}", reason_en=f"no account in {commodity}: {path}"
        )
    return debit, credit


def _explain(error: IntegrityError, entries: Sequence[Entry], held: Held | None) -> NoReturn:
    """Turn a refused constraint into the error it means.

    Raises:
        HeadroomExceededError: for a floor.
        LedgerRefusedError: for a hold that a rival has just ended.
        RetryTransactionError: for a key that a rival has just used.
        IntegrityError: for anything else, unchanged.
    """
    text = str(error.orig)
    if "ck_ledger_balance_floor" in text:
        debited = sorted({leg.debit for entry in entries for leg in entry.legs})
        raise HeadroomExceededError(account=", ".join(debited[:4])) from error
    if held is not None and "ledger_hold_resolution" in text:
        raise _ended(held) from error
    if "ledger_txn" in text and ("key" in text or "reverses" in text):
        raise RetryTransactionError from error
    raise error


def legs_of(session: Session, txn_id: int) -> tuple[Leg, ...]:
    """Return a transaction's legs in the order they were given."""
    debit, credit = aliased(Account), aliased(Account)
    rows = session.execute(
        select(debit.path, credit.path, Transfer.amount, Transfer.commodity)
        .join_from(Transfer, debit, debit.id == Transfer.debit_id)
        .join(credit, credit.id == Transfer.credit_id)
        .where(Transfer.txn_id == txn_id)
        .order_by(Transfer.id)
    )
    return tuple(Leg(source, target, Quantity(amount, commodity)) for source, target, amount, commodity in rows)
