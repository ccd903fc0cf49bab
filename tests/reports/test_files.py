"""The files themselves: read back by other programs than wrote them."""

import csv
import io
import json
import shutil
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import openpyxl
import pikepdf
import pytest
from invented_fund import AS_OF, FUND, QUARTER, sixth_quarter

from reports import build
from reports.build import BuiltReport, write_whole
from reports.data import safe_text, schema
from reports.rows import ReportRows
from reports.typesetting import printable

HOSTILE = '=#$*@_`<x> "따옴표" \\ [링크] //주석 #panic("x")'


def path(report: BuiltReport, kind: str) -> Path:
    found = report.files[kind]
    assert isinstance(found, Path)
    return found


def tables(report: BuiltReport) -> tuple[Path, ...]:
    found = report.files["csv"]
    assert isinstance(found, tuple)
    return found


def words_of(pdf: Path) -> str:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed")
    return subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, check=True, text=True).stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reports")


@pytest.fixture(scope="module")
def grown_files(folder: Path) -> BuiltReport:
    return build(sixth_quarter(), folder)


def test_equal_rows_give_equal_bytes(grown: ReportRows, tmp_path: Path) -> None:
    first, second = (build(grown, tmp_path / name) for name in ("a", "b"))
    for kind in ("pdf", "xlsx", "json"):
        assert path(first, kind).read_bytes() == path(second, kind).read_bytes()
    assert [file.read_bytes() for file in tables(first)] == [file.read_bytes() for file in tables(second)]


@pytest.mark.parametrize("locale", ["ko", "en"])
def test_the_pdf_is_tagged_titled_and_speaks_its_language(grown: ReportRows, folder: Path, locale: str) -> None:
    report = build(grown, folder, locale="ko" if locale == "ko" else "en")
    with pikepdf.open(path(report, "pdf")) as pdf:
        assert bool(pdf.Root.MarkInfo.Marked)
        assert str(pdf.Root.Lang).startswith(locale)
        assert "/StructTreeRoot" in pdf.Root
        with pdf.open_metadata() as metadata:
            assert metadata["pdfuaid:part"] == "1"
            assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("2", "A")
        assert len(pdf.pages) >= 11


def test_every_drawing_in_the_pdf_has_words_for_those_who_hear_it(grown_files: BuiltReport) -> None:
    with pikepdf.open(path(grown_files, "pdf")) as pdf:
        figures = [
            item
            for item in pdf.objects
            if isinstance(item, pikepdf.Dictionary) and item.get("/S") == pikepdf.Name("/Figure")
        ]
        assert len(figures) == 8
        assert all(str(figure.Alt) for figure in figures)


def test_the_hash_of_the_inputs_stands_on_the_cover_and_each_foot(grown_files: BuiltReport) -> None:
    pages = words_of(path(grown_files, "pdf")).split("\f")[:-1]
    digest = grown_files.inputs_sha256
    assert digest in pages[0]
    assert all(f"SHA-256 {digest[:4]} {digest[4:8]} … {digest[-4:]}" in page for page in pages)


def test_a_company_name_is_never_read_as_markup(young: ReportRows, tmp_path: Path) -> None:
    named = replace(young, holdings=(replace(young.holdings[0], company_name=HOSTILE),))
    report = build(named, tmp_path)
    flat = words_of(path(report, "pdf")).replace(" ", "").replace("\n", "")
    assert '#panic("x")' in flat
    assert "=#$*@_`<x>" in flat
    book = openpyxl.load_workbook(path(report, "xlsx"))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value == HOSTILE]
    assert cells
    assert {cell.data_type for cell in cells} == {"s"}
    (holdings,) = (file for file in tables(report) if file.name.endswith("-holdings.csv"))
    read = list(csv.reader(io.StringIO(holdings.read_text(encoding="utf-8-sig"))))
    assert read[1][0] == "'" + HOSTILE


def test_a_sign_no_font_has_does_not_stop_the_report() -> None:
    assert printable("달빛🚀물류\u0007") == "달빛〓물류〓"


