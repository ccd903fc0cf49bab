"""From who is awarded to whole hours, the same ones whatever way led there.

The hours of a plan are seldom unique: two quarters of one SKU at one rate can change places between two companies. So
once the winners, their tickets and SKUs are known, the hours are found again among the winners alone, first for the
most points, then, among the plans of equally many points, so that the better score (then the lower application
number) gets the earlier quarters and the dearer SKUs.

Ties between companies: when two have the same score, and handing the whole award of one to the other (or exchanging
theirs) is lawful and costs the objective nothing, the better award goes to the lower application number. The exchange
is judged in exact arithmetic, so it never overrides a real difference, however small.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction

import numpy as np

from fundapp.allocation.model import Columns, Model
from fundapp.allocation.rules import (
    Applicant,
    Instance,
    PlannedAward,
    award_breaches,
    award_points,
    by_merit,
    gpu_value_krw,
    rates_krw,
    violations,
)
from fundapp.allocation.solver.engine import Floats, Programme, programme, relax, settle

Awards = tuple[PlannedAward, ...]
#: Engine tolerances could break a share by a fraction of a won; each retry keeps this many hours' value clear of it.
SHARE_MARGINS = (0.0, 1e-4, 1e-2, 1.0)
#: Reduced costs and prices below this many points (scaled: one hour is about one) are zero.
_NOTHING = 1e-7
_ROUND = 1e-6
_EXACT = 1e-9


def read_awards(model: Model, x: Floats) -> Awards:
    """Read awards from values, rounding hours to whole blocks."""
    awards = []
    for own in model.columns:
        if round(x[own.chosen]) != 1:
            continue
        krw = next((ticket for ticket, z in own.tickets.items() if round(x[z]) == 1), 0)
        hours: dict[str, dict[str, int]] = defaultdict(dict)
        for (sku, quarter), g in sorted(own.hours.items()):
            if round(x[g]) > 0:
                hours[sku][quarter] = round(x[g]) * model.block
        if krw or hours:
            awards.append(PlannedAward(own.applicant.code, krw, dict(hours)))
    return tuple(sorted(awards, key=lambda award: award.code))


def finish(instance: Instance, model: Model, x: Floats, *, anywhere: bool = False) -> Awards | None:
    """Give the winners found their whole hours; None when whole hours cannot keep every term.

    Args:
        instance: What to divide.
        model: What `x` are the values of.
        x: Who wins, with which ticket and SKUs.
        anywhere: Look for SKUs and whole hours anywhere, not near those found; for small problems. The plan then
            depends on the winners and their tickets alone.
    """
    winners = {own.applicant.code: own for own in model.columns if round(x[own.chosen]) == 1}
    among = replace(instance, applicants=tuple(a for a in instance.applicants if a.code in winners))
    pins = tuple(pin for pin in instance.terms.pins if pin.code in winners)
    among = replace(among, terms=replace(among.terms, must_not_award=(), pins=pins))
    for margin in SHARE_MARGINS:
        narrow = Model(among, share_margin=margin)
        given = programme(narrow)
        low, high = _decided(narrow, given, winners, x, skus=not anywhere)
        near = None if anywhere else _preferred(narrow, given, low, high)
        for start in (near, None) if near is not None else (None,):
            awards = _whole_hours(narrow, given, low, high, start)
            if awards is not None and not violations(awards, instance):
                return awards
    return None


def _decided(
    model: Model, given: Programme, winners: Mapping[str, Columns], x: Floats, *, skus: bool
) -> tuple[Floats, Floats]:
    """Return bounds that fix who is awarded, with which ticket (and SKUs), as `x` of another model has it."""
    low, high = given.low.copy(), given.high.copy()
    for own in model.columns:
        before = winners[own.applicant.code]
        low[own.chosen] = 1.0
        pairs = [(column, before.tickets.get(ticket)) for ticket, column in own.tickets.items()]
        if skus:
            pairs += [(column, before.skus.get(sku)) for sku, column in own.skus.items()]
        for column, was in pairs:
            low[column] = high[column] = float(was is not None and round(x[was]) == 1)
    return low, high


def _whole_hours(model: Model, given: Programme, low: Floats, high: Floats, near: Floats | None) -> Awards | None:
    """Find whole hours: within one hour of `near`, which leaves what stands at a limit there, or anywhere for None."""
    hours = np.array(model.hour_columns(), dtype=np.int64)
    if near is not None:
        low, high = low.copy(), high.copy()
        below, above = np.floor(near[hours] + _ROUND), np.ceil(near[hours] - _ROUND)
        limit = (near[hours] <= given.low[hours] + _ROUND) | (near[hours] >= given.high[hours] - _ROUND)
        low[hours] = np.maximum(low[hours], np.where(limit, below, below - 1))
        high[hours] = np.minimum(high[hours], np.where(limit, above, above + 1))
    settled = settle(given, np.array(model.whole, dtype=np.int64), gap=_EXACT, low=low, high=high)
    return None if settled is None else read_awards(model, settled.x)


def _preferred(model: Model, given: Programme, low: Floats, high: Floats) -> Floats | None:
    """Return the divisible hours with the most points, and among those the ones that the rule on ties prefers."""
    best = relax(given, low=low, high=high)
    if best is None:
        return None
    # What has a price is exactly as it is in every plan of as many points (complementary slackness); the rest may move.
    fixed = np.abs(best.reduced) * given.scale > _NOTHING
    tight = np.abs(best.prices) * given.scale > _NOTHING
    low, high = np.where(fixed, best.x, low), np.where(fixed, best.x, high)
    activity = given.rows @ best.x
    face = Programme(
        _preference(model, given),
        given.rows,
        np.where(tight, activity, given.row_low),
        np.where(tight, activity, given.row_high),
        low,
        high,
        1.0,
    )
    preferred = relax(face)
    return best.x if preferred is None else preferred.x


def _preference(model: Model, given: Programme) -> Floats:
    """Weigh hours so that, between plans of equal worth, better ranks get earlier slots; no two weigh alike."""
    rank = {a.code: number for number, a in enumerate(by_merit(model.instance))}
    slots = model.order.slots
    earliness = {slot: 1.0 - number / (len(slots) + 1) for number, slot in enumerate(slots)}
    weights = np.zeros(len(given.cost))
    for own in model.columns:
        merit = 1.0 + 1.0 / (1.0 + rank[own.applicant.code]) ** 0.5
        for slot, g in own.hours.items():
            weights[g] = earliness[slot] * merit
    return weights


def settle_ties(awards: Awards, instance: Instance) -> Awards:
    """Hand awards down to lower application numbers of the same score wherever that costs nothing."""
    held = {award.code: award for award in awards}
    moved = True
    while moved:
        moved = False
        for earlier, later in _same_score(instance):
            if later.code not in held or not _prefers(earlier, later, held, instance):
                continue
            swapped = _exchange(held, earlier.code, later.code)
            if not violations(tuple(swapped.values()), instance):
                held, moved = swapped, True
    return tuple(held[code] for code in sorted(held))


def _same_score(instance: Instance) -> Iterator[tuple[Applicant, Applicant]]:
    groups: dict[int, list[Applicant]] = defaultdict(list)
    for applicant in instance.applicants:
        groups[applicant.score_tenths].append(applicant)
    for group in groups.values():
        for place, earlier in enumerate(group):
            for later in group[place + 1 :]:
                yield earlier, later


def _exchange(held: Mapping[str, PlannedAward], earlier: str, later: str) -> dict[str, PlannedAward]:
    swapped = dict(held)
    given, back = held[later], held.get(earlier)
    swapped[earlier] = replace(given, code=earlier)
    if back is None:
        del swapped[later]
    else:
        swapped[later] = replace(back, code=later)
    return swapped


def _prefers(earlier: Applicant, later: Applicant, held: Mapping[str, PlannedAward], instance: Instance) -> bool:
    """Tell whether an exchange suits both, gives the earlier number more and the objective no less."""
    given, back = held[later.code], held.get(earlier.code)
    if next(award_breaches(replace(given, code=earlier.code), earlier, instance), None) is not None:
        return False
    rates = rates_krw(instance)
    if back is not None and _size(given, rates) <= _size(back, rates):
        return False

    def points(applicant: Applicant, award: PlannedAward | None) -> Fraction:
        if award is None:
            return Fraction(0)
        return award_points(applicant, award.krw, gpu_value_krw(award, rates), instance)

    return points(earlier, given) + points(later, back) >= points(later, given) + points(earlier, back)


def _size(award: PlannedAward, rates: Mapping[tuple[str, str], int]) -> tuple[int, int, str]:
    """Order awards by total value, then cash, then a spelling of the hours: a total order, so exchanging ends."""
    value = gpu_value_krw(award, rates)
    return (
        award.krw + value,
        award.krw,
        repr(sorted((s, sorted(q.items())) for s, q in award.gpu_hours.items())),
    )
