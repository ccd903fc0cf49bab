"""Filing reviews."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.committee.actions.drafts import clear_draft
from fundapp.committee.actions.figures import keep_figures
from fundapp.committee.entrance import require_person
from fundapp.committee.fixing import freeze_terms, require_reviewing, take_desk
from fundapp.committee.rules import Rating, require_complete, review_total
from fundapp.committee.tables import Review
from fundapp.core.access import Kind, Verb, Viewer
from fundapp.core.idempotency import once
from fundapp.core.orm import new_id

_FILE = insert(Review)


@dataclass(frozen=True, slots=True)
class FiledReview:
    """A review as filed; `total_tenths` is None where the member abstained throughout."""

    version: int
    total_tenths: int | None


def _record(session: Session, number: str, version: int, actor: Viewer, at: datetime) -> None:
    record_event(
        session,
        actor=actor,
        verb="review.filed",
        subject_kind="application",
        subject=number,
        at=at,
        details={"version": version},
    )


def file_review(
    session: Session,
    *,
    actor: Viewer,
    application_id: uuid.UUID,
    ratings: Sequence[Rating],
    note: str | None,
    key: str,
    at: datetime,
    draft_revision: int | None = None,
) -> FiledReview:
    """File a member's review, or a new version of it; older versions stay, and what was kept as a draft is cleared.

    Every criterion needs a reason, also where the member abstains from it. Abstaining from all of them is possible;
    such a review opens the sealed figures but counts in no statistic.

    Raises:
        NotFoundError: if the application is absent, the actor is recused, or it is not assigned to the actor.
        TransitionRefusedError: if the committee has decided already.
        ReviewsClosedError: if the present phase of the call takes no reviews.
        RevisionConflictError: if a draft was saved after `draft_revision` was read; None leaves that open.
        InvalidInputError: naming the criterion that is missing, out of range or without a reason.
        IdempotencyConflictError: if the key came with another review.
    """
    person_id = require_person(actor)
    desk = take_desk(session, application_id, actor=actor, verb=Verb.REVIEW, kind=Kind.APPLICATION)
    documents = [rating.as_document() for rating in ratings]

    def work() -> dict[str, Any]:
        # A refusal after this takes the fixing back with it.
        fixed = desk.fixed or freeze_terms(session, desk.call_id, actor=actor, at=at)
        require_reviewing(desk, fixed.terms)
        require_complete(ratings, fixed.terms.criteria)
        total = review_total(ratings, fixed.terms.criteria)
        clear_draft(session, desk, person_id, expected_revision=draft_revision, at=at)
        version = 1 + desk.filed
        said = {"ratings": documents, "total_tenths": total or 0, "note": (note or "").strip() or None}
        whose = {"id": new_id(), "application_id": application_id, "person_id": person_id, "version": version}
        session.connection().execute(_FILE, {**whose, **said, "filed_at": at, "terms_sha256": fixed.sha256})
        keep_figures(session, [application_id])
        _record(session, desk.number, version, actor, at)
        return {"version": version, "total_tenths": total}

    request = {"application": str(application_id), "person": str(person_id), "ratings": documents, "note": note}
    return FiledReview(**once(session, key=key, verb="review.file", request=request, at=at, work=work))