def test_live_formulas_give_the_stored_values(grown_files: BuiltReport) -> None:
    file = path(grown_files, "xlsx")
    live, stored = openpyxl.load_workbook(file), openpyxl.load_workbook(file, data_only=True)
    sheet, values = live["2. 출자자별 계정"], stored["2. 출자자별 계정"]
    closing = next(row for row in range(1, 40) if sheet.cell(row, 1).value == "기말 순자산가치")
    assert sheet.cell(closing, 2).value == f"=SUM(B{closing - 9}:B{closing - 1})"
    above = [values.cell(row, 2).value for row in range(closing - 9, closing)]
    assert sum(above) == values.cell(closing, 2).value == 7_670_000_000


def test_the_workbook_prints_on_a4_with_frozen_heads(grown_files: BuiltReport) -> None:
    book = openpyxl.load_workbook(path(grown_files, "xlsx"))
    assert len(book.sheetnames) == 11
    for sheet in book:
        # One page wide is the format's default, so only the free height is written.
        assert (sheet.page_setup.paperSize, sheet.page_setup.fitToHeight) == (9, 0)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage is True
        assert sheet.freeze_panes is not None
        assert sheet.print_title_rows is not None
    assert "table_holdings" in book.defined_names


def test_the_workbook_holds_a_live_rate_of_return(grown_files: BuiltReport) -> None:
    with zipfile.ZipFile(path(grown_files, "xlsx")) as parts:
        sheets = [parts.read(name).decode() for name in parts.namelist() if name.startswith("xl/worksheets/sheet")]
    assert sum(sheet.count("<f>XIRR(") for sheet in sheets) == 3


def test_the_document_has_the_promised_shape(grown_files: BuiltReport) -> None:
    document = json.loads(path(grown_files, "json").read_text(encoding="utf-8"))
    promised = schema()
    assert sorted(document) == sorted(promised["required"])
    assert sorted(document["sections"][0]) == sorted(promised["$defs"]["section"]["required"])
    assert sorted(document["sections"][0]["tables"][0]) == sorted(promised["$defs"]["table"]["required"])
    assert document["figures"]["total.nav"]["value"] == 7_670_000_000
    # Distributions 3.2 and NAV 76.7 over 66 in cash with 10.4 in kind.
    assert document["figures"]["total.tvpi"]["value"] == "1.04581152"


def test_the_document_keeps_hours_and_imputed_won_exact(young: ReportRows, folder: Path) -> None:
    document = json.loads(path(build(young, folder), "json").read_text(encoding="utf-8"))
    (gpu,) = (section for section in document["sections"] if section["key"] == "gpu")
    row = gpu["tables"][0]["rows"][0]["cells"]
    assert (row["delivered"], row["delivered_krw"]) == ("20000.0000", "80000000.0000")


def test_tables_open_in_spreadsheets_as_korean(grown_files: BuiltReport) -> None:
    assert all(file.read_bytes().startswith(b"\xef\xbb\xbf") for file in tables(grown_files))
    (bridge,) = (file for file in tables(grown_files) if file.name.endswith("-bridge.csv"))
    read = list(csv.reader(io.StringIO(bridge.read_text(encoding="utf-8-sig"))))
    assert read[1] == ["기초 NAV", "6900000000"]
    assert read[4] == ["분배", "-320000000"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_text_that_a_spreadsheet_would_run_is_defused(text: str) -> None:
    assert safe_text(text) == "'" + text


def test_a_first_quarter_says_why_there_is_no_rate(young: ReportRows, folder: Path) -> None:
    report = build(young, folder)
    assert report.metrics["total.irr"] is None
    assert report.metrics["total.tvpi"] == "0.98557692"
    assert "90일 미만" in words_of(path(report, "pdf"))


@pytest.mark.parametrize("locale", ["ko", "en"])
def test_a_fund_before_its_first_flow_still_reports(folder: Path, locale: str) -> None:
    empty = ReportRows(FUND, QUARTER, 1, "draft", AS_OF)
    report = build(empty, folder / "empty", locale="ko" if locale == "ko" else "en")
    assert (report.metrics["total.nav"], report.metrics["total.tvpi"]) == (0, None)
    with pikepdf.open(path(report, "pdf")) as pdf:
        assert len(pdf.pages) == 11


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    taken = tmp_path / "report.pdf"
    taken.mkdir()
    with pytest.raises(OSError, match=r"report\.pdf"):
        write_whole(taken, b"x")
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.pdf"]
