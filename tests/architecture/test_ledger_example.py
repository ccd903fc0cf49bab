"""The example in docs/ledger.md, posted step by step on both databases."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from source_tree import ROOT

from fundapp.core.access import SYSTEM
from fundapp.core.quantities import Quantity, imputed_value
from fundapp.ledger import actions, queries
from fundapp.ledger.rules import Leg

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from fundapp.core.sessions import Database

ON, AT, RATE = date(2026, 7, 1), datetime(2026, 7, 1, tzinfo=UTC), 4_200
HOLD = "reserve (hold)"
Step = tuple[str, str, tuple[Leg, ...]]


def tables() -> list[list[list[str]]]:
    """Return the cells of every table in the example's section, header and rule left out."""
    text = (ROOT / "docs" / "ledger.md").read_text(encoding="utf-8").split("## An example in figures")[1]
    found: list[list[list[str]]] = []
    for block in re.findall(r"(?:^\|.*\n)+", text.split("\n## ")[0], re.MULTILINE):
        rows = [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in block.splitlines()]
        found.append([rows[0], *rows[2:]])
    return found


def steps() -> list[Step]:
    """Return (number, kind, legs) of each step, with the imputed value beside every movement of hours."""
    grouped: dict[tuple[str, str], list[Leg]] = defaultdict(list)
    for number, kind, path, amount in tables()[0][1:]:
        if kind == "reserve (void)":
            grouped[number, kind] = []
            continue
        debit, credit = (side.strip().strip("`") for side in path.split("→"))
        value, commodity = amount.split()
        quantity = Quantity.parse(value, commodity)
        grouped[number, kind].append(Leg(debit, credit, quantity))
        if commodity.startswith("GPUH."):
            grouped[number, kind].append(Leg(debit, credit, imputed_value(quantity, RATE)))
    return [(number, kind, tuple(legs)) for (number, kind), legs in grouped.items()]


def carry_out(session: Session, step: Step) -> None:
    number, kind, legs = step
    for leg in legs:
        for path in (leg.debit, leg.credit):
            floor = None if path.startswith("investor:") else 0
            actions.open_account(session, path, leg.quantity.commodity, on=ON, floor=floor)
    if kind == "reserve (void)":
        actions.void_hold(session, hold_key="hold", key="void", effective_on=ON, actor=SYSTEM, at=AT)
    elif kind == HOLD:
        actions.hold(session, key="hold", kind="reserve", legs=legs, effective_on=ON, actor=SYSTEM, at=AT)
    else:
        actions.post(session, key=number + kind, kind=kind, legs=legs, effective_on=ON, actor=SYSTEM, at=AT)


def free(database: Database, path: str, commodity: str) -> Quantity:
    with database.read() as session:
        row = queries.find_balance(session, path, commodity)
    assert row is not None
    return Quantity(row.free, commodity)


def test_the_example_ends_with_the_balances_it_says(db: Database) -> None:
    for step in steps():
        db.transaction(lambda s, step=step: carry_out(s, step))  # type: ignore[misc]
    header, *rows = tables()[1]
    expected = {
        (row[0], commodity): Quantity.parse(cell, commodity).minor
        for row in rows
        for commodity, cell in zip(header[1:], row[1:], strict=True)
        if cell
    }
    with db.read() as session:
        assert queries.verify(session).problems == []
        posted = {(row.account, row.commodity): row.posted for row in queries.balances(session)}
    reserved = {key for key in posted if key[0].startswith("reserved:")}
    assert {posted.pop(key) for key in reserved} == {0}
    assert posted == expected


def test_the_hold_of_the_example_leaves_free_what_it_says(db: Database) -> None:
    for step in steps():
        db.transaction(lambda s, step=step: carry_out(s, step))  # type: ignore[misc]
        if step[1] == HOLD:
            break
    text = (ROOT / "docs" / "ledger.md").read_text(encoding="utf-8")
    said = re.search(r"free are KRW ([\d,]+) and ([\d,]+) hours", text)
    assert said is not None
    cash = free(db, "pool:kt", "KRW")
    hours = free(db, "pool:microsoft:h100:koreacentral:2026Q3", "GPUH.H100")
    assert (str(cash), f"{hours.decimal:.0f}") == (said[1].replace(",", ""), said[2].replace(",", ""))


def test_each_column_of_the_example_adds_up_to_nothing() -> None:
    header, *rows = tables()[1]
    sums = [sum(int(row[column] or 0) for row in rows) for column in range(1, len(header))]
    assert sums == [0, 0, 0]
