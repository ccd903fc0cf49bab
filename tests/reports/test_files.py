"""The files themselves: read back by other programs than wrote them."""

import csv
import io
import json
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import jsonschema
import openpyxl
import pikepdf
import pyarrow.parquet as pq
import pytest
from invented_fund import sixth_quarter
from reading import path, tables, words_of

from reports import build
from reports.build import BuiltReport, write_whole
from reports.data import safe_text, schema
from reports.figures import reckon
from reports.ilpa import ilpa_sections
from reports.rows import Lapse, Quarter, ReportRows
from reports.sections.company import company_charts, company_page, company_sections
from reports.typesetting import printable

HOSTILE = '=#$*@_`<x> "따옴표" \\ [링크] //주석 #panic("x")'


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


def test_every_drawing_in_the_pdf_has_words_for_those_who_hear_it(grown_files: BuiltReport) -> None:
    with pikepdf.open(path(grown_files, "pdf")) as pdf:
        figures = [
            item
            for item in pdf.objects
            if isinstance(item, pikepdf.Dictionary) and item.get("/S") == pikepdf.Name("/Figure")
        ]
        assert len(figures) == 10
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
    assert len(book.sheetnames) == 13
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
    jsonschema.Draft202012Validator(promised, format_checker=jsonschema.FormatChecker()).validate(document)
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


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    taken = tmp_path / "report.pdf"
    taken.mkdir()
    with pytest.raises(OSError, match=r"report\.pdf"):
        write_whole(taken, b"x")
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.pdf"]


def test_every_table_is_a_parquet_file_with_types_and_labels(grown_files: BuiltReport) -> None:
    files = grown_files.files["parquet"]
    assert isinstance(files, tuple)
    assert [file.stem for file in files] == [file.stem for file in tables(grown_files)]
    (bridge,) = (file for file in files if file.stem.endswith("-bridge"))
    read = pq.read_table(bridge)
    assert str(read.schema.field("amount").type) == "int64"
    assert read.column("amount").to_pylist()[0] == 6_900_000_000
    (pool,) = (file for file in files if file.stem.endswith("-gpu-pool"))
    assert str(pq.read_table(pool).column("delivered").to_pylist()[0]) == "20000.0000"
    (headline,) = (file for file in files if file.stem.endswith("-headline"))
    # Won and ratios share its columns, so they are text, exact in their own way.
    assert pq.read_table(headline).column("total").to_pylist()[3:5] == ["7670000000", "1.04581152"]


def test_companies_have_a_file_of_their_own_that_says_so(grown_files: BuiltReport) -> None:
    pages = words_of(path(grown_files, "companies")).split("\f")[:-1]
    assert "기업별 현황" in pages[0]
    assert all("배포 금지" in page for page in pages)
    assert "달빛물류 · A0" in pages[1]
    assert "보안성 검토 통과" in pages[1]
    assert "새솔제빵 · A1" in pages[-1]
    assert "달빛물류" not in pages[-1]
    with pikepdf.open(path(grown_files, "companies")) as pdf, pdf.open_metadata() as metadata:
        assert metadata["pdfuaid:part"] == "1"


def test_a_company_page_draws_how_its_gpu_time_is_used_up_beside_the_table(grown: ReportRows) -> None:
    """20,000 h are left after 40 days of 100 h a day: 24,000 h forty days before, gone 200 days on."""
    figures = reckon(grown)
    pages, charts = company_sections(figures, "en"), company_charts(figures, "en")
    assert [page.charts for page in pages] == [("gpu_burndown-1",), ()]
    (chart,) = charts.values()
    assert chart.table in {table.key for table in pages[0].tables}
    assert chart.sentence in chart.page_svg
    assert chart.sentence == "No SKU runs out within half a year at this pace."
    assert "H100 now 20,000" in chart.page_svg
    assert company_page(figures, 1, "en")[1] == chart


