"""Imports of real files: the example applications and a public list of listed companies."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import pytest
import xlsxwriter
from intake_samples import CALL, EXAMPLES, KRX, NUMBERS, WriteCsv, row
from sqlalchemy import select

from fundapp.core.access import SYSTEM
from fundapp.core.sessions import Database
from fundapp.intake.importing import ImportResult, import_applications
from fundapp.intake.tables import Application, Company, Submission

MAPPING = EXAMPLES / "mappings" / "krx.toml"


def do_import(db: Database, path: Path, at: datetime, mapping: Path | None = None) -> ImportResult:
    return import_applications(db, path, call_code=CALL, actor=SYSTEM, at=at, mapping=mapping)


def counts(result: ImportResult) -> tuple[int, int, int, int, int]:
    return (result.read, result.created, result.updated, result.unchanged, len(result.rejected))


def contents(db: Database) -> list[tuple[object, ...]]:
    with db.read() as session:
        query = select(Application.number, Company.identifier, Company.name, Application.state, Application.answers)
        query = query.join(Company, Company.id == Application.company_id).order_by(Application.number)
        return [tuple(found) for found in session.execute(query)]


@pytest.fixture
def krx() -> Path:
    if not KRX.exists():
        pytest.skip(f"{KRX.name} is not here")
    return KRX


def test_the_example_file_comes_in_as_its_readme_says(db: Database, call: str, at: datetime) -> None:
    result = do_import(db, EXAMPLES / "applications.csv", at)
    assert counts(result) == (120, 114, 1, 1, 4)
    assert sorted((found.field, found.code) for found in result.rejected) == [
        ("business_number", "business_number"),
        ("contact_email", "required"),
        ("founded_on", "future_date"),
        ("requested_krw", "not_a_number"),
    ]
    assert result.ignored_columns == ()


def test_every_listed_company_comes_in_and_the_second_time_nothing_changes(
    db: Database, call: str, at: datetime, krx: Path
) -> None:
    assert counts(do_import(db, krx, at, MAPPING)) == (2391, 2391, 0, 0, 0)
    before = contents(db)
    assert counts(do_import(db, krx, at, MAPPING)) == (2391, 0, 0, 2391, 0)
    assert contents(db) == before
    assert before[0][:3] == ("AX-2026-1-0001", "060310", "3S")


def test_the_list_in_cp949_gives_the_same_as_in_utf_8(
    db: Database, call: str, at: datetime, krx: Path, tmp_path: Path
) -> None:
    converted = tmp_path / "cp949.csv"
    converted.write_bytes(krx.read_text(encoding="utf-8-sig").encode("cp949"))
    assert counts(do_import(db, converted, at, MAPPING)) == (2391, 2391, 0, 0, 0)
    assert counts(do_import(db, krx, at, MAPPING)) == (2391, 0, 0, 2391, 0)


def test_headers_that_fill_nothing_are_named(db: Database, call: str, at: datetime, krx: Path) -> None:
    assert do_import(db, krx, at, MAPPING).ignored_columns == ("Market", "ListingDate", "SettleMonth")


def write_xlsx(path: Path, rows: Sequence[Sequence[object]]) -> Path:
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd"}) as workbook:
        sheet = workbook.add_worksheet()
        for number, cells in enumerate(rows):
            sheet.write_row(number, 0, cells)
    return path


def test_a_workbook_with_numbers_dates_and_korean_headers_is_read_like_text(
    db: Database, call: str, at: datetime, tmp_path: Path, write_csv: WriteCsv
) -> None:
    headers = ["회사명", "사업자등록번호", "설립일", "업종코드", "지역", "종업원수", "매출액", "자산총액", "담당자"]
    headers += ["이메일", "연락처", "솔루션명", "솔루션개요", "적용산업", "SPC연계계획", "신청금액"]
    headers += ["GPU신청 H100 2026Q3", "foreign_processing_only", "tax_arrears", "sanctions", "conflict_cleared"]
    cells: list[object] = list(row().values())
    cells[1], cells[2], cells[5], cells[6], cells[7] = 1208800767.0, date(2021, 3, 15), 12, 1_200_000_000, 3e9
    cells[10] = 21234567
    cells[15], cells[16], cells[17] = 100_000_000, 240, False
    path = write_xlsx(tmp_path / "book.xlsx", [headers, cells])
    assert counts(do_import(db, path, at)) == (1, 1, 0, 0, 0)
    assert counts(do_import(db, write_csv([row()]), at)) == (1, 0, 0, 1, 0)
    assert contents(db)[0][1] == "1208800767"


def test_row_numbers_are_those_of_the_file_even_with_empty_rows(
    db: Database, call: str, at: datetime, tmp_path: Path
) -> None:
    bad = list(row(business_number=NUMBERS[1], contact_email="").values())
    path = write_xlsx(tmp_path / "gaps.xlsx", [list(row()), [], list(row().values()), [], [], bad])
    result = do_import(db, path, at)
    assert counts(result) == (2, 1, 0, 0, 1)
    assert [(found.row, found.field) for found in result.rejected] == [(6, "contact_email")]


def test_the_office_sheet_of_the_example_mapping_is_read(db: Database, call: str, at: datetime, tmp_path: Path) -> None:
    headers = (
        "업체명,사업자번호,법인번호,설립년월일,표준산업분류,소재지,상시근로자,매출(백만원),자산(백만원),신청 담당자"
    )
    headers += ",전자우편,전화,과제명,과제 요약,분야,SPC 활용,희망금액(백만원),H100 3분기,H100 4분기,클라우드 준비,체납"
    headers += ",참여제한,국외처리,확인서\n"
    cells = "가나다랩,120-88-00767,,2021.03.15,J58222,서울,12,1200.5,3000,김하나,hana@ganada.example,02-123-4567"
    cells += ",문서 요약,요약합니다,공공,SPC에서 운영,100,240,,운영,X,X,X,O\n"
    path = tmp_path / "office.csv"
    path.write_bytes((headers + cells).encode("cp949"))
    assert counts(do_import(db, path, at, EXAMPLES / "mappings" / "korean-sample.toml")) == (1, 1, 0, 0, 0)
    with db.read() as session:
        answers = session.scalars(select(Submission.answers)).one()
    assert answers["founded_on"] == "2021-03-15"
    assert answers["revenue_krw_y1"] == 1_200_500_000
    assert (answers["azure_ready"], answers["tax_arrears"], answers["conflict_cleared"]) == ("running", False, True)
