"""What holds for every fund: random histories under both policies of recognition."""

from datetime import date

from hypothesis import HealthCheck, given, settings
from invented_fund import AS_OF, QUARTER
from random_funds import INVESTORS, histories

from reports import metrics
from reports.figures import Figures, reckon
from reports.rows import ReportRows
from reports.sections import compose
from reports.sections.model import Table

SETTINGS = settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def table(figures: Figures, key: str) -> Table:
    (found,) = (t for section in compose(figures, "ko") for t in section.tables if t.key == key)
    return found


@SETTINGS
@given(histories())
def test_the_bridge_of_every_basis_ties_to_the_won(rows: ReportRows) -> None:
    for pocket in ("total", "cash", "in_kind"):
        for starts_on in (QUARTER.starts_on, date(2026, 1, 1), date.min):
            assert metrics.value_bridge(rows, starts_on, AS_OF, pocket).difference_krw == 0
    for investor in INVESTORS:
        assert metrics.investor_bridge(rows, investor, QUARTER.starts_on, AS_OF).difference_krw == 0


@SETTINGS
@given(histories())
def test_total_value_is_what_came_back_and_what_is_left(rows: ReportRows) -> None:
    figures = reckon(rows)
    for measures in (figures.total, figures.cash, figures.in_kind, *(found for _, found in figures.investors)):
        m = measures.multiples
        if m.paid_in_krw:
            assert m.dpi is not None
            assert m.rvpi is not None
            assert m.tvpi == m.dpi + m.rvpi


@SETTINGS
@given(histories())
def test_cash_and_gpu_time_add_up_to_the_total_and_investors_to_their_pocket(rows: ReportRows) -> None:
    figures = reckon(rows)
    for name in ("committed_krw", "paid_in_krw", "distributed_krw", "nav_krw"):
        parts = [getattr(figures.cash.multiples, name), getattr(figures.in_kind.multiples, name)]
        assert sum(parts) == getattr(figures.total.multiples, name)
    by_code = dict(figures.investors)
    assert by_code["K1"].multiples.paid_in_krw + by_code["K2"].multiples.paid_in_krw == (
        figures.cash.multiples.paid_in_krw
    )
    if figures.cash.multiples.paid_in_krw:
        shares = by_code["K1"].multiples.nav_krw + by_code["K2"].multiples.nav_krw
        assert shares == figures.cash.multiples.nav_krw


@SETTINGS
@given(histories())
def test_lines_of_companies_add_up_to_the_lines_of_the_fund(rows: ReportRows) -> None:
    figures = reckon(rows)
    total = dict(figures.gross)["total"]
    lines = [row for row in table(figures, "holdings").rows if row.key != "total"]
    assert sum(row.cells[3] + row.cells[4] for row in lines) == total.invested_krw
    assert sum(row.cells[5] for row in lines) == total.proceeds_krw
    assert sum(row.cells[6] for row in lines) == total.fair_value_krw
    changes = table(figures, "marks").rows
    assert sum(row.cells[3] for row in changes) == total.fair_value_krw


@SETTINGS
@given(histories())
def test_every_quarter_of_the_history_ends_where_the_next_begins(rows: ReportRows) -> None:
    points = metrics.history(rows)
    paid = 0
    for point in points:
        paid += point.cash_in_krw + point.in_kind_in_krw
        assert point.multiples.paid_in_krw == paid
    assert points[-1].multiples.nav_krw == reckon(rows).total.multiples.nav_krw
