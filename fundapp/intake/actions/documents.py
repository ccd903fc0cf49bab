"""Documents: into the wallet, onto an application and off it again."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, exists, func, or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import NotFoundError, TransitionRefusedError
from fundapp.core.quarters import kst_date
from fundapp.core.sessions import RetryTransactionError
from fundapp.intake.actions.names import actor_name, refuse
from fundapp.intake.call_terms import grace_of
from fundapp.intake.documents.kinds import (
    MISFITS,
    MOST_IN_WALLET,
    MOST_PER_REQUIREMENT,
    Facts,
    Requirement,
    display_name,
    find_misfit,
    read_requirements,
)
from fundapp.intake.documents.receiving import Received
from fundapp.intake.form import FieldProblem
from fundapp.intake.rules import counts_as, require_open
from fundapp.intake.tables import Application, AttachedDocument, Call, Document, Submission, SubmittedDocument

FIELD = "document_"
"""What a document's requirement is called where problems are named by field."""
PROVING_STATES = frozenset({"eligible", "proposed", "deferred", "approved"})
"""When proof may be handed in that is asked for after screening."""
_EDITABLE_STATES = frozenset({"draft", "submitted", "on_hold"})


def keep_document(
    session: Session,
    *,
    actor: Viewer,
    at: datetime,
    company_id: uuid.UUID,
    kind: str,
    name: str,
    received: Received,
    issued_on: date | None,
) -> uuid.UUID:
    """Put a file that was taken in into a company's wallet; the same file as the same kind again is the one there is.

    Args:
        session: The session.
        actor: Somebody who acts for the company.
        at: Now.
        company_id: The company.
        kind: What it is: a key of a call's requirements.
        name: The file's own name, for show.
        received: What `receive` found.
        issued_on: When it was issued, where that matters.

    Raises:
        InvalidInputError: if the wallet is full, or the date of issue is in the future, or is another one than that of
            the same file where an application uses it.
        ForbiddenError: if the actor does not act for the company.
    """
    require(actor, Verb.EDIT, Thing(Kind.DOCUMENT, company_id=company_id))
    if issued_on is not None and issued_on > kst_date(at):
        raise refuse("issued_on", *MISFITS["issued_later"])
    kept = select(Document).where(Document.company_id == company_id, Document.removed_at.is_(None))
    same = session.scalars(kept.where(Document.kind == kind, Document.sha256 == received.sha256)).one_or_none()
    if same is not None:
        _date_again(session, same, issued_on)
        return same.id
    if (session.scalar(select(func.count()).select_from(kept.subquery())) or 0) >= MOST_IN_WALLET:
        raise refuse("file", f"보관함에는 {MOST_IN_WALLET}개까지 둡니다", f"the wallet holds {MOST_IN_WALLET} at most")
    document = Document(
        company_id=company_id,
        kind=kind,
        name=display_name(name),
        format=received.format,
        bytes=received.bytes,
        pages=received.pages,
        sha256=received.sha256,
        cleaned_sha256=received.cleaned_sha256,
        text_read=received.text_read,
        scanned_by=received.scanned_by,
        issued_on=issued_on,
        uploaded_by=actor_name(actor),
        uploaded_at=at,
    )
    _insert(session, document)
    _record(session, document, "document.kept", actor, at, kind=kind, sha256=received.sha256)
    return document.id


def attach_document(
    session: Session,
    *,
    actor: Viewer,
    at: datetime,
    application_id: uuid.UUID,
    requirement: str,
    document_id: uuid.UUID,
) -> None:
    """Let a document of the wallet answer a requirement; doing it again changes nothing.

    Raises:
        InvalidInputError: if the document does not fit, or there are enough already.
        CallClosedError: after the deadline, for what belongs to the application.
        TransitionRefusedError: if proof is not asked for (or no longer), or the application may not be edited.
    """
    application, wanted = _open_requirement(session, actor, at, application_id, requirement)
    document = _in_wallet(session, document_id, application.company_id)
    facts = Facts(document.kind, document.format, document.pages, document.issued_on)
    if misfit := find_misfit(wanted, facts, kst_date(at)):
        raise refuse("file", *MISFITS[misfit])
    attached = _attached(session, application_id, requirement)
    if document_id in attached:
        return
    if len(attached) >= MOST_PER_REQUIREMENT:
        most = MOST_PER_REQUIREMENT
        raise refuse("file", f"서류마다 {most}개까지 냅니다", f"{most} files at most for each document")
    attachment = AttachedDocument(
        application_id=application_id,
        requirement=requirement,
        document_id=document_id,
        attached_by=actor_name(actor),
        attached_at=at,
    )
    _insert(session, attachment)
    _record(session, document, "document.attached", actor, at, application=application.number, requirement=requirement)


def detach_document(
    session: Session,
    *,
    actor: Viewer,
    at: datetime,
    application_id: uuid.UUID,
    requirement: str,
    document_id: uuid.UUID,
) -> None:
    """Take a document off an application; it stays in the wallet, and in what was submitted with it.

    Raises:
        NotFoundError: if it is not attached.
        CallClosedError: after the deadline, for what belongs to the application.
        TransitionRefusedError: if the application may not be edited.
    """
    application, _ = _open_requirement(session, actor, at, application_id, requirement)
    gone: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        delete(AttachedDocument).where(
            AttachedDocument.application_id == application_id,
            AttachedDocument.requirement == requirement,
            AttachedDocument.document_id == document_id,
        )
    )
    if gone.rowcount != 1:
        raise NotFoundError
    document = session.scalars(select(Document).where(Document.id == document_id)).one()
    _record(session, document, "document.detached", actor, at, application=application.number, requirement=requirement)


