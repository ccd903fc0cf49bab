"""Words that more than one section uses: the glossary of the report in both languages."""

from reports.formats import Locale, percent, say
from reports.rows import ReportRows
from reports.xirr import RateOfReturn

_REASONS = {
    "no_sign_change": ("산출 불가: 들고 난 흐름이 없거나 한쪽뿐", "n/a: no flows, or all run one way"),
    "same_day": ("산출 불가: 모든 흐름이 같은 날", "n/a: all flows on one day"),
    "total_loss": ("전액 손실", "total loss"),
    "multiple_rates": ("산출 불가: 해가 둘 이상", "n/a: several rates"),
    "too_short": ("산출 보류: 90일 미만", "n/a: under 90 days"),
    "out_of_range": ("산출 보류: 1,000% 초과", "n/a: above 1,000%"),
}
_FLOWS = {
    "contribution": ("납입", "Contribution"),
    "distribution": ("분배", "Distribution"),
    "fee": ("보수", "Fee"),
    "expense": ("비용", "Expense"),
    "disbursement": ("투자 집행", "Disbursement"),
    "proceeds": ("회수", "Exit proceeds"),
    "support": ("지원(지분 없음)", "Support without equity"),
}
_STATUS = {
    "draft": ("초안", "Draft"),
    "reviewed": ("검토 완료", "Reviewed"),
    "approved": ("승인", "Approved"),
    "active": ("보유", "Active"),
    "partly_realised": ("일부 회수", "Partly realised"),
    "realised": ("회수 완료", "Realised"),
    "written_off": ("손실 처리", "Written off"),
    "open": ("진행 중", "Open"),
    "met": ("이행", "Met"),
    "waived": ("면제", "Waived"),
    "overdue": ("기한 지남", "Overdue"),
}
_STAGES = {
    "applied": ("접수", "Applied"),
    "eligible": ("자격 통과", "Eligible"),
    "reviewed": ("서면 심사 통과", "Reviewed"),
    "proposed": ("위원회 상정", "On the agenda"),
    "approved": ("가결", "Carried"),
    "awarded": ("협약 체결", "Signed"),
}


def flow_word(kind: str, locale: Locale) -> str:
    """The name of a kind of flow."""
    return say(locale, *_FLOWS[kind])


def status_word(status: str, locale: Locale) -> str:
    """The name of a state."""
    return say(locale, *_STATUS[status])


def stage_word(stage: str, locale: Locale) -> str:
    """The name of a stage of the funnel."""
    return say(locale, *_STAGES[stage])


def basis_word(basis: str, locale: Locale) -> str:
    """Cash or in kind."""
    return say(locale, "현금", "Cash") if basis == "cash" else say(locale, "GPU 현물", "GPU in kind")


def in_kind_word(rows: ReportRows, locale: Locale) -> str:
    """What brings GPU time into paid-in capital under the fund's policy."""
    if rows.fund.recognition_policy == "at_delivery":
        return say(locale, "GPU 인도", "GPU delivered")
    return say(locale, "GPU 배정", "GPU granted")


def rate_cell(irr: RateOfReturn, locale: Locale) -> float | str:
    """The rate to print, or why there is none."""
    return irr.shown if irr.shown is not None else say(locale, "산출 불가", "n/a")


def rate_notes(label: str, irr: RateOfReturn, locale: Locale) -> tuple[str, ...]:
    """Footnotes a rate needs: a reason for its absence, or that it is not annualised."""
    if irr.reason is not None:
        text = say(locale, *_REASONS[irr.reason])
        if irr.reason == "multiple_rates":
            text += " (" + ", ".join(percent(root) for root in irr.roots) + ")"
        return (f"{label} IRR: {text}",)
    if not irr.annualised:
        return (
            say(
                locale,
                f"{label} IRR: {irr.days}일 기간 수익률이며 연율로 바꾸지 않았습니다.",
                f"{label} IRR: return over {irr.days} days, not annualised.",
            ),
        )
    return ()


def company_names(rows: ReportRows) -> dict[str, str]:
    """Names by company code, from the schedule and the grants."""
    names = {award.company: award.company_name for award in rows.gpu_awards}
    return names | {holding.company: holding.company_name for holding in rows.holdings}


def investor_names(rows: ReportRows) -> dict[str, str]:
    """Names by investor code."""
    return {investor.code: investor.name for investor in rows.fund.investors}


def pocket_names(rows: ReportRows, locale: Locale) -> dict[str, str]:
    """`현금 · KT` and the like for each investor code."""
    return {i.code: f"{basis_word(i.kind, locale)} · {i.name}" for i in rows.fund.investors}
