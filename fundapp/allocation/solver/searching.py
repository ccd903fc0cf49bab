"""Finding who is awarded: fix what the prices settle, search among the rest, prove it.

First the decisions that cost least to turn are searched, and all others, with every hour that has a price, kept as the
relaxation has them; that gives a plan within one or two ten-thousandths of the relaxation. Then everything whose
turning would cost more than that distance is settled for good, and the engine is asked for a plan of the rest that is
better by more than the gap. Mostly there is none, and that is the proof: it takes a tenth of the time that finding the
same plan again does. The bound is therefore of the whole problem, not of the part that was searched.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy import sparse

from fundapp.allocation.model import Model
from fundapp.allocation.solver.engine import Floats, Programme, Relaxed, Settled, Whole, settle
from fundapp.allocation.solver.pricing import flip_losses, owners

#: How many decisions the first and the second search leave open.
OPEN = (60, 400)
#: A search pays where so many times more is open than it looks at.
WORTH_IT = 2
#: The part of the gap that a search and its proof may use up: whole hours cost a little of it as well.
_INSIDE = 0.9
#: A row that asks for better plans than the best known; below this gap the engine's tolerance would blur it.
_CUTOFF_FROM, _CUTOFF_SIZE = 1e-7, 1e3
#: Reduced costs below this many points (scaled: one hour is about one) are zero.
_PRICED = 1e-7
#: Points by which a loss must exceed what is open: the engine's own tolerances stay well below.
_SURE = 1e-5


class SolveCancelled(Exception):  # noqa: N818 - nothing went wrong
    """Somebody asked the solver to stop."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a solve has come.

    Attributes:
        step: What it has just done.
        seconds: Since it began.
        objective: Points of the best plan so far; None before there is one.
        bound: No plan can exceed this many points; None before that is known.
    """

    step: Literal["opened", "relaxed", "searched", "proved", "finished"]
    seconds: float
    objective: float | None
    bound: float | None


Tell = Callable[[Progress], bool]
"""Takes the progress; returns whether to go on."""

Count = Callable[[int, int], None]
"""Takes how many steps of how many are done, where something is solved many times."""


def uncounted(_done: int, _of: int) -> None:
    """Count for nobody."""


@dataclass(slots=True)
class Watch:
    """Tells how far a solve has come, and when it has to end."""

    tell: Tell | None = None
    limit: float | None = None
    started: float = 0.0

    def __post_init__(self) -> None:
        self.started = time.perf_counter()

    def seconds(self) -> float:
        """Return the seconds since the beginning."""
        return time.perf_counter() - self.started

    def left(self) -> float | None:
        """Return the seconds that are left; None for no limit."""
        return None if self.limit is None else self.limit - self.seconds()

    def say(
        self,
        step: Literal["opened", "relaxed", "searched", "proved", "finished"],
        objective: float | None = None,
        bound: float | None = None,
    ) -> None:
        """Report progress.

        Raises:
            SolveCancelled: If whoever listens wants no more.
        """
        if self.tell and not self.tell(Progress(step, self.seconds(), objective, bound)):
            raise SolveCancelled

    def over(self) -> bool:
        """Say whether the time is up."""
        left = self.left()
        return left is not None and left <= 0


@dataclass(frozen=True, slots=True)
class Found:
    """The best values found, their points, and a bound on any plan's points."""

    x: Floats
    objective: float
    bound: float


def search(
    model: Model, given: Programme, relaxed: Relaxed, whole: Whole, *, gap: float, watch: Watch, known: float = 0.0
) -> Found | None:
    """Find values within `gap` of the best, or the best that time allows; None when there are none.

    Args:
        model: What the programme was made of.
        given: The programme.
        relaxed: Its relaxation.
        whole: 1 for each column that has to be whole.
        gap: Relative gap.
        watch: Progress and time.
        known: Points of a plan that is known already; nothing below is looked for in the proof.
    """
    binary = np.flatnonzero(model.divisible())
    if len(binary) <= OPEN[0]:
        return _prove(given, whole, binary[:0], given.low, relaxed, None, 0.0, gap, watch)
    values, losses = flip_losses(model, given, relaxed)
    best: Settled | None = None
    for count in OPEN:
        if watch.over() or np.count_nonzero(losses[binary] <= _reach(relaxed, best, known, gap)) <= WORTH_IT * count:
            break
        least = binary[losses[binary] <= np.partition(losses[binary], count)[count]]
        low, high = _near(model, given, relaxed, values, least)
        found = settle(given, whole, gap=gap * _INSIDE / 2, low=low, high=high, limit=watch.left())
        if found is not None and (best is None or found.objective > best.objective):
            best = found
            watch.say("searched", best.objective, relaxed.objective)
    settled = binary[losses[binary] > _reach(relaxed, best, known, gap)]
    return _prove(given, whole, settled, values, relaxed, best, known, gap, watch)


def _near(
    model: Model, given: Programme, relaxed: Relaxed, values: Floats, open_columns: Whole
) -> tuple[Floats, Floats]:
    """Return bounds that leave open some decisions, all hours of whom they concern, and every hour without a price."""
    low, high = given.low.copy(), given.high.copy()
    owner = owners(model)
    settled = np.setdiff1d(np.flatnonzero(model.divisible()), open_columns)
    low[settled] = high[settled] = values[settled]
    hours = np.array(model.hour_columns(), dtype=np.int64)
    priced = np.abs(relaxed.reduced[hours]) * given.scale > _PRICED
    kept = hours[priced & ~np.isin(owner[hours], owner[open_columns])]
    low[kept] = high[kept] = np.clip(relaxed.x[kept], given.low[kept], given.high[kept])
    return low, high


def _prove(
    given: Programme,
    whole: Whole,
    settled: Whole,
    values: Floats,
    relaxed: Relaxed,
    best: Settled | None,
    known: float,
    gap: float,
    watch: Watch,
) -> Found | None:
    """Look for a plan that is better by more than the gap, with what is settled kept as it is."""
    floor = max(known, best.objective if best else 0.0) * (1 + gap * _INSIDE)
    if best is not None and (relaxed.objective <= floor or watch.over()):
        return Found(best.x, best.objective, relaxed.objective)
    low, high = given.low.copy(), given.high.copy()
    low[settled] = high[settled] = values[settled]
    asked = _better_than(given, floor) if floor and gap >= _CUTOFF_FROM else given
    found = settle(asked, whole, gap=gap * _INSIDE / 2, low=low, high=high, limit=watch.left())
    if found is None and best is None:
        return None
    kept = best if found is None or (best and best.objective >= found.objective) else found
    if kept is None:
        return None
    over = found is None and watch.over()
    bound = relaxed.objective if over else max(found.bound if found else 0.0, floor, kept.objective)
    watch.say("proved", kept.objective, min(bound, relaxed.objective))
    return Found(kept.x, kept.objective, min(bound, relaxed.objective))


def _better_than(given: Programme, points: float) -> Programme:
    """Return the programme with a row more: at least so many points."""
    size = _CUTOFF_SIZE / points
    return replace(
        given,
        rows=sparse.csr_array(sparse.vstack([given.rows, sparse.csr_array(given.cost[None, :] * size)])),
        row_low=np.append(given.row_low, _CUTOFF_SIZE),
        row_high=np.append(given.row_high, np.inf),
    )


def _reach(relaxed: Relaxed, best: Settled | None, known: float, gap: float) -> float:
    """Return the loss beyond which a decision is settled: what the relaxation has over the best plan known."""
    floor = max(known, best.objective if best else 0.0)
    return max(0.0, relaxed.objective - floor * (1 + gap * _INSIDE)) + _SURE
