"""Why there is no plan: the smallest set of settings that cannot hold together.

Each setting is made elastic: for a price of one it may be broken. A set of settings is in conflict when no plan keeps
all of it, and every conflict shares a setting with whatever a plan must break. So, turn by turn: take the smallest
set that meets all breakings found so far; if no plan keeps it, it is the smallest conflict; if one does, the fewest
settings that such a plan breaks are the next breaking (Reiter's hitting sets, as in Ignatiev et al., "Smallest MUS
extraction with minimal hitting set dualization", 2015).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from fundapp.allocation.model import Model
from fundapp.allocation.rules import Instance, PlannedAward, Setting, award_breaches
from fundapp.allocation.solver.engine import Floats, Whole

#: Settings of one applicant that matter only for those whom something promises.
_PERSONAL = frozenset({"minimum"})


def own_conflict(instance: Instance) -> tuple[Setting, ...]:
    """Return settings about one applicant that contradict each other whatever the others get; empty when none do."""
    terms = instance.terms
    known = {applicant.code: applicant for applicant in instance.applicants}
    pins = {pin.code: pin for pin in terms.pins}
    for code in (*terms.must_award, *(pin.code for pin in terms.pins)):
        if code not in known:
            return (Setting("must" if code in terms.must_award else "pin", code), Setting("applicant", code))
        if code in terms.must_award and code in terms.must_not_award:
            return (Setting("must", code), Setting("must_not", code))
    for code, pin in pins.items():
        applicant = known[code]
        given = bool(pin.krw) or any(any(quarters.values()) for quarters in (pin.gpu_hours or {}).values())
        if given and code in terms.must_not_award:
            return (Setting("pin", code), Setting("must_not", code))
        award = PlannedAward(code, pin.krw or 0, pin.gpu_hours or {})
        kinds = {"ticket"} if pin.krw is not None else set()
        kinds |= {"request", "minimum", "block", "own_cap"} if pin.gpu_hours is not None else set()
        for breach in award_breaches(award, applicant, instance):
            if breach.setting.kind in kinds:
                return (Setting("pin", code), breach.setting)
    return ()


def find_conflict(instance: Instance) -> tuple[Setting, ...]:
    """Return the smallest set of settings that no plan keeps; empty when a plan keeps them all."""
    elastic = _Elastic(instance)
    breakings: list[frozenset[int]] = []
    while True:
        kept = _smallest_meeting(breakings, len(elastic.settings))
        broken = elastic.fewest_broken(kept)
        if broken is None:
            return tuple(sorted(elastic.settings[number] for number in kept))
        if not broken:
            return ()
        breakings.append(broken)


def _smallest_meeting(breakings: list[frozenset[int]], count: int) -> frozenset[int]:
    """Return the fewest settings of which each breaking holds one, the earliest of equally few."""
    if not breakings:
        return frozenset()
    rows = sparse.lil_array((len(breakings), count))
    for number, broken in enumerate(breakings):
        rows[number, sorted(broken)] = 1.0
    found: Any = milp(
        1.0 + np.arange(count) / (count * (count + 1.0)),
        integrality=np.ones(count, dtype=np.int64),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(rows.tocsr(), 1, np.inf),
        options={"mip_rel_gap": 0.0},
    )
    return frozenset(np.flatnonzero(np.round(found.x)).tolist())


@dataclass(frozen=True, slots=True)
class _Breaking:
    row: int
    setting: int


class _Elastic:
    """The rows of a model, each setting of which can be broken by a binary of its own."""

    def __init__(self, instance: Instance) -> None:
        model = Model(instance, tighten=False)
        promised = {*instance.terms.must_award, *(pin.code for pin in instance.terms.pins)}
        self.model = model
        self.rows = model.matrix()
        self.row_low, self.row_high = model.row_bounds()
        self.low, self.high = np.array(model.low), np.array(model.high)
        labels = [
            None if label is None or (label.kind in _PERSONAL and label.subject not in promised) else label
            for label in model.labels
        ]
        self.settings = sorted({label for label in labels if label is not None})
        place = {setting: number for number, setting in enumerate(self.settings)}
        self.elastic = [_Breaking(row, place[label]) for row, label in enumerate(labels) if label is not None]
        self._widen()

    def _widen(self) -> None:
        """Add to each breakable row what breaking it allows: as far as its columns can go."""
        positive, negative = self.rows.maximum(0), self.rows.minimum(0)
        most = positive @ self.high + negative @ self.low
        least = positive @ self.low + negative @ self.high
        count, width = len(self.settings), len(self.low)
        over = sparse.lil_array((len(self.row_low), count))
        under = sparse.lil_array((len(self.row_low), count))
        for breaking in self.elastic:
            row = breaking.row
            if np.isfinite(self.row_high[row]):
                over[row, breaking.setting] = -max(0.0, most[row] - self.row_high[row])
            if np.isfinite(self.row_low[row]):
                under[row, breaking.setting] = max(0.0, self.row_low[row] - least[row])
        self.upper = sparse.csr_array(sparse.hstack([self.rows, over]))
        self.lower = sparse.csr_array(sparse.hstack([self.rows, under]))
        self.cost: Floats = np.concatenate([np.zeros(width), np.ones(count)])
        self.whole: Whole = np.concatenate([self.model.divisible(), np.ones(count, dtype=np.int64)])

    def fewest_broken(self, kept: frozenset[int]) -> frozenset[int] | None:
        """Return the fewest settings that a plan which keeps `kept` breaks; None when there is no such plan."""
        count = len(self.settings)
        breakable = np.ones(count)
        breakable[sorted(kept)] = 0.0
        over, under = np.isfinite(self.row_high), np.isfinite(self.row_low)
        found: Any = milp(
            self.cost,
            integrality=self.whole,
            bounds=Bounds(np.concatenate([self.low, np.zeros(count)]), np.concatenate([self.high, breakable])),
            constraints=[
                LinearConstraint(self.upper[over], -np.inf, self.row_high[over]),
                LinearConstraint(self.lower[under], self.row_low[under], np.inf),
            ],
        )
        if found.x is None:
            return None
        return frozenset(np.flatnonzero(np.round(found.x[len(self.low) :])).tolist())
