"""The GPU request: hours, the rates in force, and what the call announced."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from fundapp.core.quantities import HOUR
from fundapp.core.sessions import Database
from fundapp.intake.form import Form, parse_form
from fundapp.ledger.actions import set_rate
from fundapp.web.portal.gpu import build_matrix, rates_in_force

CALL = {
    "skus": ["H100"],
    "quarters": ["2026Q3", "2026Q4"],
    "pools": [
        {"sku": "H100", "quarter": "2026Q3", "hours": 100, "rate_krw": 5_000},
        {"sku": "H100", "quarter": "2026Q3", "hours": 20, "rate_krw": 5_000},
        {"sku": "H100", "quarter": "2026Q4", "hours": 100, "rate_krw": 5_000},
    ],
}
QUESTION = {"key": "gpu", "kind": "gpu_hours", "label_ko": "GPU", "label_en": "GPU"}
TYPED = {"gpu_h100_2026Q3": "121", "gpu_h100_2026Q4": "10.5"}


def form() -> Form:
    section = {"key": "request", "title_ko": "신청", "title_en": "Request", "questions": [QUESTION]}
    return parse_form(CALL | {"sections": [section]})


def test_hours_are_valued_at_the_card_in_force_and_else_at_the_calls_rate() -> None:
    matrix = build_matrix(form().questions[0], TYPED, CALL, {("H100", "2026Q4"): 6_000})
    assert matrix.value_e4 == (121 * 5_000 + 63_000) * HOUR
    assert matrix.rows[0].rates == (5_000, 6_000)


def test_more_than_the_whole_call_has_is_pointed_out() -> None:
    cells = build_matrix(form().questions[0], TYPED, CALL).rows[0].cells
    assert [(cell.announced_hours, cell.beyond) for cell in cells] == [(120, True), (100, False)]


def test_the_card_in_force_is_that_of_the_quarters_first_day(db: Database) -> None:
    def work(session: Session) -> None:
        for day, price in ((date(2026, 7, 1), 5_200), (date(2026, 9, 1), 5_500)):
            set_rate(session, commodity="GPUH.H100", valid_from=day, unit_price=price, source="협약")

    db.transaction(work)
    with db.read() as session:
        assert rates_in_force(session, CALL) == {("H100", "2026Q3"): 5_200, ("H100", "2026Q4"): 5_500}
