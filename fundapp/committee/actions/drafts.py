"""Keeping what a member types before it is filed, and a note for themselves."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.engine import CursorResult
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.committee.entrance import require_person
from fundapp.committee.fixing import Desk, freeze_terms, require_reviewing, take_desk
from fundapp.committee.queries.phases import load_terms
from fundapp.committee.rules.drafts import PRIVATE_NOTE, check_draft
from fundapp.committee.tables import ReviewDraft
from fundapp.core.access import Kind, Verb, Viewer
from fundapp.core.sessions import RetryTransactionError
from fundapp.intake.rules import RevisionConflictError


@dataclass(frozen=True, slots=True)
class SavedReviewDraft:
    """What saving did: the revision that the next save has to name."""

    revision: int


def save_review_draft(
    session: Session,
    *,
    actor: Viewer,
    application_id: uuid.UUID,
    fields: Mapping[str, str],
    expected_revision: int,
    at: datetime,
) -> SavedReviewDraft:
    """Lay a patch over what a member has typed so far. Sending the same patch again changes nothing.

    A draft leaves no event in the audit chain: it is nobody's business until it is filed.

    Args:
        session: A writing session.
        actor: Whose draft it is; nobody else's can be reached.
        application_id: Of what.
        fields: `<criterion>_points`, `<criterion>_reason`, `note` and `private_note`, as typed; blank takes one back.
        expected_revision: The revision that the patch was typed over, 0 for none.
        at: Now.

    Raises:
        NotFoundError: if the application is absent, out of sight, or the actor is recused, or is to review it and not.
        TransitionRefusedError: if the committee has decided already; a private note may still be kept.
        ReviewsClosedError: if the present phase takes no reviews, likewise.
        InvalidInputError: for a field that no rubric of the call has, or that is too long.
        RevisionConflictError: if another window saved after `expected_revision`.
    """
    person_id = require_person(actor)
    desk = take_desk(session, application_id, actor=actor, verb=Verb.VIEW, kind=Kind.REVIEW)
    terms = desk.fixed.terms if desk.fixed else load_terms(session, desk.call_id)
    check_draft(fields, terms.criteria)
    if any(name != PRIVATE_NOTE for name in fields):
        require_reviewing(desk, terms)
        if desk.fixed is None:
            freeze_terms(session, desk.call_id, actor=actor, at=at)
    found = session.get(ReviewDraft, (application_id, person_id), populate_existing=True)
    if found is None:
        return _begin(session, desk, person_id, fields, expected_revision, at)
    if all(_stored(found, name) == text for name, text in fields.items()):
        return SavedReviewDraft(found.revision)
    if found.revision != expected_revision:
        raise _clash(desk, expected_revision, found.revision)
    typed, note = _laid(found.fields, fields), fields.get(PRIVATE_NOTE, found.private_note or "")
    _write(session, found, typed, note or None, at)
    return SavedReviewDraft(found.revision + 1)


def clear_draft(
    session: Session,
    desk: Desk,
    person_id: uuid.UUID,
    *,
    expected_revision: int | None,
    at: datetime,
) -> None:
    """Forget what was typed, because it has been filed; the private note stays.

    Raises:
        RevisionConflictError: if another window saved after `expected_revision`; None leaves that open.
    """
    if expected_revision is not None and expected_revision != desk.draft_revision:
        raise _clash(desk, expected_revision, desk.draft_revision)
    if desk.draft_revision:
        found = session.get_one(ReviewDraft, (desk.application_id, person_id), populate_existing=True)
        _write(session, found, {}, found.private_note, at)


def _begin(
    session: Session,
    desk: Desk,
    person_id: uuid.UUID,
    fields: Mapping[str, str],
    expected_revision: int,
    at: datetime,
) -> SavedReviewDraft:
    if expected_revision:
        raise _clash(desk, expected_revision, 0)
    row = ReviewDraft(
        application_id=desk.application_id,
        person_id=person_id,
        fields=_laid({}, fields),
        private_note=fields.get(PRIVATE_NOTE) or None,
        revision=1,
        saved_at=at,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise RetryTransactionError from error
    return SavedReviewDraft(1)


def _write(session: Session, found: ReviewDraft, typed: dict[str, str], private_note: str | None, at: datetime) -> None:
    changed: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        update(ReviewDraft)
        .where(
            ReviewDraft.application_id == found.application_id,
            ReviewDraft.person_id == found.person_id,
            ReviewDraft.revision == found.revision,
        )
        .values(fields=typed, private_note=private_note, revision=ReviewDraft.revision + 1, saved_at=at)
        .execution_options(synchronize_session=False)
    )
    if changed.rowcount != 1:
        raise RetryTransactionError


def _stored(found: ReviewDraft, name: str) -> str:
    return found.private_note or "" if name == PRIVATE_NOTE else str(found.fields.get(name, ""))


def _laid(under: Mapping[str, Any], over: Mapping[str, str]) -> dict[str, str]:
    """Return the fields after a patch. A blank stays as a blank: it may take back what was filed."""
    return {**under, **{name: text for name, text in over.items() if name != PRIVATE_NOTE}}


def _clash(desk: Desk, expected: int, current: int) -> RevisionConflictError:
    return RevisionConflictError(state=desk.state, verb="save", expected=expected, current=current)
