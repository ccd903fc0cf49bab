"""The three ways of learning, on bins: recalibration, ridge-to-rubric, additive gradient boosting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scoring.learning.bins import Binning
from scoring.learning.measures import sigmoid
from scoring.learning.table import Codes, Floats

RIDGE = 10.0
_SLOPE_RIDGE = 0.1
_STEPS = 50
# Newton's steps square the distance that is left: what follows a gain this small is far below rounding.
_PRECISION = 1e-7
_HALVINGS = 12
SEED = 20_260_508

BOOSTING = {
    "max_iter": 200,
    "learning_rate": 0.06,
    "max_leaf_nodes": 3,
    "min_samples_leaf": 10,
    "l2_regularization": 5.0,
    "early_stopping": False,
}


@dataclass(frozen=True, slots=True)
class Recalibration:
    """Two numbers that turn the rubric's points into log-odds: alpha + beta * tenths."""

    alpha: float
    beta: float

    def logits(self, totals: Floats) -> Floats:
        """Give the log-odds of each total (tenths)."""
        return self.alpha + self.beta * totals


@dataclass(frozen=True, slots=True)
class Fit:
    """One fitted model: log-odds = intercept + slope * z + one weight for each feature's bin.

    Attributes:
        weights: For each feature a weight for each bin, the last one for missing values.
    """

    recalibration: Recalibration
    intercept: float
    slope: float
    weights: tuple[Floats, ...]

    def logits(self, totals: Floats, codes: Codes) -> Floats:
        """Give the log-odds of each row."""
        eta = self.intercept + self.slope * self.recalibration.logits(totals)
        for column, weights in enumerate(self.weights):
            eta = eta + weights[codes[:, column]]
        return eta


def _objective(eta: Floats, labels: Floats, mass: Floats, off: Floats, penalty: Floats) -> float:
    return float((mass * (np.logaddexp(0.0, eta) - labels * eta)).sum() + 0.5 * (penalty * off * off).sum())


def fit_logistic(design: Floats, labels: Codes, mass: Floats, penalty: Floats, centre: Floats, start: Floats) -> Floats:
    """Fit a logistic regression with a quadratic penalty by Newton's method with step halving.

    Args:
        design: One row for each application.
        labels: 0 or 1.
        mass: Weight of each row; 0 leaves it out.
        penalty: Half of this times the squared distance from `centre` is added for each coefficient.
        centre: Where the penalty pulls to.
        start: Coefficients to start from.
    """
    if not mass.all():
        kept = np.flatnonzero(mass)
        design, labels, mass = design[kept], labels[kept], mass[kept]
    truth = labels.astype(np.float64)
    coefficients = start.copy()
    eta = design @ coefficients
    value = _objective(eta, truth, mass, coefficients - centre, penalty)
    for _ in range(_STEPS):
        chance = sigmoid(eta)
        gradient = design.T @ (mass * (chance - truth)) + penalty * (coefficients - centre)
        # A matrix times its own transpose: half the work of a product of two.
        scaled = design * np.sqrt(mass * chance * (1.0 - chance))[:, None]
        curvature = scaled.T @ scaled
        curvature.flat[:: len(penalty) + 1] += penalty + 1e-9
        step = np.linalg.solve(curvature, gradient)
        scale = 1.0
        for _ in range(_HALVINGS):
            trial = coefficients - scale * step
            eta = design @ trial
            found = _objective(eta, truth, mass, trial - centre, penalty)
            if found <= value:
                break
            scale /= 2.0
        gained = value - found
        coefficients, value = trial, found
        if gained < _PRECISION * max(1.0, abs(value)):
            break
    return coefficients


def recalibrate(totals: Floats, labels: Codes, mass: Floats | None = None) -> Recalibration:
    """Fit alpha and beta; a slight pull of beta to 0 keeps separable labels finite."""
    weight = np.ones(len(labels)) if mass is None else mass
    whole = weight.sum()
    middle = float((weight * totals).sum() / whole)
    spread = float(np.sqrt((weight * np.square(totals - middle)).sum() / whole))
    share = float(np.clip((weight * labels).sum() / whole, 0.5 / (whole + 1), 1 - 0.5 / (whole + 1)))
    base = float(np.log(share / (1.0 - share)))
    if spread < 1e-9:  # noqa: PLR2004 - every total is the same, and the rubric says nothing
        return Recalibration(base, 0.0)
    design = np.column_stack([np.ones(len(totals)), (totals - middle) / spread])
    found = fit_logistic(design, labels, weight, np.array([1e-6, _SLOPE_RIDGE]), np.zeros(2), np.array([base, 0.0]))
    return Recalibration(float(found[0] - found[1] * middle / spread), float(found[1] / spread))


