"""One application as its reviewer sees it: answers, own review, and what opens after it is saved."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, bindparam, case, select
from sqlalchemy.orm import Session

from fundapp.committee.queries.calibration import official_scores
from fundapp.committee.queries.masked import load_maskers
from fundapp.committee.queries.people import members
from fundapp.committee.queries.phases import FROZEN_TEXT, frozen_terms, load_terms, present_phase
from fundapp.committee.queries.pledges import pledged
from fundapp.committee.queries.sight import Figures, in_sight, load_figures, require_sight
from fundapp.committee.rules import REVIEWABLE, Criterion, Phase, Rating, ReviewTerms, Statistics
from fundapp.committee.rules.terms import review_terms
from fundapp.committee.tables import Review, ReviewTermsRow
from fundapp.core.access import VIEWERS_KEPT, Kind, Viewer
from fundapp.core.errors import NotFoundError
from fundapp.core.sessions import Database
from fundapp.identity.tables import Person
from fundapp.intake.masking import Masker
from fundapp.intake.newest import newest_answers
from fundapp.intake.queries import company_shown
from fundapp.intake.rules import counts_as
from fundapp.intake.tables import Application, Call, Company


@dataclass(frozen=True, slots=True)
class ReviewVersion:
    """One filing of a review; `total_tenths` is None where the member abstained throughout."""

    version: int
    ratings: tuple[Rating, ...]
    total_tenths: int | None
    note: str | None
    filed_at: datetime


@dataclass(frozen=True, slots=True)
class OthersReview:
    """Another member's counting review."""

    reviewer: str
    ratings: tuple[Rating, ...]
    total_tenths: int | None
    note: str | None


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """Everything that the review page may show one viewer.

    Attributes:
        company: Its name; the application's number while the viewer judges blind.
        answers: The newest frozen answers, without who applies while the viewer judges blind.
        named: Whether the viewer may know who applies.
        phase: In which the call's review is.
        terms: How the call is reviewed.
        may_review: Whether the viewer is assigned and reviews are taken now.
        own: The viewer's review, newest version first; empty before the first filing.
        sealed: Whether others' reviews, their statistics and the official score are closed for now.
        score_sealed: Whether the machine's score is closed for now.
        score_tenths: The machine's score.
        others: The other members' counting reviews.
        statistics: Of all counting reviews.
        official_tenths: The score that counts by the call's terms.
    """

    application_id: uuid.UUID
    number: str
    call_code: str
    company: str
    state: str
    answers: Mapping[str, Any]
    named: bool
    phase: Phase
    terms: ReviewTerms
    may_review: bool
    own: tuple[ReviewVersion, ...]
    sealed: bool
    score_sealed: bool
    score_tenths: int | None
    others: tuple[OthersReview, ...]
    statistics: Statistics | None
    official_tenths: int | None
    reviews_filed: int
    reviews_assigned: int


@dataclass(frozen=True, slots=True)
class ReviewHead:
    """What filing a review needs of its page: neither answers nor figures.

    Attributes:
        pledged_at: When the viewer pledged to have no interest, as `find_pledge` has it.
    """

    number: str
    call_code: str
    criteria: tuple[Criterion, ...]
    pledged_at: datetime | None


def review_head(database: Database, viewer: Viewer, application_id: uuid.UUID) -> ReviewHead:
    """Return which application a review is of, what is rated, and the viewer's pledge: in one statement.

    Raises:
        ForbiddenError: if the viewer sees no reviews at all.
        NotFoundError: if the application is absent or out of sight.
    """
    require_sight(viewer, Kind.REVIEW)
    found = database.ask(_headed(viewer), {"application_id": application_id})
    if not found:
        raise NotFoundError(application=str(application_id))
    number, call_code, frozen, defined, pledged_at = found[0]
    terms = review_terms(defined) if frozen is None else frozen_terms(frozen)
    return ReviewHead(number, call_code, terms.criteria, pledged_at)


@lru_cache(VIEWERS_KEPT)
def _headed(viewer: Viewer) -> Select[*tuple[Any, ...]]:
    mine = pledged(viewer).correlate(None).scalar_subquery()
    return (
        select(
            Application.number,
            Call.code,
            FROZEN_TEXT.label("frozen"),
            case((ReviewTermsRow.id.is_(None), Call.document)).label("defined"),
            mine.label("pledged_at"),
        )
        .join(Call, Call.id == Application.call_id)
        .outerjoin(ReviewTermsRow, ReviewTermsRow.call_id == Call.id)
        .where(Application.id == bindparam("application_id"), in_sight(viewer))
    )


