"""The fund, its investors and what cash is free."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.allocation.tables import Fund, Investor
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.ledger.queries import balances


@dataclass(frozen=True, slots=True)
class FundRow:
    """The fund itself."""

    name_ko: str
    name_en: str
    legal_form: str
    recognition: str
    started_on: date


@dataclass(frozen=True, slots=True)
class InvestorRow:
    """Somebody who puts in capital; `committed_krw` is promised cash or the imputed value promised in kind."""

    code: str
    name_ko: str
    name_en: str
    kind: str
    committed_krw: int


@dataclass(frozen=True, slots=True)
class CashHeadroom:
    """Cash in whole won: promised by investors, held by ballots, awarded, and free."""

    promised_krw: int
    held_krw: int
    awarded_krw: int
    free_krw: int


def find_fund(session: Session) -> FundRow | None:
    """Return the fund, or None before it is founded."""
    fund = session.get(Fund, 1)
    if fund is None:
        return None
    return FundRow(fund.name_ko, fund.name_en, fund.legal_form, fund.recognition, fund.started_on)


def list_investors(session: Session, viewer: Viewer) -> list[InvestorRow]:
    """Return the investors by code.

    Raises:
        ForbiddenError: if the viewer may not see pools.
    """
    require(viewer, Verb.VIEW, Thing(Kind.POOL))
    rows = session.scalars(select(Investor).order_by(Investor.code))
    return [InvestorRow(i.code, i.name_ko, i.name_en, i.kind, i.committed_krw) for i in rows]


def cash_headroom(session: Session, viewer: Viewer) -> CashHeadroom:
    """Return the cash that investors promised and what became of it.

    Raises:
        ForbiddenError: if the viewer may not see pools.
    """
    require(viewer, Verb.VIEW, Thing(Kind.POOL))
    promised = (
        session.scalar(select(func.coalesce(func.sum(Investor.committed_krw), 0)).where(Investor.kind == "cash")) or 0
    )
    cash = [row for row in balances(session, prefix="pool:") if row.commodity == "KRW"]
    posted, held = sum(row.posted for row in cash), sum(row.held for row in cash)
    return CashHeadroom(int(promised), held, int(promised) - posted, posted - held)
