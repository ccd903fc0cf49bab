"""Judging a way of learning on rows it has not seen: repeated folds, and folds that only look back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from scoring.learning.bins import Binning, code_table
from scoring.learning.fits import SEED, Designs, Fit, Recalibration, fit_additive, fit_ridge, recalibrate
from scoring.learning.measures import sigmoid
from scoring.learning.model import Method
from scoring.learning.table import Codes, Floats, Table

FOLDS = 5
REPEATS = 2
_BLOCKS = 10


@dataclass(frozen=True, slots=True)
class Split:
    """Rows to learn from and rows to be judged on."""

    train: Codes
    test: Codes


def random_splits(labels: Codes, *, repeats: int = REPEATS, folds: int = FOLDS, seed: int = SEED) -> list[list[Split]]:
    """Deal the rows into folds, each class evenly, several times over; the same seed deals alike."""
    dealt = []
    for repeat in range(repeats):
        dice = np.random.default_rng([seed, repeat])
        fold = np.empty(len(labels), dtype=np.int64)
        for label in (0, 1):
            rows = np.flatnonzero(labels == label)
            fold[dice.permutation(rows)] = np.arange(len(rows)) % folds
        dealt.append([Split(np.flatnonzero(fold != part), np.flatnonzero(fold == part)) for part in range(folds)])
    return dealt


def forward_splits(times: Floats, *, blocks: int = _BLOCKS) -> list[Split]:
    """Cut time into blocks; each is judged by what was learned from all before it. Equal times stay together."""
    order = np.argsort(times, kind="stable")
    edges = [times[order[len(order) * block // blocks]] for block in range(1, blocks)]
    block = np.searchsorted(np.array(edges), times, side="right")
    splits = (Split(np.flatnonzero(block < part), np.flatnonzero(block == part)) for part in range(1, blocks))
    return [split for split in splits if split.train.size and split.test.size]


class Learner:
    """Learns from parts of one table, its bins and columns laid out once.

    Bins are chosen from the values of all rows and from no label, so no fold learns from another's outcome.
    """

    def __init__(self, table: Table, binnings: Sequence[Binning]) -> None:
        """Code the rows."""
        self.labels = table.labels
        self.totals = table.totals
        self.binnings = tuple(binnings)
        self.codes = code_table(table, self.binnings)
        self._designs = Designs(self.codes, self.binnings)
        self._start: Floats | None = None
        self._bases: dict[bytes, Recalibration] = {}

    def fit(self, method: Method, mass: Floats | None = None) -> Fit:
        """Learn from the rows of a positive mass."""
        weight = np.ones(len(self.labels)) if mass is None else mass
        base = self._recalibrated(weight)
        if method is Method.RECALIBRATED:
            return Fit(base, 0.0, 1.0, ())
        if method is Method.ADDITIVE:
            return fit_additive(self.codes, self.binnings, base, self.labels, weight)
        fit, found = fit_ridge(self._designs, base, self.totals, self.labels, weight, self._start)
        if self._start is None:
            self._start = found
        return fit

    def _recalibrated(self, mass: Floats) -> Recalibration:
        # Both sides of a comparison ask for the same folds.
        key = mass.tobytes()
        if key not in self._bases:
            self._bases[key] = recalibrate(self.totals, self.labels, mass)
        return self._bases[key]

    def predict(self, method: Method, split: Split) -> Floats:
        """Learn from a split's first part and give the probabilities of its second."""
        mass = np.zeros(len(self.labels))
        mass[split.train] = 1.0
        fit = self.fit(method, mass)
        return sigmoid(fit.logits(self.totals[split.test], self.codes[split.test]))

    def out_of_fold(self, method: Method, splits: Sequence[Split]) -> Floats:
        """Give each row's probability by a fit that never saw it; not-a-number for rows in no test part."""
        found = np.full(len(self.labels), np.nan)
        for split in splits:
            found[split.test] = self.predict(method, split)
        return found


def bootstrap_masses(rows: int, count: int, seed: int = SEED) -> Iterator[Floats]:
    """Draw rows with replacement, `count` times: how often each was drawn."""
    for number in range(count):
        dice = np.random.default_rng([seed, 7, number])
        yield np.bincount(dice.integers(0, rows, rows), minlength=rows).astype(np.float64)
