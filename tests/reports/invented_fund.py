"""Rows of an invented fund at two ages; every total below is a sum a reader can check."""

from dataclasses import replace
from datetime import date, timedelta

from reports.rows import (
    STAGES,
    Condition,
    DecisionReason,
    Flow,
    Fund,
    FunnelStage,
    GpuAward,
    GpuLine,
    Holding,
    Investor,
    Limit,
    Mix,
    Obligation,
    Published,
    Quarter,
    Remark,
    ReportRows,
    SignOff,
    UsageDay,
    Valuation,
)

EOK = 100_000_000
H = 10_000

FUND = Fund(
    name_ko="견본 전략펀드",
    name_en="Sample Strategy Fund",
    legal_form="contractual",
    inception_on=date(2025, 3, 31),
    investors=(Investor("CASH", "현금출자사", "cash", 130 * EOK), Investor("GPU", "현물출자사", "in_kind", 130 * EOK)),
)
QUARTER = Quarter("2026Q3", date(2026, 7, 1), date(2026, 9, 30))
AS_OF = date(2026, 9, 30)


def first_quarter() -> ReportRows:
    """20억 called, 8억 invested, 0.8억 of GPU time delivered, 0.3억 of fees: NAV 20 + 0.8 − 0.3 = 20.5억."""
    return ReportRows(
        fund=FUND,
        quarter=QUARTER,
        version=1,
        status="draft",
        as_of=AS_OF,
        flows=(
            Flow(date(2026, 7, 13), "contribution", 20 * EOK, "cash", "T1", "CASH"),
            Flow(date(2026, 8, 3), "disbursement", 8 * EOK, "cash", "T2", company="C0"),
            Flow(date(2026, 9, 30), "contribution", 80_000_000, "in_kind", "T3", "GPU", "C0"),
            Flow(date(2026, 9, 30), "fee", 30_000_000, "cash", "T4"),
        ),
        holdings=(_holding("A0", "C0", "달빛물류", 8 * EOK, 80_000_000, 880_000_000),),
        gpu=(GpuLine("H100", "2026Q3", "seoul", 50_000 * H, 40_000 * H, 20_000 * H, 0, 20_000 * H, 4_000),),
        gpu_awards=(
            GpuAward(
                "A0",
                "C0",
                "달빛물류",
                "H100",
                40_000 * H,
                20_000 * H,
                0,
                20_000 * H,
                20_000 * H * 4_000,
                4_000,
                date(2026, 12, 31),
            ),
        ),
        usage_by_day=tuple(UsageDay(AS_OF - timedelta(days=n), "H100", 100 * H, "A0") for n in range(40)),
        funnel=tuple(FunnelStage(stage, count) for stage, count in zip(STAGES, (40, 32, 12, 8, 4, 4), strict=True)),
        mix=(Mix("size", "중소기업", 1, 8 * EOK, 80_000_000),),
        sign_offs=(SignOff("prepared", "한도담", date(2026, 11, 20)),),
    )


def sixth_quarter() -> ReportRows:
    """Flows since 2025, marks, a partial exit, everything else a report can hold."""
    young = first_quarter()
    flows = (
        Flow(date(2025, 5, 12), "contribution", 42 * EOK, "cash", "T1", "CASH"),
        Flow(date(2025, 6, 2), "disbursement", 14 * EOK, "cash", "T2", company="C0"),
        Flow(date(2025, 6, 30), "contribution", 3 * EOK, "in_kind", "T3", "GPU", "C0"),
        Flow(date(2026, 2, 9), "contribution", 24 * EOK, "cash", "T4", "CASH"),
        Flow(date(2026, 3, 2), "disbursement", 16 * EOK, "cash", "T5", company="C1"),
        Flow(date(2026, 6, 30), "fee", 2 * EOK, "cash", "T6"),
        Flow(date(2026, 8, 3), "proceeds", 320_000_000, "cash", "T7", company="C1", cost_krw=210_000_000),
        Flow(date(2026, 8, 20), "distribution", 320_000_000, "cash", "T8", "CASH"),
        Flow(date(2026, 9, 30), "contribution", 740_000_000, "in_kind", "T9", "GPU", "C0"),
        Flow(date(2026, 9, 30), "expense", 130_000_000, "cash", "T10"),
    )
    marks = (
        Valuation("C0", date(2026, 6, 30), 15 * EOK, 4 * EOK, "이정표 점검", reference="V1"),
        Valuation("C0", AS_OF, 17 * EOK, 12 * EOK, "이정표 점검", reason="보안성 검토 통과", reference="V2"),
        Valuation("C1", AS_OF, 15 * EOK, 0, "최근 거래가", reason="일부 매각", reference="V3"),
    )
    return replace(
        young,
        version=3,
        status="approved",
        flows=flows,
        marks=marks,
        holdings=(
            _holding("A0", "C0", "달빛물류", 14 * EOK, 1_040_000_000, 29 * EOK),
            replace(
                _holding("A1", "C1", "새솔제빵", 16 * EOK, 0, 15 * EOK),
                proceeds_krw=320_000_000,
                status="partly_realised",
            ),
        ),
        decision_reasons=(DecisionReason("부결", "사용 계획 부족", 9),),
        conditions=(Condition("A0", "달빛물류", "보안 점검", date(2026, 12, 15), "open"),),
        limits=(Limit("한 기업 집중도", 29 * EOK, 100 * EOK, 2_500, "at_most"),),
        obligations=(Obligation("새솔제빵", "3분기 사용 보고", date(2026, 9, 15)),),
        remarks=(Remark("highlight", "첫 부분 회수."), Remark("erratum", "2분기 인도량을 고침.")),
        published=(Published("2026Q2", 1, 67 * EOK, 69 * EOK, 0),),
    )


def _holding(award: str, company: str, name: str, cash: int, in_kind: int, value: int) -> Holding:
    return Holding(
        award,
        company,
        name,
        "제조",
        "대전",
        "중소기업",
        "전환우선주",
        date(2025, 6, 2),
        cash,
        in_kind,
        value,
        "이정표 점검",
        "active",
    )
