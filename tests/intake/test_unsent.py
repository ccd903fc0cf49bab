"""What a company writes and has not sent stays its own: no file sends it, and nobody else reads it."""

from __future__ import annotations

import csv
import uuid
from datetime import datetime
from pathlib import Path

import pytest
from intake_samples import CALL, NUMBERS, WriteCsv, add_applicant, fill_draft, row
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from fundapp.core.access import SYSTEM, Role, Viewer
from fundapp.core.sessions import Database
from fundapp.intake.actions import save_answers, start_application, submit_application, withdraw_application
from fundapp.intake.exporting import export_applications
from fundapp.intake.importing import ImportResult, import_applications
from fundapp.intake.queries import (
    get_application,
    list_applications,
    list_my_applications,
    related_applications,
)
from fundapp.intake.tables import Application, Submission

READER = Viewer(uuid.UUID(int=1), roles=frozenset({Role.COMMITTEE}))
UNSENT = {"solution_title": "보내지 않은 제목", "contact_phone": "031-999-0000", "employees": "77"}


def do_import(db: Database, path: Path, at: datetime) -> ImportResult:
    return import_applications(db, path, call_code=CALL, actor=SYSTEM, at=at)


def refusals(result: ImportResult) -> list[tuple[int, str, str]]:
    return [(one.row, one.field, one.code) for one in result.rejected]


def counts(result: ImportResult) -> tuple[int, int, int]:
    return (result.created, result.updated, result.unchanged)


def submissions(db: Database) -> int:
    with db.read() as session:
        return session.scalar(select(func.count()).select_from(Submission)) or 0


@pytest.fixture
def applicant(db: Database, call: str, at: datetime) -> tuple[Viewer, uuid.UUID]:
    return add_applicant(db, at)


@pytest.fixture
def draft(db: Database, applicant: tuple[Viewer, uuid.UUID], at: datetime) -> uuid.UUID:
    return fill_draft(db, *applicant, at, NUMBERS[0])


@pytest.fixture
def edited(db: Database, applicant: tuple[Viewer, uuid.UUID], draft: uuid.UUID, at: datetime) -> uuid.UUID:
    """An application that was sent with `ROW` and then changed without being sent again."""

    def work(session: Session) -> None:
        submit_application(session, actor=applicant[0], at=at, application_id=draft, key="k")
        save_answers(session, actor=applicant[0], at=at, application_id=draft, answers=UNSENT, expected_revision=2)

    db.transaction(work)
    return draft


def test_a_file_does_not_send_a_draft_that_the_company_is_writing(
    db: Database, draft: uuid.UUID, at: datetime, write_csv: WriteCsv
) -> None:
    path = write_csv([row(), row(business_number=NUMBERS[1])])
    first, second = do_import(db, path, at), do_import(db, path, at)
    assert refusals(first) == refusals(second) == [(2, "row", "in_draft")]
    assert (counts(first), counts(second)) == ((1, 0, 0), (0, 0, 1))
    with db.read() as session:
        kept = session.get(Application, draft)
        assert kept is not None
        assert (kept.state, kept.revision, kept.answers["employees"]) == ("draft", 2, 12)
    assert submissions(db) == 1


def test_a_draft_that_was_only_started_is_the_companys_too(
    db: Database, applicant: tuple[Viewer, uuid.UUID], at: datetime, write_csv: WriteCsv
) -> None:
    db.transaction(
        lambda session: start_application(session, actor=applicant[0], at=at, call_code=CALL, company_id=applicant[1])
    )
    result = do_import(db, write_csv([row()]), at)
    assert [(one.code, one.message_ko, one.message_en) for one in result.rejected] == [
        (
            "in_draft",
            "기업이 웹에서 신청서를 작성하고 있습니다. 기업이 직접 제출해야 합니다.",
            "The company is writing its own application on the web; only the company can send it.",
        )
    ]
    assert submissions(db) == 0


def test_a_file_does_not_overwrite_changes_that_were_not_sent(
    db: Database, edited: uuid.UUID, at: datetime, write_csv: WriteCsv
) -> None:
    assert refusals(do_import(db, write_csv([row(employees="13")]), at)) == [(2, "row", "unsent_edits")]
    with db.read() as session:
        kept = session.scalars(select(Application.answers).where(Application.id == edited)).one()
    assert (kept["solution_title"], kept["employees"]) == ("보내지 않은 제목", 77)
    assert submissions(db) == 1


