"""Whether a grant lies idle or is used too little, judged only by days that meters have reported."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from fundapp.core.quarters import Quarter
from fundapp.portfolio.rules.grant_terms import ReclaimTerms

_PERCENT = 100


@dataclass(frozen=True, slots=True)
class GrantUse:
    """What is known of a grant's use.

    Attributes:
        usable_from: First UTC day on which it could be used.
        usable_until: Last one.
        granted_e4: Hours that came into it and were not moved away.
        used_e4: Hours drawn from it.
        last_used_on: Newest UTC day with use of the award in this SKU and region, if any.
    """

    quarter: Quarter
    usable_from: date
    usable_until: date
    granted_e4: int
    used_e4: int
    last_used_on: date | None


def idle_days(use: GrantUse, known_through: date) -> int:
    """Return how many full UTC days in a row, up to the last reported one, passed without use."""
    before_first = use.usable_from - timedelta(days=1)
    since = before_first if use.last_used_on is None else max(use.last_used_on, before_first)
    return max(0, (min(known_through, use.usable_until) - since).days)


def broken_rule(terms: ReclaimTerms, use: GrantUse, known_through: date) -> str | None:
    """Return the first rule that a grant breaks, `idle` or `minimal_use`, or None.

    Args:
        terms: The call's rules.
        use: The grant's use.
        known_through: Last UTC day for which usage has been reported; later days count for nobody.
    """
    if terms.idle_days and idle_days(use, known_through) >= terms.idle_days:
        return "idle"
    judged_on = use.quarter.first_day + timedelta(days=terms.minimal_use_by_day - 1)
    late = max(use.usable_from, judged_on) <= known_through
    if terms.minimal_use_percent and late:
        too_little = use.used_e4 * _PERCENT < use.granted_e4 * terms.minimal_use_percent
        return "minimal_use" if too_little else None
    return None
