"""Filling a report's rows from the ledger and the rooms' records, as they stood on one date.

Nothing random goes in: awards, applications and ledger keys made of such codes are the only identifiers, so the same
history always gives the same bytes.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.allocation.tables import Fund, Investor, Pool
from fundapp.core.errors import NotFoundError
from fundapp.core.quarters import Quarter
from fundapp.intake.tables import Application, Company, Submission
from fundapp.ledger.queries import TransferRow, transfers
from fundapp.portfolio.queries import Release, effective_usage, first_payer, payers, read_releases
from fundapp.portfolio.rules import split_by_cost
from fundapp.portfolio.tables import Award, Grant, Valuation
from fundapp.reporting import deal_flow
from fundapp.reporting.in_kind import IMPUTED, Source, gpu_flows, unreleased
from fundapp.reporting.recognition import recognition_of
from fundapp.reporting.released import holding_state, release_flows, release_marks
from fundapp.reporting.tables import MarketIndex
from fundapp.screening.tables import Scorecard
from reports import carried_value
from reports import rows as out
from reports.benchmark import needed_levels

AT_COST = "최근 거래가 (투자 원가)"
_CLASSES = {"startup": "창업기업", "sme": "중소기업", "midsize": "중견기업", "large": "대기업"}
_UNKNOWN = "미확인"


@dataclass(frozen=True, slots=True)
class _Position:
    """One signed award: `number` is its code in every row, being one investment of the fund."""

    award: Award
    company_name: str
    sector: str
    region: str
    size_class: str

    @property
    def number(self) -> str:
        return self.award.number

    @property
    def equity(self) -> bool:
        """Whether the fund holds anything for it; support without equity leaves net asset value."""
        return self.award.instrument != "none"


class _Moves:
    """Posted amounts between account paths up to the date, net of what came back."""

    def __init__(self, rows: Iterable[TransferRow]) -> None:
        self._sums: dict[tuple[str, str, str], int] = defaultdict(int)
        for row in rows:
            self._sums[row.debit, row.credit, row.commodity] += row.amount
        self.paths = {path for debit, credit, _ in self._sums for path in (debit, credit)}

    def net(self, source: str, target: str, commodity: str) -> int:
        """Return what went from one account to another, less what came back."""
        return self._sums.get((source, target, commodity), 0) - self._sums.get((target, source, commodity), 0)


def collect_rows(
    session: Session, quarter: Quarter, *, as_of: date, version: int = 1, policy: out.Policy | None = None
) -> out.ReportRows:
    """Collect the rows of a quarter's report.

    Args:
        session: Any session.
        quarter: The quarter.
        as_of: Basis date: a date in Seoul for cash and decisions, a UTC day for GPU time.
        version: Version of the report.
        policy: Recognise GPU time by another policy than the quarter's, to compare.

    Raises:
        NotFoundError: if the fund has not been founded.
    """
    fund = session.get(Fund, 1)
    if fund is None:
        raise NotFoundError
    policy = policy or recognition_of(session, fund, quarter)
    posted = transfers(session, to_date=as_of)
    positions = _positions(session, posted, as_of)
    sources = _sources(session)
    moves = _Moves(posted)
    releases = read_releases(posted, sources)
    equity = {number for number, position in positions.items() if position.equity}
    flows = _cash_flows(session, posted, positions) + release_flows(releases, equity)
    rows = out.ReportRows(
        fund=_fund(session, fund, policy),
        quarter=out.Quarter(str(quarter), quarter.first_day, quarter.last_day),
        version=version,
        status="draft",
        as_of=as_of,
        flows=tuple(flows + gpu_flows(posted, sources, equity.__contains__, policy)),
        gpu=tuple(_gpu_lines(session, moves, sources)),
        lapses=tuple(_lapses(posted, sources)),
        gpu_awards=tuple(_gpu_awards(moves, positions, sources)),
        usage_by_day=tuple(_usage_days(session, as_of)),
        funnel=deal_flow.funnel(session, as_of),
        decision_reasons=deal_flow.decision_reasons(session, as_of),
        conditions=deal_flow.conditions(session, as_of),
        remarks=tuple(_remarks(moves)),
        **deal_flow.recusals(session, as_of),
    )
    rows = dataclasses.replace(rows, marks=tuple(_marks(session, rows, positions)))
    owned = [one for one in releases if one.award in equity]
    rows = dataclasses.replace(rows, marks=(*rows.marks, *release_marks(rows, owned)))
    holdings = tuple(_holding(rows, position, owned) for position in positions.values())
    rows = dataclasses.replace(rows, holdings=holdings)
    return dataclasses.replace(rows, mix=tuple(_mix(rows)), benchmark=_benchmark(session, rows))


def as_told_then(rows: out.ReportRows, before: out.ReportRows) -> out.ReportRows:
    """Return rows without what a version frozen earlier could not tell yet, to see whether the books have changed."""
    return dataclasses.replace(rows, lapses=None) if before.lapses is None else rows


def _benchmark(session: Session, rows: out.ReportRows) -> out.Benchmark | None:
    """Return the index loaded last, as far as the report's days need it."""
    index = session.scalars(select(MarketIndex).order_by(MarketIndex.version.desc()).limit(1)).one_or_none()
    if index is None:
        return None
    levels = [out.IndexLevel(date.fromisoformat(day), level) for day, level in index.levels]
    moved = {flow.effective_on for flow in rows.flows if flow.kind in {"contribution", "distribution"}}
    return out.Benchmark(index.name, index.source, needed_levels(levels, {*moved, rows.as_of}))


