"""Cash that came back and where it went: what investors paid in, what can be paid out, every movement."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from fundapp.allocation.tables import Investor, Pool
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import NotFoundError
from fundapp.core.quantities import round_to_won
from fundapp.identity.tables import Person
from fundapp.intake.tables import Company
from fundapp.ledger.tables import Account, Transfer, Txn
from fundapp.portfolio.queries.sight import award_clause
from fundapp.portfolio.rules import BANK
from fundapp.portfolio.tables import Award, CapitalCallLine, CashMovement, Grant, PaymentCorrection

IMPUTED = "KRW-IMPUTED"
_POSTED = ("posted", "post")
_PROCEEDS = ("investment:", "gain:", "income:")


@dataclass(frozen=True, slots=True)
class MovementRow:
    """One movement of cash; `award` is None for payouts. People by name.

    Attributes:
        kind: dividend, interest, redemption, exit, write_off, payout or correction.
        cost_krw: Cash cost given up.
        corrects: Number of the movement that this one reverses.
        corrected_by: Number of the approved correction that reversed this one.
    """

    number: str
    kind: str
    award: str | None
    company: str | None
    amount_krw: int
    cost_krw: int
    sharing: str | None
    effective_on: date
    reason: str
    state: str
    txn_key: str | None
    corrects: str | None
    corrected_by: str | None
    prepared_by: str
    prepared_by_id: uuid.UUID
    decided_by: str | None
    decided_at: datetime | None
    return_reason: str | None

    @property
    def gain_krw(self) -> int:
        """Realised: what came in less the cost given up."""
        return self.amount_krw - self.cost_krw


def payers(session: Session) -> dict[str, str]:
    """Return the investor behind each capital call of an award, by transaction key."""
    rows = session.execute(
        select(CapitalCallLine.txn_key, CapitalCallLine.investor_code).where(
            CapitalCallLine.tranche_id.is_not(None), CapitalCallLine.cancelled_at.is_(None)
        )
    )
    found = {key: code for key, code in rows}  # noqa: C416 - a typed Row is not a pair
    corrected = session.execute(
        select(PaymentCorrection.txn_key, CapitalCallLine.investor_code)
        .join(CapitalCallLine, CapitalCallLine.id == PaymentCorrection.line_id)
        .where(PaymentCorrection.state == "approved", CapitalCallLine.tranche_id.is_not(None))
    )
    return found | {key: code for key, code in corrected if key is not None}


def first_payer(session: Session) -> str:
    """Return the cash investor that a call belongs to which nobody wrote down: the first by code."""
    return session.scalars(select(Investor.code).where(Investor.kind == "cash").order_by(Investor.code)).first() or ""


def paid_in(session: Session, *, as_of: date) -> dict[str, int]:
    """Return what each investor has paid in, in won by code.

    Cash counts when it reached the bank, GPU time when it was used, at the rate of its pool: as in the reports.

    Args:
        session: A session.
        as_of: Last day that counts.
    """
    known, other = payers(session), first_payer(session)
    sums: dict[str, int] = defaultdict(int)
    for key, debit, credit, amount in _moves(session, "KRW", as_of):
        sign = 1 if credit == BANK else -1
        source = debit if sign > 0 else credit
        if BANK not in {debit, credit} or not source.startswith(("award:", "pool:")):
            continue
        own = (
            source.removeprefix("pool:")
            if source.startswith("pool:")
            else known.get(key.removeprefix("reverse:"), other)
        )
        sums[own] += sign * amount
    for code, value in _in_kind(session, as_of).items():
        sums[code] += round_to_won(value)
    return {code: amount for code, amount in sorted(sums.items()) if amount > 0}


def _in_kind(session: Session, as_of: date) -> dict[str, int]:
    grants = session.execute(select(Grant.account, Pool.investor_code).join(Pool, Pool.id == Grant.pool_id))
    givers: dict[str, str] = {account: code for account, code in grants}  # noqa: C416 - typed rows
    sums: dict[str, int] = defaultdict(int)
    for _, debit, credit, amount in _moves(session, IMPUTED, as_of):
        if debit in givers and credit.startswith("used:"):
            sums[givers[debit]] += amount
        elif credit in givers and debit.startswith("used:"):
            sums[givers[credit]] -= amount
    return sums


def _moves(session: Session, commodity: str, as_of: date | None) -> list[tuple[str, str, str, int]]:
    """Return (key, debit, credit, amount) of the commodity; keys only where they matter, which is for cash."""
    debit, credit = aliased(Account), aliased(Account)
    key = Txn.key if commodity == "KRW" else func.min(Txn.kind)
    query = (
        select(key, debit.path, credit.path, func.sum(Transfer.amount))
        .join_from(Transfer, Txn, Txn.id == Transfer.txn_id)
        .join(debit, debit.id == Transfer.debit_id)
        .join(credit, credit.id == Transfer.credit_id)
        .where(Txn.status.in_(_POSTED), Transfer.commodity == commodity)
        .group_by(*((Txn.key,) if commodity == "KRW" else ()), debit.path, credit.path)
    )
    if as_of is not None:
        query = query.where(Txn.effective_on <= as_of)
    return [(row[0], row[1], row[2], int(row[3])) for row in session.execute(query)]


def undistributed(session: Session, *, through: date | None = None) -> int:
    """Return the proceeds in won, received up to a day, that have not been paid out to the investors by now."""
    came = 0
    for key, debit, credit, amount in _moves(session, "KRW", through):
        # The bank pays into an investment when a tranche is disbursed, too; only reversals take proceeds back. And a
        # payment that is put right comes back without being proceeds.
        if key.startswith("reverse:disbursement:"):
            continue
        if credit == BANK and debit.startswith(_PROCEEDS):
            came += amount
        elif debit == BANK and credit.startswith(_PROCEEDS) and key.startswith("reverse:"):
            came -= amount
    went = sum(
        amount if debit == BANK else -amount
        for _, debit, credit, amount in _moves(session, "KRW", None)
        if any(path.startswith("distributed:") for path in (debit, credit))
    )
    return max(0, came - went)


def list_movements(session: Session, viewer: Viewer, *, award_id: uuid.UUID | None = None) -> list[MovementRow]:
    """Return the movements a viewer may see, newest first, in three statements.

    Raises:
        ForbiddenError: if the viewer may not see awards.
    """
    require(viewer, Verb.VIEW, Thing(Kind.AWARD))
    original, correction = aliased(CashMovement), aliased(CashMovement)
    query = (
        select(CashMovement, Award.number, original.number, correction.number)
        .outerjoin(Award, Award.id == CashMovement.award_id)
        .outerjoin(original, original.id == CashMovement.corrects_id)
        .outerjoin(correction, (correction.corrects_id == CashMovement.id) & (correction.state == "approved"))
        .where(CashMovement.award_id.is_(None) | award_clause(viewer))
        .order_by(CashMovement.number.desc())
    )
    if award_id is not None:
        query = query.where(CashMovement.award_id == award_id)
    return _rows(session, [(row[0], row[1], row[2], row[3]) for row in session.execute(query)])


def get_movement(session: Session, viewer: Viewer, number: str) -> MovementRow:
    """Return one movement.

    Raises:
        NotFoundError: if it is absent or out of sight.
    """
    found = next((one for one in list_movements(session, viewer) if one.number == number), None)
    if found is None:
        raise NotFoundError(movement=number)
    return found


def _rows(
    session: Session, found: Sequence[tuple[CashMovement, str | None, str | None, str | None]]
) -> list[MovementRow]:
    names = person_names(
        session, {one for row, *_ in found for one in (row.prepared_by_id, row.decided_by_id) if one is not None}
    )
    companies = _company_names(session, {row.award_id for row, *_ in found if row.award_id is not None})
    return [
        MovementRow(
            number=row.number,
            kind=row.kind,
            award=award,
            company=companies.get(row.award_id),
            amount_krw=row.amount_krw,
            cost_krw=row.cost_krw,
            sharing=row.sharing,
            effective_on=row.effective_on,
            reason=row.reason,
            state=row.state,
            txn_key=row.txn_key,
            corrects=corrects,
            corrected_by=corrected_by,
            prepared_by=names.get(row.prepared_by_id, ""),
            prepared_by_id=row.prepared_by_id,
            decided_by=names.get(row.decided_by_id),
            decided_at=row.decided_at,
            return_reason=row.return_reason,
        )
        for row, award, corrects, corrected_by in found
    ]


def person_names(session: Session, people: Collection[uuid.UUID]) -> dict[uuid.UUID | None, str]:
    """Return names by person."""
    found = session.execute(select(Person.id, Person.name).where(Person.id.in_(people)))
    return {person_id: name for person_id, name in found}  # noqa: C416 - typed rows


def _company_names(session: Session, awards: Collection[uuid.UUID]) -> dict[uuid.UUID | None, str]:
    found = session.execute(
        select(Award.id, Company.name).join(Company, Company.id == Award.company_id).where(Award.id.in_(awards))
    )
    return {award_id: name for award_id, name in found}  # noqa: C416 - typed rows
