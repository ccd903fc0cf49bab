"""The parts of one file gathered into a tally."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from fractions import Fraction

import numpy as np
import pyarrow as pa

from .coding import REMEMBERED, Codebook
from .fields import text_of
from .pieces import Place
from .reducing import KEYS, Part
from .rows import SIZE_COLUMNS, UNKNOWN_REGION, Rules, billing_month, clean, gpu_size, span_of, unit_hours
from .statement import Line, Tally

_PLACE = (*KEYS, "company")


class Gatherer:
    """Gathers the parts of one file.

    Args:
        rules: For machine sizes and subscriptions.
        tally: What the file states is added to it.
        codebook: What the numbers in the parts stand for.
    """

    def __init__(self, rules: Rules, tally: Tally, codebook: Codebook) -> None:
        self.rules, self.tally, self._codebook = rules, tally, codebook
        self._sums: list[pa.Table] = []

    def add(self, place: Place, part: Part, refusal_of_length: Callable[[int], None]) -> None:
        """Add what one frame came to."""
        self.tally.read += place.height
        for number in place.refused:
            refusal_of_length(number)
        for position, refusal, bill in part.refused:
            self.tally.refuse(refusal.at(place.number(position)), bill)
        for row in part.singles:
            self.tally.add_row(row)
        self.tally.bills |= part.bills
        self.tally.accounts |= part.accounts - {""}
        if part.sums is not None:
            self._sums.append(part.sums)
            if sum(sums.num_rows for sums in self._sums) > REMEMBERED:
                self._sums = [_again(self._sums)]

    def finish(self) -> None:
        """Add the sums to the tally."""
        if self._sums:
            _tally(_again(self._sums), self._codebook, self.rules, self.tally)


def _again(sums: list[pa.Table]) -> pa.Table:
    grouped = pa.concat_tables(sums).group_by(list(_PLACE)).aggregate([("hours", "sum"), ("rows", "sum")])
    return grouped.rename_columns({"hours_sum": "hours", "rows_sum": "rows"})


def _tally(sums: pa.Table, codebook: Codebook, rules: Rules, tally: Tally) -> None:
    texts = {name: codebook.texts(name) for name in _PLACE}
    columns = [np.array(texts[name], dtype=object)[sums[name].to_numpy()].tolist() for name in _PLACE]
    spans: dict[tuple[str, str], tuple[datetime, datetime]] = {}
    accounts: dict[str, str] = {account: clean(account) for account in texts["SubAccountId"]}
    regions = {region: clean(region) or UNKNOWN_REGION for region in texts["RegionId"]}
    months: dict[str, date | None] = {period: billing_month(period) for period in texts["BillingPeriodStart"]}
    meters: dict[tuple[str, ...], tuple[str, Fraction | int]] = {}
    named = rules.mapping.sub_accounts
    at_size = slice(6, 6 + len(SIZE_COLUMNS))
    for row, hours, count in zip(
        zip(*columns, strict=True), _whole(sums["hours"]), sums["rows"].to_pylist(), strict=True
    ):
        start, end, account, period, region, unit = row[:6]
        span = spans.get((start, end)) or spans.setdefault((start, end), span_of(start, end))
        day = span[0].date()
        key = (start, unit, *row[at_size])
        sku, factor = meters.get(key) or meters.setdefault(key, _meter(row[at_size], unit, day, rules))
        sub_account = accounts[account]
        line = Line(
            row[-1] or named.get(sub_account),
            sub_account,
            months[period] or day.replace(day=1),
            sku,
            regions[region],
            day,
        )
        tally.add_hours(line, span[0], span[1], hours * factor, count)


def _whole(hours: pa.ChunkedArray) -> list[int]:
    """Return decimals as whole multiples of the least that their scale can say."""
    found: list[int] = []
    for chunk in hours.chunks:
        words = np.frombuffer(chunk.buffers()[1], dtype=np.int64).reshape(-1, 2)[
            chunk.offset : chunk.offset + len(chunk)
        ]
        low = words[:, 0].view(np.uint64)
        found += [(high << 64) | rest for high, rest in zip(words[:, 1].tolist(), low.tolist(), strict=True)]
    return found


def _meter(cells: tuple[str, ...], unit: str, day: date, rules: Rules) -> tuple[str, Fraction | int]:
    """Return the SKU, and the GPU-hours in one unit of consumption."""
    size = gpu_size(dict(zip(SIZE_COLUMNS, cells, strict=True)), day, rules.sizes)
    if size is None:
        raise AssertionError(text_of(cells))
    factor = Fraction(unit_hours(unit) * size.gpus)
    return size.sku.lower(), factor.numerator if factor.denominator == 1 else factor