def _fund(session: Session, fund: Fund, policy: out.Policy) -> out.Fund:
    investors = session.scalars(select(Investor).order_by(Investor.code))
    return out.Fund(
        name_ko=fund.name_ko,
        name_en=fund.name_en,
        legal_form=fund.legal_form,
        inception_on=fund.started_on,
        investors=tuple(
            out.Investor(row.code, row.name_ko, "cash" if row.kind == "cash" else "in_kind", row.committed_krw)
            for row in investors
        ),
        recognition_policy=policy,
        rate_basis="출자일 단가 고정",
    )


def _positions(session: Session, posted: Sequence[TransferRow], as_of: date) -> dict[str, _Position]:
    # Use may be dated before the agreement was signed; what has moved has to stand in the schedule.
    moved = {
        path.split(":")[1]
        for row in posted
        for path in (row.debit, row.credit)
        if path.startswith(("investment:", "used:", "gain:", "income:"))
    }
    found = session.execute(
        select(Award, Company, Application.answers)
        .join(Company, Company.id == Award.company_id)
        .join(Application, Application.id == Award.application_id)
        .where((Award.signed_on <= as_of) | Award.number.in_(moved))
        .order_by(Award.number)
    ).all()
    ids = [award.application_id for award, _, _ in found]
    frozen = session.scalars(select(Submission).where(Submission.application_id.in_(ids)).order_by(Submission.version))
    answers = {row.application_id: row.answers for row in frozen}
    cards = session.scalars(select(Scorecard).where(Scorecard.application_id.in_(ids)).order_by(Scorecard.version))
    classes = {row.application_id: str(row.facts.get("company_class")) for row in cards}
    return {
        award.number: _Position(
            award=award,
            company_name=company.name,
            sector=str(answers.get(award.application_id, draft).get("sector") or _UNKNOWN),
            region=company.region or _UNKNOWN,
            size_class=_CLASSES.get(classes.get(award.application_id, ""), _UNKNOWN),
        )
        for award, company, draft in found
    }


def _sources(session: Session) -> dict[str, Source]:
    found = session.execute(select(Grant, Pool).join(Pool, Pool.id == Grant.pool_id).order_by(Grant.account))
    return {grant.account: Source(grant, pool) for grant, pool in found}


# ---- flows ----


def _cash_flows(session: Session, posted: Sequence[TransferRow], positions: Mapping[str, _Position]) -> list[out.Flow]:
    """Return cash between investors, fund and companies; what came back counts as negative."""
    known, other = payers(session), first_payer(session)
    kinds = {investor.code: investor.kind for investor in session.scalars(select(Investor))}
    flows = []
    for row in posted:
        if row.commodity != "KRW" or "bank:fund" not in {row.debit, row.credit} or _is_release(row):
            continue
        sign = 1 if row.credit == "bank:fund" else -1
        source = row.debit if sign > 0 else row.credit
        head, _, rest = source.partition(":")
        if head in {"award", "pool"}:
            who = rest if head == "pool" else known.get(row.txn_key.removeprefix("reverse:"), other)
            flow = out.Flow(row.effective_on, "contribution", sign * row.amount, "cash", row.txn_key, who)
        elif head in {"investor", "distributed"}:
            basis: out.Basis = "in_kind" if kinds.get(rest) == "in_kind" else "cash"
            flow = out.Flow(row.effective_on, "distribution", -sign * row.amount, basis, row.txn_key, rest)
        elif head == "investment":
            kind: out.FlowKind = "disbursement" if positions[rest].equity else "support"
            flow = out.Flow(row.effective_on, kind, -sign * row.amount, "cash", row.txn_key, company=rest)
        else:
            cost: out.FlowKind = "fee" if rest == "management-fee" else "expense"
            flow = out.Flow(row.effective_on, cost, -sign * row.amount, "cash", row.txn_key)
        flows.append(flow)
    return flows


