"""From the first draft to the receipt, and every later step."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import ForbiddenError, NotFoundError, TransitionRefusedError
from fundapp.core.idempotency import once
from fundapp.core.quarters import kst_date
from fundapp.core.sessions import RetryTransactionError
from fundapp.identity.queries import is_confirmed
from fundapp.identity.rules import UnconfirmedError
from fundapp.intake.actions.calls import take_numbers
from fundapp.intake.actions.documents import document_problems, freeze_documents
from fundapp.intake.actions.names import actor_name, answers_sha256, company_columns, refuse
from fundapp.intake.answers import NEVER_STORED, Reading, problem, read_answers, validate_answers
from fundapp.intake.call_terms import grace_of
from fundapp.intake.certifying import require_certified
from fundapp.intake.documents.kinds import Requirement, read_requirements
from fundapp.intake.form import AnswersRefusedError, FieldProblem, Form, parse_form
from fundapp.intake.kinship_queries import standing_merge_of
from fundapp.intake.listing import list_companies
from fundapp.intake.mailing import mail_receipt
from fundapp.intake.merging import mark_of, merge_patch
from fundapp.intake.newest import newest_answers
from fundapp.intake.rules import (
    PURPOSES,
    RevisionConflictError,
    advance,
    number_of,
    require_open,
)
from fundapp.intake.tables import Application, Call, Company, Consent, Submission, Transition
from fundapp.intake.ways import load_workflow, workflow_id_of
from fundapp.intake.workflow import Step


@dataclass(frozen=True, slots=True)
class SavedDraft:
    """What saving did.

    Attributes:
        revision: Of the answers as they are now.
        problems: What cannot be read of what was sent.
        warnings: What looks wrong and is taken all the same.
        marks: The mark of each answer that was sent, as it is stored now.
        clashes: Answers that somebody else changed meanwhile; what is stored of them is theirs.
        overtaken: Answers that were sent untouched while somebody else changed them.
        unstored: Answers of which nothing was stored, because it must not be.
    """

    revision: int
    problems: tuple[FieldProblem, ...]
    warnings: tuple[FieldProblem, ...]
    marks: Mapping[str, str]
    clashes: Mapping[str, Any]
    overtaken: frozenset[str]
    unstored: frozenset[str]


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof of a submission: number, version, hash of the frozen answers and the instant."""

    application_id: uuid.UUID
    number: str
    version: int
    sha256: str
    submitted_at: datetime


def start_application(
    session: Session, *, actor: Viewer, at: datetime, call_code: str, company_id: uuid.UUID
) -> uuid.UUID:
    """Start a draft; a company has one application to a call, so a second start returns the first.

    Raises:
        CallClosedError: outside the call's hours.
        ForbiddenError: if the actor does not act for the company.
        InvalidInputError: if the company was merged into another, which is the one that applies.
    """
    require(actor, Verb.EDIT, Thing(Kind.APPLICATION, company_id=company_id, draft=True))
    call = session.scalar(select(Call).where(Call.code == call_code))
    company = session.get(Company, company_id)
    if call is None or company is None:
        raise NotFoundError
    existing = session.scalar(
        select(Application.id).where(Application.call_id == call.id, Application.company_id == company_id)
    )
    if existing is not None:
        return existing
    if standing_merge_of(session, company_id) is not None:
        raise refuse("company_name", "다른 기업에 병합된 기업입니다", "merged into another company")
    require_open(call.opens_at, call.closes_at, at)
    number = number_of(call.code, take_numbers(session, call, 1))
    asked = parse_form(call.document).fields
    known: dict[str, Any] = {"company_name": company.name}
    if company.scheme == "brn":
        known["business_number"] = company.identifier
    application = Application(
        number=number,
        call_id=call.id,
        company_id=company_id,
        workflow_id=workflow_id_of(session, call.id),
        answers={key: value for key, value in known.items() if key in asked},
        created_at=at,
        updated_at=at,
    )
    session.add(application)
    session.flush()
    _record(session, application, "application.started", actor, at)
    return application.id


