"""What people make of a proposal: other amounts with a reason, and pins to solve again around."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fundapp.allocation.rules.instance import Applicant, Hours, Pin
from fundapp.allocation.rules.plan import PlannedAward
from fundapp.allocation.rules.settings import Breach

#: What no reason can set aside: these are amounts that do not exist.
FIRM = frozenset({"applicant", "capacity", "budget"})


@dataclass(frozen=True, slots=True)
class Choice:
    """What the committee is to be asked for one applicant instead of the recommendation.

    Attributes:
        code: The applicant.
        krw: Cash in won.
        gpu_hours: `{sku: {quarter: whole hours}}`, positive entries only.
        reason: Why it differs; empty where it does not.
        pinned: Whether the next solve keeps it.
    """

    code: str
    krw: int
    gpu_hours: Hours
    reason: str = ""
    pinned: bool = False


def choose(awards: Iterable[PlannedAward], choices: Iterable[Choice]) -> tuple[PlannedAward, ...]:
    """Put choices over a plan's awards; sorted by code, nobody with nothing.

    Args:
        awards: Recommended.
        choices: At most one for each applicant.
    """
    chosen = {award.code: award for award in awards}
    for choice in choices:
        chosen[choice.code] = PlannedAward(choice.code, choice.krw, choice.gpu_hours)
    return tuple(award for _, award in sorted(chosen.items()) if award.krw or award.gpu_hours)


def differs(choice: Choice, awards: Mapping[str, PlannedAward]) -> bool:
    """Say whether a choice is another amount than the plan recommends."""
    award = awards.get(choice.code)
    krw, hours = (award.krw, award.gpu_hours) if award else (0, {})
    return (choice.krw, choice.gpu_hours) != (krw, hours)


def pins(choices: Iterable[Choice]) -> tuple[Pin, ...]:
    """Return the pins that keep what was marked."""
    return tuple(Pin(choice.code, choice.krw, choice.gpu_hours) for choice in choices if choice.pinned)


def firm(breaches: Iterable[Breach]) -> list[Breach]:
    """Return the breaches that no reason can set aside."""
    return [breach for breach in breaches if breach.setting.kind in FIRM]


def spread_hours(total: int, applicant: Applicant, recommended: Hours) -> Hours:
    """Spread an applicant's hours, typed as one number, over SKUs and quarters.

    Fewer than recommended shrink the recommendation in proportion. What is more goes where the request leaves room,
    in proportion to it, and what exceeds the request goes in proportion to the request. Largest remainders, ties by
    SKU and quarter.

    Args:
        total: Whole hours.
        applicant: Whose request.
        recommended: `{sku: {quarter: hours}}`.

    Returns:
        Hours that add up to `total`; empty where the applicant asks for none.
    """
    asked = {(request.sku, request.quarter): request.hours for request in applicant.requests if request.hours}
    given = {(sku, quarter): hours for sku, by in recommended.items() for quarter, hours in by.items() if hours}
    if not asked or total <= 0:
        return {}
    known = sum(given.values())
    if known and total <= known:
        return _nested(_share(total, given))
    room = {slot: max(0, hours - given.get(slot, 0)) for slot, hours in asked.items()}
    more = min(total - known, sum(room.values()))
    added, beyond = _share(more, room), _share(total - known - more, asked)
    return _nested({slot: given.get(slot, 0) + added.get(slot, 0) + beyond.get(slot, 0) for slot in {*given, *asked}})


def _share(total: int, weights: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    whole = sum(weights.values())
    if not whole or not total:
        return {}
    parts = {slot: total * weight // whole for slot, weight in weights.items()}
    left = total - sum(parts.values())
    for slot in sorted(weights, key=lambda slot: (-(total * weights[slot] % whole), slot))[:left]:
        parts[slot] += 1
    return parts


def _nested(hours: Mapping[tuple[str, str], int]) -> Hours:
    found: dict[str, dict[str, int]] = {}
    for (sku, quarter), part in sorted(hours.items()):
        if part:
            found.setdefault(sku, {})[quarter] = part
    return found
