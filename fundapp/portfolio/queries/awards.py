"""Awards and their pages."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session, aliased

from fundapp.committee.tables import Condition
from fundapp.core.access import Viewer
from fundapp.core.errors import NotFoundError
from fundapp.intake.tables import Application, Call, Company
from fundapp.ledger.queries import balances
from fundapp.ledger.tables import Account, Balance, Transfer
from fundapp.portfolio.queries.cash import TrancheRow, ValuationRow, load_tranches, load_valuations
from fundapp.portfolio.queries.grants import GrantRow, SkuHours, load_grants, sum_by_sku
from fundapp.portfolio.queries.sight import award_clause
from fundapp.portfolio.queries.usage import UsageRow, load_usage
from fundapp.portfolio.rules.accounts import used_account
from fundapp.portfolio.tables import Award, Grant, GrantHold, Tranche, UsageDay

IMPUTED = "KRW-IMPUTED"


@dataclass(frozen=True, slots=True)
class AwardRow:
    """One award in a list."""

    id: uuid.UUID
    number: str
    application_number: str
    call: str
    company_id: uuid.UUID
    company_name: str
    instrument: str
    signed_on: date
    committed_krw: int
    disbursed_krw: int
    next_due_on: date | None
    gpu: tuple[SkuHours, ...]


@dataclass(frozen=True, slots=True)
class AwardPage:
    """Everything the page of one award shows; `hold`: whether a condition has kept its hours from being released."""

    award: AwardRow
    tranches: tuple[TrancheRow, ...]
    grants: tuple[GrantRow, ...]
    usage: tuple[UsageRow, ...]
    conditions: tuple[ConditionRow, ...]
    valuations: tuple[ValuationRow, ...]
    hold: bool


@dataclass(frozen=True, slots=True)
class PortfolioTotals:
    """Sums over the awards a viewer may see."""

    awards: int
    committed_krw: int
    disbursed_krw: int
    gpu: tuple[SkuHours, ...]


def list_awards(session: Session, viewer: Viewer, *, call: str | None = None) -> list[AwardRow]:
    """Return the awards a viewer may see, by number; a constant number of statements."""
    query = (
        select(Award, Application.number, Call.code, Company.name)
        .join(Application, Application.id == Award.application_id)
        .join(Call, Call.id == Application.call_id)
        .join(Company, Company.id == Award.company_id)
        .where(award_clause(viewer))
        .order_by(Award.number)
    )
    if call is not None:
        query = query.where(Call.code == call)
    return _award_rows(session, list(session.execute(query)))


def _award_rows(session: Session, found: Sequence[tuple[Award, str, str, str]]) -> list[AwardRow]:
    ids = [award.id for award, *_ in found]
    paid: dict[uuid.UUID, int] = defaultdict(int)
    due: dict[uuid.UUID, date] = {}
    tranches = session.scalars(select(Tranche).where(Tranche.award_id.in_(ids)).order_by(Tranche.number))
    for tranche in tranches:
        if tranche.state == "disbursed":
            paid[tranche.award_id] += tranche.amount_krw if tranche.paid_krw is None else tranche.paid_krw
        else:
            due.setdefault(tranche.award_id, tranche.due_on)
    grants = load_grants(session, {award.id: award.number for award, *_ in found})
    return [
        AwardRow(
            id=award.id,
            number=award.number,
            application_number=application,
            call=call,
            company_id=award.company_id,
            company_name=company,
            instrument=award.instrument,
            signed_on=award.signed_on,
            committed_krw=award.committed_krw,
            disbursed_krw=paid[award.id],
            next_due_on=due.get(award.id),
            gpu=sum_by_sku(grants[award.id]),
        )
        for award, application, call, company in found
    ]


def award_page(session: Session, viewer: Viewer, number: str) -> AwardPage:
    """Return the page of one award.

    Raises:
        NotFoundError: if there is none, or the viewer may not see it.
    """
    found = session.execute(
        select(Award, Application.number, Call.code, Company.name)
        .join(Application, Application.id == Award.application_id)
        .join(Call, Call.id == Application.call_id)
        .join(Company, Company.id == Award.company_id)
        .where(Award.number == number, award_clause(viewer))
    ).one_or_none()
    if found is None:
        raise NotFoundError
    award = found[0]
    return AwardPage(
        award=_award_rows(session, [found])[0],
        tranches=load_tranches(session, award.id),
        grants=tuple(load_grants(session, {award.id: award.number})[award.id]),
        usage=tuple(load_usage(session, UsageDay.award_id == award.id)),
        conditions=_conditions(session, award.decision_id),
        valuations=load_valuations(session, award.id),
        hold=hours_held(session, award.id),
    )


def hours_held(session: Session, award_id: uuid.UUID) -> bool:
    """Say whether a condition held the award's hours back at signing and they have not been released since."""
    held = select(GrantHold.award_id).where(GrantHold.award_id == award_id, GrantHold.freed_at.is_(None))
    return session.scalar(held) is not None


def _conditions(session: Session, decision_id: uuid.UUID) -> tuple[ConditionRow, ...]:
    rows = session.scalars(select(Condition).where(Condition.decision_id == decision_id).order_by(Condition.number))
    return tuple(ConditionRow(row.id, row.number, row.text, row.due_on, row.state, row.scope) for row in rows)