def test_a_row_is_compared_with_what_was_sent(
    db: Database, edited: uuid.UUID, at: datetime, write_csv: WriteCsv
) -> None:
    assert counts(do_import(db, write_csv([row()]), at)) == (0, 0, 1)
    assert refusals(do_import(db, write_csv([row(**UNSENT)]), at)) == [(2, "row", "unsent_edits")]


def test_changes_that_were_taken_back_stand_in_no_files_way(
    db: Database, applicant: tuple[Viewer, uuid.UUID], edited: uuid.UUID, at: datetime, write_csv: WriteCsv
) -> None:
    db.transaction(
        lambda session: save_answers(
            session,
            actor=applicant[0],
            at=at,
            application_id=edited,
            answers={key: row()[key] for key in UNSENT},
            expected_revision=3,
        )
    )
    assert counts(do_import(db, write_csv([row(employees="13")]), at)) == (0, 1, 0)
    with db.read() as session:
        assert get_application(session, READER, edited).answers["employees"] == 13


@pytest.mark.parametrize("others", [0, 3])
def test_a_chunk_is_planned_in_one_statement_whatever_it_finds(
    db: Database, edited: uuid.UUID, at: datetime, write_csv: WriteCsv, others: int
) -> None:
    path = write_csv([row(), *(row(business_number=number) for number in NUMBERS[1 : 1 + others])])
    do_import(db, path, at)
    statements: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *given: statements.append(str(given[2])))
    assert counts(do_import(db, path, at)) == (0, 0, 1 + others)
    assert len([one for one in statements if "FROM company " in one]) == 1


def test_only_the_company_reads_what_it_has_not_sent(
    db: Database, applicant: tuple[Viewer, uuid.UUID], edited: uuid.UUID
) -> None:
    with db.read() as session:
        sent, own = get_application(session, READER, edited), get_application(session, applicant[0], edited)
        listed = list_applications(session, READER, CALL)
        mine = list_my_applications(session, applicant[0])
    assert (sent.answers["solution_title"], sent.answers["employees"]) == ("문서 요약", 12)
    assert (own.answers["solution_title"], own.answers["employees"]) == ("보내지 않은 제목", 77)
    assert [one.solution_title for one in listed] == ["문서 요약"]
    assert [one.solution_title for one in mine] == ["보내지 않은 제목"]


def test_a_draft_that_was_withdrawn_unsent_shows_nothing(
    db: Database, applicant: tuple[Viewer, uuid.UUID], draft: uuid.UUID, at: datetime
) -> None:
    db.transaction(lambda session: withdraw_application(session, actor=applicant[0], at=at, application_id=draft))
    with db.read() as session:
        assert get_application(session, READER, draft).answers == {}
        assert [one.solution_title for one in list_applications(session, READER, CALL)] == [""]


def test_an_export_holds_what_was_sent(db: Database, edited: uuid.UUID, tmp_path: Path) -> None:
    with db.read() as session:
        export_applications(session, READER, CALL, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        written = [(line["solution_title"], line["employees"]) for line in csv.DictReader(file)]
    assert written == [("문서 요약", "12")]


def test_relations_are_those_of_what_was_sent(
    db: Database, edited: uuid.UUID, at: datetime, write_csv: WriteCsv
) -> None:
    other = {"contact_email": "a@other.example"}
    do_import(
        db,
        write_csv(
            [
                row(business_number=NUMBERS[1], **other),
                row(business_number=NUMBERS[2], **other | {"contact_phone": UNSENT["contact_phone"]}),
            ]
        ),
        at,
    )
    with db.read() as session:
        found = related_applications(session, READER, edited)
        back = {
            one.number: related_applications(session, READER, one.id)
            for one in list_applications(session, READER, CALL)
        }
    assert [(one.number, one.shared) for one in found] == [("AX-2026-1-0002", ("phone",))]
    assert [one.number for one in back["AX-2026-1-0003"]] == ["AX-2026-1-0002"]
