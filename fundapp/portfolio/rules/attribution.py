"""On which day a grant was drawn on, where the ledger books a month's use at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Drawn:
    """What the ledger says was drawn from a grant altogether, and the days whose use may draw on it."""

    used_e4: int
    first_day: date
    usable_until: date


def attribute_use(use: Mapping[date, int], grants: Sequence[Drawn]) -> tuple[dict[date, int], ...]:
    """Divide use by day over the grants that it was drawn from, as it is booked: the grant that ends first goes first.

    Each grant's days add up to exactly what was drawn from it: what no open day explains, as a late correction of an
    ended grant, stands on the grant's last day of use. Use beyond all grants belongs to none of them.

    Args:
        use: Hours by UTC day in ten-thousandths; a day may be negative by a correction.
        grants: In any order.
    """
    found: tuple[dict[date, int], ...] = tuple({} for _ in grants)
    left = [one.used_e4 for one in grants]
    order = sorted(range(len(grants)), key=lambda place: (grants[place].usable_until, grants[place].first_day))
    for day in sorted(use):
        hours = use[day]
        for place in order:
            if not grants[place].first_day <= day <= grants[place].usable_until:
                continue
            taken = min(hours, left[place])
            if taken:
                found[place][day] = taken
                left[place], hours = left[place] - taken, hours - taken
            if hours <= 0:
                break
    for place, rest in enumerate(left):
        if rest:
            last = max(found[place], default=grants[place].first_day)
            found[place][last] = found[place].get(last, 0) + rest
    return found
