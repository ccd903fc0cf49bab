"""Comments on a report as a page shows them, and what two versions of it say otherwise."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.access import Viewer
from fundapp.core.errors import NotFoundError
from fundapp.core.quarters import Quarter
from fundapp.portfolio.tables import Award, CodevelopmentMilestone
from fundapp.reporting.actions import find_frozen
from fundapp.reporting.documents import from_document
from fundapp.reporting.sight import require_sight
from fundapp.reporting.tables import FrozenQuarter, ReportComment
from reports.differences import Difference, compare
from reports.figures import reckon
from reports.formats import Locale
from reports.sections import compose


@dataclass(frozen=True, slots=True)
class Said:
    """One comment; `version` is the one it was made on."""

    id: uuid.UUID
    version: int
    chapter: str
    body: str
    said_by: str
    side: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Thread:
    """A comment and its answers, oldest first."""

    opening: Said
    answers: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Linkage:
    """How joint development stands on one track, `spc` or `korean_ai`: companies, steps, and the next one due."""

    track: str
    companies: int
    done: int
    late: int
    steps: int
    next_on: date | None


def list_comments(session: Session, viewer: Viewer, quarter: Quarter) -> list[Thread]:
    """Return what was said about all versions of a quarter, newest thread first; two statements.

    Raises:
        ForbiddenError: if the viewer may not see reports.
    """
    require_sight(session, viewer)
    found = session.execute(
        select(ReportComment, FrozenQuarter.version)
        .join(FrozenQuarter, FrozenQuarter.id == ReportComment.frozen_id)
        .where(FrozenQuarter.quarter == str(quarter))
        .order_by(ReportComment.at, ReportComment.id)
    ).all()
    answers: dict[uuid.UUID, list[Said]] = {}
    openings: list[Said] = []
    for row, version in found:
        said = Said(row.id, version, row.chapter, row.body, row.said_by, row.side, row.at)
        if row.answers_id is None:
            openings.append(said)
        else:
            answers.setdefault(row.answers_id, []).append(said)
    return [Thread(one, tuple(answers.get(one.id, ()))) for one in reversed(openings)]


def compare_versions(
    session: Session, viewer: Viewer, quarter: Quarter, before: int, after: int, *, locale: Locale = "ko"
) -> tuple[Difference, ...]:
    """Return what a version says otherwise than another, in the order of its sections.

    Raises:
        NotFoundError: if there is no such version, or the viewer may not see reports.
    """
    require_sight(session, viewer)
    frozen = [find_frozen(session, quarter, version) for version in (before, after)]
    documents = [from_document(one.inputs) for one in frozen if one is not None]
    if len(documents) != len(frozen):
        raise NotFoundError
    old, new = (compose(reckon(rows), locale) for rows in documents)
    return compare(old, new, locale)


def list_linkages(session: Session, viewer: Viewer, today: date) -> list[Linkage]:
    """Return how funded companies' joint development stands by track; one statement.

    Raises:
        ForbiddenError: if the viewer may not see reports.
    """
    require_sight(session, viewer)
    found = session.execute(
        select(CodevelopmentMilestone, Award.company_id)
        .join(Award, Award.id == CodevelopmentMilestone.award_id)
        .order_by(CodevelopmentMilestone.expected_on)
    ).all()
    linkages = []
    for track in ("spc", "korean_ai"):
        steps = [(row, company) for row, company in found if row.track == track]
        waiting = [row for row, _ in steps if row.done_on is None]
        linkages.append(
            Linkage(
                track,
                len({company for _, company in steps}),
                len(steps) - len(waiting),
                sum(row.expected_on < today for row in waiting),
                len(steps),
                next((row.expected_on for row in waiting if row.expected_on >= today), None),
            )
        )
    return linkages
