"""The portfolio as a list: narrowed, sorted and cut by the database, so that ten thousand awards stay quick.

Only the rows of the page are added up, in a constant number of statements. A column that is itself a sum is reckoned
for every award only when the list is sorted by it.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select, true
from sqlalchemy.orm import Session

from fundapp.core.access import Viewer
from fundapp.core.quarters import Quarter
from fundapp.intake.tables import Application, Call, Company
from fundapp.ledger.tables import Account, Balance
from fundapp.portfolio.queries.grants import moved_by_head
from fundapp.portfolio.queries.sight import award_clause
from fundapp.portfolio.rules.accounts import overage_account, used_account
from fundapp.portfolio.tables import (
    Award,
    FinancingRound,
    Grant,
    GrantAlert,
    GrantForecast,
    Tranche,
    Valuation,
)

_IMPUTED = "KRW-IMPUTED"
_POSTED = Balance.credits_posted - Balance.debits_posted
STATES = ("due", "prepared", "open", "paid", "alert")
"""What the list can be narrowed to: a payment due, one awaiting approval, cash left, all paid, an alert standing."""


@dataclass(frozen=True, slots=True)
class PortfolioFilter:
    """What is asked of the list. `sort` is a column of `SORTS`; `down` turns it round."""

    call: str = ""
    sku: str = ""
    state: str = ""
    search: str = ""
    sort: str = "number"
    down: bool = False


@dataclass(frozen=True, slots=True)
class PortfolioHours:
    """GPU time of one SKU of one award in ten-thousandths of an hour; `used` holds what exceeds the grant, too."""

    sku: str
    granted_e4: int
    used_e4: int
    free_e4: int
    at_risk_e4: int
    overage_e4: int


@dataclass(frozen=True, slots=True)
class PortfolioRow:
    """One award in the list.

    Attributes:
        paid_krw: Disbursed.
        waiting_krw: Not disbursed yet.
        prepared: A tranche awaits its approval.
        alerts: Standing alerts of its grants.
        fair_value_krw: The newest mark, of `valued_quarter`.
        our_shares: Ours of `total_shares` after the newest round.
    """

    id: uuid.UUID
    number: str
    application_number: str
    call: str
    company_id: uuid.UUID
    company_name: str
    instrument: str
    signed_on: date
    committed_krw: int
    paid_krw: int
    waiting_krw: int
    next_due_on: date | None
    prepared: bool
    gpu: tuple[PortfolioHours, ...]
    alerts: int
    grave: bool
    fair_value_krw: int | None
    valued_quarter: str | None
    our_shares: int | None
    total_shares: int | None


@dataclass(frozen=True, slots=True)
class PortfolioSlice:
    """Some rows and how many there are altogether."""

    rows: tuple[PortfolioRow, ...]
    total: int


def list_portfolio(
    session: Session,
    viewer: Viewer,
    asked: PortfolioFilter,
    *,
    today: date,
    limit: int | None = None,
    offset: int = 0,
) -> PortfolioSlice:
    """Return a part of the awards that a viewer may see and the filter leaves.

    Args:
        session: Any session.
        viewer: Who asks; what they may not see is never selected.
        asked: Filter and order.
        today: In Seoul; decides which payments are due.
        limit: Most rows, None for all.
        offset: Rows before the first.
    """
    narrowed = _narrow(viewer, asked, today)
    total = session.scalar(_joined(select(func.count()).select_from(Award)).where(narrowed)) or 0
    sort: Any = SORTS.get(asked.sort, SORTS["number"])
    order = sort.desc().nulls_last() if asked.down else sort.asc().nulls_last()
    found = session.execute(
        _joined(select(Award, Application.number, Call.code, Company.name))
        .where(narrowed)
        .order_by(order, Award.number)
        .limit(limit)
        .offset(offset)
    ).all()
    return PortfolioSlice(tuple(_rows(session, [(row[0], row[1], row[2], row[3]) for row in found], today)), total)


def portfolio_choices(session: Session, viewer: Viewer) -> tuple[list[tuple[str, str, str]], list[str]]:
    """Return what the list can be narrowed by: calls (code, Korean and English title) and SKUs in lower case."""
    calls = session.execute(
        select(Call.code, Call.title_ko, Call.title_en)
        .where(Call.id.in_(_joined(select(Application.call_id).select_from(Award)).where(award_clause(viewer))))
        .order_by(Call.code)
    ).all()
    skus = session.scalars(
        select(Grant.sku).join(Award, Award.id == Grant.award_id).where(award_clause(viewer)).distinct()
    )
    return [(row[0], row[1], row[2]) for row in calls], sorted(skus)


def _joined(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    return (
        query.join(Application, Application.id == Award.application_id)
        .join(Call, Call.id == Application.call_id)
        .join(Company, Company.id == Award.company_id)
    )


def _narrow(viewer: Viewer, asked: PortfolioFilter, today: date) -> ColumnElement[bool]:
    terms: list[ColumnElement[bool]] = [award_clause(viewer)]
    if asked.call:
        terms.append(Call.code == asked.call)
    if asked.sku:
        terms.append(select(Grant.id).where(Grant.award_id == Award.id, Grant.sku == asked.sku).exists())
    if asked.search:
        terms.append(
            or_(
                *(
                    column.icontains(asked.search, autoescape=True)
                    for column in (Company.name, Award.number, Application.number)
                )
            )
        )
    terms.append(_in_state(asked.state, today))
    return and_(*terms)


def _in_state(state: str, today: date) -> ColumnElement[bool]:
    unpaid = select(Tranche.id).where(Tranche.award_id == Award.id, Tranche.state != "disbursed")
    return {
        "due": unpaid.where(Tranche.due_on <= today).exists(),
        "prepared": unpaid.where(Tranche.state == "prepared").exists(),
        "open": unpaid.exists(),
        "paid": ~unpaid.exists(),
        "alert": select(GrantAlert.id)
        .join(Grant, Grant.id == GrantAlert.grant_id)
        .where(Grant.award_id == Award.id, GrantAlert.state != "resolved")
        .exists(),
    }.get(state, true())


def _of_award(*columns: Any) -> Select[*tuple[Any, ...]]:  # noqa: ANN401 - any column
    return select(*columns).correlate(Award)


def _granted() -> ColumnElement[int]:
    return _of_award(func.coalesce(func.sum(Grant.hours_e4), 0)).where(Grant.award_id == Award.id).scalar_subquery()


def _free() -> ColumnElement[int]:
    return (
        _of_award(func.coalesce(func.sum(_POSTED), 0))
        .select_from(Grant)
        .join(Account, and_(Account.path == Grant.account, Account.commodity != _IMPUTED))
        .join(Balance, Balance.account_id == Account.id)
        .where(Grant.award_id == Award.id)
        .scalar_subquery()
    )


def _used() -> ColumnElement[int]:
    names = select(literal("used:") + Award.number + ":" + Grant.sku).where(Grant.award_id == Award.id).correlate(Award)
    return (
        _of_award(func.coalesce(func.sum(_POSTED), 0))
        .select_from(Account)
        .join(Balance, Balance.account_id == Account.id)
        .where(Account.path.in_(names), Account.commodity != _IMPUTED)
        .scalar_subquery()
    )


def _at_risk() -> ColumnElement[int]:
    return (
        _of_award(func.coalesce(func.sum(GrantForecast.at_risk_e4), 0))
        .select_from(Grant)
        .join(GrantForecast, GrantForecast.grant_id == Grant.id)
        .where(Grant.award_id == Award.id)
        .scalar_subquery()
    )


def _paid() -> ColumnElement[int]:
    return (
        _of_award(func.coalesce(func.sum(func.coalesce(Tranche.paid_krw, Tranche.amount_krw)), 0))
        .where(Tranche.award_id == Award.id, Tranche.state == "disbursed")
        .scalar_subquery()
    )


def _next_due() -> ColumnElement[Any]:
    return (
        _of_award(func.min(Tranche.due_on))
        .where(Tranche.award_id == Award.id, Tranche.state != "disbursed")
        .scalar_subquery()
    )


def _fair_value() -> ColumnElement[Any]:
    return (
        _of_award(Valuation.fair_value_krw)
        .where(Valuation.award_id == Award.id)
        .order_by(Valuation.quarter.desc(), Valuation.version.desc())
        .limit(1)
        .scalar_subquery()
    )


def _ownership() -> ColumnElement[Any]:
    return (
        _of_award(FinancingRound.our_shares * 1_000_000 / FinancingRound.total_shares)
        .where(FinancingRound.award_id == Award.id)
        .order_by(FinancingRound.closed_on.desc(), FinancingRound.version.desc())
        .limit(1)
        .scalar_subquery()
    )


SORTS: Mapping[str, Any] = {
    "number": Award.number,
    "company": Company.name,
    "signed": Award.signed_on,
    "committed": Award.committed_krw,
    "paid": _paid(),
    "waiting": Award.committed_krw - _paid(),
    "due": _next_due(),
    "granted": _granted(),
    "used": _used(),
    "free": _free(),
    "risk": _at_risk(),
    "value": _fair_value(),
    "share": _ownership(),
}


def _rows(session: Session, found: Sequence[tuple[Award, str, str, str]], today: date) -> list[PortfolioRow]:
    ids = [award.id for award, *_ in found]
    cash = _cash(session, ids)
    hours = _hours(session, {award.id: award.number for award, *_ in found}, today)
    alerts = _alerts(session, ids)
    marks = _newest(session, ids)
    rounds = _rounds(session, ids)
    rows = []
    for award, application, call, company in found:
        paid, due, prepared = cash.get(award.id, (0, None, False))
        standing, grave = alerts.get(award.id, (0, 0))
        quarter, value = marks.get(award.id, (None, None))
        ours, total = rounds.get(award.id, (None, None))
        rows.append(
            PortfolioRow(
                id=award.id,
                number=award.number,
                application_number=application,
                call=call,
                company_id=award.company_id,
                company_name=company,
                instrument=award.instrument,
                signed_on=award.signed_on,
                committed_krw=award.committed_krw,
                paid_krw=paid,
                waiting_krw=award.committed_krw - paid,
                next_due_on=due,
                prepared=prepared,
                gpu=hours.get(award.id, ()),
                alerts=standing,
                grave=grave > 0,
                fair_value_krw=value,
                valued_quarter=quarter,
                our_shares=ours,
                total_shares=total,
            )
        )
    return rows


def _cash(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, tuple[int, date | None, bool]]:
    found: dict[uuid.UUID, tuple[int, date | None, bool]] = {}
    rows = session.execute(
        select(Tranche.award_id, Tranche.state, func.coalesce(Tranche.paid_krw, Tranche.amount_krw), Tranche.due_on)
        .where(Tranche.award_id.in_(ids))
        .order_by(Tranche.due_on)
    )
    for award_id, state, amount, due_on in rows:
        paid, due, prepared = found.get(award_id, (0, None, False))
        if state == "disbursed":
            found[award_id] = (paid + amount, due, prepared)
        else:
            found[award_id] = (paid, due or due_on, prepared or state == "prepared")
    return found


def _hours(
    session: Session, numbers: Mapping[uuid.UUID, str], today: date
) -> dict[uuid.UUID, tuple[PortfolioHours, ...]]:
    grants = session.execute(
        select(
            Grant.award_id, Grant.sku, Grant.region, Grant.quarter, Grant.account, Grant.id,
            func.coalesce(GrantForecast.at_risk_e4, 0),
        )
        .outerjoin(GrantForecast, GrantForecast.grant_id == Grant.id)
        .where(Grant.award_id.in_(list(numbers)))
    ).all()  # fmt: skip
    names = {row.account for row in grants}
    names |= {used_account(numbers[row.award_id], row.sku) for row in grants}
    names |= {
        overage_account(numbers[row.award_id], row.sku, row.region, quarter)
        for row in grants
        for quarter in _quarters(row.quarter, today)
    }
    posted, moved = _balances(session, names), moved_by_head(session, [row.id for row in grants])
    sums: dict[tuple[uuid.UUID, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    over: dict[tuple[uuid.UUID, str], set[str]] = defaultdict(set)
    for row in grants:
        slot = sums[row.award_id, row.sku]
        for place, amount in enumerate((moved[row.id]["other"], posted.get(row.account, 0), row[6])):
            slot[place] += amount
        over[row.award_id, row.sku] |= {
            overage_account(numbers[row.award_id], row.sku, row.region, quarter)
            for quarter in _quarters(row.quarter, today)
        }
    lines: dict[uuid.UUID, list[PortfolioHours]] = defaultdict(list)
    for (award_id, sku), (granted, free, risk) in sorted(sums.items(), key=lambda item: item[0][1]):
        used = posted.get(used_account(numbers[award_id], sku), 0)
        beyond = -sum(posted.get(name, 0) for name in over[award_id, sku])
        lines[award_id].append(PortfolioHours(sku, granted, used, free, min(risk, free), beyond))
    return {award_id: tuple(found) for award_id, found in lines.items()}


def _quarters(first: str, today: date) -> list[str]:
    """Return the quarters in which use beyond a grant can have been booked: from its own until now."""
    quarter, last = Quarter.parse(first), max(Quarter.of_date(today), Quarter.parse(first))
    found = [str(quarter)]
    while quarter < last:
        quarter = quarter.next
        found.append(str(quarter))
    return found


def _balances(session: Session, paths: set[str]) -> dict[str, int]:
    rows = session.execute(
        select(Account.path, _POSTED)
        .join(Balance, Balance.account_id == Account.id)
        .where(Account.path.in_(sorted(paths)), Account.commodity != _IMPUTED)
    )
    return {path: int(posted) for path, posted in rows}


def _alerts(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, tuple[int, int]]:
    rows = session.execute(
        select(Grant.award_id, GrantAlert.severity, func.count())
        .join(GrantAlert, GrantAlert.grant_id == Grant.id)
        .where(Grant.award_id.in_(ids), GrantAlert.state != "resolved")
        .group_by(Grant.award_id, GrantAlert.severity)
    )
    found: dict[uuid.UUID, tuple[int, int]] = {}
    for award_id, severity, count in rows:
        standing, grave = found.get(award_id, (0, 0))
        found[award_id] = (standing + count, grave + (count if severity == "critical" else 0))
    return found


def _newest(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, tuple[str, int]]:
    rows = session.execute(
        select(Valuation.award_id, Valuation.quarter, Valuation.fair_value_krw)
        .where(Valuation.award_id.in_(ids))
        .order_by(Valuation.quarter, Valuation.version)
    )
    return {award_id: (quarter, value) for award_id, quarter, value in rows}


def _rounds(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, tuple[int, int]]:
    rows = session.execute(
        select(FinancingRound.award_id, FinancingRound.our_shares, FinancingRound.total_shares)
        .where(FinancingRound.award_id.in_(ids))
        .order_by(FinancingRound.closed_on, FinancingRound.version)
    )
    return {award_id: (ours, total) for award_id, ours, total in rows}
