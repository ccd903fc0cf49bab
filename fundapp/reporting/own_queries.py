"""Readers' own questions: the list, and the answer from a frozen version."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.access import Viewer
from fundapp.core.errors import NotFoundError
from fundapp.core.quarters import Quarter
from fundapp.reporting.actions import find_frozen
from fundapp.reporting.documents import from_document
from fundapp.reporting.rules import status_of
from fundapp.reporting.sheets import Sheet, sheet_of
from fundapp.reporting.sight import newest_for, require_sight
from fundapp.reporting.tables import OwnReport, ReportSignature
from reports.data import plain
from reports.figures import reckon
from reports.formats import Locale
from reports.own import (
    MOST_CONDITIONS,
    OPERATORS,
    Condition,
    Question,
    answer,
    catalogue,
    draw_answer,
    find_views,
    read_question,
)
from reports.sections import compose
from reports.sections.model import NUMERIC, Cell, Kind, Table, kind_of

__all__ = [
    "MOST_CONDITIONS",
    "OPERATORS",
    "Answer",
    "Condition",
    "OwnRow",
    "Question",
    "View",
    "ask_report",
    "get_own_report",
    "list_own_reports",
    "list_views",
]
_FILED: dict[Kind, str] = {"krw": "won", "hours_e4": "hours", "krw_e4": "value", "count": "number", "days": "number"}


@dataclass(frozen=True, slots=True)
class OwnRow:
    """One kept question; `mine` tells whether the viewer may change it."""

    id: uuid.UUID
    name: str
    owner: str
    mine: bool
    shared: bool
    notify: bool
    schedule: str
    saved_at: datetime
    question: Question


@dataclass(frozen=True, slots=True)
class View:
    """A table that may be asked: its columns as (key, label, whether numbers stand in it)."""

    key: str
    title: str
    columns: tuple[tuple[str, str, bool], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question finds in a version, in words, as a chart where one was asked for, and for a file.

    Attributes:
        status: `draft`, `reviewed` or `approved`.
        kinds: What each column of a file holds, as downloads call it.
        cells: The same rows in exact figures.
    """

    quarter: str
    version: int
    status: str
    sheet: Sheet
    svg: str
    kinds: tuple[str, ...]
    cells: tuple[tuple[int | str | None, ...], ...]


def list_views(locale: Locale) -> list[View]:
    """Return the tables that may be asked."""
    return [
        View(key, table.title, tuple((c.key, c.label, c.kind in NUMERIC) for c in table.columns))
        for key, table in catalogue(locale).items()
    ]


def list_own_reports(session: Session, viewer: Viewer) -> list[OwnRow]:
    """Return the viewer's own questions and those that others share, by name; one statement.

    Raises:
        ForbiddenError: if the viewer may not see reports.
    """
    require_sight(session, viewer)
    found = session.scalars(
        select(OwnReport)
        .where(OwnReport.dropped_at.is_(None), OwnReport.shared | (OwnReport.owner_id == viewer.person_id))
        .order_by(OwnReport.name, OwnReport.id)
    )
    return [_row(row, viewer) for row in found]


def get_own_report(session: Session, viewer: Viewer, report_id: uuid.UUID) -> OwnRow:
    """Return one of the viewer's questions, or one that is shared.

    Raises:
        NotFoundError: if there is none, or the viewer may not see it.
    """
    found = next((row for row in list_own_reports(session, viewer) if row.id == report_id), None)
    if found is None:
        raise NotFoundError
    return found


def ask_report(
    session: Session, viewer: Viewer, question: Question, quarter: Quarter | None, version: int | None, locale: Locale
) -> Answer | None:
    """Return what a question finds in a frozen version.

    Without a quarter it is the newest that the fund has signed, for finance the newest of all; None if there is none.

    Raises:
        NotFoundError: if there is no such version, or the viewer may not see reports.
    """
    require_sight(session, viewer)
    if quarter is None:
        found = newest_for(session, viewer)
        if found is None:
            return None
        newest = found[0]
    elif (chosen := find_frozen(session, quarter, version)) is not None:
        newest = chosen
    else:
        raise NotFoundError
    sides = session.scalars(select(ReportSignature.side).where(ReportSignature.frozen_id == newest.id)).all()
    views = find_views(compose(reckon(from_document(newest.inputs)), locale))
    table = answer(question, views[question.view], locale)
    svg = draw_answer(question, table, locale) if question.chart and table.rows else ""
    return Answer(
        newest.quarter,
        newest.version,
        status_of(sides),
        sheet_of(table, locale),
        svg,
        tuple(_FILED.get(column.kind, "text") for column in table.columns),
        tuple(_filed(table, n) for n in range(len(table.rows))),
    )


def _filed(table: Table, number: int) -> tuple[int | str | None, ...]:
    row = table.rows[number]
    return tuple(_exact(cell, kind_of(row, column)) for column, cell in zip(table.columns, row.cells, strict=True))


def _exact(cell: Cell, kind: Kind) -> int | str | None:
    return cell if isinstance(cell, int) and kind in _FILED else plain(cell, kind)


def _row(row: OwnReport, viewer: Viewer) -> OwnRow:
    mine = viewer.person_id is not None and row.owner_id == viewer.person_id
    question = read_question(row.question)
    told = (row.notify, row.schedule)
    return OwnRow(row.id, row.name, row.owner_name, mine, row.shared, *told, row.saved_at, question)
