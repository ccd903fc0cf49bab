"""The trained model as a scorecard that people can read: bins, weights, and the points they are worth."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

import numpy as np

from scoring.canonical import Json, canonical_json, sha256_of
from scoring.learning.bins import OTHER, Binning, code_table
from scoring.learning.measures import sigmoid
from scoring.learning.table import Feature, Floats, Source, Table
from scoring.learning.text import TextModel

TOTAL_TENTHS = 1000
_HALF_EVIDENCE = 50
_BAND = (0.05, 0.95)


class Method(StrEnum):
    """How a model was learned; the rubric alone gives points and no probability."""

    RECALIBRATED = "recalibrated"
    RIDGE = "ridge"
    ADDITIVE = "additive"


def chance(logit: float) -> float:
    """Turn log-odds into a probability without overflow."""
    if logit >= 0:
        return 1.0 / (1.0 + math.exp(-logit))
    odds = math.exp(logit)
    return odds / (1.0 + odds)


@dataclass(frozen=True, slots=True)
class Calibration:
    """A later correction of the probability alone (Platt 1999); the points stay as they are."""

    version: str
    intercept: float
    slope: float

    def probability(self, logit: float) -> float:
        """Give the corrected probability of a model's log-odds."""
        return chance(self.intercept + self.slope * logit)

    def to_document(self) -> dict[str, Json]:
        """Give the calibration as plain JSON values."""
        return {"version": self.version, "intercept": self.intercept, "slope": self.slope}


@dataclass(frozen=True, slots=True)
class Term:
    """One feature's learned weights (log-odds), bin by bin; the last weight is for a missing value."""

    key: str
    criterion: str
    source: Source
    label_ko: str
    label_en: str
    direction: int
    category: bool
    cuts: tuple[float, ...]
    levels: tuple[str, ...]
    weights: tuple[float, ...]

    def bin_of(self, value: object) -> int:
        """Give the bin of one value.

        Raises:
            TypeError: If a number is needed and something else was given.
        """
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return len(self.weights) - 1
        if not self.category:
            return bisect_right(self.cuts, float(value))  # type: ignore[arg-type]
        word = str(value)
        if word in self.levels:
            return self.levels.index(word)
        return self.levels.index(OTHER) if OTHER in self.levels else len(self.weights) - 1

    def binning(self) -> Binning:
        """Give the bins alone, to code many rows at once."""
        return Binning(Feature(self.key, self.criterion, category=self.category), self.cuts, self.levels)

    def to_document(self) -> dict[str, Json]:
        """Give the term as plain JSON values."""
        return {
            "key": self.key,
            "criterion": self.criterion,
            "source": self.source.value,
            "label_ko": self.label_ko,
            "label_en": self.label_en,
            "direction": self.direction,
            "category": self.category,
            "cuts": list(self.cuts),
            "levels": list(self.levels),
            "weights": list(self.weights),
        }


@dataclass(frozen=True, slots=True)
class Replica:
    """One bootstrap refit: log-odds with no points, log-odds of a tenth of a point, and each term's weights."""

    base: float
    per_tenth: float
    weights: tuple[tuple[float, ...], ...]

    def to_document(self) -> dict[str, Json]:
        """Give the replica as plain JSON values."""
        return {"base": self.base, "per_tenth": self.per_tenth, "weights": [list(row) for row in self.weights]}


@dataclass(frozen=True, slots=True)
class Share:
    """What of the 100 points one criterion has under a model.

    Attributes:
        lowest: The least log-odds that it can contribute; this much earns no points.
        maximum: Its most points, in tenths; all criteria's make 1,000.
    """

    key: str
    lowest: float
    maximum: int


