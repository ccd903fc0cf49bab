"""The companies that an applicant acts for, and who else does."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.access import Viewer
from fundapp.core.errors import NotFoundError
from fundapp.identity.tables import Person
from fundapp.intake.tables import Company, Membership


@dataclass(frozen=True, slots=True)
class CompanyRow:
    """A company of the viewer's."""

    id: uuid.UUID
    name: str
    identifier: str


@dataclass(frozen=True, slots=True)
class MemberRow:
    """Somebody who acts for a company; `owns` means that they may add others."""

    person_id: uuid.UUID
    name: str
    owns: bool


def list_companies(session: Session, viewer: Viewer) -> list[CompanyRow]:
    """Return the viewer's own companies by name."""
    query = select(Company).where(Company.id.in_(viewer.company_ids)).order_by(Company.name, Company.id)
    return [CompanyRow(row.id, row.name, row.identifier) for row in session.scalars(query)]


def list_members(session: Session, viewer: Viewer, company_id: uuid.UUID) -> list[MemberRow]:
    """Return who acts for one of the viewer's own companies, by name.

    Raises:
        NotFoundError: if it is not theirs.
    """
    if company_id not in viewer.company_ids:
        raise NotFoundError
    rows = session.execute(
        select(Person.id, Person.name, Membership.role)
        .join(Membership, Membership.person_id == Person.id)
        .where(Membership.company_id == company_id)
        .order_by(Person.name, Person.id)
    )
    return [MemberRow(row.id, row.name, row.role == "owner") for row in rows]
