"""Filing reviews."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.committee.entrance import enter, require_person
from fundapp.committee.rules import REVIEWABLE, Rating, require_complete, review_total
from fundapp.committee.tables import Assignment, Review
from fundapp.core.access import Kind, Verb, Viewer
from fundapp.core.errors import ForbiddenError, TransitionRefusedError
from fundapp.core.idempotency import once
from fundapp.intake.tables import Application


@dataclass(frozen=True, slots=True)
class FiledReview:
    """A review as filed; `total_tenths` is None where the member abstained throughout."""

    version: int
    total_tenths: int | None


def file_review(
    session: Session,
    *,
    actor: Viewer,
    application_id: uuid.UUID,
    ratings: Sequence[Rating],
    note: str | None,
    key: str,
    at: datetime,
) -> FiledReview:
    """File a member's review, or a new version of it; older versions stay.

    Every criterion needs a reason, also where the member abstains from it. Abstaining from all of them is possible;
    such a review opens the sealed figures but counts in no statistic.

    Raises:
        NotFoundError: if the application is absent, the actor is recused, or it is not assigned to the actor.
        TransitionRefusedError: if the committee has decided already.
        InvalidInputError: naming the criterion that is missing, out of range or without a reason.
        IdempotencyConflictError: if the key came with another review.
    """
    person_id = require_person(actor)
    application = enter(session, application_id, actor=actor, verb=Verb.REVIEW, kind=Kind.APPLICATION)
    documents = [rating.as_document() for rating in ratings]

    def work() -> dict[str, Any]:
        _require_open(session, application, person_id)
        require_complete(ratings)
        total = review_total(ratings)
        version = _next_version(session, application_id, person_id)
        session.add(
            Review(
                application_id=application_id,
                person_id=person_id,
                version=version,
                ratings=documents,
                total_tenths=total or 0,
                note=(note or "").strip() or None,
                filed_at=at,
            )
        )
        session.flush()
        record_event(
            session,
            actor=actor,
            verb="review.filed",
            subject_kind="application",
            subject=application.number,
            at=at,
            details={"version": version},
        )
        return {"version": version, "total_tenths": total}

    request = {"application": str(application_id), "person": str(person_id), "ratings": documents, "note": note}
    return FiledReview(**once(session, key=key, verb="review.file", request=request, at=at, work=work))


def _next_version(session: Session, application_id: uuid.UUID, person_id: uuid.UUID) -> int:
    newest = session.scalar(
        select(func.max(Review.version)).where(Review.application_id == application_id, Review.person_id == person_id)
    )
    return 1 + (newest or 0)


def _require_open(session: Session, application: Application, person_id: uuid.UUID) -> None:
    assigned = session.scalar(
        select(Assignment.id).where(Assignment.application_id == application.id, Assignment.person_id == person_id)
    )
    if assigned is None:
        raise ForbiddenError(verb="review", kind="application")
    if application.state not in REVIEWABLE:
        raise TransitionRefusedError(thing="application", state=application.state, verb="review")
