"""What the ledger writes for other programs is read by those programs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from beancount import loader
from beancount.core import data, prices, realization
from fava.application import create_app
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from fundapp.core.access import SYSTEM
from fundapp.core.quantities import gpu_hours, imputed_value, won
from fundapp.core.quarters import Quarter
from fundapp.core.sessions import Database
from fundapp.ledger import actions, queries
from fundapp.ledger.export import beancount_account, beancount_commodity, to_beancount
from fundapp.ledger.rules import Leg

AT = datetime(2027, 1, 5, tzinfo=UTC)
QUARTERS = [Quarter(2026, 2), Quarter(2026, 3), Quarter(2026, 4), Quarter(2027, 1)]
POOL, GRANT, USED = "pool:microsoft:h100:koreacentral:2026Q3", "grant:AW-2026-0001:h100", "used:AW-2026-0001:h100"


def move(session: Session, key: str, debit: str, credit: str, amount: str, day: date) -> None:
    """Post won, or GPU-hours with their value beside them."""
    if amount.endswith("h"):
        hours = gpu_hours("H100", amount[:-1])
        legs = [Leg(debit, credit, hours), Leg(debit, credit, imputed_value(hours, 4200))]
    else:
        legs = [Leg(debit, credit, won(int(amount)))]
    for leg in legs:
        for path in (debit, credit):
            floor = None if path.startswith("investor:") else 0
            actions.open_account(session, path, leg.quantity.commodity, on=day, floor=floor)
    actions.post(session, key=key, kind=f'"{key}"', legs=legs, effective_on=day, actor=SYSTEM, at=AT)


def live(session: Session) -> None:
    """A year of a small fund: over three quarter ends, with a hold, a reversal, closed books, prices and rates."""
    move(session, "promise", "investor:kt", "pool:kt", "1000000", date(2026, 4, 2))
    move(session, "award", "pool:kt", "award:AW-2026-0001", "300000", date(2026, 6, 30))
    move(session, "hours", "investor:microsoft", POOL, "400h", date(2026, 7, 1))
    move(session, "grant", POOL, GRANT, "60.5h", date(2026, 9, 30))
    move(session, "drawn", GRANT, USED, "12.0625h", date(2026, 10, 1))
    move(session, "wrong", "pool:kt", "award:AW-2026-0001", "777", date(2026, 10, 2))
    actions.close_books(session, through=date(2026, 9, 30), actor=SYSTEM, at=AT)
    actions.reverse(session, txn_key="wrong", key="undo", effective_on=date(2027, 1, 1), actor=SYSTEM, at=AT)
    held = [Leg("pool:kt", "award:AW-2026-0001", won(5))]
    day = date(2026, 11, 1)
    actions.hold(session, key="held", kind="reserve", legs=held, effective_on=day, actor=SYSTEM, at=AT)
    actions.set_rate(session, commodity="GPUH.H100", valid_from=date(2026, 7, 1), unit_price=4200, source="card")
    actions.set_rate(
        session, commodity="GPUH.H100", valid_from=date(2026, 10, 1), unit_price=301, source="card", currency="USD"
    )
    actions.set_fx(session, pair="USDKRW", day=date(2026, 10, 1), rate="1391.25", source="bank")


@pytest.fixture
def exported(db: Database, tmp_path: Path) -> Path:
    db.transaction(live)
    path = tmp_path / "fund.beancount"
    with db.read() as session:
        path.write_text(to_beancount(session), encoding="utf-8")
    return path


def sums_of(entries: data.Entries, day: date) -> dict[tuple[str, str], Decimal]:
    """Return every balance that is not zero at the end of a day, as Beancount adds it up."""
    root = realization.realize([entry for entry in entries if entry.date <= day])
    return {
        (account.account, amount.currency): amount.number
        for account in realization.iter_children(root)
        for amount in (position.units for position in account.balance)
        if amount.number
    }


def test_beancount_reads_the_export_without_an_error(exported: Path) -> None:
    entries, errors, _ = loader.load_file(str(exported))
    assert errors == []
    assert sum(isinstance(entry, data.Transaction) for entry in entries) == 7


def test_every_balance_at_each_quarter_end_is_beancounts(db: Database, exported: Path) -> None:
    entries, _, _ = loader.load_file(str(exported))
    compared = 0
    for quarter in QUARTERS:
        with db.read() as session:
            rows = queries.balances(session, as_of=quarter.last_day)
        ours = {
            (beancount_account(row.account), beancount_commodity(row.commodity)): Decimal(
                queries.decimal_text(row.posted, row.commodity)
            )
            for row in rows
            if row.posted
        }
        assert ours == sums_of(entries, quarter.last_day)
        compared += len(ours)
    assert compared == 3 + 9 + 11 + 11


def test_prices_carry_the_rate_card_and_the_exchange_rates(exported: Path) -> None:
    entries, _, _ = loader.load_file(str(exported))
    known = prices.build_price_map(entries)
    assert prices.get_price(known, ("GPUH.H100", "KRW"), date(2026, 9, 1))[1] == Decimal(4200)
    assert prices.get_price(known, ("GPUH.H100", "USD"), date(2026, 12, 1))[1] == Decimal("3.01")
    assert prices.get_price(known, ("USD", "KRW"), date(2026, 12, 1))[1] == Decimal("1391.25")


@pytest.fixture
def fava(exported: Path) -> Iterator[FlaskClient]:
    with create_app([exported]).test_client() as client:
        yield client


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_export_opens_in_fava(fava: FlaskClient) -> None:
    start = fava.get("/").headers["Location"].split("/")[1]
    pages = ("income_statement", "balance_sheet", "account/Liabilities:Pool:Kt", "errors")
    assert [fava.get(f"/{start}/{page}/").status_code for page in pages] == [200] * 4
    assert fava.get(f"/{start}/api/errors").get_json()["data"] == []
    assert fava.get(f"/{start}/api/balance_sheet").status_code == 200
