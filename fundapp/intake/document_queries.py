"""What pages may ask about documents. Applicants see their wallets; the fund sees what was sent to it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from fundapp.core.access import Role, Viewer
from fundapp.core.errors import NotFoundError
from fundapp.intake.documents.kinds import (
    SEEN_AS_PICTURES,
    Facts,
    Requirement,
    find_misfit,
    good_until,
    read_requirements,
)
from fundapp.intake.newest import is_newest
from fundapp.intake.queries import visible_to
from fundapp.intake.tables import Application, AttachedDocument, Call, Document, Submission, SubmittedDocument


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """One document.

    Attributes:
        kind: What it is: a key of a call's requirements.
        name: Its own name, made harmless.
        pages: None where the format does not say.
        scanned_by: Who looked for malware; None where nobody did.
        shown: Whether its pages can be looked at as pictures.
    """

    id: uuid.UUID
    company_id: uuid.UUID
    kind: str
    name: str
    format: str
    bytes: int
    pages: int | None
    sha256: str
    cleaned_sha256: str | None
    text_read: bool
    scanned_by: str | None
    issued_on: date | None
    uploaded_by: str
    uploaded_at: datetime

    @property
    def shown(self) -> bool:
        """Whether its pages can be looked at as pictures."""
        return self.format in SEEN_AS_PICTURES and self.cleaned_sha256 is not None

    def good_until(self, requirement: Requirement) -> date | None:
        """Return the last day on which it answers a requirement; None when age does not matter or is unknown."""
        if requirement.valid_months is None or self.issued_on is None:
            return None
        return good_until(self.issued_on, requirement.valid_months)


@dataclass(frozen=True, slots=True)
class AnsweredRequirement:
    """A requirement of a call with the documents that answer it."""

    requirement: Requirement
    documents: tuple[DocumentRow, ...]

    def misfit(self, document: DocumentRow, today: date) -> str | None:
        """Return why a document no longer fits: a key of `MISFITS`; None when it does."""
        facts = Facts(document.kind, document.format, document.pages, document.issued_on)
        return find_misfit(self.requirement, facts, today)


def list_wallet(session: Session, viewer: Viewer, company_id: uuid.UUID) -> list[DocumentRow]:
    """Return the documents in the wallet of one of the viewer's own companies, newest first.

    Raises:
        NotFoundError: for any other company.
    """
    if company_id not in viewer.company_ids or not viewer.has(Role.APPLICANT):
        raise NotFoundError
    query = _columns().where(Document.company_id == company_id, Document.removed_at.is_(None))
    return [DocumentRow(*row) for row in session.execute(query.order_by(Document.uploaded_at.desc(), Document.id))]


def used_documents(session: Session, viewer: Viewer, company_id: uuid.UUID) -> dict[uuid.UUID, tuple[str, ...]]:
    """Return in which of a company's applications each document of its wallet is used, by their numbers."""
    if company_id not in viewer.company_ids:
        return {}
    attached = select(AttachedDocument.document_id, Application.number).join(
        Application, Application.id == AttachedDocument.application_id
    )
    submitted = (
        select(SubmittedDocument.document_id, Application.number)
        .join(Submission, Submission.id == SubmittedDocument.submission_id)
        .join(Application, Application.id == Submission.application_id)
    )
    found: dict[uuid.UUID, set[str]] = {}
    for query in (attached, submitted):
        for document_id, number in session.execute(query.where(Application.company_id == company_id)):
            found.setdefault(document_id, set()).add(number)
    return {document_id: tuple(sorted(numbers)) for document_id, numbers in found.items()}


def list_documents(session: Session, viewer: Viewer, application_id: uuid.UUID) -> tuple[AnsweredRequirement, ...]:
    """Return a call's requirements with the documents that answer them in one application.

    The applicant's own people see what is attached now; everybody else sees what went in with the newest submission,
    and the proof handed in after screening.

    Raises:
        NotFoundError: if there is no such application, or the viewer may not see it.
    """
    found = session.execute(
        select(Application.company_id, Call.document)
        .join(Call, Call.id == Application.call_id)
        .where(Application.id == application_id, visible_to(viewer))
    ).one_or_none()
    if found is None:
        raise NotFoundError
    company_id, document = found
    wanted = read_requirements(document)
    own = company_id in viewer.company_ids and viewer.has(Role.APPLICANT)
    rows = _attached(session, application_id, None if own else _proofs(wanted))
    if not own:
        rows += _submitted(session, application_id)
    return tuple(
        AnsweredRequirement(one, tuple(document for key, document in rows if key == one.key)) for one in wanted
    )


