"""Who sees which applications: in lists, counts, relations, searches and exports alike."""

from __future__ import annotations

import csv
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from intake_samples import CALL, NUMBERS, WriteCsv, add_applicant, fill_draft, row
from sqlalchemy import event, select

from fundapp.core.access import SYSTEM, Kind, Role, Thing, Verb, Viewer, may
from fundapp.core.errors import NotFoundError
from fundapp.core.sessions import Database
from fundapp.intake.exporting import export_applications
from fundapp.intake.importing import import_applications
from fundapp.intake.queries import (
    count_applications,
    find_application_id,
    funnel_counts,
    get_application,
    list_applications,
    list_my_applications,
    related_applications,
)
from fundapp.intake.tables import Application

READER = Viewer(uuid.UUID(int=1), roles=frozenset({Role.COMMITTEE}))


@pytest.fixture
def applications(db: Database, call: str, at: datetime, write_csv: WriteCsv) -> list[uuid.UUID]:
    """Three submitted applications; the first two share a telephone, the first and third a domain."""
    rows = [
        row(),
        row(business_number=NUMBERS[1], contact_email="a@other.example"),
        row(business_number=NUMBERS[2], contact_email="b@ganada.example", contact_phone="031-123-4567"),
    ]
    import_applications(db, write_csv(rows), call_code=CALL, actor=SYSTEM, at=at)
    with db.read() as session:
        return list(session.scalars(select(Application.id).order_by(Application.number)))


def test_a_recused_member_finds_nothing_of_the_application(
    db: Database, applications: list[uuid.UUID], tmp_path: Path
) -> None:
    recused = replace(READER, recused_from=frozenset({applications[0]}))
    with db.read() as session:
        assert [one.number for one in list_applications(session, recused, CALL)] == ["AX-2026-1-0002", "AX-2026-1-0003"]
        assert count_applications(session, recused, CALL) == 2
        assert funnel_counts(session, recused, CALL) == {"submitted": 2}
        assert find_application_id(session, recused, "AX-2026-1-0001") is None
        assert related_applications(session, recused, applications[1]) == []
        assert export_applications(session, recused, CALL, tmp_path / "out.csv") == 2
        with pytest.raises(NotFoundError):
            get_application(session, recused, applications[0])
        with pytest.raises(NotFoundError):
            related_applications(session, recused, applications[0])
    assert "AX-2026-1-0001" not in (tmp_path / "out.csv").read_text(encoding="utf-8-sig")


def test_an_applicant_sees_only_their_own_drafts_included(
    db: Database, applications: list[uuid.UUID], at: datetime
) -> None:
    applicant, company = add_applicant(db, at, NUMBERS[3])
    draft = fill_draft(db, applicant, company, at, NUMBERS[3])
    with db.read() as session:
        assert [one.id for one in list_my_applications(session, applicant)] == [draft]
        assert [one.id for one in list_applications(session, applicant, CALL)] == [draft]
        assert funnel_counts(session, applicant, CALL) == {"draft": 1}
        assert related_applications(session, applicant, draft) == []
        assert count_applications(session, READER, CALL) == 3


def test_an_applicant_may_not_export(db: Database, applications: list[uuid.UUID], at: datetime, tmp_path: Path) -> None:
    applicant, _ = add_applicant(db, at, NUMBERS[3])
    with db.read() as session, pytest.raises(NotFoundError):
        export_applications(session, applicant, CALL, tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("role", list(Role))
def test_lists_agree_with_the_policy_for_every_role(db: Database, applications: list[uuid.UUID], role: Role) -> None:
    viewer = Viewer(uuid.UUID(int=2), roles=frozenset({role}), recused_from=frozenset({applications[2]}))
    with db.read() as session:
        listed = {one.id for one in list_applications(session, viewer, CALL)}
    assert listed == {one for one in applications if may(viewer, Verb.VIEW, Thing(Kind.APPLICATION, one))}


def test_related_applications_name_what_is_shared(db: Database, applications: list[uuid.UUID]) -> None:
    with db.read() as session:
        found = related_applications(session, READER, applications[0])
    assert [(one.id, one.shared) for one in found] == [(applications[1], ("phone",)), (applications[2], ("domain",))]


def test_a_search_word_is_taken_literally(db: Database, applications: list[uuid.UUID]) -> None:
    with db.read() as session:
        assert count_applications(session, READER, CALL, search="111-11-11119") == 1
        assert count_applications(session, READER, CALL, search="가나") == 3
        assert count_applications(session, READER, CALL, search="%") == 0
        assert count_applications(session, READER, CALL, states=("eligible",)) == 0


@pytest.mark.parametrize("rows", [1, 50])
def test_a_list_takes_one_statement_however_long_it_is(
    db: Database, call: str, at: datetime, write_csv: WriteCsv, rows: int
) -> None:
    made = [row(business_number=number) for number in _valid_numbers(rows)]
    import_applications(db, write_csv(made), call_code=CALL, actor=SYSTEM, at=at)
    statements: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *given: statements.append(str(given[2])))
    with db.read() as session:
        assert len(list_applications(session, READER, CALL)) == rows
    assert len([one for one in statements if one.startswith("SELECT")]) == 1


def _valid_numbers(count: int) -> Iterator[str]:
    # Nine ones, twos ... would be few: count up and work out the published check digit here.
    for serial in range(100_000_001, 100_000_001 + count):
        digits = [int(digit) for digit in str(serial)]
        total = sum(digit * weight for digit, weight in zip(digits, (1, 3, 7, 1, 3, 7, 1, 3, 5), strict=True))
        yield f"{serial}{(10 - (total + digits[8] * 5 // 10) % 10) % 10}"


def test_the_export_of_one_sees_formulas_disarmed(
    db: Database, call: str, at: datetime, write_csv: WriteCsv, tmp_path: Path
) -> None:
    words = ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", "'=1", "'plain", "plain=1"]
    rows = [
        row(business_number=number, solution_title=word) for number, word in zip(_valid_numbers(8), words, strict=True)
    ]
    import_applications(db, write_csv(rows), call_code=CALL, actor=SYSTEM, at=at)
    with db.read() as session:
        stored = [one.solution_title for one in list_applications(session, READER, CALL)]
        export_applications(session, READER, CALL, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        written = [line["solution_title"] for line in csv.DictReader(file)]
    assert written == ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "'＝1", "'=1", "'plain", "plain=1"]
    assert stored == ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", "=1", "'plain", "plain=1"]
