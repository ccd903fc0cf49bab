"""The fund against a public market: what the same flows would have become in an index (KS-PME).

KS-PME = (sum of D_i · I_T / I_i + NAV) / (sum of C_i · I_T / I_i), after Kaplan and Schoar (2005): above one the fund
did better than the index. Levels are exact, so the ratio is too.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Literal

from reports.rows import Benchmark, Flow, IndexLevel

NoMarket = Literal["no_contributions", "index_too_short", "index_too_old"]
MOST_DAYS_OLD = 14
"""A level stands for a day without trade, holidays in a row included; one that is older says nothing of the day."""


@dataclass(frozen=True, slots=True)
class PublicMarket:
    """Flows carried forward by the index, in won, or the reason why they cannot be."""

    contributions: Fraction
    distributions: Fraction
    nav_krw: int
    reason: NoMarket | None = None

    @property
    def ks_pme(self) -> Fraction | None:
        """The ratio; None with its reason."""
        return None if self.reason else (self.distributions + self.nav_krw) / self.contributions


def level_on(levels: Sequence[IndexLevel], day: date) -> IndexLevel | None:
    """The last level on or before a day; None before the first."""
    place = bisect_right(levels, day, key=lambda level: level.day)
    return levels[place - 1] if place else None


def _too_old(level: IndexLevel, day: date) -> bool:
    return (day - level.day).days > MOST_DAYS_OLD


def needed_levels(levels: Sequence[IndexLevel], days: Iterable[date]) -> tuple[IndexLevel, ...]:
    """The levels that hold on some days, each once and in order: all that a report has to keep of an index."""
    places = {bisect_right(levels, day, key=lambda level: level.day) for day in days} - {0}
    return tuple(levels[place - 1] for place in sorted(places))


def public_market(flows: Iterable[Flow], nav_krw: int, on: date, benchmark: Benchmark) -> PublicMarket:
    """Carry contributions and distributions forward to a date by the index; other flows are left out.

    There is no ratio where the index has no level for a day, or one that is more than 14 days older than it.
    """
    last = level_on(benchmark.levels, on)
    paid, returned = Fraction(0), Fraction(0)
    for flow in flows:
        if flow.kind not in {"contribution", "distribution"} or flow.effective_on > on:
            continue
        then = level_on(benchmark.levels, flow.effective_on)
        if then is None or last is None:
            return PublicMarket(Fraction(0), Fraction(0), nav_krw, "index_too_short")
        if _too_old(then, flow.effective_on) or _too_old(last, on):
            return PublicMarket(Fraction(0), Fraction(0), nav_krw, "index_too_old")
        grown = flow.amount_krw * Fraction(last.level_e4, then.level_e4)
        paid, returned = (paid + grown, returned) if flow.kind == "contribution" else (paid, returned + grown)
    return PublicMarket(paid, returned, nav_krw, None if paid > 0 else "no_contributions")
