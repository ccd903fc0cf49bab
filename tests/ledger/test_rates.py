from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from fundapp.core.errors import LedgerRefusedError
from fundapp.core.quantities import Quantity, gpu_hours, won
from fundapp.core.sessions import Database
from fundapp.ledger import actions, queries

JULY, OCTOBER, FRIDAY, SUNDAY = date(2026, 7, 1), date(2026, 10, 1), date(2026, 10, 2), date(2026, 10, 4)


@pytest.fixture
def priced(db: Database) -> Database:
    def work(session: Session) -> None:
        actions.set_rate(session, commodity="GPUH.H100", valid_from=JULY, unit_price=4200, source="card")
        actions.set_rate(
            session, commodity="GPUH.H100", valid_from=OCTOBER, unit_price=301, source="card", currency="USD"
        )
        for rate in ("1390", "1391.25", "1391.25"):
            actions.set_fx(session, pair="USDKRW", day=FRIDAY, rate=rate, source="bank")

    db.transaction(work)
    return db


def value(database: Database, quantity: Quantity, day: date) -> str:
    with database.read() as session:
        return str(queries.value_of(session, quantity, day))


def test_a_price_in_won_values_hours_exactly(priced: Database) -> None:
    assert value(priced, gpu_hours("H100", "0.0125"), JULY) == "52.5000"


def test_a_price_in_dollars_is_converted_at_the_last_rate_published_and_rounded_once(priced: Database) -> None:
    # 100.5 h x 3.01 USD x 1391.25 = 420,860.08125 won
    assert value(priced, gpu_hours("H100", "100.5"), SUNDAY) == "420860.0000"
    with priced.read() as session:
        assert queries.fx_on(session, "USDKRW", SUNDAY) == Decimal("1391.25")
        assert queries.rate_on(session, "GPUH.H100", SUNDAY) == 4188  # 3.01 x 1391.25 = 4,187.6625


@pytest.mark.parametrize(("cents", "won_text"), [(50, "0.0000"), (150, "2.0000"), (250, "2.0000"), (251, "3.0000")])
def test_half_a_won_is_rounded_to_the_even_one(db: Database, cents: int, won_text: str) -> None:
    db.transaction(lambda s: actions.set_fx(s, pair="USDKRW", day=JULY, rate=1, source="a rate of one"))
    assert value(db, Quantity(cents, "USD"), JULY) == won_text


def test_won_are_worth_themselves(db: Database) -> None:
    assert value(db, won(7), JULY) == "7.0000"


def test_a_new_line_for_the_same_day_is_a_new_version_and_the_same_line_twice_is_none(priced: Database) -> None:
    with priced.read() as session:
        assert [(row.version, row.rate) for row in queries.list_fx(session, pair="USDKRW")] == [
            (1, Decimal(1390)),
            (2, Decimal("1391.25")),
        ]
        assert [(row.version, row.currency) for row in queries.list_rates(session)] == [(1, "KRW"), (1, "USD")]


def test_a_day_without_price_or_exchange_rate_is_refused_by_name(priced: Database) -> None:
    with pytest.raises(LedgerRefusedError, match=r"no price of GPUH\.H100 on 2026-06-30"):
        value(priced, gpu_hours("H100", 1), date(2026, 6, 30))
    with pytest.raises(LedgerRefusedError, match="no exchange rate USDKRW on 2026-10-01"):
        value(priced, gpu_hours("H100", 1), OCTOBER)


@pytest.mark.parametrize("rate", ["0", "-1", "NaN", "Infinity", "1391.2500001", "a lot"])
def test_an_exchange_rate_is_a_number_above_zero_with_six_decimals_at_most(db: Database, rate: str) -> None:
    with pytest.raises(LedgerRefusedError, match="at most six decimals"):
        db.transaction(lambda s: actions.set_fx(s, pair="USDKRW", day=JULY, rate=rate, source="bank"))


def test_a_currency_that_the_ledger_does_not_keep_is_refused_by_name(db: Database) -> None:
    with pytest.raises(LedgerRefusedError, match="EUR"):
        db.transaction(
            lambda s: actions.set_rate(
                s, commodity="GPUH.H100", valid_from=JULY, unit_price=1, source="card", currency="EUR"
            )
        )
    with pytest.raises(LedgerRefusedError, match="JPYKRW"):
        db.transaction(lambda s: actions.set_fx(s, pair="JPYKRW", day=JULY, rate="9.2", source="bank"))
