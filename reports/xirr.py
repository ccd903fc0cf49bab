"""The rate of return of dated flows, with every real root and a reason when there is no rate to print.

Convention: sum of a_i (1 + r)^(-t_i) = 0 with t_i = (d_i - d_0) / 365 and d_0 the earliest date. Library solvers miss
roots or return the first of several, so the whole range is searched for sign changes and each is closed in on. All
series given are searched side by side: a report asks for ten rates or for thousands, in about the same time.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from operator import itemgetter
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Reason = Literal["no_sign_change", "same_day", "total_loss", "multiple_rates", "too_short", "out_of_range"]
DatedAmount = tuple[date, int | float]
_Floats = NDArray[np.float64]
_Indexes = NDArray[np.intp]
_Marks = NDArray[np.bool_]

DAYS_A_YEAR = 365
SHORTEST_DAYS = 90
LARGEST_RATE = 10.0
_LOWEST = math.log(1e-9)
_HIGHEST = math.log(1 + 1e6)
_STEP = 0.01
_WIDE_STEP = 4.0
_FIRST_STEP = 0.25
_HALVINGS = 128
_CLOSE = 2.0**-44
_SLACK = 1 + 1e-12
"""Sums of another order may differ in their last digits."""
_GRID = np.arange(math.floor(_LOWEST / _WIDE_STEP), math.ceil(_HIGHEST / _WIDE_STEP) + 1) * _WIDE_STEP
_DAYS = date.max.toordinal() + 1
_CELLS = 2**18
"""Flows held side by side: more would leave the processor's cache."""


@dataclass(frozen=True, slots=True)
class RateOfReturn:
    """A yearly rate, or the reason why none may be printed.

    Attributes:
        rate: yearly rate as a fraction (0.223 is 22.3 %), or None.
        reason: set when the rate is absent, or when it is the total-loss convention of -100 %.
        roots: every real rate between -100 % and 1,000,000 times, ascending.
        days: days from first to last flow.
    """

    rate: float | None
    reason: Reason | None
    roots: tuple[float, ...]
    days: int

    @property
    def annualised(self) -> bool:
        """Whether the flows span at least a year, so that a yearly rate may be shown (GIPS)."""
        return self.days >= DAYS_A_YEAR

    @property
    def shown(self) -> float | None:
        """The figure to print: the yearly rate, or the period's own return when under one year."""
        if self.rate is None or self.annualised or self.reason == "total_loss":
            return self.rate
        return float((1 + self.rate) ** (self.days / DAYS_A_YEAR)) - 1


class _Series(NamedTuple):
    """Series side by side, a row each: one flow a day, by date, filled up with nothing at the last day.

    Attributes:
        years: since the series' first day, F × N.
        amounts: what was paid (negative) or came back, F × N.
    """

    years: _Floats
    amounts: _Floats

    def of(self, rows: _Indexes | _Marks) -> "_Series":
        return _Series(self.years[rows], self.amounts[rows])

    def times(self, from_zero_up: _Marks) -> _Floats:
        """What log growth is multiplied by: years to the end below zero growth, from the start above.

        Below zero growth the latest flow dominates, above it the earliest; dividing by it keeps exp() in range and
        the sign as it was.
        """
        return np.where(from_zero_up, 0.0, self.years[:, -1])[:, np.newaxis] - self.years

    def weights(self, growths: _Floats) -> _Floats:
        """What one won of each flow is worth at a log growth of each row's own, F × N."""
        weights = self.times(growths >= 0)
        weights *= growths[:, np.newaxis]
        np.exp(weights, out=weights)
        return weights

    def values(self, growths: _Floats) -> _Floats:
        """What each series is worth at a log growth of its own."""
        return _row_sums(self.amounts, self.weights(growths))


def _row_sums(one: _Floats, other: _Floats) -> _Floats:
    sums: _Floats = np.einsum("ij,ij->i", one, other)
    return sums


class _Spans(NamedTuple):
    """Spans of log growth on one side of zero, the row of the series that may balance in each, and its worth there."""

    rows: _Indexes
    lefts: _Floats
    rights: _Floats
    left_values: _Floats
    right_values: _Floats


