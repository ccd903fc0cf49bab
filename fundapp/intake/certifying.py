"""Whether an application has been signed off by a second person of its company, and whether it must be."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import NotFoundError
from fundapp.core.orm import canonical_json
from fundapp.identity.tables import Person
from fundapp.intake.call_terms import certifier_required
from fundapp.intake.documents.kinds import read_requirements
from fundapp.intake.form import parse_form
from fundapp.intake.rules import NotCertifiedError, standing_of
from fundapp.intake.tables import Application, AttachedDocument, Call, Certification, Company, Document


@dataclass(frozen=True, slots=True)
class CertificationState:
    """How an application stands with its certifier.

    Attributes:
        id: The request; None where nobody was asked.
        standing: `none`, `waiting`, `signed`, `fallen` (signed, then changed) or `returned`.
        required: Whether the call asks for it.
        content_sha256: Hash of what would be signed now.
    """

    id: uuid.UUID | None
    standing: str
    required: bool
    content_sha256: str
    asked_by: str = ""
    asked_by_id: uuid.UUID | None = None
    certifier: str = ""
    certifier_id: uuid.UUID | None = None
    asked_at: datetime | None = None
    ended_at: datetime | None = None
    reason: str = ""

    @property
    def holds_back(self) -> bool:
        """Whether the application cannot be sent as it is."""
        return self.standing not in {"none", "signed"} or (self.required and self.standing == "none")


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """An application that somebody waits for the viewer to sign."""

    application_id: uuid.UUID
    number: str
    company_name: str
    asked_by: str


def content_sha256(session: Session, application: Application) -> str:
    """Return the SHA-256 of the canonical JSON of what would be sent: answers to what is asked, and documents."""
    document = _document_of(session, application)
    keys = {one.key for one in read_requirements(document) if one.stage == "submit"}
    attached = session.execute(
        select(AttachedDocument.requirement, Document.sha256)
        .join(Document, Document.id == AttachedDocument.document_id)
        .where(AttachedDocument.application_id == application.id, AttachedDocument.requirement.in_(keys))
        .order_by(AttachedDocument.requirement, Document.sha256)
    )
    answers = parse_form(document).asked_answers(application.answers)
    return signed_sha256(answers, [list(row) for row in attached])


def signed_sha256(answers: Mapping[str, Any], documents: Sequence[Sequence[str]]) -> str:
    """Return the SHA-256 that a second person signs: of answers, and of each document's requirement and hash."""
    return _sha256({"answers": answers, "documents": documents})


def amendment_wants_signature(session: Session, application: Application) -> bool:
    """Say whether other answers to what was sent want a second person's signature, as sending it did.

    They do where the call asks for one, and where the company had it signed of its own accord: whoever answers for what
    was sent answers for what replaces it.
    """
    return certifier_required(_document_of(session, application)) or (
        newest_certification(session, application.id) is not None
    )


def sent_sha256(session: Session, application: Application) -> str:
    """Return the SHA-256 that a submission would have now: answers to what is not asked stay behind."""
    return _sha256(parse_form(_document_of(session, application)).asked_answers(application.answers))


def newest_certification(session: Session, application_id: uuid.UUID) -> Certification | None:
    """Return the request that counts."""
    return session.scalars(
        select(Certification)
        .where(
            Certification.application_id == application_id,
            Certification.outcome.is_(None) | (Certification.outcome != "withdrawn"),
        )
        .order_by(Certification.asked_at.desc(), Certification.id.desc())
        .limit(1)
    ).one_or_none()


def get_certification(session: Session, viewer: Viewer, application_id: uuid.UUID) -> CertificationState:
    """Return how one of the viewer's own applications stands with its certifier.

    Raises:
        NotFoundError: if it is not theirs.
    """
    application = session.get(Application, application_id)
    if application is None or application.company_id not in viewer.company_ids:
        raise NotFoundError
    require(viewer, Verb.EDIT, Thing(Kind.APPLICATION, application_id, application.company_id))
    return state_of(session, application)


def state_of(session: Session, application: Application) -> CertificationState:
    """Return the same of an application that the caller may see."""
    required, content = certifier_required(_document_of(session, application)), content_sha256(session, application)
    found = newest_certification(session, application.id)
    if found is None:
        return CertificationState(None, "none", required, content)
    fits = found.content_sha256 == content and found.answers_sha256 == sent_sha256(session, application)
    return CertificationState(
        id=found.id,
        standing=standing_of(found.outcome, fits=fits),
        required=required,
        content_sha256=content,
        asked_by=session.get_one(Person, found.asked_by_id).name,
        asked_by_id=found.asked_by_id,
        certifier=session.get_one(Person, found.certifier_id).name,
        certifier_id=found.certifier_id,
        asked_at=found.asked_at,
        ended_at=found.ended_at,
        reason=found.reason,
    )


def require_certified(session: Session, application: Application) -> None:
    """Let pass an application that needs no second person, or has the signature of one under what it says now.

    Raises:
        NotCertifiedError: saying what is missing.
    """
    state = state_of(session, application)
    if state.holds_back:
        raise NotCertifiedError.of(state.standing)


def list_waiting(session: Session, viewer: Viewer) -> list[WaitingRow]:
    """Return the applications that wait for the viewer's signature, the oldest request first."""
    asker = aliased(Person)
    rows = session.execute(
        select(Application.id, Application.number, Company.name, asker.name.label("asked_by"))
        .join(Certification, Certification.application_id == Application.id)
        .join(Company, Company.id == Application.company_id)
        .join(asker, asker.id == Certification.asked_by_id)
        .where(
            Certification.certifier_id == viewer.person_id,
            Certification.ended_at.is_(None),
            Application.company_id.in_(viewer.company_ids),
        )
        .order_by(Certification.asked_at, Certification.id)
    )
    return [WaitingRow(row.id, row.number, row.name, row.asked_by) for row in rows]


def _document_of(session: Session, application: Application) -> Mapping[str, Any]:
    document: Mapping[str, Any] = session.scalars(select(Call.document).where(Call.id == application.call_id)).one()
    return document


def _sha256(value: object) -> str:
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
