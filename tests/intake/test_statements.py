"""What a company says of itself: versions that stay, answers that cannot be, and what a submission was judged by."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from intake_samples import NUMBERS, add_applicant, add_person, fill_draft
from sqlalchemy import select

from fundapp.core.access import Role, Viewer
from fundapp.core.errors import InvalidInputError, NotFoundError
from fundapp.core.sessions import Database
from fundapp.intake.actions import state_company, submit_application
from fundapp.intake.standing import UNSAID, RelatedFirm, Standing
from fundapp.intake.standing_queries import get_company, standing_of
from fundapp.intake.tables import Company, CompanyStatement

SAID = Standing(
    representative="김하나",
    legal_form="corporation",
    started_on=date(2021, 3, 15),
    closing_month=12,
    group="none",
    owner="none",
    related=(RelatedFirm("누리홀딩스", 3_550, 1_200_000_000, "J62010"), RelatedFirm("다온", 5_000)),
    outgrown="first",
    outgrown_year=2024,
    claim="medium",
)


def say(
    db: Database,
    actor: Viewer,
    company: uuid.UUID,
    at: datetime,
    standing: Standing,
    number: str | None = None,
    key: str = "",
) -> None:
    db.transaction(
        lambda session: state_company(
            session,
            actor=actor,
            at=at,
            company_id=company,
            standing=standing,
            corporate_number=number,
            today=at.date(),
            key=key or uuid.uuid4().hex,
        )
    )


def versions(db: Database) -> list[int]:
    with db.read() as session:
        return list(session.scalars(select(CompanyStatement.version).order_by(CompanyStatement.version)))


def test_a_statement_comes_back_as_it_was_said(db: Database, at: datetime) -> None:
    applicant, company = add_applicant(db, at)
    say(db, applicant, company, at, SAID, "110111-0062432")
    with db.read() as session:
        page = get_company(session, applicant, company)
    assert (page.standing, page.version, page.corporate_number) == (SAID, 1, "1101110062432")


def test_each_change_is_a_version_and_the_same_again_is_none(db: Database, at: datetime) -> None:
    applicant, company = add_applicant(db, at)
    key = uuid.uuid4().hex
    say(db, applicant, company, at, SAID, key=key)
    say(db, applicant, company, at, SAID, key=key)
    say(db, applicant, company, at, SAID)
    say(db, applicant, company, at, replace(SAID, group=None))
    assert versions(db) == [1, 2]


def test_a_corporate_number_whose_check_digit_does_not_fit_is_kept(db: Database, at: datetime) -> None:
    applicant, company = add_applicant(db, at)
    say(db, applicant, company, at, UNSAID, "1101110062433")
    with db.read() as session:
        assert session.get_one(Company, company).corporate_number == "1101110062433"


@pytest.mark.parametrize(
    ("changes", "number", "field"),
    [
        ({}, "110111", "corporate_number"),
        ({}, "900101-1234560", "corporate_number"),
        ({"legal_form": "guild"}, None, "legal_form"),
        ({"started_on": date(2026, 5, 9)}, None, "started_on"),
        ({"closing_month": 13}, None, "closing_month"),
        ({"outgrown_year": 2027}, None, "outgrown_year"),
        ({"recent_krw": 1}, None, "recent_krw"),
        ({"representative": "900101-1234567"}, None, "representative"),
        ({"related": (RelatedFirm("", 5_000),)}, None, "related"),
        ({"related": (RelatedFirm("다온", 10_001),)}, None, "related"),
        ({"related": (RelatedFirm("다온", 5_000),) * 21}, None, "related"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    db: Database, at: datetime, changes: dict[str, object], number: str | None, field: str
) -> None:
    applicant, company = add_applicant(db, at)
    with pytest.raises(InvalidInputError) as caught:
        say(db, applicant, company, at, replace(SAID, **changes), number)  # type: ignore[arg-type]
    assert (caught.value.details["field"], versions(db)) == (field, [])


def test_nobody_speaks_for_another_company(db: Database, at: datetime) -> None:
    _, company = add_applicant(db, at)
    stranger = add_person(db, at, "other@company.example", {Role.APPLICANT, Role.ANALYST})
    with pytest.raises(NotFoundError):
        say(db, stranger, company, at, SAID)


def test_a_submission_is_judged_by_what_had_been_said_when_it_was_sent(db: Database, call: str, at: datetime) -> None:
    applicant, company = add_applicant(db, at)
    application = fill_draft(db, applicant, company, at, NUMBERS[0])
    earlier = at - timedelta(minutes=2)
    say(db, applicant, company, earlier, SAID)
    with db.read() as session:
        assert standing_of(session, application) == SAID
    db.transaction(
        lambda session: submit_application(
            session, actor=applicant, at=at, application_id=application, key=uuid.uuid4().hex
        )
    )
    say(db, applicant, company, at + timedelta(seconds=1), replace(SAID, group="restricted"))
    with db.read() as session:
        assert (call, standing_of(session, application)) == ("AX-2026-1", SAID)