@dataclass(frozen=True, slots=True)
class ConditionRow:
    """A condition of the decision behind an award."""

    id: uuid.UUID
    number: int
    text: str
    due_on: date | None
    state: str
    scope: str


def portfolio_totals(session: Session, viewer: Viewer) -> PortfolioTotals:
    """Return sums over the awards a viewer may see; the database adds up, in a constant number of statements."""
    seen = award_clause(viewer)
    awards, committed = session.execute(
        select(func.count(), func.coalesce(func.sum(Award.committed_krw), 0)).where(seen)
    ).one()
    disbursed = session.scalar(
        select(func.coalesce(func.sum(func.coalesce(Tranche.paid_krw, Tranche.amount_krw)), 0))
        .join(Award, Award.id == Tranche.award_id)
        .where(seen, Tranche.state == "disbursed")
    )
    return PortfolioTotals(
        awards=awards,
        committed_krw=int(committed),
        disbursed_krw=int(disbursed or 0),
        gpu=_total_hours(session, seen),
    )


def _total_hours(session: Session, seen: ColumnElement[bool]) -> tuple[SkuHours, ...]:
    """Return hours by SKU. Granted is what is left, used and lapsed: supplements and returns count, as booked."""
    left = session.execute(
        select(Grant.sku, func.coalesce(func.sum(Balance.credits_posted - Balance.debits_posted), 0))
        .join(Award, Award.id == Grant.award_id)
        .outerjoin(Account, and_(Account.path == Grant.account, Account.commodity != IMPUTED))
        .outerjoin(Balance, Balance.account_id == Account.id)
        .where(seen)
        .group_by(Grant.sku)
        .order_by(Grant.sku)
    ).all()
    hidden = set(session.scalars(select(Award.number).where(~seen)))
    used, over = (_by_sku(session, head, hidden) for head in ("used", "overage"))
    lapsed = _lapsed_by_sku(session, seen)
    return tuple(
        SkuHours(
            sku,
            granted_e4=int(free) + used[sku] + over[sku] + lapsed[sku],
            used_e4=used[sku] + over[sku],
            expired_e4=lapsed[sku],
            remaining_e4=int(free),
            overage_e4=-over[sku],
        )
        for sku, free in left
    )


def _lapsed_by_sku(session: Session, seen: ColumnElement[bool]) -> dict[str, int]:
    """Return what lapsed out of grants by SKU, less what late records took back."""
    found: dict[str, int] = defaultdict(int)
    own, lapse = aliased(Account), aliased(Account)
    for mine, theirs, sign in ((Transfer.debit_id, Transfer.credit_id, 1), (Transfer.credit_id, Transfer.debit_id, -1)):
        rows = session.execute(
            select(Grant.sku, func.sum(Transfer.amount))
            .join_from(lapse, Transfer, theirs == lapse.id)
            .join(own, own.id == mine)
            .join(Grant, Grant.account == own.path)
            .join(Award, Award.id == Grant.award_id)
            .where(
                lapse.path.startswith("expired:"), lapse.commodity != IMPUTED, Transfer.effective_on.is_not(None), seen
            )
            .group_by(Grant.sku)
        )
        for sku, amount in rows:
            found[sku] += sign * int(amount)
    return found


def _by_sku(session: Session, head: str, hidden: Collection[str]) -> dict[str, int]:
    """Return the hours on accounts `head:<award>:<sku>…` by SKU, but for the awards that are hidden."""
    found: dict[str, int] = defaultdict(int)
    for row in balances(session, prefix=f"{head}:"):
        _, number, sku = row.account.split(":")[:3]
        if row.commodity != IMPUTED and number not in hidden:
            found[sku] += row.posted
    return found


@dataclass(frozen=True, slots=True)
class AwardCost:
    """What an award cost and brought back so far, as the ledger has it.

    Attributes:
        cash_krw: Cash paid out, whatever has come back since.
        in_kind_e4: Imputed value of the GPU time used, in ten-thousandths of a won.
        realised_krw: Cash that came back: cost and gain of what was sold, dividends, interest.
    """

    cash_krw: int
    in_kind_e4: int
    realised_krw: int


def award_cost(session: Session, award: AwardRow) -> AwardCost:
    """Return what an award that the viewer has already been shown cost and brought back."""
    names = {head: f"{head}:{award.number}" for head in ("investment", "gain", "income", "written-off")}
    used = {used_account(award.number, hours.sku) for hours in award.gpu}
    rows = session.execute(
        select(Account.path, Account.commodity, Balance.credits_posted - Balance.debits_posted)
        .join(Balance, Balance.account_id == Account.id)
        .where(Account.path.in_([*names.values(), *used]))
    ).all()
    cash = {path: int(posted) for path, commodity, posted in rows if commodity == "KRW"}
    held, gain, income, lost = (cash.get(name, 0) for name in names.values())
    return AwardCost(
        cash_krw=award.disbursed_krw,
        in_kind_e4=sum(int(posted) for path, commodity, posted in rows if path in used and commodity == IMPUTED),
        realised_krw=award.disbursed_krw - held - lost - gain - income,
    )