def save_answers(
    session: Session,
    *,
    actor: Viewer,
    at: datetime,
    application_id: uuid.UUID,
    answers: Mapping[str, Any],
    expected_revision: int,
    bases: Mapping[str, str] | None = None,
) -> SavedDraft:
    """Lay a patch over the working answers; a blank answer is removed.

    What cannot be read as its question's kind is kept as typed, so that nobody loses words, and comes back as a
    problem; submission refuses it. What must not be stored (a resident number, control characters, text beyond the
    limit, an unknown question) is not stored.

    Args:
        session: The session.
        actor: Somebody who acts for the company.
        at: Now.
        application_id: Which application.
        answers: Words or typed values by question.
        expected_revision: The revision that the sender has seen.
        bases: The mark of what each answer was typed over (`intake.merging`). With it, what nobody else changed is
            saved over a newer revision too, and the rest comes back as clashes.

    Raises:
        RevisionConflictError: without `bases`, if somebody saved after `expected_revision` was read.
        CallClosedError: after the deadline.
        TransitionRefusedError: if the application may no longer be edited.
    """
    application, call = _load_own(session, actor, application_id, Verb.EDIT)
    require_open(call.opens_at, call.closes_at, at, grace=grace_of(call.document))
    if application.state not in {"draft", "submitted", "on_hold"}:
        raise TransitionRefusedError(thing="application", state=application.state, verb="edit")
    current = application.revision == expected_revision
    if bases is None and not current:
        raise RevisionConflictError(
            state=application.state, verb="save", expected=expected_revision, current=application.revision
        )
    reading = read_answers(parse_form(call.document), answers, today=kst_date(at))
    patch = _patch_of(reading, answers)
    merged = merge_patch(patch, bases or {}, application.answers, current=current)
    if merged.applied:
        _store_patch(session, application, merged.applied, actor, at)
    return SavedDraft(
        revision=application.revision,
        problems=tuple(reading.problems),
        warnings=tuple(reading.warnings),
        marks={key: mark_of(application.answers.get(key)) for key in answers},
        clashes=merged.clashes,
        overtaken=merged.overtaken,
        unstored=frozenset(answers.keys() - patch.keys()),
    )


