"""Training: choosing the method by what the labels can carry, fitting, and writing down how good it is."""

from __future__ import annotations

import math
import platform
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib.metadata import version as installed

import numpy as np

from scoring.canonical import Json
from scoring.learning.bins import Binning, make_binnings
from scoring.learning.evaluate import Learner, bootstrap_masses, random_splits
from scoring.learning.fits import Fit, recalibrate
from scoring.learning.leakage import check_leakage
from scoring.learning.measures import auc, average_precision, brier, calibration_error, log_loss
from scoring.learning.model import Calibration, Method, Model, Replica, Term
from scoring.learning.problems import LearnError
from scoring.learning.table import Codes, Floats, Table
from scoring.learning.text import TextModel

FEWEST_LABELS = 20
FEWEST_OF_A_CLASS = 5
ADDITIVE_ABOVE = 320
REPLICAS = 50
_PLACES = 6
_HALVINGS = 30
_NORMAL_95 = 1.959963984540054


def require_labels(rows: int, smaller: int) -> None:
    """Refuse to learn from a handful of labels.

    Raises:
        LearnError: If there are fewer than 20, or fewer than 5 of one kind.
    """
    if rows < FEWEST_LABELS or smaller < FEWEST_OF_A_CLASS:
        raise LearnError(
            f"라벨 {rows}개(적은 쪽 {smaller}개)로는 학습하지 않습니다. "
            f"최소 {FEWEST_LABELS}개, 각 {FEWEST_OF_A_CLASS}개가 필요합니다.",
            f"{rows} labels ({smaller} of the rarer kind) are too few: at least {FEWEST_LABELS}, "
            f"and {FEWEST_OF_A_CLASS} of each.",
            place="label",
        )


def choose_method(table: Table, learner: Learner) -> Method:
    """Choose how to learn from so many labels.

    Ridge-to-rubric is the best linear choice from 20 labels on, its penalty being the evidence weight. Above 320,
    additive boosting is taken if it has the lower log-loss on folds of these very labels.
    """
    if not table.features:
        return Method.RECALIBRATED
    if len(table) <= ADDITIVE_ABOVE:
        return Method.RIDGE
    splits = random_splits(table.labels, repeats=1)[0]
    ridge, additive = (
        log_loss(table.labels, learner.out_of_fold(method, splits)) for method in (Method.RIDGE, Method.ADDITIVE)
    )
    return Method.ADDITIVE if additive < ridge else Method.RIDGE


def fit_model(
    table: Table,
    *,
    version: str,
    maxima: Mapping[str, int] | None = None,
    rubric_sha256: str | None = None,
    method: Method | None = None,
    label: str = "",
    text: TextModel | None = None,
    caps: Mapping[str, int] | None = None,
    replicas: int = REPLICAS,
    measured: bool = True,
) -> Model:
    """Learn from a table.

    Args:
        table: The labelled rows.
        version: The name of what is made.
        maxima: The rubric's maximum of each criterion in tenths; by default the most that a row has.
        rubric_sha256: The rubric whose points the rows hold.
        method: How to learn; by default what the labels can carry.
        label: What a label of 1 means, in words.
        text: The n-gram model behind a feature of source `TEXT`.
        caps: By criterion the most tenths it may have of the 100 points.
        replicas: How many bootstrap refits give the band.
        measured: Whether to cross-validate for the metrics that the model carries.

    Raises:
        LeakageError: If a feature knows the outcome.
        LearnError: If there are too few labels.
    """
    require_labels(len(table), table.smaller)
    check_leakage(table)
    binnings = make_binnings(table)
    learner = Learner(table, binnings)
    chosen = choose_method(table, learner) if method is None else method
    fit = learner.fit(chosen)
    used = () if chosen is Method.RECALIBRATED else binnings
    refits = [learner.fit(chosen, mass) for mass in bootstrap_masses(len(table), replicas) if _both(table, mass)]
    model = Model(
        version=version,
        method=chosen,
        rubric_sha256=rubric_sha256,
        alpha=fit.recalibration.alpha,
        beta=fit.recalibration.beta,
        slope=fit.slope,
        intercept=fit.intercept,
        maxima=tuple(_maxima(table, maxima).items()),
        terms=tuple(_term(binning, weights) for binning, weights in zip(used, fit.weights, strict=True)),
        replicas=tuple(_replica(refit) for refit in refits),
        smaller=table.smaller,
        training=describe_training(table, label),
        metrics=measure(table, learner, chosen) if measured else {},
        libraries=libraries(),
        caps=dict(caps or {}),
        text=text,
    )
    return _capped(model, learner.codes)


def _both(table: Table, mass: Floats) -> bool:
    return 0 < float((mass * table.labels).sum()) < float(mass.sum())


def _maxima(table: Table, given: Mapping[str, int] | None) -> dict[str, int]:
    if given is not None:
        return {key: given[key] for key in table.criteria}
    return {key: int(table.rules[:, place].max()) for place, key in enumerate(table.criteria)}


def _term(binning: Binning, weights: Floats) -> Term:
    feature = binning.feature
    return Term(
        key=feature.key,
        criterion=feature.home,
        source=feature.source,
        label_ko=feature.label_ko or feature.key,
        label_en=feature.label_en or feature.key,
        direction=feature.direction,
        category=feature.category,
        cuts=binning.cuts,
        levels=binning.levels,
        weights=tuple(weights.tolist()),
    )