def remove_document(session: Session, *, actor: Viewer, at: datetime, document_id: uuid.UUID) -> None:
    """Take a document out of the wallet for good.

    Raises:
        NotFoundError: if it is not in a wallet of the actor's.
        TransitionRefusedError: if an application uses it, or was sent with it.
    """
    document = session.get(Document, document_id)
    if document is None or document.removed_at is not None:
        raise NotFoundError
    require(actor, Verb.EDIT, Thing(Kind.DOCUMENT, company_id=document.company_id))
    if _used(session, document_id):
        raise TransitionRefusedError(thing="document", state="in_use", verb="remove")
    gone: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        update(Document).where(Document.id == document_id, Document.removed_at.is_(None)).values(removed_at=at)
    )
    if gone.rowcount != 1:
        raise NotFoundError
    _record(session, document, "document.removed", actor, at)


def document_problems(
    session: Session, application_id: uuid.UUID, requirements: Iterable[Requirement], today: date
) -> Iterator[FieldProblem]:
    """Yield what keeps an application from being sent: what is missing, and what has become too old meanwhile."""
    facts = _facts(session, application_id)
    for one in requirements:
        if one.stage != "submit":
            continue
        attached = facts.get(one.key, [])
        misfits = [misfit for document in attached if (misfit := find_misfit(one, document, today))]
        if not attached and one.required:
            misfits.append("missing")
        if misfits:
            yield FieldProblem(FIELD + one.key, misfits[0], *MISFITS[misfits[0]])


def freeze_documents(session: Session, submission: Submission, requirements: Iterable[Requirement]) -> None:
    """Record which documents went in with a submission."""
    keys = {one.key for one in requirements if one.stage == "submit"}
    attached = session.execute(
        select(AttachedDocument.requirement, AttachedDocument.document_id)
        .where(AttachedDocument.application_id == submission.application_id, AttachedDocument.requirement.in_(keys))
        .order_by(AttachedDocument.requirement, AttachedDocument.document_id)
    )
    session.add_all(
        SubmittedDocument(submission_id=submission.id, requirement=requirement, document_id=document_id)
        for requirement, document_id in attached
    )
    session.flush()


def _date_again(session: Session, document: Document, issued_on: date | None) -> None:
    """Put a date of issue right, as long as nothing rests on the one that was given."""
    if issued_on is None or document.issued_on == issued_on:
        return
    if _used(session, document.id):
        raise refuse(
            "issued_on",
            "쓰고 있는 서류의 발급일은 바꿀 수 없습니다. 신청서에서 뗀 뒤 다시 올려 주세요",
            "the date of issue of a document in use stays; take it off the application first",
        )
    document.issued_on = issued_on
    session.flush()


def _insert(session: Session, row: Document | AttachedDocument) -> None:
    """Write a row; a rival who wrote the same a moment ago is found when the transaction runs again."""
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise RetryTransactionError from error


def _open_requirement(
    session: Session, actor: Viewer, at: datetime, application_id: uuid.UUID, key: str
) -> tuple[Application, Requirement]:
    application = session.get(Application, application_id, populate_existing=True)
    if application is None:
        raise NotFoundError
    draft = application.state == "draft"
    require(actor, Verb.EDIT, Thing(Kind.APPLICATION, application_id, application.company_id, draft=draft))
    call = session.scalars(select(Call).where(Call.id == application.call_id)).one()
    wanted = next((one for one in read_requirements(call.document) if one.key == key), None)
    if wanted is None:
        raise NotFoundError
    if wanted.stage == "submit":
        require_open(call.opens_at, call.closes_at, at, grace=grace_of(call.document))
    if counts_as(application.state) not in (_EDITABLE_STATES if wanted.stage == "submit" else PROVING_STATES):
        raise TransitionRefusedError(thing="application", state=application.state, verb="edit")
    return application, wanted


def _in_wallet(session: Session, document_id: uuid.UUID, company_id: uuid.UUID) -> Document:
    document = session.get(Document, document_id)
    if document is None or document.company_id != company_id or document.removed_at is not None:
        raise NotFoundError
    return document


def _attached(session: Session, application_id: uuid.UUID, requirement: str) -> set[uuid.UUID]:
    return set(
        session.scalars(
            select(AttachedDocument.document_id).where(
                AttachedDocument.application_id == application_id, AttachedDocument.requirement == requirement
            )
        )
    )


def _facts(session: Session, application_id: uuid.UUID) -> dict[str, list[Facts]]:
    rows = session.execute(
        select(AttachedDocument.requirement, Document.kind, Document.format, Document.pages, Document.issued_on)
        .join(Document, Document.id == AttachedDocument.document_id)
        .where(AttachedDocument.application_id == application_id)
    )
    found: dict[str, list[Facts]] = {}
    for row in rows:
        found.setdefault(row.requirement, []).append(Facts(row.kind, row.format, row.pages, row.issued_on))
    return found


def _used(session: Session, document_id: uuid.UUID) -> bool:
    attached = exists().where(AttachedDocument.document_id == document_id)
    submitted = exists().where(SubmittedDocument.document_id == document_id)
    return bool(session.scalar(select(or_(attached, submitted))))


def _record(session: Session, document: Document, verb: str, actor: Viewer, at: datetime, **details: object) -> None:
    record_event(
        session,
        actor=actor,
        verb=verb,
        subject_kind="document",
        subject=str(document.id),
        at=at,
        details=details,
    )
