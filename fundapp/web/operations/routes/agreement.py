"""Machine against committee, for those who keep the rubric."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue

from fundapp.committee.queries.agreement import PairRow, list_pairs
from fundapp.core.access import Kind
from fundapp.screening.agreement import compare, matching_score
from fundapp.web.operations.agreement import draw_agreement, tone_of
from fundapp.web.operations.doing import may_open
from fundapp.web.operations.door import blueprint
from fundapp.web.operations.reading import choose_call
from fundapp.web.operations.routes.pipeline import may_read_applications
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.downloads import Cell, Column, asked_download, table_download
from fundapp.web.shell.language import gettext, lazy
from fundapp.web.shell.pagination import Page, asked_page
from fundapp.web.shell.remembering import remembered_page
from fundapp.web.shell.viewer import viewer

TONES: Mapping[str, Any] = {
    "both": lazy("둘 다 적합"),
    "machine": lazy("기계만 적합"),
    "committee": lazy("위원회만 적합"),
    "neither": lazy("둘 다 아님"),
}
_FULL = 100


@blueprint.get("/rubrics/agreement")
@remembered_page
def agreement_page() -> ResponseReturnValue:
    """Show how far scores and reviews agree, and where they do not."""
    may_read_applications()
    may_open(Kind.RUBRIC)
    with db().read() as session:
        calls, call = choose_call(session, viewer(), request.args.get("call", ""), now())
        rows = list_pairs(session, viewer(), call.code) if call else []
    pairs = [row.pair for row in rows]
    score_from = _asked_score(request.args.get("from", "")) or matching_score(pairs)
    if form := asked_download():
        return table_download(gettext("심사와의 일치"), _columns(), _cells(rows, score_from), form=form)
    found = compare(pairs, score_from) if pairs else None
    apart = {one.application: one.places for one in found.disagreements} if found else {}
    rows.sort(key=lambda row: (-apart.get(row.pair.number, -1), row.pair.number))
    return render_template(
        "operations/agreement.html",
        calls=calls,
        call=call,
        page=Page.cut(rows, asked_page()),
        found=found,
        apart=apart,
        score_from=score_from,
        chart=draw_agreement(rows, score_from),
        tone=lambda row: tone_of(row, score_from),
        tones=TONES,
    )


def _asked_score(text: str) -> int | None:
    """Read a score of 0 to 100 points as tenths; what makes no sense counts as not asked."""
    try:
        points = Decimal(text)
    except InvalidOperation:
        return None
    return int(points * 10) if points.is_finite() and 0 < points <= _FULL else None


def _columns() -> list[Column]:
    return [
        Column(gettext("번호")),
        Column(gettext("기업")),
        Column(gettext("적합도 점수")),
        Column(gettext("위원 평균")),
        Column(gettext("심사 수"), "number"),
        Column(gettext("판단")),
    ]


def _cells(rows: Sequence[PairRow], score_from: int) -> Iterator[list[Cell]]:
    for row in rows:
        points = [f"{tenths // 10}.{tenths % 10}" for tenths in (row.pair.score_tenths, row.pair.rating_tenths)]
        yield [row.pair.number, row.company, *points, row.reviews, str(TONES[tone_of(row, score_from)])]
