"""A few applications side by side: what they ask for, and what the committee thinks of each criterion."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.committee.queries.calibration import OfficialScores, official_scores
from fundapp.committee.queries.docket.filters import DocketFilter
from fundapp.committee.queries.docket.rows import DocketRow, docket
from fundapp.committee.queries.masked import load_maskers
from fundapp.committee.queries.phases import load_terms
from fundapp.committee.queries.sight import NewestReview, counting_reviews
from fundapp.committee.rules import Criterion
from fundapp.core.access import Viewer
from fundapp.core.errors import NotFoundError
from fundapp.intake.masking import Masker
from fundapp.intake.newest import newest_answers
from fundapp.intake.tables import Application, Call

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


@dataclass(frozen=True, slots=True)
class Comparison:
    """Several applications of one call, with the criteria they are judged by."""

    criteria: Sequence[Criterion]
    compared: tuple[Compared, ...]


def compare(session: Session, viewer: Viewer, call_code: str, numbers: Sequence[str]) -> Comparison:
    """Return applications in the order they are named, without what tells an applicant from who judges blind.

    Raises:
        NotFoundError: if one of them is absent or out of sight, or they are fewer than two or more than four.
    """
    wanted = list(dict.fromkeys(numbers))
    rows = {row.number: row for row in docket(session, viewer, call_code, filters=_only(wanted))}
    if not FEWEST <= len(wanted) <= MOST or len(rows) != len(wanted):
        raise NotFoundError(applications=", ".join(wanted))
    terms = load_terms(session, session.scalars(select(Call.id).where(Call.code == call_code)).one())
    among = select(Application.id).where(Application.number.in_(wanted))
    material = _Material(
        criteria=terms.criteria,
        answers={row.application_id: row.answers for row in session.execute(newest_answers(among))},
        reviews=defaultdict(list),
        scores=official_scores(session, viewer, call_code),
        maskers=load_maskers(session, viewer, among),
    )
    for review in counting_reviews(session, among):
        material.reviews[review.application_id].append(review)
    return Comparison(terms.criteria, tuple(_compared(rows[number], material) for number in wanted))


def _only(numbers: Sequence[str]) -> DocketFilter:
    return replace(DocketFilter(), numbers=tuple(numbers) or ("",))


@dataclass(frozen=True, slots=True)
class _Material:
    criteria: Sequence[Criterion]
    answers: Mapping[uuid.UUID, Mapping[str, object]]
    reviews: defaultdict[uuid.UUID, list[NewestReview]]
    scores: Mapping[uuid.UUID, OfficialScores]
    maskers: Mapping[uuid.UUID, Masker]

    def masked(self, application_id: uuid.UUID, text: str) -> str:
        """Return a text as the viewer may read it."""
        masker = self.maskers.get(application_id)
        return masker.text(text) if masker else text


def _compared(row: DocketRow, material: _Material) -> Compared:
    key = row.application_id
    said = material.answers.get(key, {})
    employees = said.get("employees")
    open_reviews = () if row.sealed else material.reviews.get(key, ())
    points: dict[str, int] = {}
    reasons: dict[str, tuple[str, ...]] = {}
    for criterion in material.criteria:
        given = [one for review in open_reviews for one in review.ratings if one.criterion == criterion.key]
        rated = [one.points for one in given if one.points is not None]
        if rated:
            points[criterion.key] = round(Fraction(100 * sum(rated), len(rated)))
        reasons[criterion.key] = tuple(material.masked(key, one.reason) for one in given)
    return Compared(
        row=row,
        summary=material.masked(key, str(said.get("solution_summary") or "")),
        employees=employees if isinstance(employees, int) else None,
        points=points,
        reasons=reasons,
        adjusted_tenths=material.scores[key].adjusted,
    )
