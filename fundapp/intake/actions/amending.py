"""Changing a few answers of what was sent, because the fund asked for it: the next frozen version."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.quarters import kst_date
from fundapp.intake.actions.names import actor_name, answers_sha256
from fundapp.intake.answers import read_answers, validate_answers
from fundapp.intake.form import AnswersRefusedError, parse_form
from fundapp.intake.listing import list_companies
from fundapp.intake.newest import is_newest
from fundapp.intake.rules import AMENDABLE, counts_as
from fundapp.intake.tables import Application, Call, Submission, SubmittedDocument


def amend_submission(
    session: Session,
    *,
    application_id: uuid.UUID,
    allowed: Collection[str],
    answers: Mapping[str, str],
    actor: Viewer,
    at: datetime,
) -> int | None:
    """Freeze the next version of what was sent, with other answers to the questions allowed and nothing else changed.

    The call may have closed. The documents that went in stay the same. What the working copy holds besides stays there.
    Return the version made; None where every answer is what was sent.

    Raises:
        NotFoundError: if there is no such application of the actor's, or nothing was sent.
        InvalidInputError: for a question that was not opened.
        AnswersRefusedError: with what is wrong with the answers.
        TransitionRefusedError: once it is decided, withdrawn or found ineligible.
    """
    application = session.get(Application, application_id, populate_existing=True)
    if application is None:
        raise NotFoundError
    require(actor, Verb.SUBMIT, Thing(Kind.APPLICATION, application_id, application.company_id))
    if counts_as(application.state) not in AMENDABLE:
        raise TransitionRefusedError(thing="application", state=application.state, verb="edit")
    stray = sorted(set(answers) - set(allowed))
    if stray:
        raise InvalidInputError(
            field=stray[0], reason_ko="고치도록 연 문항이 아닙니다", reason_en="was not opened for a change"
        )
    frozen = session.scalars(
        select(Submission).join(Application, is_newest()).where(Application.id == application_id)
    ).one_or_none()
    if frozen is None:
        raise NotFoundError
    merged = _merged(session, application, frozen.answers, answers, at)
    if merged == frozen.answers:
        return None
    version = _freeze(session, frozen, merged, actor, at)
    kept = {key: merged.get(key) for key in answers}
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


def _merged(
    session: Session, application: Application, sent: Mapping[str, object], answers: Mapping[str, str], at: datetime
) -> dict[str, object]:
    """Return the answers with the new ones in their places; only those are held against the form."""
    form = parse_form(session.scalars(select(Call.document).where(Call.id == application.call_id)).one())
    today = kst_date(at)
    reading = read_answers(form, answers, today=today)
    kept = {key: value for key, value in sent.items() if key not in answers}
    merged = kept | reading.answers
    problems = [one for one in validate_answers(form, merged, today=today) if one.field in answers]
    if reading.problems or problems:
        raise AnswersRefusedError(list(dict.fromkeys([*reading.problems, *problems])))
    return merged


def _freeze(session: Session, frozen: Submission, answers: Mapping[str, object], actor: Viewer, at: datetime) -> int:
    made = Submission(
        application_id=frozen.application_id,
        version=frozen.version + 1,
        answers=dict(answers),
        sha256=answers_sha256(answers),
        submitted_at=at,
        submitted_by=actor_name(actor),
    )
    session.add(made)
    session.flush()
    for row in session.scalars(select(SubmittedDocument).where(SubmittedDocument.submission_id == frozen.id)):
        session.add(SubmittedDocument(submission_id=made.id, requirement=row.requirement, document_id=row.document_id))
    session.flush()
    return made.version
