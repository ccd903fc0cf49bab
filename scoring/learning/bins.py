"""Readable bins: at most eight to a feature, with cuts that people can say aloud."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from scoring.learning.table import Codes, Feature, Floats, Table, Words

MOST_BINS = 8
OTHER = "…"
_SMALLEST_SHARE = 0.02
_DIGITS = 2


@dataclass(frozen=True, slots=True)
class Binning:
    """How a feature's values become bins.

    A number falls into the bin of the largest cut it reaches; a word into its own bin, or into the last one with
    all rare words. A missing value has a bin of its own after these.
    """

    feature: Feature
    cuts: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()

    @property
    def bins(self) -> int:
        """How many bins there are, the one for missing values not counted."""
        return len(self.levels) if self.feature.category else len(self.cuts) + 1

    def codes(self, column: Floats | Words) -> Codes:
        """Give each value's bin; a missing value's is `bins`."""
        if self.feature.category:
            known = {level: code for code, level in enumerate(self.levels)}
            rare = known.get(OTHER, self.bins)
            return np.array([self.bins if v is None else known.get(v, rare) for v in column.tolist()], dtype=np.int64)
        return bin_numbers(np.asarray(column, dtype=np.float64), self.cuts)


def bin_numbers(column: Floats, cuts: tuple[float, ...]) -> Codes:
    """Give each number's bin; not-a-number's is one past the last."""
    codes = np.searchsorted(np.array(cuts), column, side="right").astype(np.int64)
    codes[np.isnan(column)] = len(cuts) + 1
    return codes


def readable(value: float) -> float:
    """Round to two significant digits."""
    if value == 0:
        return 0.0
    places = _DIGITS - 1 - math.floor(math.log10(abs(value)))
    return float(round(value, places))


def _number_cuts(column: Floats) -> tuple[float, ...]:
    known = np.sort(column[~np.isnan(column)])
    if not known.size:
        return ()
    distinct = np.unique(known)
    if len(distinct) <= MOST_BINS:
        candidates = distinct[1:].tolist()
    else:
        asked = np.arange(1, MOST_BINS) / MOST_BINS
        candidates = [readable(v) for v in np.quantile(known, asked, method="higher").tolist()]
    smallest = max(2, math.ceil(_SMALLEST_SHARE * len(known)))
    cuts: list[float] = []
    below = 0
    for cut in sorted(set(candidates)):
        position = int(np.searchsorted(known, cut, side="left"))
        if position - below >= smallest and len(known) - position >= smallest:
            cuts.append(float(cut))
            below = position
    return tuple(cuts)


def _levels(column: Words) -> tuple[str, ...]:
    counts = Counter(word for word in column.tolist() if word is not None)
    smallest = max(2, math.ceil(_SMALLEST_SHARE * sum(counts.values())))
    common = sorted((-count, word) for word, count in counts.items() if count >= smallest)
    if len(common) == len(counts) <= MOST_BINS:
        return tuple(sorted(word for _, word in common))
    return (*sorted(word for _, word in common[: MOST_BINS - 1]), OTHER)


# Leakage check, training and gate ask for the same table in turn.
@lru_cache(maxsize=4)
def make_binnings(table: Table) -> tuple[Binning, ...]:
    """Choose the bins of every feature by its values alone; labels are not looked at."""
    made = []
    for feature in table.features:
        column = table.columns[feature.key]
        if feature.category:
            made.append(Binning(feature, levels=_levels(np.asarray(column, dtype=object))))
        else:
            made.append(Binning(feature, cuts=_number_cuts(np.asarray(column, dtype=np.float64))))
    return tuple(made)


def code_table(table: Table, binnings: tuple[Binning, ...]) -> Codes:
    """Give every row's bins, one column for each feature."""
    if not binnings:
        return np.zeros((len(table), 0), dtype=np.int64)
    return np.column_stack([binning.codes(table.columns[binning.feature.key]) for binning in binnings])