def _patch_of(reading: Reading, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a reading may be stored; None for a blank answer, the words themselves for an unreadable one."""
    refused = {found.field for found in reading.problems if found.code in NEVER_STORED}
    rejected = {found.field for found in reading.problems} - refused
    return {
        key: reading.answers.get(key, str(value).strip() if key in rejected else None)
        for key, value in answers.items()
        if key not in refused or key in reading.answers
    }


def _store_patch(
    session: Session, application: Application, patch: Mapping[str, Any], actor: Viewer, at: datetime
) -> None:
    revision = application.revision
    answers = {key: value for key, value in (application.answers | dict(patch)).items() if value is not None}
    changed: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        update(Application)
        .where(Application.id == application.id, Application.revision == revision)
        .values(answers=answers, revision=revision + 1, updated_at=at)
        .execution_options(synchronize_session=False)
    )
    if changed.rowcount != 1:
        raise RetryTransactionError
    session.refresh(application)
    _record(session, application, "application.saved", actor, at, revision=revision + 1)


def carry_answers(
    session: Session, *, actor: Viewer, at: datetime, application_id: uuid.UUID, answers: Mapping[str, str]
) -> None:
    """Begin a fresh draft with what the eligibility check was told; what stands in it already wins.

    A draft that somebody has worked on is left alone.
    """
    application, call = _load_own(session, actor, application_id, Verb.EDIT)
    asked = parse_form(call.document).fields
    new = {key: text for key, text in answers.items() if key in asked and key not in application.answers}
    if application.revision == 1 and application.state == "draft" and new:
        save_answers(session, actor=actor, at=at, application_id=application_id, answers=new, expected_revision=1)


def record_consent(
    session: Session, *, actor: Viewer, at: datetime, application_id: uuid.UUID, purpose: str, given: bool
) -> None:
    """Record that the applicant agreed to a purpose, or took it back; the newest record counts.

    Raises:
        InvalidInputError: for an unknown purpose.
    """
    application, _ = _load_own(session, actor, application_id, Verb.EDIT)
    found = next((one for one in PURPOSES if one.key == purpose), None)
    if found is None:
        raise refuse("purpose", "없는 항목입니다", "no such purpose")
    session.add(
        Consent(
            application_id=application_id,
            purpose=purpose,
            text_version=found.version,
            given=given,
            person_id=actor.person_id,
            at=at,
        )
    )
    session.flush()
    _record(session, application, "application.consented", actor, at, purpose=purpose, given=given)


def submit_application(
    session: Session, *, actor: Viewer, at: datetime, application_id: uuid.UUID, key: str, receipts: str = ""
) -> Receipt:
    """Freeze the working answers as a submission, move the application on, and mail its receipt.

    Args:
        session: The session.
        actor: Somebody who acts for the company.
        at: When it arrived.
        application_id: Which application.
        key: Of the press of the button; the same one again gives the same receipt.
        receipts: The public address below which receipts stand; what is mailed leads there.

    Raises:
        CallClosedError: before the opening or after the deadline.
        AnswersRefusedError: with every problem, required consents included.
        NotCertifiedError: without the signature of a second person that call or company ask for.
        UnconfirmedError: while the actor's address is not proved.
        TransitionRefusedError: if the application's state has no such step.
    """
    application, call = _load_own(session, actor, application_id, Verb.SUBMIT)
    if not is_confirmed(session, actor):
        raise UnconfirmedError

    def submit() -> dict[str, Any]:
        require_open(call.opens_at, call.closes_at, at, grace=grace_of(call.document))
        verb = "submit" if application.state == "draft" else "resubmit"
        advance(application.state, verb)
        requirements = read_requirements(call.document)
        form = parse_form(call.document)
        _require_complete(session, application, form, requirements, at)
        require_certified(session, application)
        version = _freeze(session, application, form.asked_answers(application.answers), requirements, actor, at)
        move_application(session, application, verb, actor=actor, at=at)
        list_companies(session, [application.company_id])
        mail_receipt(session, application.id, version, receipts=receipts, actor=actor, at=at)
        return {"version": version}

    request = {"application": str(application_id), "revision": application.revision}
    stored = once(session, key=key, verb="application.submit", request=request, at=at, work=submit)
    frozen = session.scalars(
        select(Submission).where(Submission.application_id == application_id, Submission.version == stored["version"])
    ).one()
    return Receipt(application_id, application.number, frozen.version, frozen.sha256, frozen.submitted_at)


def withdraw_application(
    session: Session, *, actor: Viewer, at: datetime, application_id: uuid.UUID, reason: str | None = None
) -> None:
    """Take an application back, as long as nothing has been proposed.

    Raises:
        TransitionRefusedError: later than that.
    """
    application, _ = _load_own(session, actor, application_id, Verb.SUBMIT)
    move_application(session, application, "withdraw", actor=actor, at=at, reason=reason)


def move_application(
    session: Session,
    application: Application,
    verb: str,
    *,
    actor: Viewer,
    at: datetime,
    reason: str | None = None,
) -> str:
    """Move an application along one arrow; record transition and event. The caller has asked the policy.

    Raises:
        TransitionRefusedError: if its way has no such step, or somebody moved the application first.
        ForbiddenError: if the way gives the step to another role.
        InvalidInputError: if the way asks for a reason or an answer that is missing.
    """
    source, workflow_id = application.state, application.workflow_id
    step = load_workflow(session, workflow_id).step(source, verb)
    _require_terms(session, application, step, actor, reason)
    target = step.target
    moved: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        update(Application)
        .where(
            Application.id == application.id,
            Application.state == source,
            Application.workflow_id == workflow_id,
        )
        .values(state=target, updated_at=at)
        .execution_options(synchronize_session=False)
    )
    if moved.rowcount != 1:
        raise TransitionRefusedError(thing="application", state=source, verb=verb)
    session.refresh(application)
    session.add(
        Transition(
            application_id=application.id,
            workflow_id=workflow_id,
            verb=verb,
            from_state=source,
            to_state=target,
            reason=reason,
            actor=actor_name(actor),
            at=at,
        )
    )
    session.flush()
    details = {"from": source, "to": target}
    _record(session, application, f"application.{verb}", actor, at, **details)
    return target


def _require_terms(session: Session, application: Application, step: Step, actor: Viewer, reason: str | None) -> None:
    """Hold a step against what its way asks for: who takes it, a reason, answers that were sent."""
    if step.role and not actor.has(step.role):
        raise ForbiddenError(verb=step.verb, kind="application")
    if step.reason and not (reason or "").strip():
        raise refuse("reason", "이 이동에는 사유가 필요합니다", "this step needs a reason")
    if not step.fields:
        return
    found = session.execute(newest_answers(select(Application.id).where(Application.id == application.id)))
    sent = found.one_or_none()
    answers = sent.answers if sent else application.answers
    missing = [name for name in step.fields if answers.get(name) in (None, "", [], {})]
    if missing:
        asked = parse_form(session.scalars(select(Call.document).where(Call.id == application.call_id)).one()).fields
        named = [asked[name] for name in missing if name in asked]
        raise refuse(
            "answers",
            f"답이 비어 있어 옮길 수 없습니다: {', '.join(one.label_ko for one in named)}",
            f"answers are missing: {', '.join(one.label_en for one in named)}",
        )


def _load_own(session: Session, actor: Viewer, application_id: uuid.UUID, verb: Verb) -> tuple[Application, Call]:
    application = session.get(Application, application_id, populate_existing=True)
    if application is None:
        raise NotFoundError
    draft = application.state == "draft"
    require(actor, verb, Thing(Kind.APPLICATION, application_id, application.company_id, draft=draft))
    return application, session.scalars(select(Call).where(Call.id == application.call_id)).one()


def _require_complete(
    session: Session, application: Application, form: Form, requirements: Sequence[Requirement], at: datetime
) -> None:
    problems = validate_answers(form, application.answers, today=kst_date(at))
    # What a condition leaves unasked was perhaps half typed before it did, and says nothing.
    asked = form.asked_answers(application.answers)
    company = session.scalars(select(Company).where(Company.id == application.company_id)).one()
    number = asked.get("business_number")
    if company.scheme == "brn" and number is not None and number != company.identifier:
        problems.append(problem("business_number", "other_company"))
    consents = session.scalars(
        select(Consent).where(Consent.application_id == application.id).order_by(Consent.at, Consent.id)
    )
    given = {consent.purpose: consent.given for consent in consents}
    problems += [
        problem(f"consent_{purpose.key}", "consent_required")
        for purpose in PURPOSES
        if purpose.required and not given.get(purpose.key, False)
    ]
    problems += document_problems(session, application.id, requirements, kst_date(at))
    if problems:
        raise AnswersRefusedError(problems)
    _bring_up_to_date(company, asked)


def _bring_up_to_date(company: Company, answers: Mapping[str, Any]) -> None:
    for column, value in company_columns(answers).items():
        if value is not None:
            setattr(company, column, value)


def _freeze(
    session: Session,
    application: Application,
    answers: Mapping[str, Any],
    requirements: Sequence[Requirement],
    actor: Viewer,
    at: datetime,
) -> int:
    newest = session.scalar(select(func.max(Submission.version)).where(Submission.application_id == application.id))
    version = (newest or 0) + 1
    submission = Submission(
        application_id=application.id,
        version=version,
        answers=dict(answers),
        sha256=answers_sha256(answers),
        submitted_at=at,
        submitted_by=actor_name(actor),
    )
    session.add(submission)
    session.flush()
    freeze_documents(session, submission, requirements)
    return version


def _record(
    session: Session, application: Application, verb: str, actor: Viewer, at: datetime, **details: object
) -> None:
    record_event(
        session,
        actor=actor,
        verb=verb,
        subject_kind="application",
        subject=application.number,
        at=at,
        details=details,
    )
