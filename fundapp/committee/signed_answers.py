"""Answers to an inquiry that change what was sent, and wait until a second person of the company has signed them."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.committee.rules.discussion import InquiryAnsweredError, InquiryWithdrawnError
from fundapp.committee.tables import Inquiry, InquiryAnswer, InquiryProposal, InquiryQuestion, InquiryWithdrawal
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import ForbiddenError, InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.orm import canonical_json
from fundapp.core.outbox import enqueue_mail
from fundapp.identity.queries import is_confirmed
from fundapp.identity.rules import UnconfirmedError
from fundapp.identity.tables import Person
from fundapp.intake.actions import Amendment, Signature, actor_name, preview_amendment
from fundapp.intake.rules import SignedOtherError
from fundapp.intake.tables import Application, Membership


def content_of(amendment: Amendment, body: str) -> str:
    """Return the SHA-256 of what is signed: all answers as they would be sent, the documents, and the words along."""
    return hashlib.sha256(canonical_json({"amendment": amendment.content_sha256, "text": body}).encode()).hexdigest()


def preview_proposal(session: Session, inquiry_id: uuid.UUID, viewer: Viewer, at: datetime) -> Amendment | None:
    """Return what the newest proposal of an inquiry would make of what was sent; None where there is none.

    Raises:
        FundError: as `preview_amendment` does, if it cannot be made any more.
    """
    found = newest_proposal(session, inquiry_id)
    return None if found is None else _preview(session, found, viewer, at)


def newest_proposal(session: Session, inquiry_id: uuid.UUID) -> InquiryProposal | None:
    """Return the proposal that waits, or the last one that came back."""
    return session.scalars(
        select(InquiryProposal)
        .where(
            InquiryProposal.inquiry_id == inquiry_id,
            InquiryProposal.outcome.is_(None) | (InquiryProposal.outcome == "returned"),
        )
        .order_by(InquiryProposal.at.desc(), InquiryProposal.id.desc())
        .limit(1)
    ).one_or_none()


def propose_answer(
    session: Session,
    inquiry: Inquiry,
    amendment: Amendment,
    text: str,
    answers: Mapping[str, str],
    certifier_id: uuid.UUID,
    address: str,
    *,
    actor: Viewer,
    at: datetime,
) -> None:
    """Keep an answer until a second person of the company has signed it, and ask them by mail.

    Raises:
        InvalidInputError: if the certifier is the actor or does not act for the company.
        UnconfirmedError: while the actor's address is not proved.
    """
    application = amendment.application
    if not is_confirmed(session, actor):
        raise UnconfirmedError
    if certifier_id == actor.person_id:
        raise _refuse("본인이 아닌 사람이 확인해야 합니다", "must be somebody else than oneself")
    if session.get(Membership, (application.company_id, certifier_id)) is None:
        raise _refuse("이 기업에서 함께 작성하는 사람이 아닙니다", "does not act for this company")
    made = InquiryProposal(
        inquiry_id=inquiry.id,
        body=text,
        answers=dict(answers),
        content_sha256=content_of(amendment, text),
        prepared_by_id=actor.person_id,
        certifier_id=certifier_id,
        at=at,
    )
    session.add(made)
    session.flush()
    record_signing(session, application, "inquiry.signature_asked", inquiry.id, actor, at)
    name = actor_name(actor)
    mail_colleague(
        session,
        application,
        f"{made.id}:asked",
        certifier_id,
        f"AX 전략펀드: 신청서 {application.number}에서 고친 답의 확인을 부탁받았습니다",
        f"{name} 님이 심사 질문에 답하며 고친 답의 확인을 부탁했습니다. 전과 달라진 곳을 보고 서명하거나 사유를 적어 "
        f"돌려보내 주세요. 서명해야 답이 갑니다.\n\n{address}\n\n"
        f"{name} asks you to sign the changed answers of application {application.number}. They are sent once you do.",
        at,
    )


def require_none_waiting(session: Session, inquiry_id: uuid.UUID) -> None:
    """Refuse a second answer beside one that waits for its signature.

    Raises:
        TransitionRefusedError: if one waits.
    """
    found = newest_proposal(session, inquiry_id)
    if found is not None and found.outcome is None:
        raise TransitionRefusedError(thing="certification", state="waiting", verb="ask")


def take_signature(
    session: Session, *, inquiry_id: uuid.UUID, content: str, actor: Viewer, at: datetime
) -> tuple[Inquiry, InquiryProposal, Signature]:
    """Sign a proposal that one has read: its hash is the one of the page that was read, or nothing is signed.

    The caller sends the answer in the same transaction.

    Raises:
        ForbiddenError: unless the actor was asked.
        UnconfirmedError: while their address is not proved.
        SignedOtherError: if what was sent, or the proposal, changed since the page was made.
        InquiryAnsweredError: if it was answered otherwise.
        InquiryWithdrawnError: if the fund took its question back.
        TransitionRefusedError: if there is nothing to sign.
    """
    inquiry, _, found = require_asked(session, actor, inquiry_id)
    if not is_confirmed(session, actor):
        raise UnconfirmedError
    if content != content_of(_preview(session, found, actor, at), found.body):
        raise SignedOtherError
    end_proposal(session, found, "signed", at)
    return inquiry, found, Signature(asked_by_id=found.prepared_by_id, certifier_id=found.certifier_id)


def tell_signed(
    session: Session, application: Application, found: InquiryProposal, actor: Viewer, at: datetime
) -> None:
    """Record a signature and write to whoever prepared the answer that it has gone."""
    record_signing(session, application, "inquiry.signed", found.inquiry_id, actor, at)
    mail_colleague(
        session,
        application,
        f"{found.id}:signed",
        found.prepared_by_id,
        f"AX 전략펀드: 신청서 {application.number}에서 고친 답에 서명했습니다",
        f"{actor_name(actor)} 님이 서명해 답을 보냈습니다.\n\n"
        f"{actor_name(actor)} has signed the changed answers of {application.number}; they have been sent.",
        at,
    )


def end_proposals(session: Session, inquiry_id: uuid.UUID, at: datetime) -> None:
    """End what waits for a signature: the fund took its question back."""
    session.execute(
        update(InquiryProposal)
        .where(InquiryProposal.inquiry_id == inquiry_id, InquiryProposal.outcome.is_(None))
        .values(outcome="withdrawn", ended_at=at)
        .execution_options(synchronize_session=False)
    )


def opened_questions(session: Session, inquiry_id: uuid.UUID) -> list[str]:
    """Return the questions of the form that an inquiry opened."""
    return list(session.scalars(select(InquiryQuestion.field).where(InquiryQuestion.inquiry_id == inquiry_id)))


def _preview(session: Session, found: InquiryProposal, actor: Viewer, at: datetime) -> Amendment:
    inquiry = session.get_one(Inquiry, found.inquiry_id)
    return preview_amendment(
        session,
        application_id=inquiry.application_id,
        questions=opened_questions(session, found.inquiry_id),
        answers=found.answers,
        actor=actor,
        at=at,
    )


def require_waiting(
    session: Session, actor: Viewer, inquiry_id: uuid.UUID
) -> tuple[Inquiry, Application, InquiryProposal]:
    """Return what waits for a signature, with its inquiry and application.

    Raises:
        NotFoundError: if there is no such inquiry of the actor's own company.
        InquiryAnsweredError: if it was answered otherwise.
        InquiryWithdrawnError: if the fund took its question back.
        TransitionRefusedError: if nothing waits.
    """
    inquiry = session.get(Inquiry, inquiry_id)
    if inquiry is None:
        raise NotFoundError(inquiry=str(inquiry_id))
    application = session.get_one(Application, inquiry.application_id)
    require(actor, Verb.SUBMIT, Thing(Kind.INQUIRY, application.id, application.company_id))
    if session.get(InquiryWithdrawal, inquiry_id) is not None:
        raise InquiryWithdrawnError(state="withdrawn", verb="answer")
    if session.scalar(select(InquiryAnswer.id).where(InquiryAnswer.inquiry_id == inquiry_id)) is not None:
        raise InquiryAnsweredError(state="answered", verb="answer")
    found = newest_proposal(session, inquiry_id)
    if found is None or found.outcome is not None:
        raise TransitionRefusedError(
            thing="certification", state="withdrawn" if found is None else "returned", verb="sign"
        )
    return inquiry, application, found


def require_asked(
    session: Session, actor: Viewer, inquiry_id: uuid.UUID
) -> tuple[Inquiry, Application, InquiryProposal]:
    """Return the same to whoever was asked to sign.

    Raises:
        ForbiddenError: of anybody else.
    """
    inquiry, application, found = require_waiting(session, actor, inquiry_id)
    if found.certifier_id != actor.person_id:
        raise ForbiddenError(verb="sign", kind="application")
    return inquiry, application, found


def end_proposal(session: Session, found: InquiryProposal, outcome: str, at: datetime, reason: str = "") -> None:
    """End a proposal that waits; of two who do so at once, one is refused.

    Raises:
        TransitionRefusedError: if it has ended.
    """
    ended: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        update(InquiryProposal)
        .where(InquiryProposal.id == found.id, InquiryProposal.outcome.is_(None))
        .values(outcome=outcome, ended_at=at, reason=reason)
        .execution_options(synchronize_session=False)
    )
    if ended.rowcount != 1:
        raise TransitionRefusedError(thing="certification", state="withdrawn", verb="sign")


def _refuse(reason_ko: str, reason_en: str) -> InvalidInputError:
    return InvalidInputError(field="certifier", reason_ko=reason_ko, reason_en=reason_en)


def mail_colleague(
    session: Session, application: Application, key: str, person_id: uuid.UUID, subject: str, body: str, at: datetime
) -> None:
    """Write to somebody of the company about an answer that wants a signature."""
    recipient = session.scalars(select(Person.email).where(Person.id == person_id)).one()
    enqueue_mail(
        session,
        dedupe_key=f"signed-answer:{key}",
        recipient=recipient,
        subject=subject,
        body=body,
        at=at,
        about=[application.id],
    )


def record_signing(
    session: Session, application: Application, verb: str, inquiry_id: uuid.UUID, actor: Viewer, at: datetime
) -> None:
    """Record a step of a signature under the application."""
    record_event(
        session,
        actor=actor,
        verb=verb,
        subject_kind="application",
        subject=application.number,
        at=at,
        details={"inquiry": str(inquiry_id)},
    )