@dataclass(frozen=True)
class Model:
    """A trained model: log-odds = intercept + slope * (alpha + beta * rule tenths) + one weight for each term.

    Attributes:
        rubric_sha256: The rubric whose points it builds on; None for points that no rubric file made.
        maxima: The rubric's own maximum of each criterion in tenths.
        smaller: The smaller class's count among the labels.
        training: Rows, fits, data window, label definition and hash of the training set.
        metrics: Cross-validated figures.
        libraries: Versions of what trained it.
        caps: The most tenths that a criterion may have, whatever was learned about it.
        text: The n-gram model whose log-odds are one of the terms.
    """

    version: str
    method: Method
    rubric_sha256: str | None
    alpha: float
    beta: float
    slope: float
    intercept: float
    maxima: tuple[tuple[str, int], ...]
    terms: tuple[Term, ...]
    replicas: tuple[Replica, ...]
    smaller: int
    training: Mapping[str, Json]
    metrics: Mapping[str, Json]
    libraries: Mapping[str, str]
    caps: Mapping[str, int] = field(default_factory=dict)
    text: TextModel | None = None

    def __eq__(self, other: object) -> bool:
        # What was worked out for a model is looked up once a criterion: two strings instead of every weight.
        return self.sha256 == other.sha256 if isinstance(other, Model) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.sha256)

    @property
    def base(self) -> float:
        """The log-odds of no rule points and no learned weights."""
        return self.intercept + self.slope * self.alpha

    @property
    def per_tenth(self) -> float:
        """The log-odds that a tenth of a rule point is worth."""
        return self.slope * self.beta

    @property
    def evidence(self) -> float:
        """How much the labels weigh, m / (m + 50) with m the smaller class's count."""
        return self.smaller / (self.smaller + _HALF_EVIDENCE)

    @cached_property
    def by_criterion(self) -> Mapping[str, tuple[Term, ...]]:
        """The terms that count in each criterion; the rubric's criteria first."""
        keys = dict.fromkeys([key for key, _ in self.maxima] + [term.criterion for term in self.terms])
        return {key: tuple(term for term in self.terms if term.criterion == key) for key in keys}

    def contribution(self, criterion: str, points: float, values: Mapping[str, object]) -> float:
        """Give a criterion's log-odds: what its rule points are worth and what was learned about it."""
        found = self.per_tenth * points
        for term in self.by_criterion[criterion]:
            found += term.weights[term.bin_of(values.get(term.key))]
        return found

    def logit(self, points: Mapping[str, float], values: Mapping[str, object]) -> float:
        """Give one application's log-odds, in plain Python."""
        return self.base + sum(self.contribution(key, points.get(key, 0), values) for key in self.by_criterion)

    def probability(self, points: Mapping[str, float], values: Mapping[str, object]) -> float:
        """Give one application's probability of fitting."""
        return chance(self.logit(points, values))

    def logits(self, table: Table) -> Floats:
        """Give the log-odds of many rows at once; the table must have the model's features."""
        codes = code_table(table, tuple(term.binning() for term in self.terms))
        found = self.base + self.per_tenth * table.totals
        for column, term in enumerate(self.terms):
            found = found + np.array(term.weights)[codes[:, column]]
        return np.asarray(found, dtype=np.float64)

    def probabilities(self, table: Table) -> Floats:
        """Give the probabilities of many rows at once."""
        return sigmoid(self.logits(table))

    def extremes(self, criterion: str, low: float, high: float, known: Mapping[str, object]) -> tuple[float, float]:
        """Give the least and the most log-odds of a criterion whose rule points may lie between two bounds.

        Args:
            criterion: Its key.
            low: The fewest rule points in tenths.
            high: The most.
            known: Values already known; a term that is not named here may take any of its bins.
        """
        own = [term for term in self.by_criterion[criterion] if term.source is Source.CRITERION]
        ends = {low, high}
        for term in own:
            # Inside a bin the log-odds move with the points alone: only its ends can be extreme.
            ends |= {end for cut in term.cuts for end in (cut, math.nextafter(cut, -math.inf)) if low <= end <= high}
        found = [self.per_tenth * end + sum(term.weights[term.bin_of(end)] for term in own) for end in ends]
        least, most = min(found), max(found)
        for term in self.by_criterion[criterion]:
            if term.source is Source.CRITERION:
                continue
            span = [term.weights[term.bin_of(known[term.key])]] if term.key in known else term.weights[:-1]
            least, most = least + min(span), most + max(span)
        return least, most

    @cached_property
    def shares(self) -> Mapping[str, Share]:
        """The points of each criterion: one scale for all, fixed so that the best answers make exactly 100."""
        maxima = dict(self.maxima)
        if not self.terms:
            return {key: Share(key, 0.0, maximum) for key, maximum in self.maxima}
        spans = {key: self.extremes(key, 0, maxima.get(key, 0), {}) for key in self.by_criterion}
        width = sum(high - low for low, high in spans.values())
        if width <= 0:
            return {key: Share(key, spans[key][0], maxima.get(key, 0)) for key in spans}
        exact = {key: TOTAL_TENTHS * (high - low) / width for key, (low, high) in spans.items()}
        whole = {key: math.floor(value) for key, value in exact.items()}
        # Largest remainders, in the model's order where they are equal.
        spare = TOTAL_TENTHS - sum(whole.values())
        for key in sorted(exact, key=lambda name: whole[name] - exact[name])[:spare]:
            whole[key] += 1
        return {key: Share(key, spans[key][0], whole[key]) for key in exact}

    @cached_property
    def tenths_per_logit(self) -> float:
        """How many tenths of a point one unit of log-odds is worth; 0 for a model without learned terms."""
        if not self.terms:
            return 0.0
        maxima = dict(self.maxima)
        spans = [self.extremes(key, 0, maxima.get(key, 0), {}) for key in self.by_criterion]
        width = sum(high - low for low, high in spans)
        return TOTAL_TENTHS / width if width > 0 else 0.0

    @cached_property
    def floor(self) -> float:
        """The log-odds of the worst answers there are: no points."""
        return self.base + sum(share.lowest for share in self.shares.values())

    def points(self, criterion: str, logit: float, rule_points: int) -> int:
        """Turn a criterion's log-odds into tenths of a point, rounded half up."""
        share = self.shares[criterion]
        if not self.tenths_per_logit:
            return rule_points
        return max(0, min(share.maximum, math.floor(self.tenths_per_logit * (logit - share.lowest) + 0.5)))

    @cached_property
    def _spread(self) -> tuple[Floats, Floats, Floats, tuple[int, ...]]:
        """The refits side by side: bases, slopes, a row for each term's bin, and where each term's rows begin."""
        bases = np.array([replica.base for replica in self.replicas])
        slopes = np.array([replica.per_tenth for replica in self.replicas])
        rows = np.array([[weight for row in replica.weights for weight in row] for replica in self.replicas]).T
        starts = [0]
        for term in self.terms:
            starts.append(starts[-1] + len(term.weights))
        return bases, slopes, np.ascontiguousarray(rows), tuple(starts)

    def band(self, points: Mapping[str, float], values: Mapping[str, object]) -> tuple[float, float] | None:
        """Give the log-odds between which the middle 90 % of the bootstrap refits lie, if the model has any."""
        if not self.replicas:
            return None
        bases, slopes, rows, starts = self._spread
        found = bases + slopes * sum(points.values())
        if self.terms:
            picked = [
                start + term.bin_of(values.get(term.key)) for term, start in zip(self.terms, starts, strict=False)
            ]
            found = found + rows[picked].sum(axis=0)
        ranked = sorted(found.tolist())
        low, high = (ranked[math.ceil(share * len(ranked)) - 1] for share in _BAND)
        return low, high

    def to_document(self) -> dict[str, Json]:
        """Give the whole model as plain JSON values."""
        return {
            "format": 1,
            "version": self.version,
            "method": self.method.value,
            "rubric_sha256": self.rubric_sha256,
            "alpha": self.alpha,
            "beta": self.beta,
            "slope": self.slope,
            "intercept": self.intercept,
            "criteria": [{"key": key, "maximum": maximum} for key, maximum in self.maxima],
            "caps": dict(self.caps),
            "terms": [term.to_document() for term in self.terms],
            "replicas": [replica.to_document() for replica in self.replicas],
            "smaller": self.smaller,
            "training": dict(self.training),
            "metrics": dict(self.metrics),
            "libraries": dict(self.libraries),
            "text": None if self.text is None else self.text.to_document(),
        }

    @cached_property
    def sha256(self) -> str:
        """The hash of the canonical JSON, 64 hexadecimal digits."""
        return sha256_of(self.to_document())

    def canonical_json(self) -> str:
        """The one spelling of `to_document`; `scoring.load_model` reads it."""
        return canonical_json(self.to_document())
