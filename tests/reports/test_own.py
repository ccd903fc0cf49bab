"""A reader's own question to a table of the report."""

from dataclasses import replace
from datetime import date

import pytest
from invented_fund import sixth_quarter

from reports.figures import reckon
from reports.own import (
    Condition,
    Question,
    QuestionRefused,
    answer,
    catalogue,
    draw_answer,
    find_views,
    require_askable,
)
from reports.sections import compose
from reports.sections.model import Table


@pytest.fixture(scope="module")
def views() -> dict[str, Table]:
    return find_views(compose(reckon(sixth_quarter()), "ko"))


def cells(views: dict[str, Table], question: Question) -> list[tuple[object, ...]]:
    require_askable(question)
    return [row.cells for row in answer(question, views[question.view], "ko").rows]


def test_what_may_be_asked_does_not_depend_on_the_fund(views: dict[str, Table]) -> None:
    asked = catalogue("ko")
    assert list(asked) == list(views)
    for key, table in asked.items():
        assert [column.key for column in table.columns] == [column.key for column in views[key].columns]


def test_columns_and_conditions_choose_lines_and_leave_totals_out(views: dict[str, Table]) -> None:
    question = Question("holdings", ("company", "fair_value"), (Condition("fair_value", "at_least", "2,000,000,000"),))
    assert cells(views, question) == [("달빛물류", 2_900_000_000)]


@pytest.mark.parametrize(
    ("column", "operator", "value", "found"),
    [
        ("company", "contains", "물류", ["달빛물류"]),
        ("company", "is_not", "달빛물류", ["새솔제빵"]),
        ("status", "is", "일부 회수", ["새솔제빵"]),
        ("invested_on", "at_most", "2025-06-02", ["달빛물류", "새솔제빵"]),
        ("moic", "at_least", "1.15", ["달빛물류"]),
    ],
)
def test_conditions_read_words_dates_and_numbers(
    views: dict[str, Table], column: str, operator: str, value: str, found: list[str]
) -> None:
    question = Question("holdings", ("company",), (Condition(column, operator, value),))  # type: ignore[arg-type]
    assert [row[0] for row in cells(views, question)] == found


@pytest.mark.parametrize("operator", ["at_least", "at_most"])
@pytest.mark.parametrize(("column", "value"), [("moic", "0"), ("invested_on", "2025-06-02"), ("technique", "ㄱ")])
def test_a_blank_is_neither_at_least_nor_at_most_anything(
    views: dict[str, Table], operator: str, column: str, value: str
) -> None:
    table = views["holdings"]
    place = [one.key for one in table.columns].index(column)
    for blank in (None, "산출 불가") if column != "technique" else (None,):
        rows = tuple(replace(row, cells=(*row.cells[:place], blank, *row.cells[place + 1 :])) for row in table.rows)
        question = Question("holdings", ("company",), (Condition(column, operator, value),))  # type: ignore[arg-type]
        require_askable(question)
        assert answer(question, replace(table, rows=rows), "ko").rows == ()


def test_dates_are_compared_as_dates_however_they_are_written(views: dict[str, Table]) -> None:
    def ask(operator: str, value: str) -> int:
        question = Question("holdings", ("company",), (Condition("invested_on", operator, value),))  # type: ignore[arg-type]
        return len(cells(views, question))

    day = next(row.cells[2] for row in views["holdings"].rows if isinstance(row.cells[2], date))
    assert [ask("is", day.isoformat()), ask("is", f"{day:%Y%m%d}")] == [2, 2]
    assert [ask("at_least", "99991231"), ask("at_most", "99991231"), ask("contains", f"{day:%Y-%m}")] == [0, 2, 2]


def test_prices_are_never_summed(views: dict[str, Table]) -> None:
    question = Question("gpu-pool", ("delivered", "unit_price"), (), "sku")
    require_askable(question)
    found = answer(question, views["gpu-pool"], "ko")
    assert [column.key for column in found.columns] == ["sku", "lines", "delivered"]


def test_hours_are_compared_in_hours(views: dict[str, Table]) -> None:
    for value, count in (("20000", 1), ("20001", 0)):
        question = Question("gpu-award", ("company",), (Condition("used", "at_least", value),))
        assert len(cells(views, question)) == count


def test_grouped_lines_are_counted_and_summed_largest_first(views: dict[str, Table]) -> None:
    question = Question("schedule", ("company", "amount"), (), "kind")
    found = cells(views, question)
    assert found[0] == ("납입", 4, 7_640_000_000)
    assert ("분배", 1, 320_000_000) in found


@pytest.mark.parametrize(
    ("question", "field"),
    [
        (Question("secrets", ("a",)), "view"),
        (Question("holdings", ()), "columns"),
        (Question("holdings", ("__class__",)), "columns"),
        (Question("holdings", ("company",), (Condition("nothing", "is", "x"),)), "filters"),
        (Question("holdings", ("company",), (Condition("moic", "at_least", "viel"),)), "filters"),
        (Question("holdings", ("company",), (Condition("moic", "at_least", "Infinity"),)), "filters"),
        (Question("holdings", ("company",), (Condition("invested_on", "at_least", "2025-13-01"),)), "filters"),
        (Question("holdings", ("company",), (Condition("invested_on", "is", "작년"),)), "filters"),
        (Question("gpu-pool", ("unit_price",), (), "sku", "unit_price"), "chart"),
        (Question("holdings", ("company",), (), "moic"), "group"),
        (Question("holdings", ("company",), (), "", "fair_value"), "chart"),
        (Question("holdings", ("company", "moic"), (), "status", "moic"), "chart"),
    ],
)
def test_a_question_that_no_report_can_answer_is_refused_with_its_field(question: Question, field: str) -> None:
    with pytest.raises(QuestionRefused) as refused:
        require_askable(question)
    assert refused.value.field == field


def test_an_answer_is_drawn_with_its_largest_line_named(views: dict[str, Table]) -> None:
    question = Question("holdings", ("company", "fair_value"), (), "", "fair_value")
    svg = draw_answer(question, answer(question, views["holdings"], "ko"), "ko")
    assert 'aria-label="공정가치이(가) 가장 큰 줄은 달빛물류입니다."' in svg
