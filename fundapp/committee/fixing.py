"""Fixing how a call is reviewed, where its phases stand, and whether reviews are taken: steps of several actions."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.committee.queries.phases import load_terms, present_phase
from fundapp.committee.rules import REVIEWABLE, ReviewsClosedError
from fundapp.committee.rules.terms import ReviewTerms
from fundapp.committee.tables import Assignment, ReviewPhaseStep, ReviewTermsRow
from fundapp.core.access import Viewer
from fundapp.core.errors import ForbiddenError, TransitionRefusedError
from fundapp.core.orm import canonical_json
from fundapp.core.sessions import RetryTransactionError
from fundapp.intake.rules import counts_as
from fundapp.intake.tables import Application, Call


def find_present_step(session: Session, call_id: uuid.UUID) -> ReviewPhaseStep | None:
    """Return the newest step of a call's phases; None before any was recorded."""
    return session.scalars(
        select(ReviewPhaseStep).where(ReviewPhaseStep.call_id == call_id).order_by(ReviewPhaseStep.step.desc()).limit(1)
    ).one_or_none()


def find_frozen(session: Session, call_id: uuid.UUID) -> ReviewTermsRow | None:
    """Return the terms of a call as they were fixed, or None before that."""
    return session.scalars(select(ReviewTermsRow).where(ReviewTermsRow.call_id == call_id)).one_or_none()


def freeze_terms(session: Session, call_id: uuid.UUID, *, actor: Viewer, at: datetime) -> str:
    """Fix how a call is reviewed, unless that has been done; return the hash that reviews keep."""
    frozen = find_frozen(session, call_id)
    if frozen is not None:
        return frozen.sha256
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
    return row.sha256


def terms_sha256(terms: ReviewTerms) -> str:
    """Return the hash of terms in full."""
    return hashlib.sha256(canonical_json(terms.as_document()).encode()).hexdigest()


def require_reviewing(session: Session, application: Application, person_id: uuid.UUID) -> None:
    """Raise unless a person is to review an application and reviews of it are taken now.

    Raises:
        ForbiddenError: if it is not assigned to them: shown like an absent page.
        TransitionRefusedError: if the committee has decided already.
        ReviewsClosedError: if the present phase of the call takes no reviews.
    """
    assigned = session.scalar(
        select(Assignment.id).where(Assignment.application_id == application.id, Assignment.person_id == person_id)
    )
    if assigned is None:
        raise ForbiddenError(verb="review", kind="application")
    if counts_as(application.state) not in REVIEWABLE:
        raise TransitionRefusedError(thing="application", state=application.state, verb="review")
    if not present_phase(session, application.call_id).may_review:
        raise ReviewsClosedError(state=application.state, verb="review")