class Designs:
    """The columns of a ridge fit for fixed bins, made once and used by every fold and refit.

    Numbers have one column for each cut reached, so that the penalty falls on steps between neighbouring bins and
    a trend over many bins costs little; words and missing values have a column each.
    """

    def __init__(self, codes: Codes, binnings: Sequence[Binning]) -> None:
        """Lay out the columns."""
        self.maps: list[Floats] = []
        parts: list[Floats] = []
        for column, binning in enumerate(binnings):
            bins = binning.bins
            if binning.feature.category:
                table = np.eye(bins + 1)
            else:
                table = np.zeros((bins + 1, bins))
                table[:bins, : bins - 1] = np.tril(np.ones((bins, bins)), -1)[:, : bins - 1]
                table[bins, bins - 1] = 1.0
            self.maps.append(table)
            parts.append(table[codes[:, column]])
        self.matrix: Floats = np.concatenate(parts, axis=1) if parts else np.zeros((len(codes), 0))

    def weights(self, coefficients: Floats) -> tuple[Floats, ...]:
        """Turn coefficients into one weight for each bin."""
        found = []
        start = 0
        for table in self.maps:
            end = start + table.shape[1]
            found.append(np.asarray(table @ coefficients[start:end], dtype=np.float64))
            start = end
        return tuple(found)


def fit_ridge(
    designs: Designs, base: Recalibration, totals: Floats, labels: Codes, mass: Floats, start: Floats | None = None
) -> tuple[Fit, Floats]:
    """Fit ridge-to-rubric: the penalty pulls the rubric's slope to 1 and every learned weight to 0.

    Returns:
        The fit, and its coefficients to start a neighbouring fit from.
    """
    design = np.column_stack([np.ones(len(labels)), base.logits(totals), designs.matrix])
    size = design.shape[1]
    penalty = np.full(size, RIDGE)
    penalty[0] = 1e-6
    centre = np.zeros(size)
    centre[1] = 1.0
    found = fit_logistic(design, labels, mass, penalty, centre, centre if start is None else start)
    return Fit(base, float(found[0]), float(found[1]), designs.weights(found[2:])), found


def fit_additive(codes: Codes, binnings: Sequence[Binning], base: Recalibration, labels: Codes, mass: Floats) -> Fit:
    """Fit gradient boosting without interactions, monotone where the rubric has a direction, and take it apart.

    The weights are read with the public interface alone: the model's answer when one feature moves from a base row,
    less its answer at the base row. Without interactions that is exact (scikit-learn `interaction_cst`).
    """
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 - heavy, and only training needs it

    booster = HistGradientBoostingClassifier(
        interaction_cst="no_interactions",
        monotonic_cst=[binning.feature.direction for binning in binnings],
        categorical_features=[binning.feature.category for binning in binnings],
        random_state=SEED,
        **BOOSTING,
    )
    kept = np.flatnonzero(mass > 0)
    given = _with_missing(codes, binnings)
    booster.fit(given[kept], labels[kept], sample_weight=mass[kept])
    probes = [np.zeros((1, len(binnings)), dtype=np.int64)]
    for column, binning in enumerate(binnings):
        moved = np.zeros((binning.bins + 1, len(binnings)), dtype=np.int64)
        moved[:, column] = np.arange(binning.bins + 1)
        probes.append(moved)
    answers = booster.decision_function(_with_missing(np.concatenate(probes), binnings))
    weights = []
    start = 1
    for binning in binnings:
        end = start + binning.bins + 1
        weights.append(np.asarray(answers[start:end] - answers[0], dtype=np.float64))
        start = end
    return Fit(base, float(answers[0]), 0.0, tuple(weights))


def _with_missing(codes: Codes, binnings: Sequence[Binning]) -> Floats:
    given = codes.astype(np.float64)
    for column, binning in enumerate(binnings):
        given[codes[:, column] == binning.bins, column] = np.nan
    return given
