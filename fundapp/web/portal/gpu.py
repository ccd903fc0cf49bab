"""The GPU request as a matrix of SKU and quarter, with its arithmetic: hours x agreed rate = value in kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from fundapp.core.errors import LedgerRefusedError
from fundapp.core.quantities import HOUR, Quantity, gpu_commodity
from fundapp.core.quarters import Quarter
from fundapp.intake.form import Question
from fundapp.ledger.queries import rate_on

_PERMILLE = 1000


@dataclass(frozen=True, slots=True)
class Cell:
    """One SKU in one quarter.

    Attributes:
        hours_e4: Hours in ten-thousandths; None where what was typed is no amount.
        rate_krw: Won an hour.
        announced_hours: Whole hours that the call announced for all applicants; what is left of them is nobody's to
            know before the committee decides.
    """

    key: str
    quarter: str
    hours_e4: int | None
    rate_krw: int | None
    announced_hours: int | None = None

    @property
    def beyond(self) -> bool:
        """Whether more is asked for than the whole call announced."""
        return self.announced_hours is not None and (self.hours_e4 or 0) > self.announced_hours * HOUR


@dataclass(frozen=True, slots=True)
class SkuRow:
    """One SKU: its cells, the sum of its hours, and the rates that apply (one, or several by quarter)."""

    sku: str
    cells: tuple[Cell, ...]
    hours_e4: int
    rates: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """A whole GPU request.

    Attributes:
        quarters: Quarters asked about, in order.
        rows: One a SKU.
        quarter_hours_e4: Sum of each quarter over SKUs.
        hours_e4: All hours together.
        value_e4: Value in kind at the call's rates, in ten-thousandths of a won.
        cap_e4: The most that one company may be given, likewise; None when the call sets none.
    """

    quarters: tuple[Quarter, ...]
    rows: tuple[SkuRow, ...]
    quarter_hours_e4: tuple[int, ...]
    hours_e4: int
    value_e4: int
    cap_e4: int | None


def rates_in_force(session: Session, document: Mapping[str, Any]) -> dict[tuple[str, str], int]:
    """Return the rate card's won an hour for each SKU and quarter of a call, on the quarter's first day.

    What the card does not price is left out; the call's own rate then stands.
    """
    found = {}
    for sku in document.get("skus", []):
        for text in document.get("quarters", []):
            quarter = Quarter.parse(str(text))
            try:
                rate = rate_on(session, gpu_commodity(str(sku).upper()), quarter.first_day)
            except LedgerRefusedError:
                continue
            if rate is not None:
                found[str(sku).upper(), str(quarter)] = rate
    return found


def build_matrix(
    question: Question,
    typed: Mapping[str, Any],
    document: Mapping[str, Any],
    card: Mapping[tuple[str, str], int] | None = None,
) -> Matrix:
    """Lay out a `gpu_hours` question with what was typed or stored.

    Args:
        question: The question, with one part a cell.
        typed: Hours by the part's key, as text.
        document: The call, for rates and hours of its `pools` and the company's cap in `shares`.
        card: The rates in force, which count before those of the call.
    """
    rates = _rates(document) | dict(card or {})
    announced = _announced(document)
    quarters = tuple(dict.fromkeys(part.quarter for part in question.parts))
    rows = []
    for sku in dict.fromkeys(part.sku for part in question.parts):
        cells = tuple(
            Cell(
                part.key,
                part.quarter,
                read_hours(typed.get(part.key)),
                rates.get((sku.upper(), part.quarter)),
                announced.get((sku.upper(), part.quarter)),
            )
            for part in question.parts
            if part.sku == sku
        )
        own_rates = tuple(dict.fromkeys(cell.rate_krw for cell in cells if cell.rate_krw is not None))
        rows.append(SkuRow(sku.upper(), cells, sum(cell.hours_e4 or 0 for cell in cells), own_rates))
    every = [cell for row in rows for cell in row.cells]
    return Matrix(
        quarters=tuple(Quarter.parse(quarter) for quarter in quarters),
        rows=tuple(rows),
        quarter_hours_e4=tuple(
            sum(cell.hours_e4 or 0 for cell in every if cell.quarter == quarter) for quarter in quarters
        ),
        hours_e4=sum(row.hours_e4 for row in rows),
        value_e4=sum((cell.hours_e4 or 0) * (cell.rate_krw or 0) for cell in every),
        cap_e4=_cap(document),
    )


def read_hours(typed: object) -> int | None:
    """Return typed hours in ten-thousandths; nothing typed is 0, nonsense None."""
    text = str(typed or "").replace(",", "").strip()
    if not text:
        return 0
    try:
        minor = Quantity.parse(text, gpu_commodity("X")).minor
    except ValueError:
        return None
    return minor if minor >= 0 else None


def _pools(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [pool for pool in document.get("pools", []) if isinstance(pool, Mapping)]


def _rates(document: Mapping[str, Any]) -> dict[tuple[str, str], int]:
    return {
        (str(pool.get("sku")).upper(), str(pool.get("quarter"))): pool["rate_krw"]
        for pool in _pools(document)
        if isinstance(pool.get("rate_krw"), int)
    }


def _announced(document: Mapping[str, Any]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for pool in _pools(document):
        if isinstance(pool.get("hours"), int):
            key = (str(pool.get("sku")).upper(), str(pool.get("quarter")))
            found[key] = found.get(key, 0) + pool["hours"]
    return found


def _cap(document: Mapping[str, Any]) -> int | None:
    shares = document.get("shares")
    permille = shares.get("own_cap_permille") if isinstance(shares, Mapping) else None
    value: int = sum(
        pool["hours"] * pool["rate_krw"]
        for pool in _pools(document)
        if isinstance(pool.get("hours"), int) and isinstance(pool.get("rate_krw"), int)
    )
    if not isinstance(permille, int) or not value:
        return None
    cap: int = value * HOUR * permille // _PERMILLE
    return cap
