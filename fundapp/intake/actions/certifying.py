"""Signing off: a writer asks, a second person of the company signs or sends back with a reason."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import ForbiddenError, NotFoundError, TransitionRefusedError
from fundapp.core.outbox import enqueue_mail
from fundapp.identity.queries import is_confirmed
from fundapp.identity.rules import UnconfirmedError
from fundapp.identity.tables import Person
from fundapp.intake.actions.names import actor_name, refuse
from fundapp.intake.call_terms import grace_of
from fundapp.intake.certifying import content_sha256, newest_certification, sent_sha256
from fundapp.intake.rules import SignedOtherError, require_open
from fundapp.intake.tables import Application, Call, Certification, Membership

_EDITABLE = frozenset({"draft", "submitted", "on_hold"})


def ask_certification(
    session: Session, *, actor: Viewer, at: datetime, application_id: uuid.UUID, certifier_id: uuid.UUID, address: str
) -> None:
    """Ask a second person of the company to sign the application off; it cannot be sent without their signature then.

    Args:
        session: The session of the change.
        actor: Who acts for the company.
        at: Now.
        application_id: The application.
        certifier_id: Somebody else who acts for the company.
        address: Where the certifier reads and signs it.

    Raises:
        CallClosedError: outside the call's hours.
        InvalidInputError: if the certifier is the actor or does not act for the company.
        TransitionRefusedError: if somebody has been asked already, or it can no longer be sent.
    """
    application = _load(session, actor, application_id, at)
    if certifier_id == actor.person_id:
        raise refuse("certifier", "본인이 아닌 사람이 확인해야 합니다", "must be somebody else than oneself")
    if session.get(Membership, (application.company_id, certifier_id)) is None:
        raise refuse("certifier", "이 기업에서 함께 작성하는 사람이 아닙니다", "does not act for this company")
    standing = newest_certification(session, application_id)
    if standing is not None and standing.outcome is None:
        raise TransitionRefusedError(thing="certification", state="waiting", verb="ask")
    session.add(
        Certification(
            application_id=application_id, asked_by_id=actor.person_id, certifier_id=certifier_id, asked_at=at
        )
    )
    session.flush()
    _record(session, application, "application.certification_asked", actor, at, certifier=str(certifier_id))
    name = actor_name(actor)
    _mail(
        session,
        application,
        f"{application.id}:asked:{at.isoformat()}",
        certifier_id,
        f"AX 전략펀드: 신청서 {application.number}의 대표자 확인을 부탁받았습니다",
        f"{name} 님이 신청서 {application.number}을(를) 제출하기 전에 확인을 부탁했습니다. 아래에서 모든 답을 보고 "
        f"서명하거나 사유를 적어 돌려보내 주세요.\n\n{address}\n\n"
        f"{name} asks you to sign application {application.number} off before it is submitted.",
        at,
    )


def sign_certification(
    session: Session, *, actor: Viewer, at: datetime, application_id: uuid.UUID, content: str
) -> None:
    """Sign off what one has read: its hash is the one of the page that was read, or nothing is signed.

    Raises:
        ForbiddenError: unless the actor was asked.
        UnconfirmedError: while their address is not proved.
        SignedOtherError: if the application was changed since the page was made.
        TransitionRefusedError: if the request has been answered.
    """
    application, request = _asked(session, actor, application_id, at)
    if not is_confirmed(session, actor):
        raise UnconfirmedError
    if content != content_sha256(session, application):
        raise SignedOtherError
    hashes = {"answers_sha256": sent_sha256(session, application), "content_sha256": content}
    _answer(session, request, at, outcome="signed", **hashes)
    _record(session, application, "application.certified", actor, at, sha256=content)
    name = actor_name(actor)
    _mail(
        session,
        application,
        f"{request.id}:signed",
        request.asked_by_id,
        f"AX 전략펀드: 신청서 {application.number}에 서명했습니다",
        f"{name} 님이 확인하고 서명했습니다. 이제 제출할 수 있습니다. 내용을 고치면 서명은 사라집니다.\n\n"
        f"{name} has signed application {application.number} off. It can be submitted; a change undoes the signature.",
        at,
    )


def return_certification(
    session: Session, *, actor: Viewer, at: datetime, application_id: uuid.UUID, reason: str
) -> None:
    """Send an application back to whoever asked, with a reason.

    Raises:
        ForbiddenError: unless the actor was asked.
        InvalidInputError: without a reason.
        TransitionRefusedError: if the request has been answered.
    """
    application, request = _asked(session, actor, application_id, at)
    if not reason.strip():
        raise refuse("reason", "돌려보내는 사유를 적어 주세요", "a reason is needed")
    _answer(session, request, at, outcome="returned", reason=reason.strip())
    _record(session, application, "application.certification_returned", actor, at)
    name = actor_name(actor)
    _mail(
        session,
        application,
        f"{request.id}:returned",
        request.asked_by_id,
        f"AX 전략펀드: 신청서 {application.number}을(를) 돌려보냈습니다",
        f"{name} 님이 돌려보냈습니다. 사유: {reason.strip()}\n고친 뒤 다시 확인을 부탁해 주세요.\n\n"
        f"{name} sent application {application.number} back. Please ask again once it is changed.",
        at,
    )


def withdraw_certification(session: Session, *, actor: Viewer, at: datetime, application_id: uuid.UUID) -> None:
    """Do without a second person again; the one who was asked is told. A call that asks for one still does.

    Raises:
        ForbiddenError: unless the actor asked, or owns the company.
    """
    application = _load(session, actor, application_id, at)
    request = newest_certification(session, application_id)
    if request is None:
        raise NotFoundError
    own = session.get(Membership, (application.company_id, actor.person_id))
    if actor.person_id != request.asked_by_id and (own is None or own.role != "owner"):
        raise ForbiddenError(verb="edit", kind="application")
    release_certifications(session, [application_id], at)
    _record(session, application, "application.certification_withdrawn", actor, at)
    _mail(
        session,
        application,
        f"{request.id}:withdrawn",
        request.certifier_id,
        f"AX 전략펀드: 신청서 {application.number}의 확인 부탁을 거두었습니다",
        f"{actor_name(actor)} 님이 확인 부탁을 거두었습니다.\n\nYou need not sign {application.number} off any more.",
        at,
    )


def release_certifications(session: Session, applications: Collection[uuid.UUID], at: datetime) -> None:
    """Let applications be sent without their certifiers: what the fund takes in from a sheet needs no company's."""
    session.execute(
        update(Certification)
        .where(
            Certification.application_id.in_(applications),
            Certification.outcome.is_(None) | (Certification.outcome != "withdrawn"),
        )
        .values(outcome="withdrawn", ended_at=at, answers_sha256=None, content_sha256=None)
        .execution_options(synchronize_session=False)
    )


