"""Lists as files: exact figures, nothing that a spreadsheet runs, names that survive the way."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime
from io import BytesIO, StringIO
from pathlib import Path

import openpyxl
import pytest
from flask import Flask, Response
from werkzeug.http import parse_options_header

from config import Settings
from fundapp import create_app
from fundapp.core.errors import NotFoundError
from fundapp.core.sessions import Database
from fundapp.web.shell.downloads import Column, Form, asked_download, table_download

COLUMNS = (
    Column("기업"),
    Column("약정", "won"),
    Column("배정", "hours"),
    Column("상당액", "value"),
    Column("지분", "share"),
    Column("협약일", "day"),
    Column("적은 때", "instant"),
)
SIGNED_AT = datetime(2026, 11, 23, 15, 30, tzinfo=UTC)
ROW = ("솔내음성기술", 1_240_000_000, 460_800_001, 1, 143, date(2026, 11, 24), SIGNED_AT)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    home: Path = tmp_path_factory.mktemp("downloads")
    settings = Settings.from_environment({"FUND_HOME": str(home)})
    return create_app(settings, Database("sqlite://"))


def file_of(app: Flask, form: Form, *rows: tuple[str | int | date | datetime | None, ...]) -> Response:
    with app.test_request_context("/"):
        return table_download("포트폴리오", COLUMNS, rows, form=form)


def test_a_csv_holds_every_figure_in_full_and_times_in_seoul(app: Flask) -> None:
    body = file_of(app, "csv", ROW, ("빈 줄", None, None, None, None, None, None)).get_data()

    assert body.startswith(b"\xef\xbb\xbf")
    assert list(csv.reader(StringIO(body.decode("utf-8-sig")))) == [
        ["기업", "약정 (원)", "배정 (GPU시간)", "상당액 (원 상당)", "지분", "협약일", "적은 때 (KST)"],
        ["솔내음성기술", "1240000000", "46080.0001", "0.0001", "0.143", "2026-11-24", "2026-11-24 00:30:00"],
        ["빈 줄", "", "", "", "", "", ""],
    ]


def test_a_workbook_holds_numbers_as_numbers_and_dates_as_dates(app: Flask) -> None:
    sheet = openpyxl.load_workbook(BytesIO(file_of(app, "xlsx", ROW).get_data())).active
    assert sheet is not None

    cells = next(iter(sheet.iter_rows(min_row=2)))
    assert [cell.value for cell in cells] == [
        "솔내음성기술",
        1_240_000_000,
        46080.0001,
        0.0001,
        0.143,
        datetime(2026, 11, 24),  # noqa: DTZ001 - a spreadsheet knows no zones
        datetime(2026, 11, 24, 0, 30),  # noqa: DTZ001
    ]
    assert [cell.number_format for cell in cells] == [
        "@", "#,##0", "#,##0.0000", "#,##0.0000", "0.0%", "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss",
    ]  # fmt: skip
    assert sheet.freeze_panes == "B2"
    assert sheet.column_dimensions["A"].width > len("솔내음성기술") * 2


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "-2+3", "＝cmd"])
def test_no_cell_is_taken_for_a_formula(app: Flask, text: str) -> None:
    rest = (None,) * 6
    written = file_of(app, "csv", (text, *rest)).get_data().decode("utf-8-sig").splitlines()[1]
    sheet = openpyxl.load_workbook(BytesIO(file_of(app, "xlsx", (text, *rest)).get_data())).active

    assert next(csv.reader([written]))[0] == f"'{text}"
    assert sheet is not None
    assert (sheet["A2"].data_type, sheet["A2"].value) == ("s", f"'{text}")


def test_a_file_is_saved_under_its_korean_name_and_kept_by_no_cache(app: Flask) -> None:
    response = file_of(app, "csv")
    kind, options = parse_options_header(response.headers["Content-Disposition"])

    assert kind == "attachment"
    assert options["filename"].startswith("포트폴리오-")
    assert options["filename"].endswith(".csv")
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("query", "expected"), [("/", None), ("/?download=csv", "csv"), ("/?download=xlsx", "xlsx")])
def test_a_page_knows_which_file_is_asked_for(app: Flask, query: str, expected: str | None) -> None:
    with app.test_request_context(query):
        assert asked_download() == expected


def test_a_kind_of_file_that_we_do_not_write_is_not_found(app: Flask) -> None:
    with app.test_request_context("/?download=exe"), pytest.raises(NotFoundError):
        asked_download()
