"""The companies that an applicant acts for, and who else does."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.access import Viewer
from fundapp.core.errors import NotFoundError
from fundapp.identity.actions import token_hash
from fundapp.identity.tables import Person
from fundapp.intake.tables import Company, Invitation, Membership


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
    email: str
    owns: bool


@dataclass(frozen=True, slots=True)
class InvitationRow:
    """An invitation that waits for its answer."""

    id: uuid.UUID
    email: str
    owns: bool
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class InvitedRow:
    """What an invitation's link shows to whoever holds it."""

    company_name: str
    inviter: str
    email: str
    owns: bool
    good: bool


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
        select(Person.id, Person.name, Person.email, Membership.role)
        .join(Membership, Membership.person_id == Person.id)
        .where(Membership.company_id == company_id)
        .order_by(Person.name, Person.id)
    )
    return [MemberRow(row.id, row.name, row.email, row.role == "owner") for row in rows]


def get_company(session: Session, viewer: Viewer, company_id: uuid.UUID) -> CompanyRow:
    """Return one of the viewer's own companies.

    Raises:
        NotFoundError: if it is not theirs.
    """
    found = next((one for one in list_companies(session, viewer) if one.id == company_id), None)
    if found is None:
        raise NotFoundError
    return found


def list_invitations(session: Session, viewer: Viewer, company_id: uuid.UUID, at: datetime) -> list[InvitationRow]:
    """Return the invitations of one of the viewer's own companies that are still good, the newest first."""
    if company_id not in viewer.company_ids:
        raise NotFoundError
    rows = session.scalars(
        select(Invitation)
        .where(Invitation.company_id == company_id, Invitation.ended_at.is_(None), Invitation.expires_at > at)
        .order_by(Invitation.created_at.desc(), Invitation.id)
    )
    return [InvitationRow(row.id, row.email, row.role == "owner", row.expires_at) for row in rows]


def find_invited(session: Session, token: str, at: datetime) -> InvitedRow | None:
    """Return what an invitation says to whoever holds its link."""
    row = session.execute(
        select(Invitation, Company.name, Person.name, Membership.role)
        .join(Company, Company.id == Invitation.company_id)
        .join(Person, Person.id == Invitation.invited_by_id)
        .outerjoin(
            Membership,
            (Membership.company_id == Invitation.company_id) & (Membership.person_id == Invitation.invited_by_id),
        )
        .where(Invitation.token_sha256 == token_hash(token))
    ).one_or_none()
    if row is None:
        return None
    invitation, company_name, inviter, role = row
    good = invitation.ended_at is None and invitation.expires_at > at and role == "owner"
    return InvitedRow(company_name, inviter, invitation.email, invitation.role == "owner", good)