class _Flat(NamedTuple):
    """All flows of all series, one after another."""

    series: _Indexes
    days: NDArray[np.int64]
    amounts: _Floats


def find_roots(flows: Sequence[DatedAmount]) -> tuple[float, ...]:
    """Every rate at which the flows discount to zero and change sign, ascending.

    Args:
        flows: dated amounts, investor's view (paid in is negative), any order.
    """
    return _all_roots(_flat([flows]), 1)[0]


def _flat(funds: Sequence[Sequence[DatedAmount]]) -> _Flat:
    series = np.repeat(np.arange(len(funds)), [len(fund) for fund in funds])
    days = map(date.toordinal, map(itemgetter(0), chain.from_iterable(funds)))
    amounts = map(itemgetter(1), chain.from_iterable(funds))
    return _Flat(series, np.fromiter(days, np.int64, series.size), np.fromiter(amounts, np.float64, series.size))


def _all_roots(flat: _Flat, count: int) -> list[tuple[float, ...]]:
    """The roots of each of `count` series, ascending."""
    found = list[list[float]]([] for _ in range(count))
    for numbers, series in _blocks(flat):
        # By Descartes' rule of signs (Laguerre's form for real exponents) flows that turn once have one rate at most.
        turns = _turns(series.amounts)
        once, often = np.flatnonzero(turns == 1), np.flatnonzero(turns > 1)
        spans = [_only_spans(series, once), _open_spans(series, often)]
        rows, roots = _close_in(series, _Spans(*(np.concatenate(parts) for parts in zip(*spans, strict=True))))
        rates = np.expm1(roots)
        order = np.lexsort((rates, rows))
        for row, rate in zip(numbers[rows[order]].tolist(), rates[order].tolist(), strict=True):
            found[row].append(rate)
    return [tuple(roots) for roots in found]


def _blocks(flat: _Flat) -> Iterable[tuple[_Indexes, _Series]]:
    """The series that have anything but zeros, in blocks of about the same length, with their numbers."""
    # Mostly in order already, which a stable sort makes use of.
    order = np.argsort(flat.series * _DAYS + flat.days, kind="stable")
    series, days, amounts = flat.series[order], flat.days[order], flat.amounts[order]
    fresh = np.append(True, (series[1:] != series[:-1]) | (days[1:] != days[:-1]))[: len(series)]
    starts = np.flatnonzero(fresh)
    if not starts.size:
        return
    series, days, amounts = series[starts], days[starts], np.add.reduceat(amounts, starts)
    firsts = np.flatnonzero(np.append(True, series[1:] != series[:-1]))
    numbers, lengths = series[firsts], np.diff(firsts, append=series.size)
    by_length = np.argsort(lengths, kind="stable")
    while by_length.size:
        # Ascending: the last row of a block is its longest.
        fits = np.arange(1, by_length.size + 1) * lengths[by_length] <= _CELLS
        taken, by_length = np.split(by_length, [max(1, int(fits.sum()))])
        places = np.arange(lengths[taken[-1]])[np.newaxis]
        missing = places >= lengths[taken, np.newaxis]
        cells = firsts[taken, np.newaxis] + np.minimum(places, lengths[taken, np.newaxis] - 1)
        years = (days[cells] - days[firsts[taken], np.newaxis]) / DAYS_A_YEAR
        yield numbers[taken], _Series(years, np.where(missing, 0.0, amounts[cells]))


def _turns(amounts: _Floats) -> _Indexes:
    """How often each row changes sign, zeros left out."""
    signs = np.sign(amounts)
    # A zero takes the sign before it: the place of the last amount that is none.
    places = np.maximum.accumulate(np.where(signs != 0, np.arange(signs.shape[1]), 0), axis=1)
    lasting = np.take_along_axis(signs, places, axis=1)
    turns: _Indexes = np.count_nonzero(lasting[:, 1:] * lasting[:, :-1] < 0, axis=1)
    return turns