def _load(session: Session, actor: Viewer, application_id: uuid.UUID, at: datetime) -> Application:
    application = session.get(Application, application_id, populate_existing=True)
    if application is None:
        raise NotFoundError
    draft = application.state == "draft"
    require(actor, Verb.EDIT, Thing(Kind.APPLICATION, application_id, application.company_id, draft=draft))
    call = session.get_one(Call, application.call_id)
    require_open(call.opens_at, call.closes_at, at, grace=grace_of(call.document))
    if application.state not in _EDITABLE:
        raise TransitionRefusedError(thing="application", state=application.state, verb="edit")
    return application


def _asked(
    session: Session, actor: Viewer, application_id: uuid.UUID, at: datetime
) -> tuple[Application, Certification]:
    application = _load(session, actor, application_id, at)
    request = newest_certification(session, application_id)
    if request is None or request.certifier_id != actor.person_id:
        raise ForbiddenError(verb="sign", kind="application")
    return application, request


def _answer(session: Session, request: Certification, at: datetime, **values: Any) -> None:  # noqa: ANN401 - columns
    answered: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        update(Certification)
        .where(Certification.id == request.id, Certification.outcome.is_(None))
        .values(ended_at=at, **values)
        .execution_options(synchronize_session=False)
    )
    if answered.rowcount != 1:
        raise TransitionRefusedError(thing="certification", state=request.outcome or "waiting", verb="sign")


def _mail(
    session: Session, application: Application, key: str, person_id: uuid.UUID, subject: str, body: str, at: datetime
) -> None:
    recipient = session.scalars(select(Person.email).where(Person.id == person_id)).one()
    enqueue_mail(
        session,
        dedupe_key=f"certification:{key}",
        recipient=recipient,
        subject=subject,
        body=body,
        at=at,
        about=[application.id],
    )


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
