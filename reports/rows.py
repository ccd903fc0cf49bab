"""What a quarter's report is made from: frozen rows, whole numbers, codes and names.

Money is won (scale 0), GPU time is ten-thousandths of a GPU-hour (`*_hours_e4`), and the imputed value of GPU time
is ten-thousandths of a won (`*_krw_e4`: exact hours times rate, not yet rounded). No row carries a random key, so the
same fund always gives the same bytes.
"""

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

FlowKind = Literal["contribution", "distribution", "fee", "expense", "disbursement", "proceeds", "support"]
Basis = Literal["cash", "in_kind"]
InvestorKind = Literal["cash", "in_kind"]
Status = Literal["draft", "reviewed", "approved"]
Policy = Literal["at_delivery", "at_grant"]
Stage = Literal["applied", "eligible", "reviewed", "proposed", "approved", "awarded"]
MixKind = Literal["size", "sector", "region"]
RemarkKind = Literal["highlight", "lowlight", "change", "request", "note", "erratum"]
STAGES: tuple[Stage, ...] = ("applied", "eligible", "reviewed", "proposed", "approved", "awarded")


class RowsInconsistent(ValueError):  # noqa: N818 - the name says what is wrong
    """The rows contradict each other.

    Attributes:
        where: the row group and key at fault.
    """

    def __init__(self, where: str, message: str) -> None:
        super().__init__(f"{where}: {message}")
        self.where = where


@dataclass(frozen=True, slots=True)
class Investor:
    """One who promised capital (출자자): `kind` says what was promised."""

    code: str
    name: str
    kind: InvestorKind
    committed_krw: int


@dataclass(frozen=True, slots=True)
class Fund:
    """The fund as its agreement describes it. `legal_form` decides the duties in section 11."""

    name_ko: str
    name_en: str
    legal_form: str
    inception_on: date
    investors: tuple[Investor, ...]
    currency: str = "KRW"
    recognition_policy: Policy = "at_delivery"
    rate_basis: str = ""


@dataclass(frozen=True, slots=True)
class Quarter:
    """A calendar quarter by the date in Seoul, for example `2026Q3`."""

    code: str
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class Flow:
    """One dated movement of value.

    `amount_krw` is how much moved and is positive; a negative amount reverses an earlier flow of its kind. `basis` is
    the pocket of capital the flow belongs to. A GPU delivery is one flow: a contribution `in_kind` that names investor
    and company, being paid-in capital and investment at once. Under recognition at grant the grant is a contribution
    without company and delivery a `disbursement` in kind. `disbursement` is else cash to a company. `support` is value
    given without equity, which leaves NAV. `cost_krw` is the cost given up against `proceeds`.
    """

    effective_on: date
    kind: FlowKind
    amount_krw: int
    basis: Basis
    reference: str
    investor: str = ""
    company: str | None = None
    cost_krw: int = 0


@dataclass(frozen=True, slots=True)
class Valuation:
    """A fair-value mark of one company on one date, split by the capital that bought it."""

    company: str
    as_of: date
    fair_value_cash_krw: int
    fair_value_in_kind_krw: int
    technique: str
    calibration_note: str = ""
    reason: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Holding:
    """One award in the schedule of investments, as at the basis date."""

    award: str
    company: str
    company_name: str
    sector: str
    region: str
    size_class: str
    instrument: str
    invested_on: date
    cash_cost_krw: int
    in_kind_cost_krw: int
    fair_value_krw: int
    technique: str
    status: Literal["active", "partly_realised", "realised", "written_off"]
    proceeds_krw: int = 0
    committed_krw: int = 0


@dataclass(frozen=True, slots=True)
class GpuLine:
    """GPU time of one SKU, pool quarter and region. `remaining` is allocated and neither used nor expired."""

    sku: str
    period: str
    region: str
    contributed_hours_e4: int
    allocated_hours_e4: int
    delivered_hours_e4: int
    expired_hours_e4: int
    remaining_hours_e4: int
    unit_price_krw: int


@dataclass(frozen=True, slots=True)
class Lapse:
    """GPU time in kind of one investor that lapsed on a day, at its rate; negative where late use took it back."""

    lapsed_on: date
    investor: str
    value_krw_e4: int


