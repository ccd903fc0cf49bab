"""A plan to take away: a workbook or text file with every figure, and a PDF for the committee."""

from __future__ import annotations

from datetime import datetime

from flask import Response

from fundapp.allocation.queries import PlanPage, Workbench
from fundapp.core.quantities import HOUR
from fundapp.core.quarters import kst_date
from fundapp.reporting.plan_sheets import PlanLine, PlanRows, PlanSlot, print_plan
from fundapp.web.operations.plan_words import objective_words
from fundapp.web.operations.planned import Line, PlanShown, chosen_hours, show_plan
from fundapp.web.operations.weighed import show_bench
from fundapp.web.shell.downloads import Cell as FileCell
from fundapp.web.shell.downloads import Column, Form, Sheet, book_download, table_download
from fundapp.web.shell.formats import points as score_points
from fundapp.web.shell.formats import stamp
from fundapp.web.shell.language import current_locale, gettext


def plan_file(page: PlanPage, bench: Workbench, form: Form) -> Response:
    """Return a plan as a file: a row for each company, with its hours by SKU and quarter in full.

    A workbook has more sheets: first how the plan came to be, then hours asked for, recommended and chosen, and what is
    left of the pools.
    """
    shown = show_plan(page, bench)
    slots = [(cell.sku, cell.quarter) for _, cells in shown.heat for cell in cells]
    titles = [f"{sku.upper()} {name}" for sku, name in slots]
    columns = (
        Column(gettext("신청 번호")),
        Column(gettext("기업")),
        Column(gettext("점수")),
        Column(gettext("현금 추천"), "won"),
        Column(gettext("현금 위원회안"), "won"),
        Column(gettext("GPU 신청"), "hours"),
        Column(gettext("GPU 추천"), "hours"),
        Column(gettext("GPU 위원회안"), "hours"),
        Column(gettext("상당액"), "value"),
        Column(gettext("다르게 정한 이유")),
        *(Column(title, "hours") for title in titles),
    )
    name = gettext("배정안 %(title)s", title=page.title or page.call_code)
    rows = [_file_row(line, bench, slots) for line in shown.lines]
    if form == "csv":
        return table_download(name, columns, rows, form=form)
    return book_download(
        name,
        [
            _summary(page, shown, bench),
            Sheet(gettext("기업별 배정"), columns, rows),
            _hours_sheet(shown, bench),
            _pools_sheet(shown),
        ],
    )


def _summary(page: PlanPage, shown: PlanShown, bench: Workbench) -> Sheet:
    """Return how a plan came to be, in words and in the record's own figures."""
    result = gettext("결과")
    rows: list[tuple[str, str, FileCell]] = [
        (gettext("배정안"), gettext("공모"), page.call_code),
        (gettext("배정안"), gettext("시나리오"), page.title or gettext("기록대로")),
        (gettext("배정안"), gettext("만든 사람"), page.made_by),
        (gettext("배정안"), gettext("만든 때"), stamp(page.made_at)),
        *(
            (gettext("목적"), str(number), words)
            for number, words in enumerate(objective_words(bench.instance.terms), 1)
        ),
        *((gettext("설정"), title, value) for title, value in shown.terms),
        *((gettext("고정한 기업"), line.row.company, line.reason) for line in shown.lines if line.pinned),
        (result, gettext("목적값"), f"{page.objective:,.6f}"),
        (result, gettext("넘을 수 없는 값"), f"{page.bound:,.6f}"),
        (result, gettext("남은 차이"), f"{page.gap:.2g}"),
        *((result, base.label, f"{base.permille / 10:.1f}%") for base in shown.baselines),
        *((gettext("하나 더의 값(참고)"), price.text, f"{price.micro / 1_000_000:,.6f}") for price in shown.prices),
        (gettext("계산"), gettext("계산 프로그램"), page.solver),
        (gettext("계산"), gettext("걸린 시간(초)"), f"{page.seconds:.1f}"),
        (gettext("계산"), gettext("입력 해시"), page.instance_sha256),
    ]
    return Sheet(gettext("요약"), (Column(gettext("구분")), Column(gettext("항목")), Column(gettext("값"))), rows)


