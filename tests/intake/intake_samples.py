"""Rows, people and companies that the tests of intake start from."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from documents_made import attach_plan
from sqlalchemy.orm import Session

from fundapp.core.access import Role, Viewer
from fundapp.core.sessions import Database
from fundapp.identity.tables import Person
from fundapp.intake.actions import record_consent, register_company, save_answers, start_application

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
CALL = "AX-2026-1"
KRX = ROOT.parent / "shared" / "data" / "scoring" / "krx_products_2021.csv"

# Check digits worked out by hand from the published weights; the first three are published example numbers.
NUMBERS = ("1208800767", "1111111119", "2222222227", "3333333336")

ROW = {
    "company_name": "가나다랩",
    "business_number": "120-88-00767",
    "founded_on": "2021-03-15",
    "ksic": "J58222",
    "region": "서울특별시",
    "employees": "12",
    "revenue_krw_y1": "1200000000",
    "assets_krw": "3000000000",
    "contact_name": "김하나",
    "contact_email": "hana@ganada.example",
    "contact_phone": "02-123-4567",
    "solution_title": "문서 요약",
    "solution_summary": "공공 문서를 요약합니다.",
    "sector": "공공",
    "spc_link": "SPC에서 운영합니다.",
    "requested_krw": "100000000",
    "gpu_h100_2026Q3": "240",
    "foreign_processing_only": "아니오",
    "tax_arrears": "아니오",
    "sanctions": "아니오",
    "conflict_cleared": "예",
}

WriteCsv = Callable[..., Path]


def row(**changes: str) -> dict[str, str]:
    """A good row of the example call with some cells changed."""
    return ROW | changes


def add_person(db: Database, at: datetime, email: str, roles: Iterable[Role]) -> Viewer:
    """Write a person and return them as a viewer."""

    def work(session: Session) -> uuid.UUID:
        person = Person(email=email, name=email.partition("@")[0], created_at=at, confirmed_at=at)
        session.add(person)
        session.flush()
        return person.id

    return Viewer(db.transaction(work), email.partition("@")[0], email, frozenset(roles))


def add_applicant(db: Database, at: datetime, number: str = NUMBERS[0]) -> tuple[Viewer, uuid.UUID]:
    """Write an applicant with a company of their own; return both."""
    person = add_person(db, at, f"applicant{number}@company.example", {Role.APPLICANT})
    company = db.transaction(
        lambda session: register_company(session, actor=person, at=at, name="가나다랩", business_number=number)
    )
    return replace(person, company_ids=frozenset({company})), company


def fill_draft(db: Database, applicant: Viewer, company: uuid.UUID, at: datetime, number: str) -> uuid.UUID:
    """Start an application, answer everything that is required, give the required consent and hand the plan in."""

    def work(session: Session) -> uuid.UUID:
        application = start_application(session, actor=applicant, at=at, call_code=CALL, company_id=company)
        answers = row(business_number=number)
        save_answers(session, actor=applicant, at=at, application_id=application, answers=answers, expected_revision=1)
        record_consent(session, actor=applicant, at=at, application_id=application, purpose="personal_data", given=True)
        attach_plan(session, applicant, at, company, application)
        return application

    return db.transaction(work)