@dataclass(frozen=True, slots=True)
class GpuAward:
    """One company's grant of one SKU. `value_krw_e4` is the value of what was used."""

    award: str
    company: str
    company_name: str
    sku: str
    allocated_hours_e4: int
    used_hours_e4: int
    expired_hours_e4: int
    remaining_hours_e4: int
    value_krw_e4: int
    unit_price_krw: int = 0
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class UsageDay:
    """GPU time used on one UTC day; `award` is empty when the export is known only by SKU."""

    day: date
    sku: str
    hours_e4: int
    award: str = ""


@dataclass(frozen=True, slots=True)
class FunnelStage:
    """How many applications reached a stage, and the median days they took from the stage before."""

    stage: Stage
    count: int
    median_days: int | None = None


@dataclass(frozen=True, slots=True)
class DecisionReason:
    """Why applications were refused or deferred, counted."""

    verdict: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition attached to a decision (이행조건)."""

    award: str
    company_name: str
    text: str
    due_on: date | None
    status: Literal["open", "met", "waived", "overdue"]


@dataclass(frozen=True, slots=True)
class Mix:
    """The portfolio by size class, sector or region; `size` rows use the class on the decision date."""

    kind: MixKind
    label: str
    companies: int
    cash_krw: int
    in_kind_krw: int


@dataclass(frozen=True, slots=True)
class Limit:
    """A mandate ratio against its limit: `numerator_krw / denominator_krw` compared with basis points."""

    label: str
    numerator_krw: int
    denominator_krw: int
    limit_bp: int
    bound: Literal["at_most", "at_least"]


@dataclass(frozen=True, slots=True)
class Obligation:
    """A report or filing owed by a company or by the fund."""

    owner: str
    label: str
    due_on: date
    done_on: date | None = None


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence of the preparers: highlight, lowlight, change, request to investors, note or erratum."""

    kind: RemarkKind
    text: str


@dataclass(frozen=True, slots=True)
class SignOff:
    """A box of the 결재란: who, in which role, and when (None while open)."""

    role: Literal["prepared", "reviewed", "approved"]
    name: str = ""
    signed_on: date | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """Headline figures as an earlier quarter printed them, for comparison with today's reckoning."""

    quarter: str
    version: int
    nav_krw: int
    paid_in_krw: int
    distributed_krw: int


