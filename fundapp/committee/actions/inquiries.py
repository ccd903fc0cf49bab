"""Asking the applicant, out of a comment, and their answer."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.committee import signed_answers
from fundapp.committee.entrance import enter, load_recused, require_person
from fundapp.committee.queries.audience import comment_clause
from fundapp.committee.rules.discussion import InquiryAnsweredError, InquiryWithdrawnError, clean_words
from fundapp.committee.tables import Comment, Inquiry, InquiryAnswer, InquiryQuestion, InquiryWithdrawal
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.idempotency import once
from fundapp.core.outbox import enqueue_mail
from fundapp.core.quarters import kst_date
from fundapp.core.reminding import day_words, left_words, step_due
from fundapp.identity.tables import Person
from fundapp.intake.actions import Amendment, Signature, amend_submission, preview_amendment
from fundapp.intake.call_terms import deadline_days
from fundapp.intake.certifying import amendment_wants_signature
from fundapp.intake.form import openable, parse_form
from fundapp.intake.newest import newest_answers
from fundapp.intake.reminding import Reminder, by_language, company_people, remind
from fundapp.intake.rules import AMENDABLE, counts_as
from fundapp.intake.tables import Application, Call, Company

_OVER = ("withdrawn", "ineligible", "rejected", "awarded")


def ask_applicant(
    session: Session,
    *,
    comment_id: uuid.UUID,
    text: str,
    due_on: date | None,
    key: str,
    actor: Viewer,
    at: datetime,
    questions: Collection[str] = (),
) -> uuid.UUID:
    """Ask the applicant what a comment wants to know; they are written to and answer in the portal.

    Raises:
        NotFoundError: if the comment is absent or out of sight, or the actor is recused or no analyst.
        InvalidInputError: if nothing is asked, the day is over, or a question cannot be opened.
        TransitionRefusedError: if questions are opened of an application that is decided, withdrawn or ineligible.
    """
    person_id = require_person(actor)
    require(actor, Verb.PREPARE, Thing(Kind.INQUIRY))
    comment = session.scalars(select(Comment).where(Comment.id == comment_id, comment_clause(actor))).one_or_none()
    if comment is None:
        raise NotFoundError(comment=str(comment_id))
    application = enter(session, comment.application_id, actor=actor, verb=Verb.PREPARE, kind=Kind.INQUIRY)
    words = clean_words(text)
    if due_on is not None and due_on < kst_date(at):
        raise InvalidInputError(field="due_on", reason_ko="지난 날짜입니다", reason_en="is in the past")
    opened = sorted(set(questions))
    if opened:
        _require_openable(session, application, opened)

    def work() -> dict[str, Any]:
        inquiry = Inquiry(
            application_id=application.id,
            comment_id=comment_id,
            body=words,
            due_on=due_on,
            asked_by_id=person_id,
            at=at,
        )
        session.add(inquiry)
        session.flush()
        session.add_all(InquiryQuestion(inquiry_id=inquiry.id, field=one) for one in opened)
        session.flush()
        _write_to_applicant(session, application, inquiry, at)
        _record(session, application, "inquiry.asked", inquiry.id, actor, at)
        return {"inquiry": str(inquiry.id)}

    request = {
        "comment": str(comment_id),
        "text": words,
        "due_on": due_on.isoformat() if due_on else None,
        "questions": opened,
    }
    return uuid.UUID(once(session, key=key, verb="inquiry.ask", request=request, at=at, work=work)["inquiry"])


def _require_openable(session: Session, application: Application, opened: Collection[str]) -> None:
    if counts_as(application.state) not in AMENDABLE:
        raise TransitionRefusedError(thing="application", state=application.state, verb="edit")
    document = session.scalars(select(Call.document).where(Call.id == application.call_id)).one()
    known = {one.key for one in openable(parse_form(document))}
    if not known.issuperset(opened):
        raise InvalidInputError(
            field="questions", reason_ko="열 수 없는 문항입니다", reason_en="holds one that cannot be opened"
        )


def withdraw_inquiry(
    session: Session, *, inquiry_id: uuid.UUID, reason: str, key: str, actor: Viewer, at: datetime
) -> None:
    """Take a question back that waits for an answer; what it had opened is closed, and the applicant is told.

    Raises:
        NotFoundError: if it is absent or out of sight, or the actor is recused or no analyst.
        InvalidInputError: without a reason.
        InquiryAnsweredError: if it has been answered.
        InquiryWithdrawnError: if it has been taken back already.
    """
    person_id = require_person(actor)
    require(actor, Verb.PREPARE, Thing(Kind.INQUIRY))
    inquiry = session.get(Inquiry, inquiry_id)
    if inquiry is None:
        raise NotFoundError(inquiry=str(inquiry_id))
    application = enter(session, inquiry.application_id, actor=actor, verb=Verb.PREPARE, kind=Kind.INQUIRY)
    words = clean_words(reason, "reason")

    def work() -> dict[str, Any]:
        if session.scalar(select(InquiryAnswer.id).where(InquiryAnswer.inquiry_id == inquiry_id)) is not None:
            raise InquiryAnsweredError(state="answered", verb="withdraw")
        try:
            with session.begin_nested():
                session.add(InquiryWithdrawal(inquiry_id=inquiry_id, reason=words, withdrawn_by_id=person_id, at=at))
        except IntegrityError as error:
            raise InquiryWithdrawnError(state="withdrawn", verb="withdraw") from error
        signed_answers.end_proposals(session, inquiry_id, at)
        for address in _addresses(session, application):
            enqueue_mail(
                session,
                dedupe_key=f"inquiry-withdrawn:{inquiry_id}:{address}"[:200],
                recipient=address,
                subject=f"[{application.number}] 심사 질문을 거두었습니다 / A question was taken back",
                body=f"답하지 않아도 됩니다. No answer is needed.\n\n{inquiry.body}\n\n사유 / reason: {words}\n",
                at=at,
                about=[application.id],
            )
        _record(session, application, "inquiry.withdrawn", inquiry_id, actor, at)
        return {}

    request = {"inquiry": str(inquiry_id), "reason": words}
    once(session, key=key, verb="inquiry.withdraw", request=request, at=at, work=work)


def answer_inquiry(
    session: Session,
    *,
    inquiry_id: uuid.UUID,
    text: str,
    key: str,
    actor: Viewer,
    at: datetime,
    answers: Mapping[str, str] | None = None,
    certifier_id: uuid.UUID | None = None,
    address: str = "",
) -> bool:
    """Answer for the applicant; once. Other answers to the questions that it opened become the next version.

    Where those want a second person's signature, the answer waits for it. Return whether it has been sent.

    Args:
        session: The session of the change.
        inquiry_id: What was asked.
        text: The words.
        key: Of the press of the button.
        actor: Somebody who acts for the company.
        at: Now.
        answers: Other answers to the questions that it opened.
        certifier_id: Whom to ask for a signature where one is wanted.
        address: Where they read and sign it.

    Raises:
        NotFoundError: if there is no such inquiry, or it was not asked of the actor's own company.
        InvalidInputError: if nothing is answered, a question was not opened, or the certifier will not do.
        AnswersRefusedError: with what is wrong with the answers.
        InquiryAnsweredError: if somebody else of the company answered first.
        InquiryWithdrawnError: if it was taken back.
        NotCertifiedError: if a signature is wanted, and nobody named who gives it.
        TransitionRefusedError: if answers change once it is decided, withdrawn or ineligible, or an answer waits.
    """
    inquiry = session.get(Inquiry, inquiry_id)
    if inquiry is None:
        raise NotFoundError(inquiry=str(inquiry_id))
    application = session.get_one(Application, inquiry.application_id)
    require(actor, Verb.SUBMIT, Thing(Kind.INQUIRY, application.id, application.company_id))
    words, changes = clean_words(text), dict(answers or {})

    def work() -> dict[str, Any]:
        _require_waits(session, inquiry_id)
        signed_answers.require_none_waiting(session, inquiry_id)
        if changes and certifier_id is not None:
            change = _amendment(session, inquiry, changes, actor, at)
            if change.changes and amendment_wants_signature(session, application):
                signed_answers.propose_answer(
                    session, inquiry, change, words, changes, certifier_id, address, actor=actor, at=at
                )
                return {"sent": False}
        _send(session, inquiry, words, changes, require_person(actor), actor=actor, at=at)
        return {"sent": True}

    request = {"inquiry": str(inquiry_id), "text": words, "answers": changes, "certifier": str(certifier_id or "")}
    return bool(once(session, key=key, verb="inquiry.answer", request=request, at=at, work=work).get("sent", True))


def sign_answer(
    session: Session, *, inquiry_id: uuid.UUID, content: str, key: str, actor: Viewer, at: datetime
) -> None:
    """Sign an answer that a colleague prepared, and send it with that.

    Raises:
        ForbiddenError: unless the actor was asked.
        UnconfirmedError: while their address is not proved.
        SignedOtherError: if it is not what the page showed any more.
        AnswersRefusedError, InquiryAnsweredError, InquiryWithdrawnError, TransitionRefusedError: as on answering.
    """

    def work() -> dict[str, Any]:
        inquiry, found, signature = signed_answers.take_signature(
            session, inquiry_id=inquiry_id, content=content, actor=actor, at=at
        )
        _send(session, inquiry, found.body, found.answers, found.prepared_by_id, actor=actor, at=at, signed=signature)
        signed_answers.tell_signed(session, session.get_one(Application, inquiry.application_id), found, actor, at)
        return {}

    request = {"inquiry": str(inquiry_id), "content": content}
    once(session, key=key, verb="inquiry.sign", request=request, at=at, work=work)


def _amendment(
    session: Session, inquiry: Inquiry, changes: Mapping[str, str], actor: Viewer, at: datetime
) -> Amendment:
    """Return what the answers would make of what was sent."""
    return preview_amendment(
        session,
        application_id=inquiry.application_id,
        questions=signed_answers.opened_questions(session, inquiry.id),
        answers=changes,
        actor=actor,
        at=at,
    )


def _require_waits(session: Session, inquiry_id: uuid.UUID) -> None:
    if session.get(InquiryWithdrawal, inquiry_id) is not None:
        raise InquiryWithdrawnError(state="withdrawn", verb="answer")
    if session.scalar(select(InquiryAnswer.id).where(InquiryAnswer.inquiry_id == inquiry_id)) is not None:
        raise InquiryAnsweredError(state="answered", verb="answer")


def _send(
    session: Session,
    inquiry: Inquiry,
    words: str,
    changes: Mapping[str, str],
    answered_by: uuid.UUID,
    *,
    actor: Viewer,
    at: datetime,
    signed: Signature | None = None,
) -> None:
    """Keep the answer and the version that it makes, and tell whoever asked."""
    application = session.get_one(Application, inquiry.application_id)
    version = None
    if changes:
        version = amend_submission(
            session,
            application_id=application.id,
            questions=signed_answers.opened_questions(session, inquiry.id),
            answers=changes,
            actor=actor,
            at=at,
            signature=signed,
        )
    try:
        with session.begin_nested():
            session.add(
                InquiryAnswer(inquiry_id=inquiry.id, body=words, answered_by_id=answered_by, at=at, version=version)
            )
    except IntegrityError as error:
        raise InquiryAnsweredError(state="answered", verb="answer") from error
    _write_to_asker(session, application, inquiry, at)
    _record(session, application, "inquiry.answered", inquiry.id, actor, at)


def remind_inquiries(session: Session, *, actor: Viewer, at: datetime, public_url: str) -> int:
    """Remind companies of questions that they have not answered, before their day is over; return the new mails.

    The call says how many days before, as for its deadline; days are Korean.
    """
    require(actor, Verb.PREPARE, Thing(Kind.INQUIRY))
    today, told = kst_date(at), 0
    rows = session.execute(
        select(Inquiry, Application, Company.name, Call)
        .join(Application, Application.id == Inquiry.application_id)
        .join(Company, Company.id == Application.company_id)
        .join(Call, Call.id == Application.call_id)
        .outerjoin(InquiryAnswer, InquiryAnswer.inquiry_id == Inquiry.id)
        .outerjoin(InquiryWithdrawal, InquiryWithdrawal.inquiry_id == Inquiry.id)
        .where(InquiryWithdrawal.inquiry_id.is_(None))
        .where(InquiryAnswer.id.is_(None), Inquiry.due_on >= today, Application.state.not_in(_OVER))
        .order_by(Application.number, Inquiry.at, Inquiry.id)
    ).all()
    for inquiry, application, company, call in rows:
        due = inquiry.due_on or today
        step = step_due(due, today, deadline_days(call.document), kst_date(inquiry.at))
        if step is None:
            continue
        reminder = Reminder(
            kind="inquiry",
            cause=f"inquiry-due:{inquiry.id}:{step}",
            uid=f"inquiry-{inquiry.id}",
            due=due,
            values=by_language(
                company=company,
                number=application.number,
                call={"ko": call.title_ko, "en": call.title_en or call.title_ko},
                due=day_words(due),
                left=left_words((due - today).days),
                what=inquiry.body,
                link=f"{public_url}/portal/inquiries/{inquiry.id}",
            ),
            about=application.id,
        )
        told += remind(session, reminder, _addresses(session, application), at=at)
    return told


def _addresses(session: Session, application: Application) -> list[str]:
    found = company_people(session, application.company_id)
    if found:
        return found
    # Nobody has an account yet: an application from a file. The address of its answers is what there is.
    row = session.execute(newest_answers(select(Application.id).where(Application.id == application.id))).one()
    contact = str(row.answers.get("contact_email") or "")
    return [contact] if contact else []


def _write_to_applicant(session: Session, application: Application, inquiry: Inquiry, at: datetime) -> None:
    until = f" ({inquiry.due_on.isoformat()}까지 / by {inquiry.due_on.isoformat()})" if inquiry.due_on else ""
    for address in _addresses(session, application):
        enqueue_mail(
            session,
            dedupe_key=f"inquiry:{inquiry.id}:{address}"[:200],
            recipient=address,
            subject=f"[{application.number}] 심사 질문 / A question from the review",
            body="\n".join(
                [
                    f"심사 중인 신청 {application.number}에 질문이 있습니다{until}.",
                    f"There is a question about application {application.number}.",
                    "",
                    inquiry.body,
                    "",
                    "신청서 화면의 '심사 질문'에서 글로 답해 주세요.",
                    "Please answer in writing on the page of your application.",
                    f"/portal/applications/{application.id}/",
                ]
            ),
            at=at,
            about=[application.id],
        )


def _write_to_asker(session: Session, application: Application, inquiry: Inquiry, at: datetime) -> None:
    asker = session.get_one(Person, inquiry.asked_by_id)
    if not asker.active or asker.id in load_recused(session, application.id):
        return
    enqueue_mail(
        session,
        dedupe_key=f"inquiry-answer:{inquiry.id}",
        recipient=asker.email,
        subject=f"{application.number} 심사 질문에 답이 왔습니다",
        body="\n".join(
            [
                f"{application.number} 신청 기업이 질문에 답했습니다. The applicant has answered.",
                f"/committee/applications/{application.id}/discussion",
            ]
        ),
        at=at,
        about=[application.id],
    )


def _record(
    session: Session, application: Application, verb: str, inquiry_id: uuid.UUID, actor: Viewer, at: datetime
) -> None:
    record_event(
        session,
        actor=actor,
        verb=verb,
        subject_kind="application",
        subject=application.number,
        at=at,
        details={"inquiry": str(inquiry_id)},
    )