def _is_release(row: TransferRow) -> bool:
    return row.kind.removesuffix("_reversal") in {"proceeds", "write_off"}


# ---- GPU time ----


def _gpu_lines(session: Session, moves: _Moves, sources: Mapping[str, Source]) -> Iterable[out.GpuLine]:
    pools = session.scalars(select(Pool).order_by(Pool.account)).all()
    by_pool: dict[uuid.UUID, list[str]] = defaultdict(list)
    for account, source in sources.items():
        by_pool[source.pool.id].append(account)
    for pool in pools:
        commodity = _commodity(pool.sku)
        contributed = moves.net(f"investor:{pool.investor_code}", pool.account, commodity)
        accounts = by_pool[pool.id]
        allocated = sum(_allocated(moves, sources[account], commodity) for account in accounts)
        delivered = sum(_delivered(moves, account, commodity) for account in accounts)
        expired = sum(_expired(moves, sources[account], commodity) for account in accounts)
        if contributed or allocated:
            yield out.GpuLine(
                sku=pool.sku.upper(),
                period=pool.quarter,
                region=pool.region,
                contributed_hours_e4=contributed,
                allocated_hours_e4=allocated,
                delivered_hours_e4=delivered,
                expired_hours_e4=expired,
                remaining_hours_e4=allocated - delivered - expired,
                unit_price_krw=pool.rate_krw,
            )


def _gpu_awards(
    moves: _Moves, positions: Mapping[str, _Position], sources: Mapping[str, Source]
) -> Iterable[out.GpuAward]:
    grouped: dict[tuple[str, str], list[Source]] = defaultdict(list)
    for account, source in sources.items():
        if account.split(":")[1] in positions:
            grouped[account.split(":")[1], source.grant.sku].append(source)
    for (number, sku), members in sorted(grouped.items()):
        commodity = _commodity(sku)
        allocated = sum(_allocated(moves, one, commodity) for one in members)
        used = sum(_delivered(moves, one.grant.account, commodity) for one in members)
        expired = sum(_expired(moves, one, commodity) for one in members)
        rates = {one.pool.rate_krw for one in members}
        yield out.GpuAward(
            award=number,
            company=number,
            company_name=positions[number].company_name,
            sku=sku.upper(),
            allocated_hours_e4=allocated,
            used_hours_e4=used,
            expired_hours_e4=expired,
            remaining_hours_e4=allocated - used - expired,
            value_krw_e4=sum(_delivered(moves, one.grant.account, IMPUTED) for one in members),
            # Grants of one SKU may stem from pools of different rates; then no single price is true.
            unit_price_krw=rates.pop() if len(rates) == 1 else 0,
            expires_on=max(one.grant.expires_on for one in members),
        )


def _delivered(moves: _Moves, account: str, commodity: str) -> int:
    _, award, sku, _, _ = account.split(":")
    return moves.net(account, f"used:{award}:{sku}", commodity)


def _expired(moves: _Moves, source: Source, commodity: str) -> int:
    lapsed = f"expired:{source.pool.investor_code}:{source.grant.sku}"
    return sum(moves.net(account, lapsed, commodity) for account in (source.grant.account, unreleased(source)))


def _lapses(posted: Sequence[TransferRow], sources: Mapping[str, Source]) -> Iterable[out.Lapse]:
    """Return what lapsed of grants by day and investor, at the rate of their pools; late use takes lapses back."""
    homes = dict(sources) | {unreleased(source): source for source in sources.values()}
    found: dict[tuple[date, str], int] = defaultdict(int)
    for row in posted:
        for account, other, sign in ((row.debit, row.credit, 1), (row.credit, row.debit, -1)):
            source = homes.get(account)
            if source is None or row.commodity != _commodity(source.grant.sku) or not other.startswith("expired:"):
                continue
            found[row.effective_on, source.pool.investor_code] += sign * row.amount * source.pool.rate_krw
    return (out.Lapse(day, who, value) for (day, who), value in sorted(found.items()) if value)


def _allocated(moves: _Moves, source: Source, commodity: str) -> int:
    """Return what the pool gave to a grant, what waits for a progress report included."""
    return sum(
        moves.net(source.pool.account, account, commodity) for account in (source.grant.account, unreleased(source))
    )