def _only_spans(series: _Series, rows: _Indexes) -> _Spans:
    """A short span around the one rate of each row that turns once, widened from zero growth."""
    # One turn: the value falls or rises throughout, and the first term outweighs the rest at high growth.
    some = series.of(rows)
    at_zero = some.values(np.zeros(len(rows)))
    leading = np.take_along_axis(some.amounts, np.argmax(some.amounts != 0, axis=1)[:, np.newaxis], axis=1)[:, 0]
    outermost = np.where(at_zero * leading < 0, _GRID[-1], _GRID[0])
    nears, near_values, widths = np.zeros(len(rows)), at_zero.copy(), np.copysign(_FIRST_STEP, outermost)
    fars, far_values = np.zeros(len(rows)), at_zero.copy()
    open_ = np.flatnonzero(at_zero)
    while open_.size:
        steps, ends = nears[open_] + widths[open_], outermost[open_]
        fars[open_] = np.where(np.abs(steps) < np.abs(ends), steps, ends)
        far_values[open_] = some.of(open_).values(fars[open_])
        open_ = open_[(far_values[open_] * at_zero[open_] > 0) & (fars[open_] != ends)]
        nears[open_], near_values[open_], widths[open_] = fars[open_], far_values[open_], widths[open_] * 2
    up = fars >= nears
    ends_ = (nears, fars), (near_values, far_values)
    lefts, left_values = (np.where(up, near, far) for near, far in ends_)
    rights, right_values = (np.where(up, far, near) for near, far in ends_)
    return _Spans(rows, lefts, rights, left_values, right_values)


