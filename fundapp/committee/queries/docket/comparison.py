"""A few applications side by side: what they ask for, and what the committee thinks of each criterion."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.committee.queries.docket.filters import DocketFilter
from fundapp.committee.queries.docket.rows import DocketRow, adjusted_means, docket
from fundapp.committee.queries.sight import NewestReview, counting_reviews
from fundapp.committee.rules import CRITERIA
from fundapp.core.access import Viewer
from fundapp.core.errors import NotFoundError
from fundapp.intake.newest import newest_answers
from fundapp.intake.tables import Application

FEWEST, MOST = 2, 4


@dataclass(frozen=True, slots=True)
class Compared:
    """One of the applications.

    Attributes:
        summary: What the applicant says it does.
        employees: As stated; None where nothing is.
        points: Mean points of each criterion in hundredths, by key; empty while sealed. Who abstained is left out.
        reasons: What was written about each criterion, by key, in the order it was filed, without names.
        adjusted_tenths: Mean after taking reviewers' severity off; None while anything is sealed for the viewer.
    """

    row: DocketRow
    summary: str
    employees: int | None
    points: Mapping[str, int]
    reasons: Mapping[str, tuple[str, ...]]
    adjusted_tenths: int | None


def compare(session: Session, viewer: Viewer, call_code: str, numbers: Sequence[str]) -> list[Compared]:
    """Return applications in the order they are named.

    Raises:
        NotFoundError: if one of them is absent or out of sight, or they are fewer than two or more than four.
    """
    wanted = list(dict.fromkeys(numbers))
    rows = {row.number: row for row in docket(session, viewer, call_code, filters=_only(wanted))}
    if not FEWEST <= len(wanted) <= MOST or len(rows) != len(wanted):
        raise NotFoundError(applications=", ".join(wanted))
    among = select(Application.id).where(Application.number.in_(wanted))
    answers = {row.application_id: row.answers for row in session.execute(newest_answers(among))}
    adjusted = adjusted_means(session, viewer, call_code)
    reviews: dict[uuid.UUID, list[NewestReview]] = {}
    for review in counting_reviews(session, among):
        reviews.setdefault(review.application_id, []).append(review)
    return [_compared(rows[number], answers, reviews, adjusted) for number in wanted]


def _only(numbers: Sequence[str]) -> DocketFilter:
    return replace(DocketFilter(), numbers=tuple(numbers) or ("",))


def _compared(
    row: DocketRow,
    answers: Mapping[uuid.UUID, Mapping[str, object]],
    reviews: Mapping[uuid.UUID, Sequence[NewestReview]],
    adjusted: Mapping[uuid.UUID, int],
) -> Compared:
    said = answers.get(row.application_id, {})
    employees = said.get("employees")
    open_reviews = () if row.score_sealed else reviews.get(row.application_id, ())
    points: dict[str, int] = {}
    reasons: dict[str, tuple[str, ...]] = {}
    for criterion in CRITERIA:
        given = [one for review in open_reviews for one in review.ratings if one.criterion == criterion.key]
        rated = [one.points for one in given if one.points is not None]
        if rated:
            points[criterion.key] = round(Fraction(100 * sum(rated), len(rated)))
        reasons[criterion.key] = tuple(one.reason for one in given)
    return Compared(
        row=row,
        summary=str(said.get("solution_summary") or ""),
        employees=employees if isinstance(employees, int) else None,
        points=points,
        reasons=reasons,
        adjusted_tenths=None if row.score_sealed else adjusted.get(row.application_id),
    )
