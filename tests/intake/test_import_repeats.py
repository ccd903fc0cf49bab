"""Repeating, killing and racing imports."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from intake_samples import CALL, EXAMPLES, KRX, NUMBERS, ROOT, WriteCsv, row
from sqlalchemy import select

from fundapp.audit.queries import verify_chain
from fundapp.audit.tables import AuditEvent
from fundapp.core.access import SYSTEM
from fundapp.core.sessions import Database
from fundapp.intake.actions import withdraw_application
from fundapp.intake.importing import ImportResult, import_applications
from fundapp.intake.tables import Application, Call, Company, Submission, Transition

MAPPING = EXAMPLES / "mappings" / "krx.toml"

KILLED_AT_THE_THIRD_COMMIT = """
import os, sys
from datetime import datetime
from pathlib import Path
from sqlalchemy import event
from fundapp.core.access import SYSTEM
from fundapp.core.sessions import Database
from fundapp.intake.importing import import_applications
db, commits = Database(sys.argv[1]), []
@event.listens_for(db.engine, "commit")
def die(connection):
    commits.append(1)
    if len(commits) == 3:
        os._exit(9)
import_applications(db, Path(sys.argv[2]), call_code=sys.argv[4], mapping=Path(sys.argv[3]), actor=SYSTEM,
                    at=datetime.fromisoformat(sys.argv[5]))
"""


def do_import(db: Database, path: Path, at: datetime, **options: Path) -> ImportResult:
    return import_applications(db, path, call_code=CALL, actor=SYSTEM, at=at, **options)


def counts(result: ImportResult) -> tuple[int, int, int, int]:
    return (result.created, result.updated, result.unchanged, len(result.rejected))


def numbering(db: Database) -> list[tuple[str, str]]:
    with db.read() as session:
        query = select(Application.number, Company.identifier).join(Company, Company.id == Application.company_id)
        return [(number, identifier) for number, identifier in session.execute(query.order_by(Application.number))]


def test_an_import_that_is_killed_and_started_again_ends_with_the_numbers_of_the_file(
    db: Database, database_url: str, call: str, at: datetime
) -> None:
    if not KRX.exists():
        pytest.skip(f"{KRX.name} is not here")
    arguments = [database_url, str(KRX), str(MAPPING), CALL, at.isoformat()]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_AT_THE_THIRD_COMMIT, *arguments], cwd=ROOT, check=False, capture_output=True
    )
    assert killed.returncode == 9
    assert len(numbering(db)) == 800
    assert counts(do_import(db, KRX, at, mapping=MAPPING)) == (1591, 0, 800, 0)
    symbols = [line.split(",")[0] for line in KRX.read_text(encoding="utf-8-sig").splitlines()[1:]]
    assert numbering(db) == [(f"AX-2026-1-{place:04d}", symbol) for place, symbol in enumerate(symbols, start=1)]


def test_two_imports_at_once_make_each_application_once(
    db: Database, call: str, at: datetime, write_csv: WriteCsv
) -> None:
    path = write_csv([row(business_number=number) for number in NUMBERS])
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda _: do_import(db, path, at), range(2)))
    assert sorted(counts(result) for result in results) == [(0, 0, 4, 0), (4, 0, 0, 0)]
    assert [identifier for _, identifier in numbering(db)] == list(NUMBERS)


def test_a_changed_row_freezes_a_second_version_and_leaves_the_first(
    db: Database, call: str, at: datetime, write_csv: WriteCsv
) -> None:
    do_import(db, write_csv([row()]), at)
    assert counts(do_import(db, write_csv([row(employees="13")]), at)) == (0, 1, 0, 0)
    with db.read() as session:
        frozen = [
            (one.version, one.answers["employees"])
            for one in session.scalars(select(Submission).order_by(Submission.version))
        ]
        steps = list(session.scalars(select(Transition.verb).order_by(Transition.id)))
    assert frozen == [(1, 12), (2, 13)]
    assert steps == ["submit", "resubmit"]


def test_a_company_that_is_twice_in_a_file_ends_as_its_last_row_and_repeats_change_nothing(
    db: Database, call: str, at: datetime, write_csv: WriteCsv
) -> None:
    path = write_csv([row(), row(), row(employees="13")])
    assert counts(do_import(db, path, at)) == (1, 1, 1, 0)
    assert counts(do_import(db, path, at)) == (0, 0, 3, 0)
    with db.read() as session:
        assert session.scalars(select(Application.answers)).one()["employees"] == 13


def test_columns_that_the_file_lacks_keep_their_answers_and_blank_cells_clear_them(
    db: Database, call: str, at: datetime, write_csv: WriteCsv
) -> None:
    do_import(db, write_csv([row(pilot_customers="3", letters_of_intent="2")]), at)
    do_import(db, write_csv([row(pilot_customers="", employees="13")]), at)
    with db.read() as session:
        answers = session.scalars(select(Application.answers)).one()
    assert "pilot_customers" not in answers
    assert answers["letters_of_intent"] == 2


def test_what_is_under_review_is_not_changed_by_a_file(
    db: Database, call: str, at: datetime, write_csv: WriteCsv
) -> None:
    do_import(db, write_csv([row()]), at)
    with db.read() as session:
        found = session.scalars(select(Application)).one()
    owner = replace(SYSTEM, roles=frozenset({"applicant"}), company_ids=frozenset({found.company_id}))
    db.transaction(lambda session: withdraw_application(session, actor=owner, at=at, application_id=found.id))
    assert counts(do_import(db, write_csv([row()]), at)) == (0, 0, 1, 0)
    result = do_import(db, write_csv([row(employees="13")]), at)
    assert [(one.row, one.code) for one in result.rejected] == [(2, "in_review")]


def test_an_analyst_recused_from_an_application_cannot_change_it_by_a_file(
    db: Database, call: str, at: datetime, write_csv: WriteCsv
) -> None:
    do_import(db, write_csv([row()]), at)
    with db.read() as session:
        application = session.scalars(select(Application.id)).one()
    analyst = replace(SYSTEM, recused_from=frozenset({application}))
    result = import_applications(db, write_csv([row(employees="13")]), call_code=CALL, actor=analyst, at=at)
    assert [(one.row, one.code) for one in result.rejected] == [(2, "not_allowed")]


@pytest.mark.parametrize("hours_after", [0, 5])
def test_an_import_is_on_record_with_the_files_hash_and_whether_it_came_late(
    db: Database, call: str, at: datetime, write_csv: WriteCsv, hours_after: int
) -> None:
    do_import(db, write_csv([row()]), at + timedelta(hours=hours_after))
    with db.read() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.verb == "applications.imported")).one()
        closes = session.scalars(select(Call.closes_at)).one()
        assert verify_chain(session).ok
    assert event.details["late"] is (at + timedelta(hours=hours_after) > closes) is (hours_after == 5)
    assert event.details["applications"][0][:2] == ["AX-2026-1-0001", "submit"]
