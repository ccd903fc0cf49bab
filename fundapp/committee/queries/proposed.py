"""Answers of applicants that wait for a second person of their company."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from fundapp.committee.tables import Inquiry, InquiryProposal
from fundapp.core.access import Kind, Thing, Verb, Viewer, may
from fundapp.identity.tables import Person
from fundapp.intake.certifying import amendment_wants_signature
from fundapp.intake.tables import Application, Company


@dataclass(frozen=True, slots=True)
class ProposedRow:
    """An answer that waits for a signature, or came back without one (`reason` says why)."""

    body: str
    answers: Mapping[str, str]
    waits: bool
    prepared_by: str
    certifier_id: uuid.UUID
    certifier: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class WaitingAnswerRow:
    """An answer that waits for the viewer's signature."""

    inquiry_id: uuid.UUID
    number: str
    company_name: str
    prepared_by: str


def find_proposed(session: Session, viewer: Viewer, inquiry_id: uuid.UUID) -> ProposedRow | None:
    """Return the newest proposal of an inquiry of the viewer's own company, if it waits or came back."""
    author, certifier = aliased(Person), aliased(Person)
    row = session.execute(
        select(InquiryProposal, Application, author.name, certifier.name)
        .join(Inquiry, Inquiry.id == InquiryProposal.inquiry_id)
        .join(Application, Application.id == Inquiry.application_id)
        .join(author, author.id == InquiryProposal.prepared_by_id)
        .join(certifier, certifier.id == InquiryProposal.certifier_id)
        .where(InquiryProposal.inquiry_id == inquiry_id)
        .order_by(InquiryProposal.at.desc(), InquiryProposal.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    found, application, prepared_by, certifier_name = row
    allowed = may(viewer, Verb.SUBMIT, Thing(Kind.INQUIRY, application.id, application.company_id))
    if not allowed or found.outcome not in {None, "returned"}:
        return None
    return ProposedRow(
        body=found.body,
        answers=found.answers,
        waits=found.outcome is None,
        prepared_by=prepared_by,
        certifier_id=found.certifier_id,
        certifier=certifier_name,
        at=found.at,
        reason=found.reason,
    )


def wants_signature(session: Session, viewer: Viewer, application_id: uuid.UUID) -> bool:
    """Say whether changed answers of one of the viewer's own applications want a second person's signature."""
    application = session.get(Application, application_id)
    if application is None or application.company_id not in viewer.company_ids:
        return False
    return amendment_wants_signature(session, application)


def list_waiting_answers(session: Session, viewer: Viewer) -> list[WaitingAnswerRow]:
    """Return the answers that wait for the viewer's signature, the oldest first."""
    rows = session.execute(
        select(InquiryProposal.inquiry_id, Application.number, Company.name, Person.name.label("prepared_by"))
        .join(Inquiry, Inquiry.id == InquiryProposal.inquiry_id)
        .join(Application, Application.id == Inquiry.application_id)
        .join(Company, Company.id == Application.company_id)
        .join(Person, Person.id == InquiryProposal.prepared_by_id)
        .where(
            InquiryProposal.certifier_id == viewer.person_id,
            InquiryProposal.ended_at.is_(None),
            Application.company_id.in_(viewer.company_ids),
        )
        .order_by(InquiryProposal.at, InquiryProposal.id)
    )
    return [WaitingAnswerRow(row.inquiry_id, row.number, row.name, row.prepared_by) for row in rows]
