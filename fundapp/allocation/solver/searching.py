"""Finding who is awarded: fix what the prices settle, search among the rest, prove it.

First the decisions that cost least to turn are searched and all others kept as the prices have them; that gives a
plan within a few ten-thousandths of the relaxation. Then everything whose turning would cost more than that distance
is settled for good, and the engine proves the rest. The bound is therefore of the whole problem, not of the part that
was searched.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fundapp.allocation.model import Model
from fundapp.allocation.solver.engine import Floats, Programme, Relaxed, Settled, Whole, settle
from fundapp.allocation.solver.pricing import flip_losses

#: How many decisions the first search leaves open, and by what factor the next ones leave more.
OPEN_FIRST, OPEN_MORE = 60, 3
#: Once the plan is this near the relaxation (relative), what is open is searched whole.
_MOST_OPEN = 2e-4
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
    if len(binary) <= OPEN_FIRST:
        return _prove(given, whole, binary[:0], given.low, relaxed, None, gap, watch)
    values, losses = flip_losses(model, given, relaxed)
    best: Settled | None = None
    for threshold in _thresholds(np.sort(losses[binary])):
        reach = _reach(relaxed, best, known, gap)
        if watch.over() or reach <= threshold:
            break
        found = _among(given, whole, binary[losses[binary] > threshold], values, gap, watch)
        if found is not None and (best is None or found.objective > best.objective):
            best = found
            watch.say("searched", best.objective, relaxed.objective)
        reach = _reach(relaxed, best, known, gap)
        if best is not None and (reach <= threshold or watch.over()):
            # All that is settled loses more than is open, so the bound of the part is one of the whole.
            bound = max(best.bound, best.objective * (1 + gap)) if reach <= threshold else relaxed.objective
            return Found(best.x, best.objective, min(bound, relaxed.objective))
        if best is not None and reach < _MOST_OPEN * relaxed.objective:
            break
    return _prove(
        given, whole, binary[losses[binary] > _reach(relaxed, best, known, gap)], values, relaxed, best, gap, watch
    )


def _thresholds(ranked: Floats) -> Iterator[float]:
    """Yield losses up to which decisions are left open: a few decisions first, then more and more."""
    count = OPEN_FIRST
    while count < len(ranked):
        threshold = float(ranked[count])
        yield threshold
        count = OPEN_MORE * int(np.searchsorted(ranked, threshold, side="right"))


def _prove(
    given: Programme,
    whole: Whole,
    settled: Whole,
    values: Floats,
    relaxed: Relaxed,
    best: Settled | None,
    gap: float,
    watch: Watch,
) -> Found | None:
    proved = _among(given, whole, settled, values, gap, watch)
    if proved is None:
        return None if best is None else Found(best.x, best.objective, relaxed.objective)
    kept = proved if best is None or proved.objective >= best.objective else best
    bound = min(max(proved.bound, kept.objective * (1 + gap)), relaxed.objective)
    watch.say("proved", kept.objective, bound)
    return Found(kept.x, kept.objective, bound)


def _reach(relaxed: Relaxed, best: Settled | None, known: float, gap: float) -> float:
    """Return the loss beyond which a decision is settled: what the relaxation has over the best plan known."""
    floor = max(known, best.objective if best else 0.0)
    return max(0.0, relaxed.objective - floor * (1 + gap)) + _SURE


def _among(
    given: Programme, whole: Whole, settled: np.ndarray, values: Floats, gap: float, watch: Watch
) -> Settled | None:
    low, high = given.low.copy(), given.high.copy()
    low[settled] = high[settled] = values[settled]
    return settle(given, whole, gap=gap / 2, low=low, high=high, limit=watch.left())
