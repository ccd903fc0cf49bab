"""The register of interests as the rules compare it, and as pages show it."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, aliased

from fundapp.committee.rules import Applicant, DeclaredInterest, GroupCompany
from fundapp.committee.tables import Affiliate, Interest
from fundapp.core.access import Kind, Role, Thing, Verb, Viewer, may, require
from fundapp.core.errors import NotFoundError
from fundapp.identity.tables import Person, person_role
from fundapp.identity.tables import Role as RoleRow
from fundapp.intake.newest import newest_answers
from fundapp.intake.tables import Application, Company, Membership

REGISTERED = frozenset({Role.ANALYST, Role.COMMITTEE, Role.CHAIR, Role.AUDITOR})
"""Whose interests are registered: everybody whom applications are shown to."""


@dataclass(frozen=True, slots=True)
class RegisteredPerson:
    """Somebody whose interests are registered."""

    person_id: uuid.UUID
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class InterestRow:
    """One interest as it stands, or an earlier version of one.

    Attributes:
        share_bp: Share of the company in hundredths of a percent.
        current: Neither replaced nor withdrawn.
    """

    interest_id: uuid.UUID
    person_id: uuid.UUID
    person: str
    kind: str
    company_name: str
    business_number: str | None
    corporate_number: str | None
    group_name: str | None
    share_bp: int | None
    since: date | None
    until: date | None
    relation: str | None
    domain: str | None
    phone: str | None
    address: str | None
    reason: str | None
    withdrawn: bool
    current: bool
    recorded_by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AffiliateRow:
    """One company of a group."""

    affiliate_id: uuid.UUID
    group_name: str
    company_name: str
    business_number: str | None
    corporate_number: str | None
    source: str
    recorded_by: str
    at: datetime


def _unreplaced() -> ColumnElement[bool]:
    later = aliased(Interest)
    return ~select(later.id).where(later.replaces_id == Interest.id).exists()


def registered_people(session: Session) -> list[RegisteredPerson]:
    """Return everybody active whose interests are registered, by name: for actions, not for pages."""
    rows = session.execute(
        select(Person.id, Person.name, Person.email)
        .join(person_role, person_role.c.person_id == Person.id)
        .join(RoleRow, RoleRow.id == person_role.c.role_id)
        .where(Person.active, RoleRow.name.in_(REGISTERED))
        .distinct()
        .order_by(Person.name, Person.id)
    )
    return [RegisteredPerson(row.id, row.name, row.email) for row in rows]


def declared_interests(session: Session, people: Collection[uuid.UUID]) -> list[DeclaredInterest]:
    """Return what people have declared and not taken back, as the rules compare it: for actions, not for pages."""
    rows = session.scalars(
        select(Interest)
        .where(Interest.person_id.in_(people), ~Interest.withdrawn, _unreplaced())
        .order_by(Interest.at, Interest.id)
    )
    return [
        DeclaredInterest(
            person=row.person_id,
            kind=row.kind,
            company_name=row.company_name,
            interest_id=row.id,
            business_number=row.business_number or "",
            corporate_number=row.corporate_number or "",
            group_name=row.group_name or "",
            share_bp=row.share_bp,
            since=row.since,
            until=row.until,
            domain=row.domain or "",
            phone=row.phone or "",
            address=row.address or "",
        )
        for row in rows
    ]


def group_companies(session: Session) -> list[GroupCompany]:
    """Return the register of groups as the rules compare it: for actions, not for pages."""
    return [
        GroupCompany(row.group_name, row.business_number or "", row.corporate_number or "") for row in _groups(session)
    ]


def _groups(session: Session) -> list[Affiliate]:
    later = aliased(Affiliate)
    replaced = select(later.id).where(later.replaces_id == Affiliate.id).exists()
    query = select(Affiliate).where(~Affiliate.withdrawn, ~replaced)
    return list(session.scalars(query.order_by(Affiliate.group_name, Affiliate.company_name, Affiliate.id)))


def applicants(session: Session, *which: ColumnElement[bool]) -> list[Applicant]:
    """Return what is compared of applications that have been sent, by number: for actions, not for pages."""
    head = session.execute(
        select(
            Application.id,
            Application.company_id,
            Company.name,
            Company.scheme,
            Company.identifier,
            Company.corporate_number,
        )
        .join(Company, Company.id == Application.company_id)
        .where(Application.state != "draft", *which)
        .order_by(Application.number)
    ).all()
    among = select(Application.id).where(Application.state != "draft", *which)
    answers = {row.application_id: row.answers for row in session.execute(newest_answers(among))}
    acting: defaultdict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    companies = select(Application.company_id).where(Application.state != "draft", *which)
    for company_id, person_id in session.execute(
        select(Membership.company_id, Membership.person_id).where(Membership.company_id.in_(companies))
    ):
        acting[company_id].add(person_id)
    found = []
    for row in head:
        said = answers.get(row.id, {})
        found.append(
            Applicant(
                application_id=row.id,
                name=row.name,
                business_number=row.identifier if row.scheme == "brn" else "",
                corporate_number=str(row.corporate_number or said.get("corporate_number") or ""),
                email=str(said.get("contact_email") or ""),
                phone=str(said.get("contact_phone") or ""),
                address=str(said.get("address") or ""),
                people=frozenset(acting[row.company_id]),
            )
        )
    return found


def list_interests(session: Session, viewer: Viewer, person_id: uuid.UUID | None = None) -> list[InterestRow]:
    """Return the register, or one person's part of it, with earlier versions: current ones first.

    Raises:
        ForbiddenError: if it is neither the viewer's own part nor theirs to read.
    """
    own = person_id is not None and person_id == viewer.person_id
    if not (own and may(viewer, Verb.SUBMIT, Thing(Kind.CONFLICT))):
        require(viewer, Verb.VIEW, Thing(Kind.CONFLICT))
    query = select(Interest, Person.name, _unreplaced()).join(Person, Person.id == Interest.person_id)
    if person_id is not None:
        query = query.where(Interest.person_id == person_id)
    rows = [
        InterestRow(
            interest_id=row.id,
            person_id=row.person_id,
            person=name,
            kind=row.kind,
            company_name=row.company_name,
            business_number=row.business_number,
            corporate_number=row.corporate_number,
            group_name=row.group_name,
            share_bp=row.share_bp,
            since=row.since,
            until=row.until,
            relation=row.relation,
            domain=row.domain,
            phone=row.phone,
            address=row.address,
            reason=row.reason,
            withdrawn=row.withdrawn,
            current=newest and not row.withdrawn,
            recorded_by=row.recorded_by,
            at=row.at,
        )
        for row, name, newest in session.execute(query.order_by(Person.name, Interest.at, Interest.id))
    ]
    return sorted(rows, key=lambda row: not row.current)


def list_affiliates(session: Session, viewer: Viewer) -> list[AffiliateRow]:
    """Return the register of groups, by group and company.

    Raises:
        ForbiddenError: unless the viewer may see the register of interests.
    """
    require(viewer, Verb.VIEW, Thing(Kind.CONFLICT))
    return [
        AffiliateRow(
            row.id,
            row.group_name,
            row.company_name,
            row.business_number,
            row.corporate_number,
            row.source,
            row.recorded_by,
            row.at,
        )
        for row in _groups(session)
    ]


def list_registered(session: Session, viewer: Viewer) -> list[RegisteredPerson]:
    """Return whose interests are registered, for those who keep the register.

    Raises:
        ForbiddenError: unless the viewer may see it.
    """
    require(viewer, Verb.VIEW, Thing(Kind.CONFLICT))
    return registered_people(session)


def find_interest(session: Session, viewer: Viewer, interest_id: uuid.UUID) -> InterestRow:
    """Return one interest that stands.

    Raises:
        NotFoundError: if it is absent, replaced, withdrawn or not the viewer's to see.
    """
    person_id = session.scalar(select(Interest.person_id).where(Interest.id == interest_id))
    if person_id is None:
        raise NotFoundError(interest=str(interest_id))
    for row in list_interests(session, viewer, person_id):
        if row.interest_id == interest_id and row.current:
            return row
    raise NotFoundError(interest=str(interest_id))
