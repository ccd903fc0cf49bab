"""Companies, and who acts for them."""

from __future__ import annotations

import unicodedata
import uuid
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.core.access import Role, Viewer
from fundapp.core.errors import ForbiddenError, NotFoundError
from fundapp.intake.actions.names import refuse
from fundapp.intake.kinship_queries import standing_merge_of
from fundapp.intake.rules import (
    CompanyTakenError,
    business_number_fault,
    holds_resident_number,
)
from fundapp.intake.tables import Company, Membership


def register_company(session: Session, *, actor: Viewer, at: datetime, name: str, business_number: str) -> uuid.UUID:
    """Register the company that the actor will apply for, with the actor as its owner.

    Whoever types a business number proves nothing by it, so a company that is known already is never handed over:
    one of its owners, or the fund, adds people (`join_company`).

    Raises:
        CompanyTakenError: if another person or an import registered it.
        InvalidInputError: for a bad number or name.
    """
    if actor.person_id is None or not actor.has(Role.APPLICANT):
        raise ForbiddenError(verb="register", kind="company")
    fault = business_number_fault(business_number)
    if fault is not None:
        ko, en = fault
        raise refuse(
            "business_number", f"사업자등록번호가 맞지 않습니다. {ko}", f"not a business registration number: it {en}"
        )
    digits = "".join(letter for letter in unicodedata.normalize("NFKC", business_number) if letter.isdigit())
    clean = name.strip()
    if not clean or len(clean) > 80 or holds_resident_number(clean) or not clean.isprintable():  # noqa: PLR2004
        raise refuse("company_name", "회사명을 확인하세요", "check the company's name")
    known = session.scalar(select(Company).where(Company.scheme == "brn", Company.identifier == digits))
    if known is not None:
        owner = session.get(Membership, (known.id, actor.person_id))
        if owner is None:
            raise CompanyTakenError
        return known.id
    company = Company(scheme="brn", identifier=digits, name=clean, created_at=at)
    session.add(company)
    session.flush()
    session.add(Membership(company_id=company.id, person_id=actor.person_id, role="owner"))
    session.flush()
    record_event(
        session, actor=actor, verb="company.registered", subject_kind="company", subject=str(company.id), at=at
    )
    return company.id


def join_company(
    session: Session, *, actor: Viewer, at: datetime, company_id: uuid.UUID, person_id: uuid.UUID, role: str = "member"
) -> None:
    """Let a person act for a company; an owner of it or the fund's analyst may say so. Repeating changes nothing.

    Raises:
        ForbiddenError: if the actor may not.
        InvalidInputError: if the company was merged into another, which is the one to join.
    """
    own = None if actor.person_id is None else session.get(Membership, (company_id, actor.person_id))
    if (own is None or own.role != "owner") and not actor.has(Role.ANALYST, Role.ADMIN):
        raise ForbiddenError(verb="join", kind="company")
    if session.get(Company, company_id) is None:
        raise NotFoundError
    if session.get(Membership, (company_id, person_id)) is not None:
        return
    if standing_merge_of(session, company_id) is not None:
        raise refuse(
            "company",
            "다른 기업에 병합된 기업입니다. 병합된 기업에 더해 주세요",
            "merged into another company; join that one",
        )
    session.add(Membership(company_id=company_id, person_id=person_id, role=role))
    session.flush()
    record_event(
        session,
        actor=actor,
        verb="company.joined",
        subject_kind="company",
        subject=str(company_id),
        at=at,
        details={"person": str(person_id), "role": role},
    )