def review_page(session: Session, viewer: Viewer, application_id: uuid.UUID) -> ReviewPage:
    """Return the review page of an application.

    Raises:
        NotFoundError: if it is absent, a draft, out of sight, or the viewer is recused: all look the same.
    """
    require_sight(viewer, Kind.REVIEW)
    head = session.execute(
        select(
            Application.id,
            Application.number,
            Application.state,
            Application.call_id,
            company_shown(viewer).label("company"),
            Call.code.label("call_code"),
        )
        .join(Company, Company.id == Application.company_id)
        .join(Call, Call.id == Application.call_id)
        .where(Application.id == application_id, in_sight(viewer))
    ).one_or_none()
    if head is None:
        raise NotFoundError(application=str(application_id))
    among = select(Application.id).where(Application.id == application_id)
    figures = load_figures(session, among)
    sealed, score_sealed = figures.sealed(application_id, viewer), figures.score_sealed(application_id, viewer)
    assigned = viewer.person_id in figures.assigned.get(application_id, frozenset())
    found = session.execute(newest_answers(among)).one_or_none()
    masker = load_maskers(session, viewer, among).get(application_id)
    answers = found.answers if found else {}
    terms = load_terms(session, head.call_id)
    phase = present_phase(session, head.call_id, terms)
    return ReviewPage(
        application_id=head.id,
        number=head.number,
        call_code=head.call_code,
        company=head.company,
        state=head.state,
        answers=masker.answers(answers) if masker else answers,
        named=masker is None,
        phase=phase,
        terms=terms,
        may_review=assigned and counts_as(head.state) in REVIEWABLE and phase.may_review,
        own=_own_versions(session, application_id, viewer.person_id),
        sealed=sealed,
        score_sealed=score_sealed,
        score_tenths=None if score_sealed else figures.scores.get(application_id),
        others=() if sealed else _others(session, figures, application_id, viewer, masker),
        statistics=None if sealed else figures.statistics(application_id),
        official_tenths=None if sealed else _official(session, viewer, head.call_code, terms, figures, application_id),
        reviews_filed=len(figures.reviews.get(application_id, ())),
        reviews_assigned=len(figures.assigned.get(application_id, ())),
    )


def _official(
    session: Session,
    viewer: Viewer,
    call_code: str,
    terms: ReviewTerms,
    figures: Figures,
    application_id: uuid.UUID,
) -> int | None:
    """Return the score that counts; only severities need the whole call."""
    statistics = figures.statistics(application_id)
    if statistics is None:
        return None
    if terms.official == "adjusted":
        found = official_scores(session, viewer, call_code).get(application_id)
        return found.official if found else None
    return statistics.trimmed_tenths if terms.official == "trimmed" else statistics.mean_tenths


def _own_versions(
    session: Session, application_id: uuid.UUID, person_id: uuid.UUID | None
) -> tuple[ReviewVersion, ...]:
    if person_id is None:
        return ()
    rows = session.scalars(
        select(Review)
        .where(Review.application_id == application_id, Review.person_id == person_id)
        .order_by(Review.version.desc())
    )
    return tuple(_version(row) for row in rows)


def _version(row: Review) -> ReviewVersion:
    ratings = tuple(Rating.of_document(document) for document in row.ratings)
    abstained = all(rating.points is None for rating in ratings)
    return ReviewVersion(row.version, ratings, None if abstained else row.total_tenths, row.note, row.filed_at)


def _others(
    session: Session, figures: Figures, application_id: uuid.UUID, viewer: Viewer, masker: Masker | None
) -> tuple[OthersReview, ...]:
    reviews = [r for r in figures.reviews.get(application_id, ()) if r.person_id != viewer.person_id]
    ids = [review.person_id for review in reviews]
    names = {row.id: row.name for row in session.execute(select(Person.id, Person.name).where(Person.id.in_(ids)))}

    def clean(text: str) -> str:
        return masker.text(text) if masker else text

    return tuple(
        OthersReview(
            names[review.person_id],
            tuple(replace(rating, reason=clean(rating.reason)) for rating in review.ratings),
            review.total_tenths,
            clean(review.note) if review.note else None,
        )
        for review in reviews
    )


@dataclass(frozen=True, slots=True)
class ReviewerProgress:
    """How far one member is with the reviews of a call."""

    name: str
    assigned: int
    filed: int


def reviewer_progress(session: Session, viewer: Viewer, call_code: str) -> list[ReviewerProgress]:
    """Return each member's progress over the applications the viewer may see, in office order.

    Raises:
        ForbiddenError: if the viewer sees no reviews at all.
    """
    require_sight(viewer, Kind.REVIEW)
    figures = load_figures(
        session,
        select(Application.id)
        .join(Call, Call.id == Application.call_id)
        .where(Call.code == call_code, in_sight(viewer)),
    )
    rows = []
    for seat in members(session):
        held = [key for key, people in figures.assigned.items() if seat.person_id in people]
        filed = [key for key in held if figures.own_review(key, seat.person_id) is not None]
        rows.append(ReviewerProgress(seat.name, len(held), len(filed)))
    return rows