def _hours_sheet(shown: PlanShown, bench: Workbench) -> Sheet:
    """Return hours asked for, recommended and chosen, a row for each company, SKU and quarter that has any."""
    rows = []
    for line in shown.lines:
        kinds = line.row.requested_hours, line.row.recommended_hours, chosen_hours(line.row, bench)
        for sku, name in sorted({(sku, name) for hours in kinds for sku, names in hours.items() for name in names}):
            three = [hours.get(sku, {}).get(name, 0) * HOUR for hours in kinds]
            if any(three):
                rows.append((line.row.number, line.row.company, sku.upper(), name, *three))
    columns = (
        Column(gettext("신청 번호")),
        Column(gettext("기업")),
        Column(gettext("GPU 종류")),
        Column(gettext("분기")),
        Column(gettext("신청"), "hours"),
        Column(gettext("추천"), "hours"),
        Column(gettext("위원회안"), "hours"),
    )
    return Sheet(gettext("GPU시간"), columns, rows)


def _pools_sheet(shown: PlanShown) -> Sheet:
    """Return what applicants want of each pool, what is free before the plan, and what it takes and leaves."""
    columns = (
        Column(gettext("GPU 종류")),
        Column(gettext("분기")),
        Column(gettext("신청"), "hours"),
        Column(gettext("남은 시간"), "hours"),
        Column(gettext("예비량"), "hours"),
        Column(gettext("위원회안"), "hours"),
        Column(gettext("배정 뒤 남는 시간"), "hours"),
    )
    rows = [
        (
            cell.sku.upper(),
            cell.quarter,
            *(hours * HOUR for hours in (cell.wanted, cell.capacity, cell.reserve, cell.planned)),
            cell.left,
        )
        for _, cells in shown.heat
        for cell in cells
    ]
    return Sheet(gettext("GPU 재원"), columns, rows)


def _file_row(line: Line, bench: Workbench, slots: list[tuple[str, str]]) -> tuple[FileCell, ...]:
    hours = chosen_hours(line.row, bench)
    score = line.row.score_tenths
    return (
        line.row.number,
        line.row.company,
        None if score is None else score_points(score),
        line.row.recommended_krw,
        line.chosen_krw,
        line.requested_e4,
        line.recommended_e4,
        line.chosen_e4,
        line.value_e4,
        line.reason,
        *(hours.get(sku, {}).get(name, 0) * HOUR for sku, name in slots),
    )


def plan_sheet(page: PlanPage, bench: Workbench, at: datetime) -> Response:
    """Return a plan as a PDF in the reader's language."""
    shown = show_plan(page, bench)
    desk = show_bench(page, bench, {line.row.number: line.row.company for line in shown.lines})
    rows = PlanRows(
        title=page.title or page.call_code,
        made_at=stamp(page.made_at),
        made_by=page.made_by,
        adopted=page.meeting_id is not None,
        budget_krw=shown.budget_krw,
        objective=page.objective,
        bound=page.bound,
        permille=desk.verdict.permille if bench.whole else 1000,
        words=tuple(objective_words(bench.instance.terms)),
        terms=shown.terms,
        slots=tuple(
            PlanSlot(cell.sku, cell.quarter, cell.planned * HOUR, cell.capacity * HOUR)
            for _, cells in shown.heat
            for cell in cells
        ),
        lines=tuple(_sheet_line(line) for line in shown.lines),
        baselines=tuple((base.label, base.permille) for base in shown.baselines),
        solver=page.solver,
        sha256=page.instance_sha256,
        shown_on=kst_date(at),
    )
    answer = Response(
        print_plan(rows, locale="en" if current_locale() == "en" else "ko"), content_type="application/pdf"
    )
    answer.headers["Content-Disposition"] = f'attachment; filename="plan-{page.plan_id}.pdf"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _sheet_line(line: Line) -> PlanLine:
    return PlanLine(
        company=line.row.company,
        number=line.row.number,
        score_tenths=line.row.score_tenths,
        recommended_krw=line.row.recommended_krw,
        chosen_krw=line.chosen_krw,
        requested_e4=line.requested_e4,
        recommended_e4=line.recommended_e4,
        chosen_e4=line.chosen_e4,
        reason=line.reason,
    )
