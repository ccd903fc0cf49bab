"""The rate of return of dated flows, with every real root and a reason when there is no rate to print.

Convention: sum of a_i (1 + r)^(-t_i) = 0 with t_i = (d_i - d_0) / 365 and d_0 the earliest date. Library solvers miss
roots or return the first of several, so the whole range is searched for sign changes and each is bisected.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from operator import mul
from typing import Literal

import numpy as np

Reason = Literal["no_sign_change", "same_day", "total_loss", "multiple_rates", "too_short", "out_of_range"]
DatedAmount = tuple[date, int | float]

DAYS_A_YEAR = 365
SHORTEST_DAYS = 90
LARGEST_RATE = 10.0
_LOWEST = math.log(1e-9)
_HIGHEST = math.log(1 + 1e6)
_STEP = 0.01
_WIDE_STEP = 0.25
_HALVINGS = 128
_CLOSE = 2.0**-50
_SLACK = 1 + 1e-12
"""Sums of another order may differ in their last digits."""
_GRID = tuple(
    step * _WIDE_STEP for step in range(math.floor(_LOWEST / _WIDE_STEP), math.ceil(_HIGHEST / _WIDE_STEP) + 1)
)
_LEFTS = np.array(_GRID[:-1])


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


def find_roots(flows: Sequence[DatedAmount]) -> tuple[float, ...]:
    """Every rate at which the flows discount to zero and change sign, ascending.

    Args:
        flows: dated amounts, investor's view (paid in is negative), any order.
    """
    if not flows:
        return ()
    first = min(day for day, _ in flows)
    terms = [((day - first).days / DAYS_A_YEAR, float(amount)) for day, amount in flows if amount]
    if not terms:
        return ()
    # By Descartes' rule of signs (Laguerre's form for real exponents) flows that turn once have one rate at most.
    spans = [_only_span(terms)] if _turns(terms) == 1 else _open_spans(terms)
    roots: list[float] = []
    for left, right in spans:
        left_value, right_value = _value(terms, left), _value(terms, right)
        if left_value == 0:
            roots.append(left)
        elif left_value * right_value < 0:
            roots.append(_close_in(terms, left, right, left_value))
    return tuple(math.expm1(root) for root in roots)


def _open_spans(terms: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The narrow spans of log growth in which the flows may balance, ascending.

    Between the ends of a span each side, what was paid and what came back, moves in one direction; where the smaller
    end of one exceeds the larger end of the other, no rate lies between. What stays is halved and looked at again.
    """
    years, amounts = np.array(terms).T
    sides = np.stack([np.maximum(amounts, 0), np.maximum(-amounts, 0)], axis=1)
    lefts, width = _LEFTS, _WIDE_STEP
    while True:
        ends = np.stack([lefts, lefts + width])
        times = np.where(lefts < 0, years.max(), 0.0)[:, np.newaxis] - years
        sums = np.exp(ends[:, :, np.newaxis] * times) @ sides
        least, most = sums.min(axis=0), sums.max(axis=0)
        lefts = lefts[(least <= most[:, ::-1] * _SLACK).all(axis=1)]
        if width <= _STEP or not lefts.size:
            return [(left, left + width) for left in lefts.tolist()]
        width /= 2
        lefts = np.sort(np.concatenate([lefts, lefts + width]))


def _turns(terms: Sequence[tuple[float, float]]) -> int:
    by_time: dict[float, float] = {}
    for years, amount in terms:
        by_time[years] = by_time.get(years, 0.0) + amount
    signs = [by_time[years] > 0 for years in sorted(by_time) if by_time[years]]
    return sum(one != other for one, other in itertools.pairwise(signs))


def _value(terms: Sequence[tuple[float, float]], log_growth: float) -> float:
    # Below zero growth the latest flow dominates, above it the earliest; dividing by it keeps exp() in range and the
    # sign as it was.
    anchor = 0.0 if log_growth >= 0 else max(years for years, _ in terms)
    return math.fsum([amount * math.exp(log_growth * (anchor - years)) for years, amount in terms])


def _only_span(terms: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """A short span around the one rate of flows that turn once, widened from zero growth."""
    # One turn: the value falls or rises throughout, and the first term outweighs the rest at high growth.
    at_zero, ahead = _value(terms, 0.0), min(terms)[1]
    if at_zero == 0:
        return 0.0, 0.0
    towards = _GRID[-1] if at_zero * ahead < 0 else _GRID[0]
    near, width = 0.0, math.copysign(_WIDE_STEP, towards)
    while abs(near + width) < abs(towards) and _value(terms, near + width) * at_zero > 0:
        near, width = near + width, width * 2
    far = near + width if abs(near + width) < abs(towards) else towards
    return min(near, far), max(near, far)


def _close_in(terms: Sequence[tuple[float, float]], left: float, right: float, left_value: float) -> float:
    """The root between two ends of opposite sign: Newton's step while it at least halves the last one, else the middle.

    The ends lie on one side of zero.
    """
    anchor = 0.0 if left >= 0 else max(years for years, _ in terms)
    times = [anchor - years for years, _ in terms]
    amounts = [amount for _, amount in terms]
    moments = list(map(mul, amounts, times))
    guess, step = (left + right) / 2, right - left
    for _ in range(_HALVINGS):
        weights = list(map(math.exp, map(guess.__mul__, times)))
        value = sum(map(mul, amounts, weights))
        if value == 0:
            return guess
        if (left_value < 0) == (value < 0):
            left = guess
        else:
            right = guess
        slope = sum(map(mul, moments, weights))
        following = guess - value / slope if slope else left
        if not left < following < right or abs(following - guess) * 2 > abs(step):
            following = (left + right) / 2
        step = following - guess
        guess = following
        if abs(step) <= _CLOSE * abs(guess) or guess in {left, right}:
            break
    return guess


def xirr(
    flows: Sequence[DatedAmount], *, shortest_days: int = SHORTEST_DAYS, largest_rate: float = LARGEST_RATE
) -> RateOfReturn:
    """The rate of return of dated flows by the house rules.

    Args:
        flows: dated amounts, investor's view; the closing value comes last and may be zero.
        shortest_days: below this span no rate is printed (`too_short`).
        largest_rate: above this rate none is printed (`out_of_range`).
    """
    dates = sorted(day for day, _ in flows)
    days = (dates[-1] - dates[0]).days if dates else 0
    paid = any(amount < 0 for _, amount in flows)
    earned = any(amount > 0 for _, amount in flows)
    if paid and not earned and any(amount == 0 and day > dates[0] for day, amount in flows):
        return RateOfReturn(-1.0, "total_loss", (), days)
    if not (paid and earned):
        return RateOfReturn(None, "no_sign_change", (), days)
    if days == 0:
        return RateOfReturn(None, "same_day", (), days)
    roots = find_roots(flows)
    reason: Reason | None = None
    if days < shortest_days:
        reason = "too_short"
    elif len(roots) > 1:
        reason = "multiple_rates"
    elif not roots or roots[0] > largest_rate:
        reason = "out_of_range"
    return RateOfReturn(None if reason else roots[0], reason, roots, days)
