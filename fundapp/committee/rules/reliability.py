"""How far reviewers agree on a criterion: Krippendorff's alpha, with an interval by the jackknife.

K. Krippendorff, "Computing Krippendorff's alpha-reliability", University of Pennsylvania, 2011. The interval follows
J. Hughes, "Toward improved inference for Krippendorff's Alpha agreement coefficient", 2022 (arXiv 2210.13265): leave
out one application at a time.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt
from typing import Literal

Metric = Literal["nominal", "ordinal", "interval", "ratio"]
Pairs = Mapping[tuple[int, int], Fraction]
_WIDE = 1.96
_LEAST_UNITS = 3


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far reviewers agree.

    Attributes:
        alpha: 1 is full agreement, 0 as much as chance, below 0 systematic disagreement; None where all values are one.
        low: Lower end of the 95 percent interval; None with fewer than three applications.
        high: Its upper end.
        units: Applications that two or more rated.
        values: Their ratings.
    """

    alpha: Fraction | None
    low: float | None
    high: float | None
    units: int
    values: int


def agreement_of(units: Sequence[Sequence[int]], metric: Metric = "ordinal") -> Agreement:
    """Measure agreement.

    Args:
        units: For each application the values that it was given; those with fewer than two are left out.
        metric: How far apart two values are. Points of a rubric are in order, and no more is known of them.
    """
    paired = [tuple(values) for values in units if len(values) > 1]
    each = [_coincidences(values) for values in paired]
    whole: defaultdict[tuple[int, int], Fraction] = defaultdict(Fraction)
    for one in each:
        for pair, weight in one.items():
            whole[pair] += weight
    alpha = _alpha(whole, metric)
    low, high = _interval(alpha, whole, each, metric)
    return Agreement(alpha, low, high, len(paired), sum(map(len, paired)))


def _coincidences(values: Sequence[int]) -> dict[tuple[int, int], Fraction]:
    """Count the pairs within one application, each value weighed once in all."""
    counted = Counter(values)
    share = len(values) - 1
    return {
        (c, k): Fraction(times * (counted[k] - (c == k)), share)
        for c, times in counted.items()
        for k in counted
        if times * (counted[k] - (c == k))
    }


def _alpha(pairs: Pairs, metric: Metric) -> Fraction | None:
    sums: defaultdict[int, Fraction] = defaultdict(Fraction)
    for (c, _), weight in pairs.items():
        sums[c] += weight
    total = sum(sums.values(), Fraction(0))
    distance = _METRICS[metric]
    far = {(c, k): distance(c, k, sums) for c in sums for k in sums if c < k}
    observed = sum((weight * far[min(c, k), max(c, k)] for (c, k), weight in pairs.items() if c != k), Fraction(0))
    expected = 2 * sum((sums[c] * sums[k] * value for (c, k), value in far.items()), Fraction(0))
    if not expected:
        return None
    return 1 - (total - 1) * observed / expected


def _interval(
    alpha: Fraction | None, whole: Pairs, each: Sequence[Pairs], metric: Metric
) -> tuple[float | None, float | None]:
    if alpha is None or len(each) < _LEAST_UNITS:
        return None, None
    # Applications that were rated alike leave the same behind: each kind is worked out once.
    kinds = Counter(tuple(sorted(one.items())) for one in each)
    without: list[tuple[Fraction, int]] = []
    for kind, times in kinds.items():
        left = dict(whole)
        for pair, weight in kind:
            left[pair] -= weight
        found = _alpha({pair: weight for pair, weight in left.items() if weight}, metric)
        if found is None:
            return None, None
        without.append((found, times))
    count = len(each)
    mean = sum((value * times for value, times in without), Fraction(0)) / count
    spread = sum(((value - mean) ** 2 * times for value, times in without), Fraction(0))
    error = sqrt(Fraction(count - 1, count) * spread)
    return max(-1.0, float(alpha) - _WIDE * error), min(1.0, float(alpha) + _WIDE * error)


def _nominal(_c: int, _k: int, _sums: Mapping[int, Fraction]) -> Fraction:
    return Fraction(1)


def _ordinal(c: int, k: int, sums: Mapping[int, Fraction]) -> Fraction:
    between = sum((weight for value, weight in sums.items() if c <= value <= k), Fraction(0))
    return (between - (sums[c] + sums[k]) / 2) ** 2


def _by_interval(c: int, k: int, _sums: Mapping[int, Fraction]) -> Fraction:
    return Fraction((c - k) ** 2)


def _by_ratio(c: int, k: int, _sums: Mapping[int, Fraction]) -> Fraction:
    return Fraction(c - k, c + k) ** 2


_METRICS: dict[Metric, Callable[[int, int, Mapping[int, Fraction]], Fraction]] = {
    "nominal": _nominal,
    "ordinal": _ordinal,
    "interval": _by_interval,
    "ratio": _by_ratio,
}