def _replica(fit: Fit) -> Replica:
    # Six places are far finer than the band is wide, and keep fifty refits readable.
    return Replica(
        base=round(fit.intercept + fit.slope * fit.recalibration.alpha, _PLACES),
        per_tenth=round(fit.slope * fit.recalibration.beta, 2 * _PLACES),
        weights=tuple(tuple(round(weight, _PLACES) for weight in row.tolist()) for row in fit.weights),
    )


def _capped(model: Model, codes: Codes) -> Model:
    """Shrink what was learned about a capped criterion until its share of the 100 points keeps to the cap."""
    for criterion, cap in model.caps.items():
        if criterion not in model.by_criterion or model.shares[criterion].maximum <= cap:
            continue
        low, high = 0.0, 1.0
        for _ in range(_HALVINGS):
            middle = (low + high) / 2.0
            over = _shrunk(model, criterion, middle, codes).shares[criterion].maximum > cap
            low, high = (low, middle) if over else (middle, high)
        model = _shrunk(model, criterion, low, codes)
    return model


def _shrunk(model: Model, criterion: str, factor: float, codes: Codes) -> Model:
    shift = 0.0
    terms = []
    for place, term in enumerate(model.terms):
        if term.criterion != criterion:
            terms.append(term)
            continue
        shift += (1.0 - factor) * float(np.array(term.weights)[codes[:, place]].mean())
        terms.append(replace(term, weights=tuple(factor * weight for weight in term.weights)))
    replicas = tuple(
        replace(
            replica,
            base=replica.base + shift,
            weights=tuple(
                tuple(factor * weight for weight in row) if term.criterion == criterion else row
                for term, row in zip(model.terms, replica.weights, strict=True)
            ),
        )
        for replica in model.replicas
    )
    return replace(model, terms=tuple(terms), intercept=model.intercept + shift, replicas=replicas)


def describe_training(table: Table, label: str) -> dict[str, Json]:
    """Write down what was learned from: rows, window, label, groups and the hash of it all."""
    known = None if table.times is None else table.times[~np.isnan(table.times)]
    return {
        "rows": len(table),
        "positives": table.positives,
        "label": label,
        "from": None if known is None or not known.size else float(known.min()),
        "until": None if known is None or not known.size else float(known.max()),
        "sha256": table.sha256,
        "groups": {
            name: dict(sorted(Counter("" if v is None else str(v) for v in words.tolist()).items()))
            for name, words in table.groups.items()
        },
    }


def auc_interval(area: float, positives: int, negatives: int) -> tuple[float, float]:
    """Give the 95 % interval of an AUC (Hanley and McNeil 1982)."""
    one = area / (2.0 - area)
    two = 2.0 * area * area / (1.0 + area)
    variance = area * (1 - area) + (positives - 1) * (one - area * area) + (negatives - 1) * (two - area * area)
    half = _NORMAL_95 * math.sqrt(max(variance, 0.0) / (positives * negatives))
    return max(0.0, area - half), min(1.0, area + half)


def describe_fit(labels: Codes, probabilities: Floats) -> dict[str, Json]:
    """Give the figures of probabilities for rows that were not learned from, rounded to six places."""
    area = auc(labels, probabilities)
    positives = int(labels.sum())
    interval = auc_interval(area, positives, len(labels) - positives)
    figures: dict[str, float] = {
        "auc": area,
        "average_precision": average_precision(labels, probabilities),
        "log_loss": log_loss(labels, probabilities),
        "brier": brier(labels, probabilities),
        "calibration_error": calibration_error(labels, probabilities),
    }
    rounded: dict[str, Json] = {name: round(value, _PLACES) for name, value in figures.items()}
    return rounded | {"auc_interval": [round(end, _PLACES) for end in interval]}


def measure(table: Table, learner: Learner, method: Method) -> dict[str, Json]:
    """Give the figures of a method, and of the recalibrated rubric, on five folds of the same rows."""
    splits = random_splits(table.labels, repeats=1)[0]
    return {
        "folds": len(splits),
        "model": describe_fit(table.labels, learner.out_of_fold(method, splits)),
        "recalibrated_rubric": describe_fit(table.labels, learner.out_of_fold(Method.RECALIBRATED, splits)),
    }


@cache
def _installed() -> tuple[tuple[str, str], ...]:
    return tuple((name, installed(name)) for name in ("numpy", "scikit-learn", "scipy"))


def fit_calibration(logits: Floats, labels: Codes, *, version: str) -> Calibration:
    """Correct the probabilities of a model on newer labels; points and ranking stay (Platt 1999).

    Args:
        logits: The served model's log-odds.
        labels: 0 or 1 for each.
        version: The name of what is made.

    Raises:
        LearnError: If there are fewer than 20 labels, or fewer than 5 of one kind.
    """
    require_labels(len(labels), int(min(labels.sum(), len(labels) - labels.sum())))
    found = recalibrate(logits, labels)
    return Calibration(version, found.alpha, found.beta)


def libraries() -> dict[str, str]:
    """Name the versions of what trains a model."""
    return dict(_installed()) | {"python": platform.python_version()}
