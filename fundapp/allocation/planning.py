"""From the record to an instance of the allocation problem, and from a plan back to pools."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.allocation.rules import PERMILLE, Applicant, Capacity, GpuRequest, Hours, Instance, Terms
from fundapp.allocation.tables import Investor, Pool
from fundapp.committee.queries import review_totals
from fundapp.committee.rules import GpuLine
from fundapp.committee.tables import Ballot, Decision
from fundapp.core.errors import FundError, InvalidInputError, NotFoundError
from fundapp.core.quantities import HOUR, gpu_commodity, split_pro_rata
from fundapp.intake.answers import gpu_requests
from fundapp.intake.newest import newest_answers
from fundapp.intake.tables import Application, Call
from fundapp.ledger.queries import balances
from fundapp.screening.tables import Scorecard

PLANNABLE = ("eligible", "deferred")
SMALL_CLASSES = frozenset({"sme", "startup"})
RATING_BASIS, MACHINE_BASIS = "reviews_trimmed_mean", "machine_score"


class PlanStaleError(FundError):
    """The record is not what the plan was made for any more."""

    code = "plan_stale"
    ko = "배정안을 만든 뒤 바뀐 것이 있습니다. 다시 계산하세요: {changes_ko}"
    en = "Something has changed since the plan was made; plan again: {changes_en}"


@dataclass(frozen=True, slots=True)
class PoolStock:
    """What one pool still has, in ten-thousandths of an hour."""

    pool_id: uuid.UUID
    account: str
    sku: str
    region: str
    quarter: str
    rate_krw: int
    free_e4: int


@dataclass(frozen=True, slots=True)
class CallInstance:
    """An instance with what the record adds to it.

    Attributes:
        applications: Identifier by number.
        score_basis: By number, whether the score is the trimmed mean of filed reviews or the machine's.
        unscored: Numbers left out because they have neither.
    """

    call_id: uuid.UUID
    call_code: str
    instance: Instance
    applications: Mapping[str, uuid.UUID]
    score_basis: Mapping[str, str]
    unscored: tuple[str, ...]


_OBJECTIVE = frozenset({"alpha_permille", "second_half_weight_permille", "minimum_viable_permille"})
_SHARES = frozenset(
    {"sector_cap_permille", "sme_floor_permille", "non_capital_floor_permille", "own_cap_permille", "capital_regions"}
)


def load_stocks(session: Session) -> list[PoolStock]:
    """Return the free hours of every pool, in an order that never changes."""
    free = {(row.account, row.commodity): row.free for row in balances(session, prefix="pool:")}
    pools = session.scalars(select(Pool).order_by(Pool.sku, Pool.quarter, Pool.region, Pool.investor_code))
    return [
        PoolStock(
            pool_id=pool.id,
            account=pool.account,
            sku=pool.sku,
            region=pool.region,
            quarter=pool.quarter,
            rate_krw=pool.rate_krw,
            free_e4=free.get((pool.account, gpu_commodity(pool.sku.upper())), 0),
        )
        for pool in pools
    ]


def cash_sources(session: Session) -> dict[str, int]:
    """Return the ledger accounts that cash awards are paid from, with the won that are free in each."""
    codes = session.scalars(select(Investor.code).where(Investor.kind == "cash").order_by(Investor.code))
    free = {row.account: row.free for row in balances(session, prefix="pool:") if row.commodity == "KRW"}
    return {account: max(0, free.get(account, 0)) for account in (f"pool:{code}" for code in codes)}


def split_cash(session: Session, amount_krw: int) -> dict[str, int]:
    """Split cash over the accounts of the cash investors, pro rata of the promised cash that is free.

    When there is less than is asked, the parts add up all the same: the ledger refuses them, and says where.

    Returns:
        Won by account; empty for 0.

    Raises:
        NotFoundError: if there is no cash investor.
    """
    sources = cash_sources(session)
    if not sources:
        raise NotFoundError(investor="cash")
    return split_pro_rata(amount_krw, sources if any(sources.values()) else dict.fromkeys(list(sources)[:1], 1))


def build_instance(session: Session, call_code: str) -> CallInstance:
    """Assemble the allocation problem of a call from frozen submissions, scores, reviews and free capital.

    Raises:
        NotFoundError: if there is no such call.
        InvalidInputError: if the call's terms are not numbers in range.
    """
    call = session.scalars(select(Call).where(Call.code == call_code)).one_or_none()
    if call is None:
        raise NotFoundError(call=call_code)
    stocks = [stock for stock in load_stocks(session) if _offered(stock, call.document)]
    capacities = _capacities(stocks)
    slots = {(pool.sku, pool.quarter) for pool in capacities}
    applications = {
        row.number: row.id
        for row in session.execute(
            select(Application.number, Application.id)
            .where(Application.call_id == call.id, Application.state.in_(PLANNABLE))
            .order_by(Application.number)
        )
    }
    scores, basis = _scores(session, applications)
    among = select(Application.id).where(Application.id.in_(list(applications.values())))
    answers = {row.application_id: row.answers for row in session.execute(newest_answers(among))}
    classes = _company_classes(session, list(applications.values()))
    applicants = [
        _applicant(number, scores[number], answers.get(key, {}), classes.get(key), call.document, slots)
        for number, key in applications.items()
        if number in scores
    ]
    return CallInstance(
        call_id=call.id,
        call_code=call.code,
        instance=Instance(tuple(applicants), capacities, _terms(session, call)),
        applications=applications,
        score_basis=basis,
        unscored=tuple(number for number in applications if number not in scores),
    )


def _offered(stock: PoolStock, document: Mapping[str, Any]) -> bool:
    """Say whether the call offers this pool; a call that lists no SKUs or quarters offers all."""
    skus = [str(sku).lower() for sku in document.get("skus", ())]
    quarters = document.get("quarters", ())
    return (not skus or stock.sku in skus) and (not quarters or stock.quarter in quarters)


def _capacities(stocks: Sequence[PoolStock]) -> tuple[Capacity, ...]:
    """Put pools of one SKU and quarter together; whole hours, and the rate weighed by them, rounded down."""
    hours: defaultdict[tuple[str, str], int] = defaultdict(int)
    value: defaultdict[tuple[str, str], int] = defaultdict(int)
    lowest: dict[tuple[str, str], int] = {}
    for stock in stocks:
        slot, whole = (stock.sku, stock.quarter), max(0, stock.free_e4 // HOUR)
        hours[slot] += whole
        value[slot] += whole * stock.rate_krw
        lowest[slot] = min(stock.rate_krw, lowest.get(slot, stock.rate_krw))
    return tuple(
        Capacity(sku, quarter, total, value[sku, quarter] // total if total else lowest[sku, quarter])
        for (sku, quarter), total in hours.items()
    )


def _scores(session: Session, applications: Mapping[str, uuid.UUID]) -> tuple[dict[str, int], dict[str, str]]:
    """Return the official score by number: the trimmed mean of filed reviews, else the machine's; and which it is."""
    statistics, machine = review_totals(session, list(applications.values()))
    scores: dict[str, int] = {}
    basis: dict[str, str] = {}
    for number, key in applications.items():
        if key in statistics:
            scores[number], basis[number] = statistics[key].trimmed_tenths, RATING_BASIS
        elif key in machine:
            scores[number], basis[number] = machine[key], MACHINE_BASIS
    return scores, basis


