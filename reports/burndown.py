"""When granted GPU time runs out, and how much of it will lapse unused.

remaining = allocated − used − expired; burn = mean of the last 28 UTC days; exhaustion = basis date + remaining / burn;
at risk = max(0, remaining − burn × days to expiry).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from reports.rows import UsageDay

BURN_DAYS = 28
_CENTURY_DAYS = 36_525


@dataclass(frozen=True, slots=True)
class Projection:
    """A straight-line look ahead; hours in ten-thousandths.

    Attributes:
        remaining_hours_e4: what may still be used.
        burn_hours_e4: mean use per day, exact.
        exhausts_on: first day with nothing left, or None without use.
        at_risk_hours_e4: what will be unused at expiry, rounded up, or None without an expiry date.
        expires_on: the day the grant lapses, or None.
    """

    remaining_hours_e4: int
    burn_hours_e4: Fraction
    exhausts_on: date | None
    at_risk_hours_e4: int | None
    expires_on: date | None


def burn_rate(usage: Iterable[UsageDay], on: date) -> Fraction:
    """Mean hours (ten-thousandths) per day over the 28 UTC days that end with `on`; days without use count as zero."""
    earliest = on - timedelta(days=BURN_DAYS)
    return Fraction(sum(row.hours_e4 for row in usage if earliest < row.day <= on), BURN_DAYS)


def project(remaining_hours_e4: int, burn_hours_e4: Fraction, on: date, expires_on: date | None) -> Projection:
    """Project from the basis date `on` at a constant burn."""
    exhausts_on = None
    if remaining_hours_e4 <= 0:
        exhausts_on = on
    elif burn_hours_e4 > 0:
        days = math.ceil(remaining_hours_e4 / burn_hours_e4)
        # Beyond a century a date says nothing that "no end in sight" does not.
        exhausts_on = on + timedelta(days=days) if days < _CENTURY_DAYS else None
    at_risk = None
    if expires_on is not None:
        days_left = max(0, (expires_on - on).days)
        at_risk = max(0, math.ceil(remaining_hours_e4 - burn_hours_e4 * days_left))
    return Projection(remaining_hours_e4, burn_hours_e4, exhausts_on, at_risk, expires_on)
