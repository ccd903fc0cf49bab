"""Points of a million applications: one look-up and one addition for each criterion."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from scoring.learning.bins import bin_numbers
from scoring.learning.model import Model, Term
from scoring.learning.table import Codes, Floats, Source, Words

Tenths = NDArray[np.int16]
UNKNOWN = -1
"""Rule points of a criterion of which nothing is known: it earns nothing."""


@dataclass(frozen=True, slots=True)
class CriterionTable:
    """A criterion's points (tenths) and log-odds for each number of rule tenths; the last is of an unknown one."""

    points: tuple[int, ...]
    logits: tuple[float, ...]


@lru_cache(maxsize=512)
def criterion_table(model: Model, criterion: str) -> CriterionTable | None:
    """Work out a criterion's points and log-odds once.

    Returns:
        None if the criterion also depends on something other than its rule points.
    """
    terms = model.by_criterion[criterion]
    if any(term.source is not Source.CRITERION for term in terms):
        return None
    most = dict(model.maxima).get(criterion, 0)
    logits = [model.contribution(criterion, tenths, {term.key: tenths for term in terms}) for tenths in range(most + 1)]
    points = [model.points(criterion, logit, tenths) for tenths, logit in enumerate(logits)]
    return CriterionTable((*points, 0), (*logits, model.contribution(criterion, 0, {})))


def batch_points(
    model: Model, rules: Mapping[str, NDArray[np.integer]], columns: Mapping[str, Floats | Words] | None = None
) -> Codes:
    """Give the total points in tenths of many applications, the same as scoring them one by one.

    Args:
        model: The trained model.
        rules: By criterion the whole rule tenths of each application, -1 where nothing is known of it.
        columns: By term key the values of the terms that are no criterion's rule points.
    """
    total: Codes | None = None
    for criterion in model.by_criterion:
        table = criterion_table(model, criterion)
        if table is not None:
            found = np.array(table.points, dtype=np.int16)[rules[criterion]]
        else:
            found = _computed(model, criterion, rules.get(criterion), columns or {})
        total = found.astype(np.int64) if total is None else np.add(total, found, out=total)
    return np.zeros(0, dtype=np.int64) if total is None else total


def _bins(term: Term, values: Floats | Words) -> Codes:
    return term.binning().codes(values) if term.category else bin_numbers(np.asarray(values, np.float64), term.cuts)


def _computed(
    model: Model, criterion: str, tenths: NDArray[np.integer] | None, columns: Mapping[str, Floats | Words]
) -> Tenths:
    share = model.shares[criterion]
    terms = model.by_criterion[criterion]
    logits: Floats | float = 0.0 if tenths is None else model.per_tenth * np.maximum(tenths, 0)
    rows = len(next(iter(columns.values()))) if tenths is None else len(tenths)
    unknown = np.ones(rows, dtype=bool) if tenths is None else tenths == UNKNOWN
    for term in terms:
        if tenths is not None and term.source is Source.CRITERION:
            values: Floats | Words = np.where(tenths == UNKNOWN, math.nan, tenths.astype(np.float64))
        else:
            values = columns[term.key]
        codes = _bins(term, values)
        logits = logits + np.array(term.weights)[codes]
        unknown = unknown & (codes == len(term.weights) - 1)
    found = np.floor(model.tenths_per_logit * (logits - share.lowest) + 0.5)
    found = np.clip(found, 0, share.maximum)
    return np.where(unknown, 0, found).astype(np.int16)
