"""From where use is drawn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from fundapp.core.quarters import Quarter


@dataclass(frozen=True, slots=True)
class Source:
    """A grant as far as use may draw on it.

    Attributes:
        account: Its ledger account.
        first_day: First UTC day whose use may draw on it.
        usable_until: Last UTC day whose use may draw on it.
        capacity: All it can give in ten-thousandths of an hour: what is drawn already, what is free, and what lapsed.
    """

    account: str
    first_day: date
    usable_until: date
    capacity: int


@dataclass(frozen=True, slots=True)
class Division:
    """Where the use of an award's SKU in a region comes from, in ten-thousandths of an hour.

    Attributes:
        granted: By grant account.
        overage: Beyond every grant, by quarter of the day of use.
        negative: Days whose total is below zero, a correction that came before the use that it corrects: 0 or less.
    """

    granted: dict[str, int]
    overage: dict[str, int]
    negative: int


def divide(days: Mapping[date, int], sources: Sequence[Source]) -> Division:
    """Divide use over grants.

    A day draws on the grants that are usable on it, the one that ends first first; days come in order. For grants
    that are each usable over one stretch of days no other way leaves less overage. The division depends on the totals
    alone, never on the order in which they arrived: a correction gives back exactly what the corrected use had taken.

    Args:
        days: Use by UTC day in ten-thousandths of an hour, over all bills.
        sources: The award's grants of this SKU and region.
    """
    in_order = sorted(sources, key=lambda source: (source.usable_until, source.first_day, source.account))
    left = {source.account: max(source.capacity, 0) for source in in_order}
    granted: dict[str, int] = defaultdict(int)
    overage: dict[str, int] = defaultdict(int)
    negative = 0
    for day, use in sorted(days.items()):
        if use < 0:
            negative += use
            continue
        rest = use
        for source in in_order:
            if not rest:
                break
            if source.first_day <= day <= source.usable_until and (taken := min(left[source.account], rest)):
                left[source.account] -= taken
                granted[source.account] += taken
                rest -= taken
        if rest:
            overage[str(Quarter.of_date(day))] += rest
    return Division(dict(granted), dict(overage), negative)
