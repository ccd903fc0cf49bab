"""What the coming quarters will ask of the pools, against what has been announced; whole hours, no statistics.

Three levels, each a sum that a person can check. Bound is what is promised and what stands on the waitlist. Expected
adds the requests of open applications at the part that earlier decisions granted, and is never below what an average
quarter has been granted lately, because calls that have not opened yet will ask as well. High adds the requests whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from fundapp.core.quarters import Quarter

QUARTERS_AHEAD = 4
Slot = tuple[str, str]
"""SKU and quarter."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What is known about the coming quarters, in whole hours by SKU and quarter.

    Attributes:
        promised: Granted, offered to the waitlist, or held by open ballots.
        waiting: Wanted by the waitlist beyond that.
        asked: Requested by applications that are not decided yet.
        granted_share: Hours granted of hours requested, over all decided applications; None before there are any.
        usual: By SKU, hours granted in an average quarter of the last four that have any.
    """

    promised: Mapping[Slot, int]
    waiting: Mapping[Slot, int]
    asked: Mapping[Slot, int]
    granted_share: Fraction | None
    usual: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Outlook:
    """One SKU and quarter, in whole hours.

    Attributes:
        likely: Part of what is asked that is expected to be granted.
        usual: What an average quarter was granted; the least that is expected.
        capacity: Announced or contributed, whichever is more.
        announced: Whether the capacity is an announcement that no contribution has reached yet.
    """

    sku: str
    quarter: str
    promised: int
    waiting: int
    asked: int
    likely: int
    usual: int
    capacity: int
    announced: bool

    @property
    def bound(self) -> int:
        """What will be needed even if nobody else is awarded anything."""
        return self.promised + self.waiting

    @property
    def expected(self) -> int:
        """What will probably be needed."""
        return max(self.bound + self.likely, self.usual)

    @property
    def high(self) -> int:
        """What would be needed if everything asked for were granted."""
        return max(self.bound + self.asked, self.expected)

    @property
    def spare(self) -> int:
        """Capacity less what is expected; negative where it falls short."""
        return self.capacity - self.expected


def coming_quarters(today: Quarter) -> tuple[str, ...]:
    """Return the quarters after the present one that an outlook covers."""
    found, one = [], today
    for _ in range(QUARTERS_AHEAD):
        one = one.next
        found.append(str(one))
    return tuple(found)


def look_ahead(
    quarters: Sequence[str],
    demand: Demand,
    contributed: Mapping[Slot, int],
    announced: Mapping[Slot, int],
) -> tuple[Outlook, ...]:
    """Put demand beside capacity, by SKU and quarter.

    Args:
        quarters: Those to look at.
        demand: What is known.
        contributed: Hours that pools have, less what was given back.
        announced: Hours that investors have said there will be, contributions included.
    """
    slots = {*demand.promised, *demand.waiting, *demand.asked, *contributed, *announced}
    skus = sorted({sku for sku, quarter in slots if quarter in quarters} | {s for s, h in demand.usual.items() if h})
    share = demand.granted_share if demand.granted_share is not None else Fraction(1)
    found = []
    for sku in skus:
        for quarter in quarters:
            slot = (sku, quarter)
            asked = demand.asked.get(slot, 0)
            there, said = contributed.get(slot, 0), announced.get(slot, 0)
            found.append(
                Outlook(
                    sku=sku,
                    quarter=quarter,
                    promised=demand.promised.get(slot, 0),
                    waiting=demand.waiting.get(slot, 0),
                    asked=asked,
                    likely=min(asked, -(-asked * share.numerator // share.denominator)),
                    usual=demand.usual.get(sku, 0),
                    capacity=max(there, said),
                    announced=said > there,
                )
            )
    return tuple(found)