def _company_classes(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Return the size class that screening found, by application; later scorecards win."""
    rows = session.execute(
        select(Scorecard.application_id, Scorecard.facts)
        .where(Scorecard.application_id.in_(ids))
        .order_by(Scorecard.scored_at, Scorecard.id)
    )
    return {row.application_id: str(row.facts.get("company_class") or "") for row in rows}


def _applicant(
    number: str,
    score_tenths: int,
    answers: Mapping[str, Any],
    company_class: str | None,
    document: Mapping[str, Any],
    slots: set[tuple[str, str]],
) -> Applicant:
    requested_krw = int(answers.get("requested_krw") or 0)
    allowed = [int(ticket) for ticket in document.get("allowed_tickets_krw", ())]
    tickets = [t for t in allowed if t <= requested_krw] if allowed else [requested_krw]
    wanted: defaultdict[str, int] = defaultdict(int)
    requests = []
    for request in gpu_requests(answers):
        hours = request.hours.minor // HOUR
        wanted[request.sku] += hours
        if hours and (request.sku, request.quarter) in slots:
            requests.append(GpuRequest(request.sku, request.quarter, hours))
    share = _permille(document.get("objective", {}), "minimum_viable_permille", 0)
    offered = {request.sku for request in requests}
    capital = document.get("shares", {}).get("capital_regions", ())
    return Applicant(
        code=number,
        score_tenths=score_tenths,
        sector=str(answers.get("sector") or ""),
        sme=company_class in SMALL_CLASSES,
        non_capital=bool(answers.get("region")) and answers["region"] not in capital,
        tickets=tuple(sorted(ticket for ticket in tickets if ticket > 0)),
        requests=tuple(sorted(requests)),
        minimum_hours={sku: -(-hours * share // PERMILLE) for sku, hours in sorted(wanted.items()) if sku in offered},
    )


def _terms(session: Session, call: Call) -> Terms:
    objective = call.document.get("objective", {})
    shares = call.document.get("shares", {})
    _require_known(objective, _OBJECTIVE)
    _require_known(shares, _SHARES)
    return Terms(
        budget_krw=_budget(session, call),
        alpha_permille=_permille(objective, "alpha_permille", 500),
        sector_cap_permille=_permille(shares, "sector_cap_permille", PERMILLE),
        sme_floor_permille=_permille(shares, "sme_floor_permille", 0),
        non_capital_floor_permille=_permille(shares, "non_capital_floor_permille", 0),
        own_cap_permille=_permille(shares, "own_cap_permille", PERMILLE),
        second_half_weight_permille=_permille(objective, "second_half_weight_permille", 600),
    )


def _budget(session: Session, call: Call) -> int:
    """Return the cash to plan with: what is left of the call's budget, but never more than is free."""
    free = sum(cash_sources(session).values())
    budget = call.document.get("budget_krw")
    if budget is None:
        return free
    spent = session.scalar(
        select(func.coalesce(func.sum(Decision.approved_krw), 0))
        .join(Application, Application.id == Decision.application_id)
        .where(Application.call_id == call.id)
    )
    open_krw = session.scalar(
        select(func.coalesce(func.sum(Ballot.proposed_krw), 0))
        .join(Application, Application.id == Ballot.application_id)
        .where(Application.call_id == call.id, Ballot.state == "open")
    )
    return max(0, min(int(budget) - int(spent or 0) - int(open_krw or 0), free))


def _permille(table: Mapping[str, Any], key: str, default: int) -> int:
    """Read a share in permille.

    Raises:
        InvalidInputError: if it is no whole number from 0 to 1000.
    """
    share = table.get(key, default)
    if isinstance(share, bool) or not isinstance(share, int) or not 0 <= share <= PERMILLE:
        raise InvalidInputError(
            field=key, reason_ko="0부터 1000까지의 정수여야 합니다", reason_en="must be a whole number from 0 to 1000"
        )
    return share


def _require_known(table: Mapping[str, Any], known: frozenset[str]) -> None:
    """Refuse a term that nothing reads: a misspelt quota would otherwise silently not hold."""
    for key in sorted(set(table) - known):
        raise InvalidInputError(field=key, reason_ko="모르는 배정 조건입니다", reason_en="is no term of a plan")


def draw_hours(session: Session, gpu_hours: Hours) -> list[GpuLine]:
    """Say from which pools hours would be taken now, for a proposal made by hand.

    Raises:
        InvalidInputError: if the pools have too little, naming SKU and quarter.
    """
    stocks = {stock.account: stock for stock in load_stocks(session)}
    return draw_lines(gpu_hours, stocks, {account: stock.free_e4 for account, stock in stocks.items()})


def draw_lines(gpu_hours: Hours, stocks: Mapping[str, PoolStock], left: dict[str, int]) -> list[GpuLine]:
    """Take hours from pools, in a fixed order, and note what each still has.

    Args:
        gpu_hours: Whole hours by SKU and quarter.
        stocks: Pools by account, in order.
        left: Free ten-thousandths by account; reduced here.

    Raises:
        InvalidInputError: if the pools have too little, naming SKU and quarter.
    """
    lines = []
    for sku, quarters in sorted(gpu_hours.items()):
        for quarter, hours in sorted(quarters.items()):
            wanted = hours * HOUR
            for account, stock in stocks.items():
                if (stock.sku, stock.quarter) != (sku, quarter):
                    continue
                taken = min(wanted, left[account] // HOUR * HOUR)
                if taken > 0:
                    lines.append(
                        GpuLine(
                            pool_id=str(stock.pool_id),
                            account=account,
                            sku=stock.sku,
                            region=stock.region,
                            quarter=stock.quarter,
                            hours_e4=taken,
                            rate_krw=stock.rate_krw,
                        )
                    )
                    left[account] -= taken
                    wanted -= taken
            if wanted:
                raise InvalidInputError(
                    field=f"{sku} {quarter}",
                    reason_ko=f"GPU시간이 {wanted // HOUR}시간 모자랍니다",
                    reason_en=f"{wanted // HOUR} hours short",
                )
    return lines


def differences(planned: Mapping[str, Any], current: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Name what differs between two instances as JSON, in Korean and English; empty when nothing does."""
    found: list[tuple[str, str]] = []
    then, now = (_by_slot(document["capacities"]) for document in (planned, current))
    for slot in sorted(then.keys() | now.keys()):
        if then.get(slot) != now.get(slot):
            before, after = then.get(slot, (0, 0)), now.get(slot, (0, 0))
            if before[0] != after[0]:
                found.append(_change(f"{slot} 남은 시간", f"{slot} free hours", before[0], after[0]))
            if before[1] != after[1]:
                found.append(_change(f"{slot} 단가", f"{slot} rate", before[1], after[1]))
    for name, before in sorted(planned["terms"].items()):
        if name in _SCALES:
            continue  # they follow from hours, rates and budget, which are named by themselves
        after = current["terms"].get(name)
        if before != after:
            found.append(_change(_TERMS_KO.get(name, name), name, before, after))
    return found + _applicant_differences(planned["applicants"], current["applicants"])


_TERMS_KO = {"budget_krw": "현금 여력"}
_SCALES = frozenset({"gpu_scale_krw", "cash_scale_krw"})


def _change(ko: str, en: str, before: object, after: object) -> tuple[str, str]:
    return f"{ko} {before} → {after}", f"{en} {before} → {after}"


def _by_slot(capacities: Sequence[Mapping[str, Any]]) -> dict[str, tuple[int, int]]:
    return {f"{pool['sku']} {pool['quarter']}": (pool["hours"], pool["rate_krw"]) for pool in capacities}


def _applicant_differences(
    planned: Sequence[Mapping[str, Any]], current: Sequence[Mapping[str, Any]]
) -> list[tuple[str, str]]:
    then, now = ({applicant["code"]: applicant for applicant in side} for side in (planned, current))
    found: list[tuple[str, str]] = []
    for code in sorted(then.keys() | now.keys()):
        if code not in now:
            found.append((f"{code} 배정 대상에서 빠짐", f"{code} is no longer a candidate"))
        elif code not in then:
            found.append((f"{code} 새 배정 대상", f"{code} is a new candidate"))
        elif then[code]["score_tenths"] != now[code]["score_tenths"]:
            before, after = (Decimal(side[code]["score_tenths"]).scaleb(-1) for side in (then, now))
            found.append(_change(f"{code} 점수", f"{code} score", before, after))
        elif then[code] != now[code]:
            found.append((f"{code} 신청 내용이 바뀜", f"{code} changed its request"))
    return found
