"""Rows reduced to totals, column by column.

What a value means is decided once for each distinct value, by the same functions that read single rows. Rows whose
values are all in order are summed together, exactly, in decimals; every other row is read by itself, which either
gives the same kind of figure or the reason why it is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
from pyarrow import compute

from fundapp.portfolio.gpu_sizes import GpuSize

from .coding import Codebook, Coded, Frame, Marks, Numbers, Verdicts, is_refusal
from .companies import UNREADABLE, Companies, TagReader
from .fields import instant
from .refusals import RowRefusedError
from .rows import (
    MAX_GPU_HOURS,
    MAX_SPAN,
    SIZE_COLUMNS,
    Rules,
    UsageRow,
    bill_of,
    billing_month,
    clean,
    gpu_size,
    is_metered,
    read_row,
    require_known_currency,
    size_name,
    span_of,
    unit_hours,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

_SPAN: Final = ("ChargePeriodStart", "ChargePeriodEnd")
_KIND: Final = ("ChargeCategory", "CommitmentDiscountStatus")
_TAGS: Final = ("Tags", "AllocatedMethodId", "AllocatedTags")
_BILL: Final = ("SubAccountId", "BillingPeriodStart")
_SIZE: Final = ("ChargePeriodStart", *SIZE_COLUMNS)
KEYS: Final = (*_SPAN, *_BILL, "RegionId", "ConsumedUnit", *SIZE_COLUMNS)
"""Columns that give a quantity its meaning; the company comes beside them."""
_ALL: Final = tuple(dict.fromkeys((*KEYS, *_KIND, *_TAGS, "BillingAccountId", "BillingCurrency", "ConsumedQuantity")))
_ORDINARY: Final = r"^(?:[+-]?\d{1,15}(?:\.\d{0,18})?|NULL|)$"
_SUMMABLE: Final = r"^-?\d{1,6}(?:\.\d{1,18})?$"
_LARGEST_SUMMABLE: Final = 10**6
_DECIMAL: Final = pa.decimal128(38, 18)


@dataclass(frozen=True, slots=True)
class Part:
    """What one frame comes to.

    Attributes:
        sums: GPU rows that can be summed: their quantity, and in the numbers of a codebook what gives them a meaning.
        bills: Sub-account and billing month of the rows that are in order.
        accounts: Their billing accounts.
        singles: Rows that were read by themselves.
        refused: Position, reason and bill of each refused row.
    """

    sums: pa.Table | None
    bills: frozenset[tuple[str, date]]
    accounts: frozenset[str]
    singles: tuple[UsageRow, ...]
    refused: tuple[tuple[int, RowRefusedError, tuple[str, date | None]], ...]


class Reducer:
    """Reduces the frames of one file, one after the other, under one set of rules.

    Args:
        rules: Tags, subscriptions, sizes and currencies.
        present: The columns that the file has.
    """

    def __init__(self, rules: Rules, present: Collection[str]) -> None:
        self.rules = rules
        self.codebook = Codebook()
        self._spans = Verdicts(span_of)
        self._kinds = Verdicts(is_metered)
        self._tags = TagReader(rules.mapping, self.codebook, present)
        self._bills = Verdicts(_bill)
        self._machines = {column: Verdicts(self._namer(column)) for column in SIZE_COLUMNS if column in present}
        self._sizes = Verdicts(self._size)
        self._units = Verdicts(unit_hours)
        self._currencies = Verdicts(self._money)

    def reduce(self, table: pa.Table) -> Part:
        """Return what the rows of a frame, columns of text, come to."""
        frame = Frame(table)
        companies = self._tags.read(frame)
        odd, gpu = self._unreadable(frame, companies), self._gpu_rows(frame)
        eligible = gpu if odd is None or gpu is None else gpu & ~odd
        rows: Numbers = np.flatnonzero(eligible) if eligible is not None else np.empty(0, dtype=np.int64)
        strange = self._strange(frame, rows) if rows.size else None
        if strange is not None:
            odd = np.zeros(frame.height, dtype=np.bool_) if odd is None else odd
            odd[rows[strange]] = True
            rows = rows[~strange]
        sums = self._sum(frame, rows, companies) if rows.size else None
        good = None if odd is None else np.flatnonzero(~odd)
        accounts, bills = self._accounts(frame, good), self._name_bills(frame, good)
        singles, refused = ([], []) if odd is None else self._one_by_one(frame, np.flatnonzero(odd))
        return Part(sums, bills, accounts, tuple(singles), tuple(refused))

    def _unreadable(self, frame: Frame, companies: Companies) -> Marks | None:
        """Return which rows must be read by themselves, GPU time or not; None when none must."""
        wrong = [
            _marks(companies == UNREADABLE),
            self._spans.refused(frame.coded(*_SPAN)),
            self._kinds.refused(frame.coded(*_KIND)),
            _unlike(frame.texts("ConsumedQuantity"), _ORDINARY),
        ]
        found = [marks for marks in wrong if marks is not None]
        return reduce(or_, found) if found else None

    def _gpu_rows(self, frame: Frame) -> Marks | None:
        """Return which metered rows have a column that names a GPU machine or cannot be read; None when no row has."""
        named = None
        for column, verdicts in self._machines.items():
            coded = frame.coded(column)
            marks = coded.marks(verdict is not False for verdict in verdicts.on(coded))
            if marks is not None:
                named = marks if named is None else named | marks
        kinds = frame.coded(*_KIND)
        metered = kinds.marks(verdict is True for verdict in self._kinds.on(kinds))
        return None if named is None or metered is None else named & metered

    def _accounts(self, frame: Frame, rows: Numbers | None) -> frozenset[str]:
        return frozenset(clean(account) for (account,) in _some(frame.coded("BillingAccountId"), rows).values)

    def _name_bills(self, frame: Frame, rows: Numbers | None) -> frozenset[tuple[str, date]]:
        coded = _some(frame.coded(*_BILL), rows)
        verdicts = self._bills.on(coded)
        if any(map(is_refusal, verdicts)):  # some row names no billing period: the charge's own month counts
            verdicts = self._bills.on(_some(frame.coded(*_BILL, "ChargePeriodStart"), rows))
        return frozenset(verdict for verdict in verdicts if not is_refusal(verdict))

    def _namer(self, column: str) -> Callable[[str], bool]:
        return lambda cell: self.rules.sizes.names(size_name(column, cell)[0])

    def _size(self, start: str, *cells: str) -> GpuSize | None:
        day = instant("ChargePeriodStart", start).date()
        return gpu_size(dict(zip(SIZE_COLUMNS, cells, strict=True)), day, self.rules.sizes)

    def _money(self, currency: str) -> bool:
        require_known_currency(currency, self.rules.currencies)
        return True

    def _strange(self, frame: Frame, rows: Numbers) -> Marks | None:
        """Return which of the rows that name a GPU machine cannot simply be summed; None when all can."""
        sizes, units = frame.coded(*_SIZE).at(rows), frame.coded("ConsumedUnit").at(rows)
        spans, currencies = frame.coded(*_SPAN).at(rows), frame.coded("BillingCurrency").at(rows)
        known = self._sizes.on(sizes)
        most = max((size.gpus for size in known if isinstance(size, GpuSize)), default=1)
        limit = Fraction(MAX_GPU_HOURS, _LARGEST_SUMMABLE) / most
        wrong = [
            sizes.marks(not isinstance(size, GpuSize) for size in known),
            units.marks(is_refusal(hours) or hours > limit for hours in self._units.on(units)),
            self._currencies.refused(currencies),
            spans.marks(end - start > MAX_SPAN for start, end in self._spans.on(spans)),
            _unlike(frame.texts("ConsumedQuantity").take(pa.array(rows)), _SUMMABLE),
        ]
        found = [marks for marks in wrong if marks is not None]
        return reduce(or_, found) if found else None

    def _sum(self, frame: Frame, rows: Numbers, companies: Companies) -> pa.Table:
        """Return what the rows mean, and how much each states, ready to be summed."""
        columns = {name: self._number(name, frame.coded(name), rows) for name in KEYS}
        columns["company"] = companies[rows]
        hours = frame.texts("ConsumedQuantity").take(pa.array(rows)).cast(_DECIMAL)
        return pa.table({**columns, "hours": hours, "rows": np.ones(len(rows), dtype=np.int64)})

    def _number(self, name: str, coded: Coded, rows: Numbers) -> object:
        return self.codebook.number(name, (text for (text,) in coded.values))[coded.codes[rows]]

    def _one_by_one(
        self, frame: Frame, rows: Numbers
    ) -> tuple[list[UsageRow], list[tuple[int, RowRefusedError, tuple[str, date | None]]]]:
        singles: list[UsageRow] = []
        refused: list[tuple[int, RowRefusedError, tuple[str, date | None]]] = []
        for position, cells in zip(rows.tolist(), frame.cells(rows, _ALL), strict=True):
            try:
                singles.append(read_row(cells, self.rules))
            except RowRefusedError as refusal:
                refused.append((position, refusal, bill_of(cells)))
        return singles, refused


def _some(coded: Coded, rows: Numbers | None) -> Coded:
    return coded if rows is None else coded.at(rows)


def _marks(marked: Marks) -> Marks | None:
    return marked if marked.any() else None


def _unlike(texts: pa.ChunkedArray, pattern: str) -> Marks | None:
    """Return which texts do not follow a pattern; None when all do."""
    like = compute.match_substring_regex(texts, pattern)
    if compute.all(like, min_count=0).as_py():
        return None
    marks: Marks = ~like.to_numpy(zero_copy_only=False) if isinstance(like, pa.Array) else ~like.to_numpy()
    return marks


def _bill(sub_account: str, period: str, start: str = "") -> tuple[str, date]:
    month = billing_month(period) or billing_month(start)
    if month is None:
        raise RowRefusedError("BillingPeriodStart", "missing")
    return clean(sub_account), month


__all__ = ["KEYS", "Part", "Reducer"]
