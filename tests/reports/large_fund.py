"""Ten years of a fund of 300 companies, of which many are alike, so that a reader can add them up."""

from dataclasses import replace
from datetime import date, timedelta

from invented_fund import EOK, FUND, H

from reports.metrics import quarter_after, quarter_end
from reports.rows import (
    STAGES,
    Flow,
    FunnelStage,
    GpuAward,
    GpuLine,
    Holding,
    Mix,
    Quarter,
    ReportRows,
    UsageDay,
    Valuation,
)

COMPANIES = 300
QUARTERS = 40
SKUS = ("A100", "H100", "H200")
RATE_KRW = 4_000
_SECTORS = ("제조", "물류", "금융", "의료", "유통", "교육", "공공", "농업", "관광", "건설")


def ten_years() -> ReportRows:
    """1억 to each of 300 companies over 30 quarters; every tenth gives 2억 back in the ninth year.

    Fees are 0.1억 a quarter. Twelve companies used 100 h a day of one SKU each in the last forty days: 48,000 h at
    4,000 won, 1.92억. So 304 was called, 1.92 came in kind and 60 was given back. Who still has its money is marked
    at 1.5억, before that use: NAV is 270 × 1.5 + 1.92 = 406.92억.
    """
    codes = ["2016Q4"]
    while len(codes) < QUARTERS:
        codes.append(quarter_after(codes[-1]))
    on = quarter_end(codes[-1])
    names = [f"C{number:03d}" for number in range(COMPANIES)]
    days = [quarter_end(code) - timedelta(days=30) for code in codes]
    flows = [Flow(day, "contribution", EOK // 10, "cash", f"call:fee:{day}", "CASH") for day in days]
    flows += [Flow(day, "fee", EOK // 10, "cash", f"fee:{day}") for day in days]
    marks = list[Valuation]()
    for number, name in enumerate(names):
        day = days[number // 10]
        flows.append(Flow(day, "contribution", EOK, "cash", f"call:{name}", "CASH"))
        flows.append(Flow(day, "disbursement", EOK, "cash", f"paid:{name}", company=name))
        if sold(number):
            flows.append(Flow(days[36], "proceeds", 2 * EOK, "cash", f"sold:{name}", company=name, cost_krw=EOK))
            flows.append(Flow(days[36], "distribution", 2 * EOK, "cash", f"given:{name}", "CASH"))
            marks.append(Valuation(name, days[36], 0, 0, "매각", reason="전량 매각", reference=f"{name}:sold"))
        else:
            marks.append(Valuation(name, days[35], 150_000_000, 0, "이정표 점검", reference=f"{name}:mark"))
    users = [name for number, name in enumerate(names) if not sold(number)][:12]
    use = [
        UsageDay(on - timedelta(days=back), SKUS[place % 3], 100 * H, name)
        for place, name in enumerate(users)
        for back in range(40)
    ]
    flows += [
        Flow(day.day, "contribution", 100 * RATE_KRW, "in_kind", f"use:{day.award}:{day.day}", "GPU", day.award)
        for day in use
    ]
    fund = replace(
        FUND,
        inception_on=date(2016, 10, 1),
        investors=tuple(replace(investor, committed_krw=400 * EOK) for investor in FUND.investors),
    )
    return ReportRows(
        fund,
        Quarter(codes[-1], quarter_end(codes[-2]) + timedelta(days=1), on),
        1,
        "approved",
        on,
        flows=tuple(flows),
        marks=tuple(marks),
        holdings=tuple(_holding(number, name, days[number // 10], name in users) for number, name in enumerate(names)),
        gpu=tuple(
            GpuLine(sku, codes[-1], "seoul", 60_000 * H, 24_000 * H, 16_000 * H, 0, 8_000 * H, RATE_KRW) for sku in SKUS
        ),
        gpu_awards=tuple(_award(name, SKUS[place % 3], on) for place, name in enumerate(users)),
        usage_by_day=tuple(use),
        funnel=tuple(
            FunnelStage(stage, count) for stage, count in zip(STAGES, (900, 700, 400, 320, 300, 300), strict=True)
        ),
        mix=tuple(Mix("sector", sector, 30, 30 * EOK, 0) for sector in _SECTORS),
        lapses=(),
    )


def sold(number: int) -> bool:
    """Whether a company is among those that gave their money back."""
    return number % 10 == 0


def _award(name: str, sku: str, on: date) -> GpuAward:
    hours = (6_000 * H, 4_000 * H, 0, 2_000 * H)
    return GpuAward(
        name, name, company_name(name), sku, *hours, 4_000 * H * RATE_KRW, RATE_KRW, on + timedelta(days=92)
    )


def company_name(code: str) -> str:
    """What the company of a code is called."""
    return f"견본기업 {code}"


def _holding(number: int, name: str, day: date, uses: bool) -> Holding:  # noqa: FBT001 - a fact of the row, not a mode
    in_kind = 4_000 * RATE_KRW if uses else 0
    words = (name, name, company_name(name), _SECTORS[number % 10], "대전", "중소기업", "전환우선주", day, EOK, in_kind)
    if sold(number):
        return Holding(*words, 0, "매각", "realised", 2 * EOK, EOK)
    return Holding(*words, 150_000_000 + in_kind, "이정표 점검", "active", 0, EOK)
