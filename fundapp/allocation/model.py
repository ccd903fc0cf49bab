"""The plan as a mixed-integer programme: columns, rows and their names, before any engine sees them.

Money is scaled to keep the numbers near one: GPU value in hours of the dearest SKU, cash in the greatest common
divisor of all tickets. Scaling never decides anything; the exact rules judge the result.

Columns stand in an order of content (score first, application number last), so that other names for the same things
make the same matrices. Where an engine's relaxation would split awards, the rows here cut it off: the first half of a
request counts only as far as the applicant, and each of its SKUs, is chosen. That brings the relaxation from 1 %
above the best plan to 0.01 %.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import gcd, inf
from typing import ClassVar

import numpy as np
from scipy import sparse

from fundapp.allocation.rules import (
    FULL_SCORE_TENTHS,
    OBJECTIVE_POINTS,
    PERMILLE,
    Applicant,
    Hours,
    Instance,
    Setting,
    free_codev_days,
    free_hours,
    held_krw,
    rates_krw,
    request_value_krw,
)

Terms = Iterable[tuple[int, float]]
Slot = tuple[str, str]


@dataclass(slots=True)
class Columns:
    """Where one applicant's variables stand. One column may be two things: who has one SKU uses it whenever awarded.

    Attributes:
        applicant: Whose they are.
        chosen: Binary: is it awarded?
        tickets: Binary for each ticket, by won.
        skus: Binary for each SKU it could be given.
        hours: Blocks of hours by (SKU, quarter).
        value: GPU value, in units; None where it asks for none that is on offer.
        first: Of it, what lies in the first half of its request; None where both halves weigh the same.
    """

    applicant: Applicant
    chosen: int
    tickets: dict[int, int] = field(default_factory=dict)
    skus: dict[str, int] = field(default_factory=dict)
    hours: dict[Slot, int] = field(default_factory=dict)
    value: int | None = None
    first: int | None = None

    def all(self) -> set[int]:
        """Return every column of the applicant."""
        found = {self.chosen, *self.tickets.values(), *self.skus.values(), *self.hours.values()}
        return found | {column for column in (self.value, self.first) if column is not None}


class Model:
    """maximise cost·x subject to lower ≤ rows·x ≤ upper, and bounds.

    Args:
        instance: What to divide.
        tighten: Cut requests down to their pools, and leave out what is hopeless. That speeds the search; but then
            the cut and not the pool carries the price, so prices and conflicts are found without it.
        share_margin: Value, in hours of the dearest SKU, to stay clear of quotas and caps.
    """

    #: Kinds of rows that several applicants share; all others concern one applicant alone.
    SHARED: ClassVar = frozenset(
        {"capacity", "budget", "codev", "sector_cap", "sme_floor", "non_capital_floor", "quota"}
    )

    def __init__(self, instance: Instance, *, share_margin: float = 0.0, tighten: bool = True) -> None:
        self.instance = instance
        self.unit_krw = max((pool.rate_krw for pool in instance.capacities), default=1)
        self.cash_unit_krw = gcd(*(t for a in instance.applicants for t in a.tickets)) or 1
        self.share_margin = share_margin
        self.tighten = tighten
        self.block = instance.terms.block_hours
        self.free = {slot: hours // self.block for slot, hours in free_hours(instance).items()}
        self.rates = rates_krw(instance)
        self.held = held_krw(instance)
        self.order = CanonicalOrder(instance)
        # The column of the smallest share, where fairness is rewarded.
        self.fairness: int | None = None
        # Whether tightening took anything away, so that prices need the model without it.
        self.cut = False
        self.cost: list[float] = []
        self.low: list[float] = []
        self.high: list[float] = []
        self.whole: list[bool] = []
        self.labels: list[Setting | None] = []
        self._row_low: list[float] = []
        self._row_high: list[float] = []
        self._entries: tuple[list[int], list[int], list[float]] = ([], [], [])
        self.columns = [self._applicant(applicant) for applicant in self.order.applicants]
        self._shared_rows()
        self._promises()
        if instance.terms.fairness_permille:
            self._fairness()

    def matrix(self) -> sparse.csr_array:
        """Return the rows as a sparse matrix of shape (rows, columns)."""
        rows, columns, values = self._entries
        shape = (len(self.labels), len(self.cost))
        return sparse.csr_array((values, (rows, columns)), shape=shape, dtype=np.float64)

    def row_bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the lower and upper limits of the rows."""
        return np.array(self._row_low), np.array(self._row_high)

    def divisible(self) -> np.ndarray:
        """Return 1 for each column that has to be whole when hours need not be, else 0."""
        whole = np.array(self.whole, dtype=np.int64)
        whole[self.hour_columns()] = 0
        return whole

    def hour_columns(self) -> list[int]:
        """Return the columns that count blocks of hours."""
        return [column for own in self.columns for column in own.hours.values()]

    def _column(self, high: float, *, cost: float = 0.0, whole: bool = False) -> int:
        self.cost.append(cost)
        self.low.append(0.0)
        self.high.append(high)
        self.whole.append(whole)
        return len(self.cost) - 1

    def _row(self, setting: Setting | None, terms: Terms, low: float, high: float) -> None:
        number = len(self.labels)
        rows, columns, values = self._entries
        for column, value in terms:
            rows.append(number)
            columns.append(column)
            values.append(value)
        self.labels.append(setting)
        self._row_low.append(low)
        self._row_high.append(high)

    def _applicant(self, applicant: Applicant) -> Columns:
        terms = self.instance.terms
        own = Columns(applicant, self._column(float(bool(applicant.tickets or applicant.requests)), whole=True))
        points = applicant.score_tenths / FULL_SCORE_TENTHS * OBJECTIVE_POINTS / PERMILLE
        self._cash(own, points * (PERMILLE - terms.alpha_permille))
        if applicant.requests:
            self._gpu(own, points * terms.alpha_permille)
        self._together(own)
        return own

    def _cash(self, own: Columns, points: float) -> None:
        scale = self.instance.terms.cash_scale_krw
        # With one ticket that any award includes, paying it and awarding is one choice.
        one = self.tighten and len(own.applicant.tickets) == 1 and self.instance.terms.joint != "either"
        for ticket in own.applicant.tickets:
            own.tickets[ticket] = own.chosen if one else self._column(1.0, whole=True)
            self.cost[own.tickets[ticket]] += points * ticket / scale if scale else 0.0

    def _gpu(self, own: Columns, points: float) -> None:
        offers: dict[str, list[tuple[Slot, int]]] = defaultdict(list)
        for request in sorted(own.applicant.requests, key=lambda r: self.order.slot_key((r.sku, r.quarter))):
            slot = (request.sku, request.quarter)
            if slot in self.free:
                most = request.hours // self.block
                if self.tighten and most > self.free[slot]:
                    most, self.cut = self.free[slot], True
                if most > 0:
                    offers[request.sku].append((slot, most))
        usable = {sku: slots for sku, slots in offers.items() if self._usable(own.applicant, sku, slots)}
        self.cut |= len(usable) < len(offers)
        one = self.tighten and len(usable) == 1 and (self.instance.terms.joint == "both" or not own.applicant.tickets)
        for sku, slots in usable.items():
            self._sku(own, sku, slots, same=one)
        if own.hours:
            self._value(own, points)

    def _usable(self, applicant: Applicant, sku: str, slots: list[tuple[Slot, int]]) -> bool:
        return not self.tighten or sum(most for _, most in slots) >= self._least(applicant, sku)

    def _least(self, applicant: Applicant, sku: str) -> int:
        return max(1, -(-applicant.minimum_hours.get(sku, 0) // self.block))

    def _sku(self, own: Columns, sku: str, slots: list[tuple[Slot, int]], *, same: bool) -> None:
        use = own.skus[sku] = own.chosen if same else self._column(1.0, whole=True)
        if not same:
            self._row(None, [(use, 1.0), (own.chosen, -1.0)], -inf, 0.0)
        for slot, most in slots:
            g = own.hours[slot] = self._column(float(most), whole=True)
            self._row(None, [(g, 1.0), (use, -float(most))], -inf, 0.0)
        taken = [(own.hours[slot], 1.0) for slot, _ in slots]
        least = self._least(own.applicant, sku)
        named = Setting("minimum", own.applicant.code) if least > 1 else None
        self._row(named, [*taken, (use, -float(least))], 0.0, inf)
        if least > 1 and not self.tighten:
            self._row(None, [*taken, (use, -1.0)], 0.0, inf)

    def _value(self, own: Columns, points: float) -> None:
        terms, applicant = self.instance.terms, own.applicant
        scale = terms.gpu_scale_krw
        points = points * self.unit_krw / scale if scale else 0.0
        worth = {slot: self.rates[slot] * self.block / self.unit_krw for slot in own.hours}
        most: dict[str, float] = defaultdict(float)
        for slot, g in own.hours.items():
            most[slot[0]] += self.high[g] * worth[slot]
        total, weight = sum(most.values()), terms.second_half_weight_permille / PERMILLE
        own.value = self._column(total, cost=points * weight)
        self._row(None, [*((g, worth[slot]) for slot, g in own.hours.items()), (own.value, -1.0)], 0.0, 0.0)
        self._own_cap(own, total)
        half = request_value_krw(applicant, self.rates) / 2 / self.unit_krw
        if weight == 1.0 or half <= 0:
            return
        own.first = self._column(half, cost=points * (1 - weight))
        self._row(None, [(own.first, 1.0), (own.value, -1.0)], -inf, 0.0)
        self._row(None, [(own.first, 1.0), (own.chosen, -min(half, total))], -inf, 0.0)
        if len(own.skus) > 1:
            uses = [(use, -min(half, most[sku])) for sku, use in own.skus.items()]
            self._row(None, [(own.first, 1.0), *uses], -inf, 0.0)

    def _own_cap(self, own: Columns, total: float) -> None:
        terms = self.instance.terms
        if own.value is None or terms.own_cap_permille == PERMILLE:
            return
        held = self.held.get(own.applicant.code, 0)
        cap = terms.own_cap_permille * self.instance.pool_value_krw / PERMILLE - held
        limit = max(0.0, cap / self.unit_krw - self.share_margin)
        if not self.tighten or limit < total:
            self._row(Setting("own_cap"), [(own.value, 1.0), (own.chosen, -limit)], -inf, 0.0)

    def _together(self, own: Columns) -> None:
        """Say what an award consists of: `Terms.joint`."""
        joint, chosen = self.instance.terms.joint, (own.chosen, -1.0)
        cash = [(z, 1.0) for z in own.tickets.values() if z != own.chosen]
        gpu = [(w, 1.0) for w in own.skus.values() if w != own.chosen]
        asks_both = bool(own.applicant.tickets and own.applicant.requests)
        if cash:
            self._row(None, [*cash, chosen], -inf, 0.0)
            if joint != "either" or not asks_both:
                self._row(Setting("joint"), [*cash, chosen], 0.0, inf)
        alone = own.chosen in {*own.tickets.values(), *own.skus.values()}
        if not alone:
            self._row(None, [*cash, *gpu, chosen], 0.0, inf)
        needs_gpu = own.applicant.requests and (joint == "both" or not own.applicant.tickets)
        if needs_gpu and own.chosen not in own.skus.values():
            self._row(Setting("joint"), [*gpu, chosen], 0.0, inf)

    def _shared_rows(self) -> None:
        terms = self.instance.terms
        for slot in self.order.slots:
            taken = [(own.hours[slot], 1.0) for own in self.columns if slot in own.hours]
            self._row(Setting("capacity", " ".join(slot)), taken, -inf, float(self.free[slot]))
        paid = [(z, float(t // self.cash_unit_krw)) for own in self.columns for t, z in own.tickets.items()]
        self._row(Setting("budget"), paid, -inf, float(terms.budget_krw // self.cash_unit_krw))
        for quarter, days in free_codev_days(self.instance).items():
            busy = [
                (own.chosen, float(own.applicant.codev_days[quarter]))
                for own in self.columns
                if own.applicant.codev_days.get(quarter)
            ]
            self._row(Setting("codev", quarter), busy, -inf, float(days))
        for setting, members, permille, sign in self.order.shares():
            share = permille / PERMILLE
            entries = [
                (own.value, sign * (float(own.applicant.code in members) - share))
                for own in self.columns
                if own.value is not None
            ]
            self._row(setting, entries, -inf, -self.share_margin)

    def _promises(self) -> None:
        """Fix what is settled: as bounds in a search, and as rows that carry a name where conflicts are looked for."""
        terms = self.instance.terms
        where = {own.applicant.code: own for own in self.columns}
        for code in terms.must_award:
            self._promise(Setting("must", code), where[code].chosen, 1.0, 1.0)
        for code in terms.must_not_award:
            if code in where:
                self._promise(Setting("must_not", code), where[code].chosen, 0.0, 0.0)
        for pin in terms.pins:
            own, setting = where[pin.code], Setting("pin", pin.code)
            if pin.krw is not None:
                for ticket, z in own.tickets.items():
                    self._promise(setting, z, *(float(ticket == pin.krw),) * 2)
            if pin.gpu_hours is not None:
                self._pin_hours(own, pin.gpu_hours, setting)

    def _pin_hours(self, own: Columns, pinned: Hours, setting: Setting) -> None:
        for (sku, quarter), g in own.hours.items():
            self._promise(setting, g, *(pinned.get(sku, {}).get(quarter, 0) / self.block,) * 2)
        for sku, use in own.skus.items():
            self._promise(setting, use, *(float(any(pinned.get(sku, {}).values())),) * 2)

    def _promise(self, setting: Setting, column: int, low: float, high: float) -> None:
        if self.tighten:
            self.low[column], self.high[column] = max(low, self.low[column]), min(high, self.high[column])
        else:
            self._row(setting, [(column, 1.0)], low, high)

    def _fairness(self) -> None:
        """Reward the smallest share of a request that anybody with GPU time gets."""
        points = OBJECTIVE_POINTS * self.instance.terms.fairness_permille / PERMILLE
        least = self.fairness = self._column(1.0, cost=points)
        users = [(w, -1.0) for own in self.columns for w in own.skus.values()]
        self._row(None, [(least, 1.0), *users], -inf, 0.0)
        for own in self.columns:
            asked = request_value_krw(own.applicant, self.rates) / self.unit_krw
            for w in own.skus.values():
                if own.value is not None:
                    self._row(None, [(least, 1.0), (own.value, -1.0 / asked), (w, 1.0)], -inf, 1.0)


class CanonicalOrder:
    """In which order applicants, slots and quotas stand, by content; names decide only between what is alike."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self._quarters = sorted({pool.quarter for pool in instance.capacities})
        by_sku: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
        for pool in instance.capacities:
            by_sku[pool.sku].append((-pool.rate_krw, self._quarters.index(pool.quarter), pool.hours))
        self._sku_rank = {sku: rank for rank, sku in enumerate(sorted(by_sku, key=lambda s: (sorted(by_sku[s]), s)))}
        self.slots = sorted(((p.sku, p.quarter) for p in instance.capacities), key=self.slot_key)
        self.applicants = sorted(instance.applicants, key=self._applicant_key)

    def slot_key(self, slot: Slot) -> tuple[str, int, str]:
        """Order slots by quarter, then by SKU, the dearest first."""
        sku, quarter = slot
        return quarter, self._sku_rank.get(sku, len(self._sku_rank)), sku

    def _applicant_key(self, applicant: Applicant) -> tuple[object, ...]:
        asked = sorted((*self.slot_key((r.sku, r.quarter))[:2], r.hours) for r in applicant.requests)
        least = sorted((self._sku_rank.get(sku, 0), hours) for sku, hours in applicant.minimum_hours.items())
        days = sorted(applicant.codev_days.items())
        groups = (not applicant.sme, not applicant.non_capital, len(applicant.tags))
        return -applicant.score_tenths, applicant.tickets, asked, least, days, groups, applicant.code

    def shares(self) -> list[tuple[Setting, frozenset[str], int, float]]:
        """Return each quota that is on: its name, its members, its permille, 1 for a cap and -1 for a floor."""
        terms, applicants = self.instance.terms, self.instance.applicants
        found = []
        if terms.sector_cap_permille < PERMILLE:
            for sector in {a.sector for a in applicants}:
                members = frozenset(a.code for a in applicants if a.sector == sector)
                found.append((Setting("sector_cap", sector), members, terms.sector_cap_permille, 1.0))
        if terms.sme_floor_permille:
            members = frozenset(a.code for a in applicants if a.sme)
            found.append((Setting("sme_floor"), members, terms.sme_floor_permille, -1.0))
        if terms.non_capital_floor_permille:
            members = frozenset(a.code for a in applicants if a.non_capital)
            found.append((Setting("non_capital_floor"), members, terms.non_capital_floor_permille, -1.0))
        for quota in terms.quotas:
            members = frozenset(a.code for a in applicants if quota.tag in a.tags)
            sign = 1.0 if quota.direction == "at_most" else -1.0
            found.append((Setting("quota", quota.tag), members, quota.permille, sign))
        place = {a.code: number for number, a in enumerate(self.applicants)}
        return sorted(found, key=lambda f: (f[3], f[2], f[0].kind, sorted(place[code] for code in f[1]), f[0].subject))
