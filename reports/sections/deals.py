"""Section 8: from application to signed award."""

from fractions import Fraction

from reports.figures import Figures
from reports.formats import Locale, say
from reports.sections.model import Column, Formula, Row, Section, Table
from reports.sections.wording import stage_word, status_word


def deal_flow(figures: Figures, locale: Locale) -> Section:
    """Funnel with days in stage, reasons of decisions, open conditions."""
    return Section(
        number=8,
        key="dealflow",
        title=say(locale, "심사와 배정", "Deal flow"),
        tables=(_funnel(figures, locale), _reasons(figures, locale), conditions(figures, locale)),
        charts=("funnel",) if figures.rows.funnel else (),
    )


def _funnel(figures: Figures, locale: Locale) -> Table:
    rows, formulas = [], []
    before: int | None = None
    previous = ""
    for stage in figures.rows.funnel:
        share = Fraction(stage.count, before) if before else None
        rows.append(Row(stage.stage, (stage_word(stage.stage, locale), stage.count, share, stage.median_days)))
        if share is not None:
            formulas.append(Formula(stage.stage, "share", f"[count]/[count@{previous}]"))
        before, previous = stage.count, stage.stage
    return Table(
        "funnel",
        say(locale, "심사 흐름", "Funnel"),
        (
            Column("stage", say(locale, "단계", "Stage"), wide=True),
            Column("count", say(locale, "신청 수", "Applications"), "count"),
            Column("share", say(locale, "앞 단계 대비", "Of stage before"), "percent"),
            Column("days", say(locale, "중앙값 일수", "Median days"), "days"),
        ),
        tuple(rows),
        formulas=tuple(formulas),
        empty=say(locale, "이번 분기에 접수한 신청이 없습니다.", "No applications this quarter."),
    )


def _reasons(figures: Figures, locale: Locale) -> Table:
    return Table(
        "reasons",
        say(locale, "의결 사유", "Reasons of decisions"),
        (
            Column("verdict", say(locale, "의결", "Verdict")),
            Column("reason", say(locale, "사유", "Reason"), wide=True),
            Column("count", say(locale, "건수", "Count"), "count"),
        ),
        tuple(
            Row(f"reason{n}", (reason.verdict, reason.reason, reason.count))
            for n, reason in enumerate(figures.rows.decision_reasons, 1)
        ),
        empty=say(locale, "부결하거나 보류한 안건이 없습니다.", "Nothing rejected or deferred."),
    )


def conditions(figures: Figures, locale: Locale) -> Table:
    """What decisions attached, by when, and how it stands."""
    return Table(
        "conditions",
        say(locale, "이행조건", "Conditions"),
        (
            Column("company", say(locale, "기업", "Company")),
            Column("text", say(locale, "조건", "Condition"), wide=True),
            Column("due_on", say(locale, "기한", "Due"), "date"),
            Column("status", say(locale, "상태", "Status")),
        ),
        tuple(
            Row(f"condition{n}", (c.company_name, c.text, c.due_on, status_word(c.status, locale)), (c.award,))
            for n, c in enumerate(figures.rows.conditions, 1)
        ),
        empty=say(locale, "걸려 있는 조건이 없습니다.", "No conditions."),
        whole=True,
    )
