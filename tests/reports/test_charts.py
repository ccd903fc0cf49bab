import re
from xml.etree import ElementTree as ET

import pytest

from reports.build import preview
from reports.charts import nice_floor
from reports.charts.drawing import quarters_named, spaced
from reports.charts.palette import LIGHT
from reports.charts.svg import clean
from reports.rows import ReportRows

KEYS = {"contributions", "value_bridge", "multiples", "j_curve", "mix", "gpu_pool", "gpu_burndown", "funnel"}
CURVES = {"multiples", "j_curve"}


def test_a_grown_fund_has_every_chart(grown: ReportRows) -> None:
    assert set(preview(grown).charts) == KEYS


def test_a_first_quarter_draws_no_curve_through_one_point(young: ReportRows) -> None:
    assert set(preview(young).charts) == KEYS - CURVES


def test_a_page_drawing_follows_the_theme_and_carries_no_style(grown: ReportRows) -> None:
    for chart in preview(grown).charts.values():
        assert "style=" not in chart.page_svg
        assert "<style" not in chart.page_svg
        assert set(re.findall(r"#[0-9a-f]{6}\b", chart.page_svg)) == set()
        names = set(re.findall(r"var\(--ax-([a-z0-9-]+)\)", chart.page_svg))
        assert names
        assert names <= set(LIGHT)


def test_a_drawing_speaks_one_sentence_of_the_reports_language(grown: ReportRows) -> None:
    for chart in preview(grown, locale="ko").charts.values():
        root = ET.fromstring(chart.page_svg)  # noqa: S314 - our own drawing
        assert root.attrib["role"] == "img"
        assert root.attrib["aria-label"] == root[0].text == chart.sentence
        assert re.search("[가-힣]", chart.sentence)
        assert chart.page_svg.count("aria-") == 1


def test_paper_colours_come_from_the_same_names(grown: ReportRows) -> None:
    chart = preview(grown).charts["value_bridge"]
    assert "var(" not in chart.print_svg
    assert LIGHT["cash"] in chart.print_svg
    assert LIGHT["gpu"] in chart.print_svg


def test_ids_do_not_clash_between_drawings_on_a_page(grown: ReportRows) -> None:
    found = [name for chart in preview(grown).charts.values() for name in re.findall(r'\bid="([^"]+)"', chart.page_svg)]
    assert len(found) == len(set(found))


def test_references_follow_renamed_ids_and_styles_become_attributes() -> None:
    drawn = (
        '<svg xmlns="http://www.w3.org/2000/svg"><defs><clipPath id="clip1"><path d="M0,0h1"/></clipPath></defs>'
        '<rect clip-path="url(#clip1)" style="fill: red; opacity: 0.5" aria-label="quarter: 1"/></svg>'
    )
    root = ET.fromstring(clean(drawn, "chart-a", "문장"))  # noqa: S314 - our own drawing
    rect = root.find("{http://www.w3.org/2000/svg}rect")
    assert rect is not None
    assert rect.attrib == {"clip-path": "url(#chart-a-1)", "fill": "red", "opacity": "0.5"}
    assert root.find(".//{http://www.w3.org/2000/svg}clipPath/{http://www.w3.org/2000/svg}path") is not None


def test_every_chart_points_at_a_table_with_its_rows(grown: ReportRows) -> None:
    seen = preview(grown)
    tables = {table.key for section in seen.sections for table in section.tables}
    assert {chart.table for chart in seen.charts.values()} <= tables


@pytest.mark.parametrize(("low", "high", "floor"), [(104.2, 127.1, 90.0), (0, 20.8, 0.0), (8, 20, 0.0)])
def test_an_axis_is_cut_only_under_high_levels(low: float, high: float, floor: float) -> None:
    assert nice_floor(low, high) == floor


def test_quarters_are_named_from_the_newest_back_as_far_apart_as_they_must() -> None:
    names = [f"Q{number}" for number in range(40)]
    assert quarters_named(names[:6], 6) == names[:6]
    assert quarters_named(names[:8], 6) == ["Q1", "Q3", "Q5", "Q7"]
    assert quarters_named(names, 12) == ["Q3", "Q7", "Q11", "Q15", "Q19", "Q23", "Q27", "Q31", "Q35", "Q39"]


@pytest.mark.parametrize(
    ("levels", "heights"),
    [
        ([5.0, 50.0], [5.0, 50.0]),
        ([5.0, 5.0, 50.0], [5.0, 15.0, 50.0]),
        ([95.0, 96.0, 97.0], [80.0, 90.0, 100.0]),
        ([40.0, 35.0], [45.0, 35.0]),
        ([], []),
    ],
)
def test_labels_of_levels_that_meet_keep_a_line_apart(levels: list[float], heights: list[float]) -> None:
    assert spaced(levels, gap=10, top=100) == heights


def test_a_label_that_the_axis_left_out_is_not_drawn() -> None:
    drawn = '<svg xmlns="http://www.w3.org/2000/svg"><text opacity="0">1월</text><text opacity="1">2월</text></svg>'
    words = [text.text for text in ET.fromstring(clean(drawn, "chart-a", "문장")) if text.text]  # noqa: S314 - our own
    assert words == ["문장", "2월"]
