"""Files that are broken, or meant to break something."""

from __future__ import annotations

import zipfile
from datetime import datetime
from pathlib import Path

import pytest
from intake_samples import CALL, NUMBERS, WriteCsv, row
from sqlalchemy import func, select

from fundapp.core.access import SYSTEM, Role, Viewer
from fundapp.core.errors import InputFileError, InvalidInputError, NotFoundError
from fundapp.core.sessions import Database
from fundapp.intake.importing import ImportResult, import_applications
from fundapp.intake.mapping import parse_mapping
from fundapp.intake.tables import Application, Submission


def do_import(db: Database, path: Path, at: datetime, **options: bool) -> ImportResult:
    return import_applications(db, path, call_code=CALL, actor=SYSTEM, at=at, **options)


def count(db: Database) -> int:
    with db.read() as session:
        return session.scalar(select(func.count()).select_from(Application)) or 0


HEADER = ",".join(row()).encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" \r\n ",
        bytes(range(256)) * 40,
        b"\x89PNG\r\n\x1a\n" + bytes(200),
        b"PK\x03\x04" + b"not a workbook" * 20,
        b"\xd0\xcf\x11\xe0" + bytes(600),
        HEADER + b'\n"never closed',
        HEADER + b",business_number\n",
        b"name,amount\n1,2\n",
        HEADER.replace(b"business_number", b"vat_number") + b"\n",
        HEADER + b"\n" + b"x" * 200_000 + b"\n",
    ],
    ids=[
        "empty",
        "blank",
        "binary",
        "picture",
        "broken-zip",
        "old-excel",
        "open-quote",
        "double-header",
        "other-file",
        "no-identifier",
        "giant-cell",
    ],
)
def test_a_file_that_is_no_sheet_of_applications_is_refused_whole(
    db: Database, call: str, at: datetime, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "hostile.csv"
    path.write_bytes(content)
    with pytest.raises(InputFileError):
        do_import(db, path, at)
    assert count(db) == 0


def test_a_workbook_whose_cell_lies_far_out_is_refused_before_it_is_unfolded(
    db: Database, call: str, at: datetime, tmp_path: Path
) -> None:
    path = tmp_path / "far.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/worksheets/sheet1.xml", '<c r="A1"/><c r="XFD1048576"/>')
    with pytest.raises(InputFileError, match="at most 100,000 rows"):
        do_import(db, path, at)


def test_an_absent_file_is_refused(db: Database, call: str, at: datetime, tmp_path: Path) -> None:
    with pytest.raises(InputFileError):
        do_import(db, tmp_path / "none.csv", at)


def test_bad_rows_are_listed_by_row_field_and_code_and_good_ones_are_in(
    db: Database, call: str, at: datetime, write_csv: WriteCsv
) -> None:
    rows = [
        row(),
        row(business_number="1234567890", contact_email="nobody"),
        row(business_number=NUMBERS[1], solution_summary="가" * 10_000),
        row(business_number=NUMBERS[2], company_name="가\x00나"),
        row(business_number=NUMBERS[3], spc_link="대표 800101-1234567"),
        row(business_number="", company_name="번호 없음"),
    ]
    result = do_import(db, write_csv(rows), at)
    assert (result.read, result.created, count(db)) == (6, 1, 1)
    assert [(found.row, found.field, found.code) for found in result.rejected] == [
        (3, "business_number", "business_number"),
        (3, "contact_email", "email"),
        (4, "solution_summary", "too_long"),
        (5, "company_name", "control_characters"),
        (6, "spc_link", "resident_number"),
        (7, "business_number", "identifier"),
    ]
    assert all(found.message_ko != found.message_en for found in result.rejected)


def test_ragged_rows_are_blank_where_short_and_refused_where_long(
    db: Database, call: str, at: datetime, tmp_path: Path
) -> None:
    short = list(row().values())[:-1]
    long = [*row(business_number=NUMBERS[1]).values(), "surplus"]
    path = tmp_path / "ragged.csv"
    path.write_text("\n".join([",".join(row()), ",".join(short), ",".join(long)]), encoding="utf-8")
    result = do_import(db, path, at)
    assert [(found.row, found.field, found.code) for found in result.rejected] == [
        (2, "conflict_cleared", "required"),
        (3, "row", "too_many_cells"),
    ]


def test_a_cell_that_looks_like_a_formula_is_kept_as_text(
    db: Database, call: str, at: datetime, write_csv: WriteCsv
) -> None:
    formula = '=HYPERLINK("http://evil.example","click")'
    assert do_import(db, write_csv([row(solution_title=formula)]), at).created == 1
    with db.read() as session:
        assert session.scalars(select(Submission.answers)).one()["solution_title"] == formula


def test_all_or_nothing_writes_nothing_if_one_row_is_bad(
    db: Database, call: str, at: datetime, write_csv: WriteCsv
) -> None:
    path = write_csv([row(), row(business_number=NUMBERS[1], contact_phone="x")])
    result = do_import(db, path, at, all_or_nothing=True)
    assert (result.created, len(result.rejected), count(db)) == (0, 1, 0)
    good = write_csv([row(), row(business_number=NUMBERS[1])])
    assert (do_import(db, good, at, all_or_nothing=True).created, count(db)) == (2, 2)


def test_a_dry_run_says_what_would_happen_and_writes_nothing(
    db: Database, call: str, at: datetime, write_csv: WriteCsv
) -> None:
    path = write_csv([row(), row(business_number=NUMBERS[1], contact_phone="x"), row()])
    result = do_import(db, path, at, dry_run=True)
    assert (result.read, result.created, result.unchanged, len(result.rejected)) == (3, 1, 1, 1)
    assert count(db) == 0


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ANALYST])
def test_only_an_analyst_may_import(db: Database, call: str, at: datetime, write_csv: WriteCsv, role: Role) -> None:
    viewer = Viewer(None, roles=frozenset({role}))
    with pytest.raises(NotFoundError):
        import_applications(db, write_csv([row()]), call_code=CALL, actor=viewer, at=at)


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"identity": {"scheme": "krx"}}, "identity"),
        ({"identity": {"scheme": "krx", "column": "A"}, "colunms": {}}, "colunms"),
        ({"identity": {"scheme": "krx", "column": "A"}, "units": {"assets_krw": "1000"}}, "units"),
        ({"identity": {"scheme": "krx", "column": "A"}, "encoding": "utf-7"}, "encoding"),
        ({"identity": {"scheme": "krx", "column": "A"}, "relax": {"required": "gpu"}}, "relax"),
    ],
)
def test_a_mapping_with_a_part_that_cannot_be_used_names_it(document: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_mapping(document)
    assert caught.value.details["field"] == field
