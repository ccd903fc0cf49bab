"""What a usage file states, totalled: the only thing that the rooms above need to know of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from functools import lru_cache
from typing import Final, NamedTuple

from .refusals import FocusFileError, Rejected
from .rows import UsageRow, days_of

HOURS_SCALE: Final = 10_000
MOST_REFUSED: Final = 10_000
#: Totals are kept as whole multiples of 1e-18 / 86,400 of an hour, which holds every unit of time and shared card.
QUANTITY_SCALE: Final = 10**18
_PARTS: Final = 86_400
_UNIT: Final = QUANTITY_SCALE * _PARTS


class Line(NamedTuple):
    """The place of one total in a file."""

    company: str | None
    sub_account: str
    month: date
    sku: str
    region: str
    day: date


@dataclass(frozen=True, slots=True)
class Statement:
    """What a usage file holds.

    Attributes:
        version: Version of FOCUS as its columns (or its manifest) tell, or ``hours`` for a plain list of hours.
        read: Rows in the file, blank lines apart.
        usage_rows: Rows that are metered GPU time.
        totals: Ten-thousandths of a GPU-hour by place, each rounded once, half to even.
        rows: GPU rows by place, the day being that on which the charge starts.
        bills: Sub-account and billing month of every row, GPU use or not; exports restate whole months.
        accounts: Billing accounts, sorted.
        rejected: Every row that could not be read, with the reason.
        refused_bills: Sub-account and billing month of each refused row; None is what it does not say.
        run: Run of the export that the file belongs to, where a manifest says.
        scope: Scope of the export as its manifest says; empty where there is none.
    """

    version: str
    read: int
    usage_rows: int
    totals: dict[Line, int]
    rows: dict[Line, int]
    bills: frozenset[tuple[str, date]]
    accounts: tuple[str, ...]
    rejected: list[Rejected]
    refused_bills: frozenset[tuple[str | None, date | None]] = frozenset()
    run: str = ""
    scope: str = ""

    @property
    def periods(self) -> tuple[str, ...]:
        """Billing months, ``YYYY-MM`` in UTC, sorted."""
        return tuple(sorted({f"{month:%Y-%m}" for _, month in self.bills}))


@dataclass(slots=True)
class Tally:
    """A statement in the making: exact sums, whatever order the rows come in."""

    read: int = 0
    usage_rows: int = 0
    exact: dict[Line, int] = field(default_factory=lambda: defaultdict(int))
    rest: dict[Line, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    rows: dict[Line, int] = field(default_factory=lambda: defaultdict(int))
    bills: set[tuple[str, date]] = field(default_factory=set)
    accounts: set[str] = field(default_factory=set)
    rejected: list[Rejected] = field(default_factory=list)
    refused_bills: set[tuple[str | None, date | None]] = field(default_factory=set)

    def absorb(self, other: Tally) -> None:
        """Add all that another part of the export states."""
        self.read += other.read
        self.usage_rows += other.usage_rows
        for line, hours in other.exact.items():
            self.exact[line] += hours
        for line, share in other.rest.items():
            self.rest[line] += share
        for line, rows in other.rows.items():
            self.rows[line] += rows
        self.bills |= other.bills
        self.accounts |= other.accounts
        self.rejected += other.rejected
        self.refused_bills |= other.refused_bills

    def add_row(self, row: UsageRow) -> None:
        """Add one row."""
        self.bills.add((row.sub_account, row.billed_in))
        if row.account:
            self.accounts.add(row.account)
        if row.sku is None:
            return
        place = Line(row.company, row.sub_account, row.billed_in, row.sku, row.region, row.start.date())
        self.add_hours(place, row.start, row.end, row.gpu_hours * QUANTITY_SCALE, 1)

    def add_hours(self, place: Line, start: datetime, end: datetime, hours_e18: Fraction | int, rows: int) -> None:
        """Add GPU-hours of a charge period, spread over its days.

        Args:
            place: Where they belong; its day is that on which the period starts.
            start: Inclusive.
            end: Exclusive.
            hours_e18: 1e-18 GPU-hours.
            rows: How many rows state them.
        """
        self.usage_rows += rows
        self.rows[place] += rows
        shares = spread(start, end)
        if len(shares) == 1 and isinstance(hours_e18, int):
            self.exact[place] += hours_e18 * _PARTS
            return
        for day, share in shares:
            part = hours_e18 * share.numerator * _PARTS if share == 1 else Fraction(hours_e18) * share * _PARTS
            line = place if day == place.day else place._replace(day=day)
            if isinstance(part, int) or part.denominator == 1:
                self.exact[line] += int(part)
            else:
                self.rest[line] += part

    def refuse(self, refusal: Rejected, bill: tuple[str | None, date | None]) -> None:
        """Add a row that could not be read.

        Raises:
            FocusFileError: if too many were refused for the file to be what it is taken for.
        """
        self.rejected.append(refusal)
        self.refused_bills.add(bill)
        if len(self.rejected) > MOST_REFUSED:
            first = min(self.rejected, key=lambda one: one.row)
            raise FocusFileError(
                "too_many_refused",
                f"{MOST_REFUSED:,}행 넘게 읽지 못해 멈췄습니다. 처음은 {first.row}행: {first.message_ko}",
                f"stopped after {MOST_REFUSED:,} refused rows; the first is row {first.row}: {first.message_en}",
            )

    def finish(self, version: str, run: str = "", scope: str = "") -> Statement:
        """Return the statement."""
        totals = {line: _round(self.exact.get(line, 0), self.rest.get(line)) for line in {**self.exact, **self.rest}}
        return Statement(
            version,
            self.read,
            self.usage_rows,
            totals,
            dict(self.rows),
            frozenset(self.bills),
            tuple(sorted(self.accounts)),
            sorted(self.rejected, key=lambda one: one.row),
            frozenset(self.refused_bills),
            run,
            scope,
        )


@lru_cache(maxsize=4096)
def spread(start: datetime, end: datetime) -> tuple[tuple[date, Fraction], ...]:
    """Return the days of a period and their shares."""
    return tuple(days_of(start, end))


def _round(exact: int, rest: Fraction | None) -> int:
    """Return ten-thousandths of an hour, half to even."""
    if rest:
        return round((exact + rest) * HOURS_SCALE / _UNIT)
    whole, left = divmod(exact * HOURS_SCALE, _UNIT)
    return whole + (left * 2 > _UNIT or (left * 2 == _UNIT and whole % 2 == 1))


def hours_of_company(totals: Iterable[tuple[Line, int]]) -> dict[tuple[str | None, str, str, date], int]:
    """Return totals over all bills by (company key, SKU, region, UTC day)."""
    sums: dict[tuple[str | None, str, str, date], int] = defaultdict(int)
    for line, hours_e4 in totals:
        sums[line.company, line.sku, line.region, line.day] += hours_e4
    return dict(sums)
