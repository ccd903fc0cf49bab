"""A plan to take away: a workbook or text file with every figure, and a PDF for the committee."""

from __future__ import annotations

from datetime import datetime

from flask import Response

from fundapp.allocation.queries import PlanPage, Workbench
from fundapp.core.quantities import HOUR
from fundapp.core.quarters import kst_date
from fundapp.reporting.plan_sheets import PlanLine, PlanRows, PlanSlot, print_plan
from fundapp.web.operations.plan_words import objective_words
from fundapp.web.operations.planned import Line, chosen_hours, show_plan
from fundapp.web.operations.weighed import show_bench
from fundapp.web.shell.downloads import Cell as FileCell
from fundapp.web.shell.downloads import Column, Form, table_download
from fundapp.web.shell.formats import points as score_points
from fundapp.web.shell.formats import stamp
from fundapp.web.shell.language import current_locale, gettext


def plan_file(page: PlanPage, bench: Workbench, form: Form) -> Response:
    """Return a plan as a file: a row for each company, with its hours by SKU and quarter in full."""
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
    return table_download(name, columns, (_file_row(line, bench, slots) for line in shown.lines), form=form)


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
