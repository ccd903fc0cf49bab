"""GPU pools as a page shows them: by SKU and quarter, in hours and in value."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from fundapp.allocation.queries import PoolRow


@dataclass(frozen=True, slots=True)
class Stock:
    """What became of some pools; hours in ten-thousandths, values in ten-thousandths of a won.

    contributed = returned + free + held + offered + promised + used + expired.
    """

    contributed: int
    returned: int
    held: int
    offered: int
    unreleased: int
    granted: int
    promised: int
    used: int
    expired: int
    free: int
    value: int
    free_value: int

    @property
    def capacity(self) -> int:
        """What the fund has: contributed less what was given back."""
        return self.contributed - self.returned

    @property
    def taken(self) -> int:
        """What of the capacity is not free."""
        return self.capacity - self.free


@dataclass(frozen=True, slots=True)
class PoolShown:
    """One pool with its figures."""

    row: PoolRow
    stock: Stock


@dataclass(frozen=True, slots=True)
class PoolsShown:
    """Everything that the page of pools shows."""

    skus: tuple[str, ...]
    quarters: tuple[str, ...]
    cells: dict[tuple[str, str], Stock]
    total: Stock
    by_quarter: tuple[tuple[str, tuple[PoolShown, ...], Stock], ...]


def _stock(rows: Sequence[PoolRow]) -> Stock:
    return Stock(
        contributed=sum(row.contributed for row in rows),
        returned=sum(row.returned for row in rows),
        held=sum(row.held for row in rows),
        offered=sum(row.offered for row in rows),
        unreleased=sum(row.unreleased for row in rows),
        granted=sum(row.granted for row in rows),
        promised=sum(row.promised for row in rows),
        used=sum(row.used for row in rows),
        expired=sum(row.expired for row in rows),
        free=sum(row.free for row in rows),
        value=sum(row.contributed * row.rate_krw for row in rows),
        free_value=sum(row.free * row.rate_krw for row in rows),
    )


def show_pools(rows: Sequence[PoolRow]) -> PoolsShown:
    """Sum pools up by SKU and quarter."""
    slots: defaultdict[tuple[str, str], list[PoolRow]] = defaultdict(list)
    quarters: defaultdict[str, list[PoolRow]] = defaultdict(list)
    for row in rows:
        slots[row.sku, row.quarter].append(row)
        quarters[row.quarter].append(row)
    return PoolsShown(
        skus=tuple(sorted({row.sku for row in rows}, reverse=True)),
        quarters=tuple(sorted(quarters)),
        cells={slot: _stock(found) for slot, found in slots.items()},
        total=_stock(rows),
        by_quarter=tuple(
            (quarter, tuple(PoolShown(row, _stock([row])) for row in found), _stock(found))
            for quarter, found in sorted(quarters.items())
        ),
    )
