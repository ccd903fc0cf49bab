"""Fixing how a call is reviewed, where its phases stand, and whether reviews are taken: steps of several actions."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Uuid, bindparam, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.committee.queries.phases import load_terms
from fundapp.committee.rules import REVIEWABLE, ReviewsClosedError
from fundapp.committee.rules.terms import ReviewTerms
from fundapp.committee.tables import Assignment, Review, ReviewDraft, ReviewPhaseStep, ReviewTermsRow
from fundapp.core.access import Viewer
from fundapp.core.errors import ForbiddenError, TransitionRefusedError
from fundapp.core.orm import canonical_json
from fundapp.core.sessions import RetryTransactionError
from fundapp.intake.rules import counts_as
from fundapp.intake.tables import Application, Call

_CASE, _PERSON = bindparam("application_id", type_=Uuid()), bindparam("person_id", type_=Uuid())
_STANDING = select(
    select(Assignment.id)
    .where(Assignment.application_id == _CASE, Assignment.person_id == _PERSON)
    .scalar_subquery()
    .label("assigned"),
    select(ReviewPhaseStep.key)
    .where(ReviewPhaseStep.call_id == bindparam("call_id", type_=Uuid()))
    .order_by(ReviewPhaseStep.step.desc())
    .limit(1)
    .scalar_subquery()
    .label("phase"),
    select(ReviewDraft.revision)
    .where(ReviewDraft.application_id == _CASE, ReviewDraft.person_id == _PERSON)
    .scalar_subquery()
    .label("draft_revision"),
    select(func.max(Review.version))
    .where(Review.application_id == _CASE, Review.person_id == _PERSON)
    .scalar_subquery()
    .label("filed"),
)
_FROZEN = select(ReviewTermsRow.document, ReviewTermsRow.sha256).where(ReviewTermsRow.call_id == bindparam("call_id"))


@dataclass(frozen=True, slots=True)
class Standing:
    """How far somebody is with a review.

    Attributes:
        draft_revision: Revision of what they have typed, 0 for nothing.
        filed: Number of versions filed.
    """

    draft_revision: int
    filed: int


@dataclass(frozen=True, slots=True)
class FixedTerms:
    """Terms that cannot change any more, and the hash that reviews keep of them."""

    terms: ReviewTerms
    sha256: str


def find_present_step(session: Session, call_id: uuid.UUID) -> ReviewPhaseStep | None:
    """Return the newest step of a call's phases; None before any was recorded."""
    return session.scalars(
        select(ReviewPhaseStep).where(ReviewPhaseStep.call_id == call_id).order_by(ReviewPhaseStep.step.desc()).limit(1)
    ).one_or_none()


def find_frozen(session: Session, call_id: uuid.UUID) -> ReviewTermsRow | None:
    """Return the terms of a call as they were fixed, or None before that."""
    return session.scalars(select(ReviewTermsRow).where(ReviewTermsRow.call_id == call_id)).one_or_none()


def freeze_terms(session: Session, call_id: uuid.UUID, *, actor: Viewer, at: datetime) -> FixedTerms:
    """Fix how a call is reviewed, unless that has been done; return how."""
    frozen = session.execute(_FROZEN, {"call_id": call_id}).one_or_none()
    if frozen is not None:
        return FixedTerms(ReviewTerms.of_document(frozen.document), frozen.sha256)
    terms = load_terms(session, call_id)
    row = ReviewTermsRow(
        call_id=call_id,
        document=terms.as_document(),
        sha256=terms_sha256(terms),
        frozen_by=actor.name or actor.email,
        frozen_at=at,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise RetryTransactionError from error
    code = session.get_one(Call, call_id).code
    record_event(
        session,
        actor=actor,
        verb="review.terms_fixed",
        subject_kind="call",
        subject=code,
        at=at,
        details={"sha256": row.sha256, "official": terms.official},
    )
    return FixedTerms(terms, row.sha256)


def terms_sha256(terms: ReviewTerms) -> str:
    """Return the hash of terms in full."""
    return hashlib.sha256(canonical_json(terms.as_document()).encode()).hexdigest()


def require_reviewing(session: Session, application: Application, person_id: uuid.UUID, terms: ReviewTerms) -> Standing:
    """Return how far a person is with a review, if they are to write it and reviews are taken now.

    Args:
        session: A session.
        application: What is to be reviewed.
        person_id: By whom.
        terms: How its call is reviewed.

    Raises:
        ForbiddenError: if it is not assigned to them: shown like an absent page.
        TransitionRefusedError: if the committee has decided already.
        ReviewsClosedError: if the present phase of the call takes no reviews.
    """
    of = {"application_id": application.id, "person_id": person_id, "call_id": application.call_id}
    found = session.execute(_STANDING, of).one()
    if found.assigned is None:
        raise ForbiddenError(verb="review", kind="application")
    if counts_as(application.state) not in REVIEWABLE:
        raise TransitionRefusedError(thing="application", state=application.state, verb="review")
    if not terms.phase_named(found.phase).may_review:
        raise ReviewsClosedError(state=application.state, verb="review")
    return Standing(found.draft_revision or 0, found.filed or 0)
