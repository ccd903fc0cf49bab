"""Funds that are seldom drawn: empty, one-sided, in debt, or of 300 companies and ten years; all files, read back."""

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import openpyxl
import pypdfium2
import pytest
from drawn_texts import covering, outside, placed_texts
from invented_fund import AS_OF, EOK, FUND, QUARTER, first_quarter
from large_fund import COMPANIES, QUARTERS, company_name, sold, ten_years
from reading import path, tables, words_of

from reports import build, preview
from reports.build import BuiltReport
from reports.formats import Locale
from reports.rows import Flow, ReportRows

NOTHING_MEANT = re.compile(r"\b(?:nan|inf|NaN|Infinity|None)\b|(?<![\w.-])-0(?![\w.])|\{\w")
EDGE = 40.0
"""Points of a page's side that hold no words: the margin is 45."""
LOCALES: tuple[Locale, ...] = ("ko", "en")


def fund(kind: str) -> ReportRows:
    """A fund of a kind, made of the first quarter's rows."""
    young = first_quarter()
    cash = tuple(flow for flow in young.flows if flow.basis == "cash")
    if kind == "empty":
        return ReportRows(FUND, QUARTER, 1, "draft", AS_OF)
    if kind == "no-gpu":
        holding = replace(young.holdings[0], in_kind_cost_krw=0, fair_value_krw=800_000_000)
        return replace(young, flows=cash, gpu=(), gpu_awards=(), usage_by_day=(), holdings=(holding,))
    if kind == "only-gpu":
        holding = replace(young.holdings[0], cash_cost_krw=0, fair_value_krw=80_000_000)
        return replace(young, flows=tuple(f for f in young.flows if f.basis == "in_kind"), holdings=(holding,))
    if kind == "negative":
        return replace(young, flows=(*young.flows, Flow(AS_OF, "fee", 50 * EOK, "cash", "T9")))
    return young


NAV = {
    "empty": 0,
    "one-company": 2_050_000_000,
    "no-gpu": 1_970_000_000,
    "only-gpu": 80_000_000,
    "negative": -2_950_000_000,
}
SAID = {
    "empty": (("아직 투자한 기업이 없습니다.", "출자된 GPU시간이 없습니다."), ("No investments yet.", "No GPU time")),
    "one-company": (("20.5", "90일 미만"), ("2,050", "under 90 days")),
    "no-gpu": (("19.7", "출자된 GPU시간이 없습니다."), ("1,970", "No GPU time contributed.")),
    "only-gpu": (("8,000만원 상당 인도",), ("KRW 80m",)),
    "negative": (
        ("−29.5", "−1.42배", "순자산가치가 0보다 작은 −29.5억입니다."),
        ("−2,950", "below zero, at −KRW 2.95bn"),
    ),
}
"""What the PDF of each must say, in Korean and in English; the sums stand at the rows they are made of."""


def beyond_the_margins(pdf: Path) -> list[tuple[int, str]]:
    """Pages with text in what should be margin, and that text."""
    found = []
    with pypdfium2.PdfDocument(pdf) as document:
        for number, page in enumerate(document, 1):
            width, height = page.get_size()
            text = page.get_textpage()
            inside = text.get_text_bounded(EDGE, 0, width - EDGE, height)
            if re.sub(r"\s", "", inside) != re.sub(r"\s", "", text.get_text_range()):
                found.append((number, text.get_text_range()[:80]))
    return found


