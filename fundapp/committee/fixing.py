"""Fixing how a call is reviewed, where its phases stand, and whether reviews are taken: steps of several actions."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Uuid, bindparam, exists, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.committee.entrance import RECUSED, Case, admit, require_person
from fundapp.committee.queries.phases import FROZEN_TEXT, frozen_terms, load_terms
from fundapp.committee.rules import REVIEWABLE, ReviewsClosedError
from fundapp.committee.rules.terms import ReviewTerms
from fundapp.committee.tables import Assignment, Review, ReviewDraft, ReviewPhaseStep, ReviewTermsRow
from fundapp.core.access import Kind, Verb, Viewer
from fundapp.core.errors import ForbiddenError, NotFoundError, TransitionRefusedError
from fundapp.core.orm import canonical_json
from fundapp.core.sessions import RetryTransactionError
from fundapp.intake.rules import counts_as
from fundapp.intake.tables import Application, Call

_CASE, _PERSON = bindparam("application_id", type_=Uuid()), bindparam("person_id", type_=Uuid())
_RECUSED = RECUSED.subquery()
_STANDING = (
    select(Assignment.id)
    .where(Assignment.application_id == _CASE, Assignment.person_id == _PERSON)
    .scalar_subquery()
    .label("assigned"),
    select(ReviewPhaseStep.key)
    .where(ReviewPhaseStep.call_id == Application.call_id)
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
_DESK = (
    select(
        Application.number,
        Application.state,
        Application.call_id,
        Application.company_id,
        exists().where(_RECUSED.c.person_id == _PERSON).label("recused"),
        FROZEN_TEXT.label("terms"),
        ReviewTermsRow.sha256,
        *_STANDING,
    )
    .outerjoin(ReviewTermsRow, ReviewTermsRow.call_id == Application.call_id)
    .where(Application.id == _CASE)
)
_FROZEN = select(FROZEN_TEXT, ReviewTermsRow.sha256).where(ReviewTermsRow.call_id == bindparam("call_id"))


@dataclass(frozen=True, slots=True)
class FixedTerms:
    """Terms that cannot change any more, and the hash that reviews keep of them."""

    terms: ReviewTerms
    sha256: str


@dataclass(frozen=True, slots=True)
class Desk:
    """Where somebody stands with the review of an application they may write about.

    Attributes:
        assigned: Whether it is for them to review.
        phase: Key of the present phase of the call, None before any was recorded.
        draft_revision: Revision of what they have typed, 0 for nothing.
        filed: Number of versions filed.
        fixed: How the call is reviewed, None while nothing is fixed.
    """

    application_id: uuid.UUID
    number: str
    state: str
    call_id: uuid.UUID
    assigned: bool
    phase: str | None
    draft_revision: int
    filed: int
    fixed: FixedTerms | None


def take_desk(session: Session, application_id: uuid.UUID, *, actor: Viewer, verb: Verb, kind: Kind) -> Desk:
    """Return where the actor stands with a review, if they may do this to its application; all in one statement.

    Raises:
        ForbiddenError: if it is the system: ratings are given by people.
        NotFoundError: as `enter` does: absent, forbidden, a draft and recused look the same.
    """
    person_id = require_person(actor)
    session.flush()
    found = (
        session.connection().execute(_DESK, {"application_id": application_id, "person_id": person_id}).one_or_none()
    )
    if found is None:
        raise NotFoundError(application=str(application_id))
    recused = {person_id} if found.recused else frozenset[uuid.UUID]()
    admit(actor, verb, kind, Case(application_id, found.state, found.company_id), recused)
    return Desk(
        application_id=application_id,
        number=found.number,
        state=found.state,
        call_id=found.call_id,
        assigned=found.assigned is not None,
        phase=found.phase,
        draft_revision=found.draft_revision or 0,
        filed=found.filed or 0,
        fixed=None if found.terms is None else FixedTerms(frozen_terms(found.terms), found.sha256),
    )


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
        return FixedTerms(frozen_terms(frozen[0]), frozen[1])
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


def require_reviewing(desk: Desk, terms: ReviewTerms) -> None:
    """Raise unless somebody is to review this and reviews are taken now.

    Args:
        desk: Where they stand.
        terms: How the call is reviewed.

    Raises:
        ForbiddenError: if it is not assigned to them: shown like an absent page.
        TransitionRefusedError: if the committee has decided already.
        ReviewsClosedError: if the present phase of the call takes no reviews.
    """
    if not desk.assigned:
        raise ForbiddenError(verb="review", kind="application")
    if counts_as(desk.state) not in REVIEWABLE:
        raise TransitionRefusedError(thing="application", state=desk.state, verb="review")
    if not terms.phase_named(desk.phase).may_review:
        raise ReviewsClosedError(state=desk.state, verb="review")