def list_submitted(session: Session, viewer: Viewer, application_id: uuid.UUID, version: int) -> list[DocumentRow]:
    """Return the documents that went in with one submission, by requirement.

    Raises:
        NotFoundError: if the viewer may not see the application.
    """
    if session.scalar(select(Application.id).where(Application.id == application_id, visible_to(viewer))) is None:
        raise NotFoundError
    query = (
        _columns()
        .join(SubmittedDocument, SubmittedDocument.document_id == Document.id)
        .join(Submission, Submission.id == SubmittedDocument.submission_id)
        .where(Submission.application_id == application_id, Submission.version == version)
        .order_by(SubmittedDocument.requirement, Document.uploaded_at, Document.id)
    )
    return [DocumentRow(*row) for row in session.execute(query)]


def documents_changed(session: Session, application_id: uuid.UUID, requirements: Sequence[Requirement]) -> bool:
    """Return whether what is attached differs from what went in with the newest submission."""
    keys = [one.key for one in requirements if one.stage == "submit"]
    now = select(AttachedDocument.requirement, AttachedDocument.document_id).where(
        AttachedDocument.application_id == application_id, AttachedDocument.requirement.in_(keys)
    )
    sent = (
        select(SubmittedDocument.requirement, SubmittedDocument.document_id)
        .join(Submission, Submission.id == SubmittedDocument.submission_id)
        .join(Application, Application.id == Submission.application_id)
        .where(Application.id == application_id, is_newest())
    )
    return set(session.execute(now)) != set(session.execute(sent))


def find_document(session: Session, viewer: Viewer, document_id: uuid.UUID) -> tuple[DocumentRow, uuid.UUID | None]:
    """Return one document that the viewer may see, and the application through which; None when it is their own.

    Raises:
        NotFoundError: if there is none, or the viewer may not see it.
    """
    kept = _columns().where(Document.id == document_id, Document.removed_at.is_(None))
    row = session.execute(kept).one_or_none()
    if row is None:
        raise NotFoundError
    document = DocumentRow(*row)
    if document.company_id in viewer.company_ids and viewer.has(Role.APPLICANT):
        return document, None
    through = _through(session, viewer, document_id)
    if through is None:
        raise NotFoundError
    return document, through


def _through(session: Session, viewer: Viewer, document_id: uuid.UUID) -> uuid.UUID | None:
    """Return the newest visible application that was sent with a document, or has it as proof asked for later."""
    sent = session.scalars(
        select(Application.id)
        .join(Submission, Submission.application_id == Application.id)
        .join(SubmittedDocument, SubmittedDocument.submission_id == Submission.id)
        .where(SubmittedDocument.document_id == document_id, visible_to(viewer))
        .order_by(Application.created_at.desc())
    ).first()
    if sent is not None:
        return sent
    attached = session.execute(
        select(Application.id, Call.document, AttachedDocument.requirement)
        .join(AttachedDocument, AttachedDocument.application_id == Application.id)
        .join(Call, Call.id == Application.call_id)
        .where(AttachedDocument.document_id == document_id, visible_to(viewer))
        .order_by(Application.created_at.desc())
    )
    return next((row.id for row in attached if row.requirement in _proofs(read_requirements(row.document))), None)


def _columns() -> Select[*tuple[Any, ...]]:
    return select(
        Document.id,
        Document.company_id,
        Document.kind,
        Document.name,
        Document.format,
        Document.bytes,
        Document.pages,
        Document.sha256,
        Document.cleaned_sha256,
        Document.text_read,
        Document.scanned_by,
        Document.issued_on,
        Document.uploaded_by,
        Document.uploaded_at,
    )


def _proofs(wanted: Sequence[Requirement]) -> list[str]:
    return [one.key for one in wanted if one.stage == "screened"]


def _attached(session: Session, application_id: uuid.UUID, only: list[str] | None) -> list[tuple[str, DocumentRow]]:
    query = (
        _columns()
        .add_columns(AttachedDocument.requirement)
        .join(AttachedDocument, AttachedDocument.document_id == Document.id)
        .where(AttachedDocument.application_id == application_id)
        .order_by(AttachedDocument.attached_at, Document.id)
    )
    if only is not None:
        query = query.where(AttachedDocument.requirement.in_(only))
    return [(row[-1], DocumentRow(*row[:-1])) for row in session.execute(query)]


def _submitted(session: Session, application_id: uuid.UUID) -> list[tuple[str, DocumentRow]]:
    query = (
        _columns()
        .add_columns(SubmittedDocument.requirement)
        .join(SubmittedDocument, SubmittedDocument.document_id == Document.id)
        .join(Submission, Submission.id == SubmittedDocument.submission_id)
        .join(Application, Application.id == Submission.application_id)
        .where(Application.id == application_id, is_newest())
        .order_by(Document.uploaded_at, Document.id)
    )
    return [(row[-1], DocumentRow(*row[:-1])) for row in session.execute(query)]