def written(report: BuiltReport) -> str:
    """All that the workbook, the document and the tables hold, as text."""
    book = openpyxl.load_workbook(path(report, "xlsx"), data_only=True)
    cells = [str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    files = [path(report, "json"), *tables(report)]
    return "\n".join((*cells, *(file.read_text(encoding="utf-8-sig") for file in files)))


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", list(NAV))
def test_a_seldom_fund_says_what_it_is_in_every_file(kind: str, locale: Locale, tmp_path: Path) -> None:
    report = build(fund(kind), tmp_path, locale=locale)
    assert report.metrics["total.nav"] == NAV[kind]
    text = words_of(path(report, "pdf"))
    flat = re.sub(r"\s+", "", text)
    assert [said for said in SAID[kind][LOCALES.index(locale)] if re.sub(r"\s+", "", said) not in flat] == []
    for words in (text, words_of(path(report, "companies")), written(report)):
        assert NOTHING_MEANT.findall(words) == []
    assert beyond_the_margins(path(report, "pdf")) == []
    document = json.loads(path(report, "json").read_text(encoding="utf-8"))
    assert document["figures"]["total.nav"]["value"] == NAV[kind]
    (bridge,) = (file for file in tables(report) if file.name.endswith("-bridge.csv"))
    rows = list(csv.reader(io.StringIO(bridge.read_text(encoding="utf-8-sig"))))
    assert int(rows[-1][1]) == NAV[kind] == sum(int(amount) for _, amount in rows[1:-1])


@pytest.mark.parametrize("kind", list(NAV))
def test_words_of_a_seldom_funds_drawings_stand_apart_and_inside(kind: str) -> None:
    for locale in LOCALES:
        for chart in preview(fund(kind), locale=locale).charts.values():
            assert (chart.key, covering(chart.page_svg), outside(chart.page_svg)) == (chart.key, [], [])


def test_an_empty_fund_fills_few_pages_and_draws_no_scale_of_nothing() -> None:
    empty = preview(fund("empty"))
    assert set(empty.charts) == {"value_bridge", "contributions"}
    drawn = [text.text for text in placed_texts(empty.charts["value_bridge"].page_svg)]
    # The axis names nothing but the ground; the eight others are what the bars hold.
    assert [text for text in drawn if re.fullmatch(r"[\d.]+", text) and "2026" not in text] == ["0"] * 9


def test_a_bridge_below_zero_keeps_its_bars_within_its_axis() -> None:
    """20.8억 come in and 50.3억 go: a bar to −29.5, whose axis is labelled down to it."""
    drawn = preview(fund("negative")).charts["value_bridge"].page_svg
    assert ">−30억<" in drawn
    height = float(re.search(r'viewBox="0 0 \d+ ([\d.]+)"', drawn)[1])  # type: ignore[index]
    assert height < 300


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> BuiltReport:
    return build(ten_years(), tmp_path_factory.mktemp("large"))


def test_300_companies_over_ten_years_come_to_what_their_rows_say(large: BuiltReport) -> None:
    assert large.metrics["total.paid_in"] == 30_592_000_000
    assert large.metrics["total.distributed"] == 6_000_000_000
    assert large.metrics["total.nav"] == 40_692_000_000
    document = json.loads(path(large, "json").read_text(encoding="utf-8"))
    told = {table["key"]: len(table["rows"]) for section in document["sections"] for table in section["tables"]}
    assert (told["holdings"], told["marks"], told["history"]) == (COMPANIES + 1, COMPANIES, QUARTERS)
    assert NOTHING_MEANT.findall(written(large)) == []


def test_every_one_of_300_companies_is_printed_with_its_figures(large: BuiltReport) -> None:
    text = words_of(path(large, "pdf"))
    flat = re.sub(r"\s", "", text)
    for number in range(COMPANIES):
        name = re.sub(r"\s", "", company_name(f"C{number:03d}"))
        assert flat.count(name) == (3 if number in {1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13} else 2)
        end = "0.02.00배매각회수완료" if sold(number) else "배이정표점검보유"
        assert re.search(rf"{name}전환우선주20\d\d-\d\d-\d\d1\.00\.[02][\d.]*{end}", flat), name
    assert NOTHING_MEANT.findall(text) == []
    assert beyond_the_margins(path(large, "pdf")) == []


def test_a_table_of_many_pages_repeats_its_head_and_fills_them(large: BuiltReport) -> None:
    pages = words_of(path(large, "pdf")).split("\f")[:-1]
    assert len(pages) <= 26
    schedule = [page for page in pages if len(re.findall("전환우선주", page)) > 1]
    assert all("현금 원가" in page for page in schedule)
    assert all(len(re.findall("전환우선주", page)) > 40 for page in schedule[1:-1])


def test_each_of_300_companies_has_its_page_in_the_confidential_file(large: BuiltReport) -> None:
    pages = words_of(path(large, "companies")).split("\f")[:-1]
    begun = [number for number in range(COMPANIES) if any(f"C{number:03d} · C{number:03d}" in page for page in pages)]
    assert begun == list(range(COMPANIES))
    # Contents are read page by page: what the first page names is what comes first.
    named = sorted(int(number) for number in re.findall(r"C(\d{3}) · C\d{3}", pages[0]))
    assert named == list(range(len(named)))
    assert len(named) > 30
    assert NOTHING_MEANT.findall("".join(pages)) == []


@pytest.mark.parametrize("locale", LOCALES)
def test_names_of_forty_quarters_do_not_cover_each_other(locale: Locale) -> None:
    charts = preview(ten_years(), locale=locale).charts
    assert len(charts) == 8
    for chart in charts.values():
        assert (chart.key, covering(chart.page_svg), outside(chart.page_svg)) == (chart.key, [], [])
    assert ("26.3Q" if locale == "ko" else "Q3 26") in charts["j_curve"].page_svg


def test_texts_that_cover_each_other_would_be_seen() -> None:
    def svg(x: int) -> str:
        words = "".join(f'<text font-size="10px" transform="translate({left},20)">25.1Q</text>' for left in (0, x))
        return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 50 30">{words}</svg>'

    assert covering(svg(20)) == [("25.1Q", "25.1Q")]
    assert covering(svg(30)) == []
    assert outside(svg(40)) == ["25.1Q"]
