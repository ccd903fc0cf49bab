"""The plan as a mixed-integer programme: columns, rows and their names, before any engine sees them.

Money is scaled to keep the numbers near one: GPU value in hours of the dearest SKU, cash in the greatest common
divisor of all tickets. Scaling never decides anything; the exact rules judge the result.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import gcd, inf

import numpy as np
from scipy import sparse

from .rules import (
    FULL_SCORE_TENTHS,
    OBJECTIVE_POINTS,
    PERMILLE,
    Applicant,
    Capacity,
    Instance,
    rates_krw,
    request_value_krw,
)

Terms = Iterable[tuple[int, float]]


@dataclass(slots=True)
class Columns:
    """Where one applicant's variables stand.

    Attributes:
        applicant: Whose they are.
        chosen: Binary: is it awarded?
        tickets: Binary for each ticket, by won.
        skus: Binary for each SKU it could be given.
        hours: Hours by (SKU, quarter).
        halves: GPU value in the first and beyond the first half of its request.
    """

    applicant: Applicant
    chosen: int
    tickets: dict[int, int] = field(default_factory=dict)
    skus: dict[str, int] = field(default_factory=dict)
    hours: dict[tuple[str, str], int] = field(default_factory=dict)
    halves: tuple[int, int] | None = None


class Model:
    """maximise cost·x subject to lower ≤ rows·x ≤ upper, and bounds; built in the instance's canonical order."""

    def __init__(self, instance: Instance, *, share_margin: float = 0.0, tighten: bool = True) -> None:
        self.instance = instance
        self.unit_krw = max((pool.rate_krw for pool in instance.capacities), default=1)
        self.share_margin = share_margin
        # Cutting a request down to its pool speeds the search, but then that cut and not the pool carries the price.
        self.tighten = tighten
        self.cost: list[float] = []
        self.low: list[float] = []
        self.high: list[float] = []
        self.whole: list[bool] = []
        self.labels: list[str] = []
        self._row_low: list[float] = []
        self._row_high: list[float] = []
        self._entries: tuple[list[int], list[int], list[float]] = ([], [], [])
        self.columns = [self._applicant(applicant) for applicant in instance.applicants]
        self._shared_rows()

    def matrix(self) -> sparse.csr_array:
        """Return the rows as a sparse matrix of shape (rows, columns)."""
        rows, columns, values = self._entries
        shape = (len(self.labels), len(self.cost))
        return sparse.csr_array((values, (rows, columns)), shape=shape, dtype=np.float64)

    def row_bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the lower and upper limits of the rows."""
        return np.array(self._row_low), np.array(self._row_high)

    def _column(self, high: float, *, cost: float = 0.0, whole: bool = False, low: float = 0.0) -> int:
        self.cost.append(cost)
        self.low.append(low)
        self.high.append(high)
        self.whole.append(whole)
        return len(self.cost) - 1

    def _row(self, label: str, terms: Terms, low: float, high: float) -> None:
        number = len(self.labels)
        rows, columns, values = self._entries
        for column, value in terms:
            rows.append(number)
            columns.append(column)
            values.append(value)
        self.labels.append(label)
        self._row_low.append(low)
        self._row_high.append(high)

    def _applicant(self, applicant: Applicant) -> Columns:
        terms = self.instance.terms
        askable = bool(applicant.tickets or applicant.requests)
        must = applicant.code in terms.must_award
        own = Columns(applicant, self._column(float(askable), whole=True, low=float(must)))
        weight = applicant.score_tenths / FULL_SCORE_TENTHS * OBJECTIVE_POINTS
        cash_points = weight * (PERMILLE - terms.alpha_permille) / PERMILLE
        for ticket in sorted(set(applicant.tickets)):
            cost = cash_points * ticket / terms.budget_krw if terms.budget_krw else 0.0
            own.tickets[ticket] = self._column(1.0, cost=cost, whole=True)
        if applicant.tickets:
            self._row("ticket", [*((z, 1.0) for z in own.tickets.values()), (own.chosen, -1.0)], 0.0, 0.0)
        if applicant.requests:
            self._gpu(own, weight * terms.alpha_permille / PERMILLE)
        return own

    def _gpu(self, own: Columns, gpu_points: float) -> None:
        applicant, terms = own.applicant, self.instance.terms
        free = {(pool.sku, pool.quarter): pool for pool in self.instance.capacities}
        offers: dict[str, list[tuple[Capacity, int]]] = defaultdict(list)
        for request in sorted(applicant.requests):
            pool = free.get((request.sku, request.quarter))
            if pool is not None and min(pool.hours, request.hours) > 0:
                most = min(pool.hours, request.hours) if self.tighten else request.hours
                offers[request.sku].append((pool, most))
        for sku, pools in offers.items():
            self._sku(own, sku, pools)
        self._row("any", [(own.chosen, 1.0), *((w, -1.0) for w in own.skus.values())], -inf, 0.0)
        if not own.hours:
            return
        rates = rates_krw(self.instance)
        half = request_value_krw(applicant, rates) / 2 / self.unit_krw
        points = gpu_points * self.unit_krw / self.instance.pool_value_krw
        second = points * terms.second_half_weight_permille / PERMILLE
        own.halves = (self._column(half, cost=points), self._column(inf, cost=second))
        value = [(g, rates[key] / self.unit_krw) for key, g in own.hours.items()]
        self._row("value", [*value, (own.halves[0], -1.0), (own.halves[1], -1.0)], 0.0, 0.0)
        cap = terms.own_cap_permille * self.instance.pool_value_krw / PERMILLE / self.unit_krw
        if terms.own_cap_permille < PERMILLE:
            self._row("own_cap", [(f, 1.0) for f in own.halves], -inf, cap - self.share_margin)

    def _sku(self, own: Columns, sku: str, pools: list[tuple[Capacity, int]]) -> None:
        least = max(1, own.applicant.minimum_hours.get(sku, 0))
        if sum(most for _, most in pools) < least:
            return
        use = own.skus[sku] = self._column(1.0, whole=True)
        self._row("sku", [(use, 1.0), (own.chosen, -1.0)], -inf, 0.0)
        for pool, most in pools:
            g = own.hours[sku, pool.quarter] = self._column(float(most), whole=True)
            self._row("request", [(g, 1.0), (use, -float(most))], -inf, 0.0)
        taken = [(own.hours[sku, pool.quarter], 1.0) for pool, _ in pools]
        self._row("minimum", [*taken, (use, -float(least))], 0.0, inf)

    def _shared_rows(self) -> None:
        instance, terms = self.instance, self.instance.terms
        for pool in instance.capacities:
            key = (pool.sku, pool.quarter)
            taken = [(own.hours[key], 1.0) for own in self.columns if key in own.hours]
            self._row(f"capacity:{pool.sku}:{pool.quarter}", taken, -inf, float(pool.hours))
        self.cash_unit_krw = gcd(*(t for own in self.columns for t in own.tickets)) or 1
        paid = [(z, float(ticket // self.cash_unit_krw)) for own in self.columns for ticket, z in own.tickets.items()]
        self._row("cash", paid, -inf, float(terms.budget_krw // self.cash_unit_krw))
        if terms.sector_cap_permille < PERMILLE:
            for sector in sorted({a.sector for a in instance.applicants}):
                members = {own.applicant.code: own.applicant.sector == sector for own in self.columns}
                self._share(f"sector_cap:{sector}", members, terms.sector_cap_permille, sign=1.0)
        floors = [
            ("sme_floor", {a.code: a.sme for a in instance.applicants}, terms.sme_floor_permille),
            (
                "non_capital_floor",
                {a.code: a.non_capital for a in instance.applicants},
                terms.non_capital_floor_permille,
            ),
        ]
        for label, members, permille in floors:
            if permille > 0:
                self._share(label, members, permille, sign=-1.0)

    def _share(self, label: str, members: Mapping[str, bool], permille: int, *, sign: float) -> None:
        """Add sign × (members' value − share × total value) ≤ 0."""
        share = permille / PERMILLE
        terms = [
            (half, sign * (float(members[own.applicant.code]) - share))
            for own in self.columns
            for half in own.halves or ()
        ]
        self._row(label, terms, -inf, -self.share_margin)
