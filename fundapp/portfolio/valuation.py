"""What posted use was valued at: a correction takes value back as it was posted, whatever a pool says today."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fundapp.ledger.queries import BalanceRow

IMPUTED = "KRW-IMPUTED"


@dataclass(frozen=True, slots=True)
class Valued:
    """Use posted so far, in ten-thousandths of a GPU-hour, and its imputed value, in ten-thousandths of a won."""

    hours_e4: int = 0
    value_e4: int = 0

    def plus(self, hours_e4: int, value_e4: int) -> Valued:
        """Return the sum."""
        return Valued(self.hours_e4 + hours_e4, self.value_e4 + value_e4)


def value_of_change(posted: Valued, hours_e4: int, rate_krw: int | None) -> int:
    """Return the imputed value of a change in use, with the sign of the change.

    Hours that undo posted ones carry those hours' value pro rata, rounded towards zero, and nothing where nothing
    was valued; hours beyond that are new use at today's rate.

    Args:
        posted: What is posted at the place.
        hours_e4: The change; negative for a correction downwards.
        rate_krw: Whole won an hour today, or None when there is none.

    Returns:
        Ten-thousandths of a won; 0 when the change has no value.
    """
    undone = min(abs(hours_e4), abs(posted.hours_e4)) if posted.hours_e4 * hours_e4 < 0 else 0
    share = abs(posted.value_e4) * undone // abs(posted.hours_e4) if posted.hours_e4 * posted.value_e4 > 0 else 0
    value = share + (abs(hours_e4) - undone) * (rate_krw or 0)
    return value if hours_e4 > 0 else -value


def values_of(rows: Iterable[BalanceRow], *, sign: int) -> dict[str, Valued]:
    """Return hours and value by account.

    Args:
        rows: Balances in hours and in imputed value.
        sign: -1 for sources, whose balances are below zero.
    """
    found: dict[str, Valued] = {}
    for row in rows:
        hours, value = (0, sign * row.posted) if row.commodity == IMPUTED else (sign * row.posted, 0)
        found[row.account] = found.get(row.account, Valued()).plus(hours, value)
    return found
