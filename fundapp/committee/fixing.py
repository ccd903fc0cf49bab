"""Fixing how a call is reviewed, and where its phases stand: what several actions do on the way."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.committee.queries.phases import load_terms
from fundapp.committee.rules.terms import ReviewTerms
from fundapp.committee.tables import ReviewPhaseStep, ReviewTermsRow
from fundapp.core.access import Viewer
from fundapp.core.orm import canonical_json
from fundapp.core.sessions import RetryTransactionError
from fundapp.intake.tables import Call


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
