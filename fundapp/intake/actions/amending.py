"""Changing a few answers of what was sent, because the fund asked for it: the next frozen version."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.quarters import kst_date
from fundapp.intake.actions.names import actor_name, answers_sha256
from fundapp.intake.answers import read_answers, validate_answers
from fundapp.intake.certifying import amendment_wants_signature, signed_sha256
from fundapp.intake.form import AnswersRefusedError, Form, fields_of, parse_form
from fundapp.intake.listing import list_companies
from fundapp.intake.newest import is_newest
from fundapp.intake.rules import AMENDABLE, NotCertifiedError, counts_as
from fundapp.intake.tables import Application, Call, Certification, Document, Submission, SubmittedDocument


@dataclass(frozen=True, slots=True)
class Amendment:
    """What an application would say with other answers to some questions; nothing has been written.

    Attributes:
        frozen: What was sent.
        answers: What would be sent.
        content_sha256: Hash of those answers with the documents that went in, as a second person signs it.
    """

    application: Application
    frozen: Submission
    answers: dict[str, object]
    content_sha256: str

    @property
    def changes(self) -> bool:
        """Whether anything would be said otherwise."""
        return self.answers != self.frozen.answers


@dataclass(frozen=True, slots=True)
class Signature:
    """That a second person of the company read an amendment and signed it."""

    asked_by_id: uuid.UUID
    certifier_id: uuid.UUID


def preview_amendment(
    session: Session,
    *,
    application_id: uuid.UUID,
    questions: Collection[str],
    answers: Mapping[str, str],
    actor: Viewer,
    at: datetime,
) -> Amendment:
    """Return what an amendment would make of what was sent; the questions are those that were opened.

    Raises:
        NotFoundError: if there is no such application of the actor's, or nothing was sent.
        InvalidInputError: for an answer to a question that was not opened.
        AnswersRefusedError: with what is wrong with the answers.
        TransitionRefusedError: once it is decided, withdrawn or found ineligible.
    """
    application = session.get(Application, application_id, populate_existing=True)
    if application is None:
        raise NotFoundError
    require(actor, Verb.SUBMIT, Thing(Kind.APPLICATION, application_id, application.company_id))
    if counts_as(application.state) not in AMENDABLE:
        raise TransitionRefusedError(thing="application", state=application.state, verb="edit")
    form = parse_form(session.scalars(select(Call.document).where(Call.id == application.call_id)).one())
    stray = sorted(set(answers) - set(fields_of(form, questions)))
    if stray:
        raise InvalidInputError(
            field=stray[0], reason_ko="고치도록 연 문항이 아닙니다", reason_en="was not opened for a change"
        )
    frozen = session.scalars(
        select(Submission).join(Application, is_newest()).where(Application.id == application_id)
    ).one_or_none()
    if frozen is None:
        raise NotFoundError
    merged = _merged(form, frozen.answers, answers, at)
    return Amendment(application, frozen, merged, signed_sha256(merged, _documents(session, frozen)))


def amend_submission(
    session: Session,
    *,
    application_id: uuid.UUID,
    questions: Collection[str],
    answers: Mapping[str, str],
    actor: Viewer,
    at: datetime,
    signature: Signature | None = None,
) -> int | None:
    """Freeze the next version of what was sent, with other answers to the questions opened and nothing else changed.

    The call may have closed. The documents that went in stay the same. What the working copy holds besides stays there.
    Return the version made; None where every answer is what was sent.

    Raises:
        NotFoundError: if there is no such application of the actor's, or nothing was sent.
        InvalidInputError: for an answer to a question that was not opened.
        AnswersRefusedError: with what is wrong with the answers.
        TransitionRefusedError: once it is decided, withdrawn or found ineligible.
        NotCertifiedError: if the call or the company wants a second person's signature, and there is none.
    """
    found = preview_amendment(
        session, application_id=application_id, questions=questions, answers=answers, actor=actor, at=at
    )
    if not found.changes:
        return None
    application = found.application
    if amendment_wants_signature(session, application):
        if signature is None:
            raise NotCertifiedError.of("amended")
        _keep_signature(session, found, signature, at)
    version = _freeze(session, found, actor, at)
    kept = {key: found.answers.get(key) for key in answers}
    working = {key: value for key, value in (application.answers | kept).items() if value is not None}
    session.execute(
        update(Application)
        .where(Application.id == application_id)
        .values(answers=working, revision=Application.revision + 1, updated_at=at)
        .execution_options(synchronize_session=False)
    )
    session.refresh(application)
    list_companies(session, [application.company_id])
    record_event(
        session,
        actor=actor,
        verb="application.amended",
        subject_kind="application",
        subject=application.number,
        at=at,
        details={"version": version, "questions": sorted(answers)},
    )
    return version


def _merged(form: Form, sent: Mapping[str, object], answers: Mapping[str, str], at: datetime) -> dict[str, object]:
    """Return the answers with the new ones in their places, those to what is asked no more left out.

    Held against the form are the new answers alone, and what holds of several answers together where one is new: what
    was in order when it was sent is not refused because a rule of another question came to mind since.
    """
    today = kst_date(at)
    reading = read_answers(form, answers, today=today)
    kept = {key: value for key, value in sent.items() if key not in answers}
    merged: dict[str, object] = form.asked_answers(kept | reading.answers)
    touched = {*answers, *(one.key for one in form.questions if any(part.key in answers for part in one.parts))}
    touched |= {rule.keys[0] for rule in form.require_any if touched.intersection(rule.keys)}
    problems = [one for one in validate_answers(form, merged, today=today) if one.field in touched]
    if reading.problems or problems:
        raise AnswersRefusedError(list(dict.fromkeys([*reading.problems, *problems])))
    return merged


def _documents(session: Session, frozen: Submission) -> list[list[Any]]:
    rows = session.execute(
        select(SubmittedDocument.requirement, Document.sha256)
        .join(Document, Document.id == SubmittedDocument.document_id)
        .where(SubmittedDocument.submission_id == frozen.id)
        .order_by(SubmittedDocument.requirement, Document.sha256)
    )
    return [list(row) for row in rows]


def _keep_signature(session: Session, found: Amendment, signature: Signature, at: datetime) -> None:
    """Record the signature under the new version; a request that still waits was about other answers and ends."""
    session.execute(
        update(Certification)
        .where(Certification.application_id == found.application.id, Certification.outcome.is_(None))
        .values(outcome="withdrawn", ended_at=at)
        .execution_options(synchronize_session=False)
    )
    session.add(
        Certification(
            application_id=found.application.id,
            asked_by_id=signature.asked_by_id,
            certifier_id=signature.certifier_id,
            asked_at=at,
            outcome="signed",
            answers_sha256=answers_sha256(found.answers),
            content_sha256=found.content_sha256,
            ended_at=at,
        )
    )
    session.flush()


def _freeze(session: Session, found: Amendment, actor: Viewer, at: datetime) -> int:
    frozen = found.frozen
    made = Submission(
        application_id=frozen.application_id,
        version=frozen.version + 1,
        answers=dict(found.answers),
        sha256=answers_sha256(found.answers),
        submitted_at=at,
        submitted_by=actor_name(actor),
    )
    session.add(made)
    session.flush()
    for row in session.scalars(select(SubmittedDocument).where(SubmittedDocument.submission_id == frozen.id)):
        session.add(SubmittedDocument(submission_id=made.id, requirement=row.requirement, document_id=row.document_id))
    session.flush()
    return made.version