def test_a_company_is_not_drawn_with_the_use_of_others(grown: ReportRows) -> None:
    """Use is known by SKU alone and two companies hold that SKU."""
    shared = replace(
        grown,
        gpu_awards=(grown.gpu_awards[0], replace(grown.gpu_awards[0], award="A1", company="C1")),
        usage_by_day=tuple(replace(day, award="") for day in grown.usage_by_day),
    )
    assert company_charts(reckon(shared), "en") == {}


def test_the_workbook_holds_both_ilpa_templates_with_live_sums(grown_files: BuiltReport) -> None:
    file = path(grown_files, "xlsx")
    live, stored = openpyxl.load_workbook(file), openpyxl.load_workbook(file, data_only=True)
    name = "11. ILPA Reporting Template 2.0"
    lines = {live[name].cell(row, 1).value: row for row in range(1, 60)}
    closing = lines["기말 순자산가치 (성과보수 차감 후)"]
    heads = [live[name].cell(6, column).value for column in range(2, 11)]
    assert heads[0] == "현금출자사 QTD (KRW)"
    assert heads[-1] == "펀드 합계 ITD (KRW)"
    assert live[name].cell(closing, 8).value.startswith("=H")
    # Total fund, quarter: 69 opening, 7.4 in kind in, 3.2 out, 1.3 expenses, 1.1 realised, 3.7 unrealised.
    assert stored[name].cell(closing, 8).value == 7_670_000_000
    unfunded = lines["기말 미납입 약정"]
    assert stored[name].cell(unfunded, 10).value == 260 * 10**8 - 7_640_000_000
    performance = stored["12. ILPA Performance Template"]
    values = {performance.cell(row, 1).value: performance.cell(row, 2).value for row in range(1, 20)}
    assert values["순 TVPI"] == pytest.approx(7_990_000_000 / 7_640_000_000)
    assert values["총 MOIC"] == pytest.approx(4_720_000_000 / 4_040_000_000)
    assert {"table_ilpa_nav", "table_ilpa_unfunded", "table_ilpa_flows"} <= set(live.defined_names)


def test_an_account_of_a_template_ties_for_each_investor_and_period(grown: ReportRows) -> None:
    nav, unfunded = ilpa_sections(reckon(grown), "en")[0].tables[:2]
    cells = {row.key: row.cells[1:] for row in nav.rows}
    parts = [cells[key] for key in NAV_PARTS]
    assert [sum(column) for column in zip(*parts, strict=True)] == list(cells["closing"])
    left = {row.key: row.cells[1:] for row in unfunded.rows}
    assert left["closing"][0::3] == left["closing"][1::3] == left["closing"][2::3]


def unfunded_of(rows: ReportRows, quarter: Quarter) -> dict[str, list[int]]:
    table = ilpa_sections(reckon(replace(rows, quarter=quarter, as_of=quarter.ends_on)), "en")[0].tables[1]
    return {row.key: [cell for cell in row.cells[1:] if isinstance(cell, int)] for row in table.rows}


def test_time_that_lapses_in_a_later_quarter_leaves_the_one_before_as_it_was(young: ReportRows) -> None:
    """Half of the 40,000 h of a pool of the third quarter lapse in the fourth: 20,000 h at 4,000 won."""
    fourth = Quarter("2026Q4", date(2026, 10, 1), date(2026, 12, 31))
    lapsed = replace(
        young,
        gpu=(replace(young.gpu[0], expired_hours_e4=20_000 * 10_000, remaining_hours_e4=0),),
        lapses=(Lapse(date(2026, 11, 15), "GPU", 80_000_000 * 10_000),),
    )
    before, after = unfunded_of(replace(young, lapses=()), young.quarter), unfunded_of(lapsed, fourth)
    gpu_quarter, gpu_year, gpu_ever = 3, 4, 5
    assert before["closing"][gpu_quarter] == after["opening"][gpu_quarter] == 130 * 10**8 - 80_000_000
    assert [after["lapsed"][place] for place in (gpu_quarter, gpu_year, gpu_ever)] == [-80_000_000] * 3
    assert after["closing"][gpu_quarter] == after["closing"][gpu_ever] == 130 * 10**8 - 160_000_000


NAV_PARTS = ("opening", "moved", "fees", "external", "other", "realised", "unrealised")
