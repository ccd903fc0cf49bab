"""Whether scores or answers have moved since a model was trained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from scoring.canonical import Json
from scoring.learning.problems import LearnError

ENOUGH = 100
SIGNIFICANT = 0.01
_BINS = 10
_DRAWS = 4_999
_SEED = 20_260_508


@dataclass(frozen=True, slots=True)
class DriftBin:
    """One bin: what falls into it, and how many rows did before and do now."""

    label: str
    before: int
    now: int


@dataclass(frozen=True, slots=True)
class Drift:
    """How far a column has moved.

    Attributes:
        index: The population stability index; no alarm by itself, because chance alone makes it large for few rows.
        p_value: The chance of an index as large if nothing had moved, by permutation.
        enough: Whether both sides have 100 rows and more; with fewer, nothing is concluded.
        moved: Enough rows, and a p-value below 0.01.
    """

    name: str
    rows_before: int
    rows_now: int
    index: float
    p_value: float
    enough: bool
    moved: bool
    bins: tuple[DriftBin, ...]

    def to_document(self) -> dict[str, Json]:
        """Give the finding as plain JSON values."""
        return {
            "name": self.name,
            "rows_before": self.rows_before,
            "rows_now": self.rows_now,
            "index": self.index,
            "p_value": self.p_value,
            "enough": self.enough,
            "moved": self.moved,
            "bins": [{"label": one.label, "before": one.before, "now": one.now} for one in self.bins],
        }


def _index(before: NDArray[np.int64], now: NDArray[np.int64]) -> NDArray[np.float64]:
    # Half a row is added to each bin: an empty one would make the logarithm infinite.
    first = (before + 0.5) / (before.sum(axis=-1, keepdims=True) + 0.5 * before.shape[-1])
    second = (now + 0.5) / (now.sum(axis=-1, keepdims=True) + 0.5 * now.shape[-1])
    return np.asarray(((second - first) * np.log(second / first)).sum(axis=-1), dtype=np.float64)


def measure_drift(
    name: str, before: Sequence[float | str | None], now: Sequence[float | str | None], *, seed: int = _SEED
) -> Drift:
    """Compare a column of two periods.

    The rows of both are dealt again into two heaps of the same sizes, 4,999 times; how often they come out at least as
    far apart is the p-value. Bins are the tenths of both periods together, so dealing again leaves them as they are.

    Args:
        name: The column.
        before: Numbers or words of the first period, None where missing.
        now: The same of the second.
        seed: Of the dealing; the same seed gives the same p-value.

    Raises:
        LearnError: If a period has no rows.
    """
    if not before or not now:
        raise LearnError("비교할 행이 없습니다.", "there are no rows to compare.", place=name)
    labels, first, second = _count(before, now)
    pooled = first + second
    dice = np.random.default_rng(seed)
    drawn = dice.multivariate_hypergeometric(pooled, int(first.sum()), size=_DRAWS, method="marginals")
    found = float(_index(first, second))
    reached = int((_index(drawn, pooled - drawn) >= found - 1e-12).sum())
    p_value = (reached + 1) / (_DRAWS + 1)
    enough = min(len(before), len(now)) >= ENOUGH
    return Drift(
        name=name,
        rows_before=len(before),
        rows_now=len(now),
        index=round(found, 6),
        p_value=round(p_value, 6),
        enough=enough,
        moved=enough and p_value < SIGNIFICANT,
        bins=tuple(
            DriftBin(label, int(a), int(b)) for label, a, b in zip(labels, first.tolist(), second.tolist(), strict=True)
        ),
    )


def _count(
    before: Sequence[float | str | None], now: Sequence[float | str | None]
) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
    together = [value for value in (*before, *now) if value is not None]
    if any(isinstance(value, str) for value in together):
        sides = [Counter("" if value is None else str(value) for value in side) for side in (before, now)]
        labels = sorted(set(sides[0]) | set(sides[1]))
        counts = [np.array([side[label] for label in labels], dtype=np.int64) for side in sides]
        return [label or "–" for label in labels], counts[0], counts[1]
    numbers = np.array(together, dtype=np.float64)
    edges = np.unique(np.quantile(numbers, np.arange(1, _BINS) / _BINS)) if len(numbers) else np.zeros(0)
    found = []
    for side in (before, now):
        known = np.array([value for value in side if value is not None], dtype=np.float64)
        tally = np.bincount(np.searchsorted(edges, known, side="right"), minlength=len(edges) + 1)
        found.append(np.append(tally, len(side) - len(known)).astype(np.int64))
    ends = ["", *(f"{edge:g}" for edge in edges.tolist()), ""]
    labels = [f"{low}–{high}" for low, high in pairwise(ends)]
    return [*labels, "–"], found[0], found[1]
