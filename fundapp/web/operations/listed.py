"""The pipeline as a file: the rows that the page's filters leave, all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fundapp.web.operations.pipeline import PipelineRow
from fundapp.web.shell.downloads import Cell, Column
from fundapp.web.shell.language import gettext


def pipeline_columns() -> list[Column]:
    """Return the columns of the pipeline."""
    return [
        Column(gettext("번호")),
        Column(gettext("기업")),
        Column(gettext("제안")),
        Column(gettext("업종")),
        Column(gettext("현금 신청"), "won"),
        Column(gettext("적합도 점수")),
        Column(gettext("필수 요건")),
        Column(gettext("관련 기업"), "number"),
        Column(gettext("상태")),
        Column(gettext("바뀐 때"), "instant"),
    ]


def pipeline_cells(rows: Sequence[PipelineRow]) -> Iterator[list[Cell]]:
    """Yield applications; a score is written with its one decimal."""
    for row in rows:
        score = None if row.score_tenths is None else f"{row.score_tenths // 10}.{row.score_tenths % 10}"
        yield [
            row.number, row.company, row.solution, row.sector, row.krw, score, row.verdict, row.related, row.state,
            row.updated_at,
        ]  # fmt: skip
