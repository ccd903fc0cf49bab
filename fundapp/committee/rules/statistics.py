"""What several ratings say together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

TRIM_FROM = 3
"""From how many ratings on one highest and one lowest are dropped: the custom of Korean public notices."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """What several ratings say together; all in tenths of a point.

    Attributes:
        count: How many ratings; abstentions are not among them.
        trimmed_tenths: Mean without the highest and the lowest one when there are three or more.
        deviation_tenths: Sample standard deviation (n - 1), None for a single rating.
    """

    count: int
    mean_tenths: int
    median_tenths: int
    trimmed_tenths: int
    deviation_tenths: int | None


def trimmed_mean(totals: Sequence[int]) -> int:
    """Return the mean in tenths after dropping one highest and one lowest of three or more, half to even."""
    kept = sorted(totals)[1:-1] if len(totals) >= TRIM_FROM else list(totals)
    return round(Fraction(sum(kept), len(kept)))


def statistics_of(totals: Sequence[int]) -> Statistics | None:
    """Return the statistics of totals in tenths, in whole-number arithmetic; None when there are none."""
    if not totals:
        return None
    ordered, count = sorted(totals), len(totals)
    mean = Fraction(sum(ordered), count)
    deviation = None
    if count > 1:
        variance = sum(((value - mean) ** 2 for value in ordered), Fraction(0)) / (count - 1)
        # floor(sqrt(4q)) = isqrt(floor(4q)), so this is sqrt(q) rounded half up, without a float.
        deviation = (isqrt(int(4 * variance)) + 1) // 2
    return Statistics(
        count=count,
        mean_tenths=round(mean),
        median_tenths=round(Fraction(ordered[(count - 1) // 2] + ordered[count // 2], 2)),
        trimmed_tenths=trimmed_mean(ordered),
        deviation_tenths=deviation,
    )