def _usage_days(session: Session, as_of: date) -> Iterable[out.UsageDay]:
    """Return use by UTC day, overage included: it burns like any other hour."""
    for row in effective_usage(session, as_of=as_of):
        yield out.UsageDay(row.effective_on, row.sku.upper(), row.hours_e4, row.award)


def _commodity(sku: str) -> str:
    return f"GPUH.{sku.upper()}"


def _remarks(moves: _Moves) -> Iterable[out.Remark]:
    over: dict[str, int] = defaultdict(int)
    for path in sorted(moves.paths):
        if path.startswith("overage:"):
            _, award, sku, _, _ = path.split(":")
            over[sku] += moves.net(path, f"used:{award}:{sku}", _commodity(sku))
    for sku, hours in sorted(over.items()):
        if hours:
            text = (
                f"배정을 넘겨 쓴 {sku.upper()} {hours // 10_000:,} GPU시간은 출자로 보지 않아 납입에 넣지 않았습니다."
            )
            yield out.Remark("note", text)


# ---- holdings ----


def _marks(session: Session, rows: out.ReportRows, positions: Mapping[str, _Position]) -> Iterable[out.Valuation]:
    """Return the newest version of each quarter's mark, split over cash and GPU time by what each had cost by then."""
    numbers = {position.award.id: position.number for position in positions.values()}
    newest: dict[tuple[str, str], Valuation] = {}
    found = session.scalars(
        select(Valuation).where(Valuation.award_id.in_(numbers)).order_by(Valuation.quarter, Valuation.version)
    )
    for mark in found:
        day = Quarter.parse(mark.quarter).last_day
        if day <= rows.as_of:
            newest[numbers[mark.award_id], mark.quarter] = mark
    for (number, quarter), mark in sorted(newest.items()):
        day = Quarter.parse(quarter).last_day
        cash, in_kind = _costs(rows, number, day)
        cash_value, in_kind_value = split_by_cost(mark.fair_value_krw, cash, in_kind)
        yield out.Valuation(
            company=number,
            as_of=day,
            fair_value_cash_krw=cash_value,
            fair_value_in_kind_krw=in_kind_value,
            technique=mark.technique,
            calibration_note=mark.calibration_note or "",
            reason=mark.note,
            reference=f"valuation:{number}:{quarter}:{mark.version}",
        )


def _costs(rows: out.ReportRows, number: str, on: date) -> tuple[int, int]:
    cash = in_kind = 0
    for flow in rows.flows:
        if flow.company != number or flow.effective_on > on:
            continue
        if flow.basis == "cash":
            cash += flow.amount_krw if flow.kind == "disbursement" else 0
        elif flow.kind in {"contribution", "disbursement"}:
            in_kind += flow.amount_krw
        elif flow.kind == "support":
            in_kind -= flow.amount_krw
    return cash, in_kind


def _holding(rows: out.ReportRows, position: _Position, releases: Sequence[Release]) -> out.Holding:
    cash, in_kind = _costs(rows, position.number, rows.as_of)
    marks = [mark for mark in rows.marks if mark.company == position.number]
    last = max(marks, key=lambda mark: mark.as_of, default=None)
    status, proceeds = holding_state(releases, position.number, cash)
    return out.Holding(
        award=position.number,
        company=position.number,
        company_name=position.company_name,
        sector=position.sector,
        region=position.region,
        size_class=position.size_class,
        instrument=position.award.instrument,
        invested_on=position.award.signed_on,
        cash_cost_krw=cash,
        in_kind_cost_krw=in_kind,
        fair_value_krw=sum(carried_value(rows, position.number, basis, rows.as_of) for basis in ("cash", "in_kind")),
        technique=last.technique if last else AT_COST,
        status=status,
        proceeds_krw=proceeds,
        committed_krw=position.award.committed_krw,
    )


def _mix(rows: out.ReportRows) -> Iterable[out.Mix]:
    kinds: tuple[tuple[out.MixKind, str], ...] = (("size", "size_class"), ("sector", "sector"), ("region", "region"))
    for kind, field in kinds:
        for label in sorted({getattr(row, field) for row in rows.holdings}):
            members = [row for row in rows.holdings if getattr(row, field) == label]
            yield out.Mix(
                kind,
                label,
                len({row.company_name for row in members}),
                sum(row.cash_cost_krw for row in members),
                sum(row.in_kind_cost_krw for row in members),
            )
