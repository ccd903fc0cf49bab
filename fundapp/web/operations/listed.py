"""The pipeline and the register of conditions as files: the rows that the page's filters leave, all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fundapp.committee.queries import ConditionRow
from fundapp.web.operations.pipeline import PipelineRow
from fundapp.web.shell.downloads import Cell, Column
from fundapp.web.shell.language import gettext

CONDITION_STATES = ("open", "met", "waived")


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


def condition_columns() -> list[Column]:
    """Return the columns of the register of conditions."""
    return [
        Column(gettext("신청")),
        Column(gettext("기업")),
        Column(gettext("번호"), "number"),
        Column(gettext("조건")),
        Column(gettext("기한"), "day"),
        Column(gettext("상태")),
        Column(gettext("증빙 또는 사유")),
        Column(gettext("처리한 사람")),
        Column(gettext("처리한 때"), "instant"),
    ]


def condition_cells(rows: Sequence[ConditionRow]) -> Iterator[list[Cell]]:
    """Yield conditions."""
    words = dict(zip(CONDITION_STATES, (gettext("남음"), gettext("충족"), gettext("면제")), strict=True))
    for row in rows:
        yield [
            row.application_number, row.company, row.number, row.text, row.due_on, words[row.state], row.evidence,
            row.resolved_by, row.resolved_at,
        ]  # fmt: skip