@dataclass(frozen=True, slots=True)
class IndexLevel:
    """The level of an index at the end of a day, in ten-thousandths of a point."""

    day: date
    level_e4: int


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A public index to compare with: levels in order of days, of which the last before a day holds on it."""

    name: str
    source: str
    levels: tuple[IndexLevel, ...]


@dataclass(frozen=True, slots=True)
class ReportRows:
    """Everything one quarterly report needs, and nothing else."""

    fund: Fund
    quarter: Quarter
    version: int
    status: Status
    as_of: date
    flows: tuple[Flow, ...] = ()
    marks: tuple[Valuation, ...] = ()
    holdings: tuple[Holding, ...] = ()
    gpu: tuple[GpuLine, ...] = ()
    gpu_awards: tuple[GpuAward, ...] = ()
    usage_by_day: tuple[UsageDay, ...] = ()
    funnel: tuple[FunnelStage, ...] = ()
    decision_reasons: tuple[DecisionReason, ...] = ()
    conditions: tuple[Condition, ...] = ()
    mix: tuple[Mix, ...] = ()
    limits: tuple[Limit, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    remarks: tuple[Remark, ...] = ()
    sign_offs: tuple[SignOff, ...] = ()
    published: tuple[Published, ...] = ()
    conflicts_declared: int = 0
    recusals: int = 0
    benchmark: Benchmark | None = None
    lapses: tuple[Lapse, ...] | None = None


_UNORDERED = (
    "flows",
    "marks",
    "holdings",
    "gpu",
    "gpu_awards",
    "usage_by_day",
    "decision_reasons",
    "conditions",
    "mix",
    "limits",
    "obligations",
    "published",
    "lapses",
)
_NOT_INPUTS = ("version", "status", "sign_offs")
_LATER = ("benchmark", "lapses")
"""Fields that came after the first reports: without a value they leave the hash of those as it was printed."""


def canonical_json(value: object) -> str:
    """Compact JSON with sorted keys and ISO dates, a row as its fields, so that equal values give equal bytes."""
    return _ENCODER.encode(value)


def _simple(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: getattr(value, name) for name in _field_names(value)}
    raise TypeError(f"{type(value).__name__} has no canonical form")


def _field_names(row: Any) -> tuple[str, ...]:  # noqa: ANN401 - any row or class of rows
    names: tuple[str, ...] = row.__match_args__
    return names


_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_simple)


def ordered(rows: ReportRows) -> ReportRows:
    """The same rows, each group in the order of its canonical text: the order of a query must not show."""
    groups: dict[str, Any] = {
        name: tuple(sorted(getattr(rows, name), key=lambda row: canonical_json(_sort_fields(row))))
        for name in _UNORDERED
        if getattr(rows, name) is not None
    }
    return dataclasses.replace(rows, **groups)


def _sort_fields(row: Any) -> list[object]:  # noqa: ANN401 - any row
    # Field order, not key order: a flow sorts by its date first.
    return [getattr(row, name) for name in _field_names(row)]


def inputs_sha256(rows: ReportRows) -> str:
    """SHA-256 (hex) of the rows. Version, status and signatures are about the report, so they do not count."""
    inputs = ordered(rows)
    document = {name: getattr(inputs, name) for name in _field_names(ReportRows) if name not in _NOT_INPUTS}
    for name in _LATER:
        if document[name] is None:
            del document[name]
    return hashlib.sha256(canonical_json(document).encode()).hexdigest()


def require_consistent(rows: ReportRows) -> None:
    """Refuse rows that no report could be true to.

    Raises:
        RowsInconsistent: an unknown investor, a flow or mark after the basis date, a contribution without an
            investor, GPU value paid out as cash, or a negative quantity.
    """
    investors = {investor.code for investor in rows.fund.investors}
    if rows.fund.currency != "KRW":
        raise RowsInconsistent("fund", f"amounts are in won, not {rows.fund.currency}")
    if reserved := investors & {"total", "cash"}:
        raise RowsInconsistent("fund", f"{sorted(reserved)} are names of bases, not of investors")
    if len(investors) != len(rows.fund.investors):
        raise RowsInconsistent("fund", "two investors share a code")
    for flow in rows.flows:
        _require_sound_flow(flow, rows, investors)
    for mark in rows.marks:
        if mark.as_of > rows.as_of:
            raise RowsInconsistent(f"mark {mark.company}", f"{mark.as_of} is after the basis date {rows.as_of}")
    for lapse in rows.lapses or ():
        _require_sound_lapse(lapse, rows, investors)
    for line in rows.gpu:
        hours = (line.contributed_hours_e4, line.allocated_hours_e4, line.delivered_hours_e4)
        if min(*hours, line.expired_hours_e4, line.remaining_hours_e4) < 0:
            raise RowsInconsistent(f"gpu {line.sku} {line.period} {line.region}", "hours below zero")


def _require_sound_lapse(lapse: Lapse, rows: ReportRows, investors: set[str]) -> None:
    if lapse.lapsed_on > rows.as_of:
        raise RowsInconsistent("lapse", f"{lapse.lapsed_on} is after the basis date {rows.as_of}")
    if lapse.investor not in investors:
        raise RowsInconsistent("lapse", f"unknown investor {lapse.investor}")


def _require_sound_flow(flow: Flow, rows: ReportRows, investors: set[str]) -> None:
    where = f"flow {flow.reference}"
    if flow.effective_on > rows.as_of:
        raise RowsInconsistent(where, f"{flow.effective_on} is after the basis date {rows.as_of}")
    if flow.investor and flow.investor not in investors:
        raise RowsInconsistent(where, f"unknown investor {flow.investor}")
    if flow.kind in {"contribution", "distribution"} and not flow.investor:
        raise RowsInconsistent(where, f"a {flow.kind} names its investor")
    if flow.kind == "disbursement" and flow.basis == "in_kind" and rows.fund.recognition_policy == "at_delivery":
        raise RowsInconsistent(where, "GPU time reaches a company as an in-kind contribution, not a disbursement")
    if flow.kind in {"disbursement", "proceeds"} and flow.company is None:
        raise RowsInconsistent(where, f"{flow.kind} names its company")