def _open_spans(series: _Series, rows: _Indexes) -> _Spans:
    """The narrow spans of log growth in which rows may balance.

    Between the ends of a span each side, what was paid and what came back, moves in one direction; where the smaller
    end of one exceeds the larger end of the other, no rate lies between. What stays is halved and looked at again.
    """
    size = max(1, _CELLS // (_GRID.size * series.years.shape[1]))
    blocks = [_narrowed(series, rows[start : start + size]) for start in range(0, max(rows.size, 1), size)]
    return _Spans(*(np.concatenate(parts) for parts in zip(*blocks, strict=True)))


def _narrowed(series: _Series, rows: _Indexes) -> _Spans:
    owners, lefts, width = np.repeat(rows, _GRID.size - 1), np.tile(_GRID[:-1], rows.size), _WIDE_STEP
    nodes = _sides(series.of(np.repeat(rows, _GRID.size)), np.tile(_GRID, rows.size)).reshape(2, rows.size, _GRID.size)
    at_left, at_right = nodes[:, :, :-1].reshape(2, -1), nodes[:, :, 1:].reshape(2, -1)
    while True:
        least, most = np.minimum(at_left, at_right), np.maximum(at_left, at_right)
        stays = (least <= most[::-1] * _SLACK).all(axis=0)
        owners, lefts, at_left, at_right = owners[stays], lefts[stays], at_left[:, stays], at_right[:, stays]
        if width <= _STEP or not lefts.size:
            left_values, right_values = at_left[0] - at_left[1], at_right[0] - at_right[1]
            return _Spans(owners, lefts, lefts + width, left_values, right_values)
        width /= 2
        middles = lefts + width
        at_middle = _sides(series.of(owners), middles)
        owners, lefts = np.repeat(owners, 2), np.stack([lefts, middles], axis=1).ravel()
        at_left, at_right = (
            np.stack(pair, axis=2).reshape(2, -1) for pair in ((at_left, at_middle), (at_middle, at_right))
        )


def _sides(some: _Series, growths: _Floats) -> _Floats:
    """What came back and what was paid, 2 × F, at a log growth of each row's own."""
    weights = some.weights(growths)
    net, gross = _row_sums(some.amounts, weights), _row_sums(np.abs(some.amounts), weights)
    return np.stack([gross + net, gross - net])


def _close_in(series: _Series, spans: _Spans) -> tuple[_Indexes, _Floats]:
    """The row and place of the root in each span whose ends differ in sign, or whose left end is one.

    From where the chord cuts, Newton's step while it at least halves the last one, else the middle.
    """
    kept = (spans.left_values == 0) | (spans.left_values * spans.right_values < 0)
    rows, lefts, rights, left_values, right_values = spans.rows[kept], *(part[kept] for part in spans[1:])
    below, steps = left_values < 0, rights - lefts
    shares = np.divide(left_values, left_values - right_values, out=np.zeros_like(lefts), where=left_values != 0)
    roots = lefts + steps * shares
    active = np.flatnonzero(left_values)
    some = series.of(rows[active])
    amounts, times = some.amounts, some.times(lefts[active] >= 0)
    for _ in range(_HALVINGS):
        if not active.size:
            break
        guesses = roots[active]
        terms = guesses[:, np.newaxis] * times
        np.exp(terms, out=terms)
        terms *= amounts
        values, slopes = terms.sum(axis=1), _row_sums(terms, times)
        same = below[active] == (values < 0)
        lefts[active] = np.where(same, guesses, lefts[active])
        rights[active] = np.where(same, rights[active], guesses)
        following = guesses - np.divide(values, slopes, out=np.full_like(values, np.inf), where=slopes != 0)
        inside = (lefts[active] < following) & (following < rights[active])
        middle = ~inside | (np.abs(following - guesses) * 2 > np.abs(steps[active]))
        following = np.where(middle, (lefts[active] + rights[active]) / 2, following)
        following = np.where(values == 0, guesses, following)
        steps[active], roots[active] = following - guesses, following
        going = np.abs(steps[active]) > _CLOSE
        if not going.all():
            active, times, amounts = active[going], times[going], amounts[going]
    within = (roots >= _LOWEST) & (roots <= _HIGHEST)
    return rows[within], roots[within]


def xirr(
    flows: Sequence[DatedAmount], *, shortest_days: int = SHORTEST_DAYS, largest_rate: float = LARGEST_RATE
) -> RateOfReturn:
    """The rate of return of dated flows by the house rules.

    Args:
        flows: dated amounts, investor's view; the closing value comes last and may be zero.
        shortest_days: below this span no rate is printed (`too_short`).
        largest_rate: above this rate none is printed (`out_of_range`).
    """
    return xirr_of_each([flows], shortest_days=shortest_days, largest_rate=largest_rate)[0]


def xirr_of_each(
    funds: Sequence[Sequence[DatedAmount]],
    *,
    shortest_days: int = SHORTEST_DAYS,
    largest_rate: float = LARGEST_RATE,
) -> list[RateOfReturn]:
    """The rates of return of many series, in their order, each as `xirr` finds it alone but for a rate's last digits.

    Args:
        funds: dated amounts of each, as `xirr` takes them.
        shortest_days: below this span no rate is printed (`too_short`).
        largest_rate: above this rate none is printed (`out_of_range`).
    """
    flat = _flat(funds)
    firsts, lasts = _days_between(flat, len(funds))
    rates = list[RateOfReturn]()
    facts = zip(
        (lasts - firsts).tolist(),
        _which(flat, flat.amounts < 0, len(funds)),
        _which(flat, flat.amounts > 0, len(funds)),
        _which(flat, (flat.amounts == 0) & (flat.days > firsts[flat.series]), len(funds)),
        _all_roots(flat, len(funds)),
        strict=True,
    )
    for days, paid, earned, written_off, roots in facts:
        reason: Reason | None = None
        if paid and not earned and written_off:
            rates.append(RateOfReturn(-1.0, "total_loss", (), days))
            continue
        if not (paid and earned):
            reason = "no_sign_change"
        elif days == 0:
            reason = "same_day"
        elif days < shortest_days:
            reason = "too_short"
        elif len(roots) > 1:
            reason = "multiple_rates"
        elif not roots or roots[0] > largest_rate:
            reason = "out_of_range"
        rates.append(RateOfReturn(None if reason else roots[0], reason, roots, days))
    return rates


def _days_between(flat: _Flat, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first and last day of each series; of one without flows, the same day twice."""
    firsts = np.full(count, date.max.toordinal())
    lasts = np.zeros(count, np.int64)
    np.minimum.at(firsts, flat.series, flat.days)
    np.maximum.at(lasts, flat.series, flat.days)
    return firsts, np.maximum(lasts, firsts)


def _which(flat: _Flat, marks: _Marks, count: int) -> list[bool]:
    """Whether each series has a flow that is marked."""
    return [number > 0 for number in np.bincount(flat.series[marks], minlength=count).tolist()]
