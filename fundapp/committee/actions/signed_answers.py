"""Sending a colleague's changed answer back, and taking one back that waits for its signature."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy.orm import Session

from fundapp.committee import signed_answers
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import ForbiddenError, InvalidInputError
from fundapp.intake.actions import actor_name


def return_answer(session: Session, *, inquiry_id: uuid.UUID, reason: str, actor: Viewer, at: datetime) -> None:
    """Send a proposal back to whoever prepared it, with a reason.

    Raises:
        ForbiddenError: unless the actor was asked.
        InvalidInputError: without a reason.
        TransitionRefusedError: if there is nothing to send back.
    """
    _, application, found = signed_answers.require_asked(session, actor, inquiry_id)
    require(actor, Verb.SUBMIT, Thing(Kind.INQUIRY, application.id, application.company_id))
    said = reason.strip()
    if not said:
        raise InvalidInputError(field="reason", reason_ko="돌려보내는 사유를 적어 주세요", reason_en="is needed")
    signed_answers.end_proposal(session, found, "returned", at, said)
    signed_answers.record_signing(session, application, "inquiry.signature_returned", inquiry_id, actor, at)
    name = actor_name(actor)
    signed_answers.mail_colleague(
        session,
        application,
        f"{found.id}:returned",
        found.prepared_by_id,
        f"AX 전략펀드: 신청서 {application.number}에서 고친 답을 돌려보냈습니다",
        f"{name} 님이 돌려보냈습니다. 사유: {said}\n고친 뒤 다시 확인을 부탁해 주세요.\n\n"
        f"{name} sent the changed answers of {application.number} back. Please ask again once they are changed.",
        at,
    )


def withdraw_answer(session: Session, *, inquiry_id: uuid.UUID, actor: Viewer, at: datetime) -> None:
    """Take an answer back that waits for its signature; anybody of the company but the one who was asked may.

    Raises:
        NotFoundError: if there is no such inquiry of the actor's own company.
        ForbiddenError: of whoever was asked: they sign or send back.
        TransitionRefusedError: if none waits.
    """
    _, application, found = signed_answers.require_waiting(session, actor, inquiry_id)
    require(actor, Verb.SUBMIT, Thing(Kind.INQUIRY, application.id, application.company_id))
    if found.certifier_id == actor.person_id:
        raise ForbiddenError(verb="edit", kind="application")
    signed_answers.end_proposal(session, found, "withdrawn", at)
    signed_answers.record_signing(session, application, "inquiry.signature_withdrawn", inquiry_id, actor, at)
    signed_answers.mail_colleague(
        session,
        application,
        f"{found.id}:withdrawn",
        found.certifier_id,
        f"AX 전략펀드: 신청서 {application.number}에서 고친 답의 확인 부탁을 거두었습니다",
        f"{actor_name(actor)} 님이 확인 부탁을 거두었습니다.\n\nYou need not sign {application.number} any more.",
        at,
    )
