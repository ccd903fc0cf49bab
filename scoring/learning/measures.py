"""How good probabilities are: log-loss, AUC, average precision, Brier score and calibration error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scoring.learning.table import Codes, Floats

_LEAST = 1e-15


def sigmoid(logits: Floats) -> Floats:
    """Turn log-odds into probabilities without overflow."""
    return np.asarray(np.exp(-np.logaddexp(0.0, -logits)), dtype=np.float64)


def losses(labels: Codes, probabilities: Floats) -> Floats:
    """Give each row's negative log-likelihood (nats)."""
    right = np.where(labels == 1, probabilities, 1.0 - probabilities)
    return np.asarray(-np.log(np.clip(right, _LEAST, 1.0)), dtype=np.float64)


def log_loss(labels: Codes, probabilities: Floats) -> float:
    """Give the mean negative log-likelihood (nats)."""
    return float(losses(labels, probabilities).mean())


def brier(labels: Codes, probabilities: Floats) -> float:
    """Give the mean squared distance of probability from outcome (Brier 1950)."""
    return float(np.square(probabilities - labels).mean())


def auc(labels: Codes, scores: Floats) -> float:
    """Give the chance that a fitting row scores above one that does not; ties count half (Mann-Whitney)."""
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks = (ends - (counts - 1) / 2.0)[places]
    positives = int(labels.sum())
    negatives = len(labels) - positives
    if not positives or not negatives:
        return float("nan")
    return float((ranks[labels == 1].sum() - positives * (positives + 1) / 2.0) / (positives * negatives))


def average_precision(labels: Codes, scores: Floats) -> float:
    """Give the precision averaged over recall steps, equal scores taken together."""
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(labels[order])
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    precision = hits[last] / (last + 1)
    recall = hits[last] / hits[-1]
    return float((np.diff(recall, prepend=0.0) * precision).sum())


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Rows of like probability: how many, what was predicted on average, and how many of them fitted."""

    rows: int
    lowest: float
    highest: float
    predicted: float
    observed: float


def bins_for(rows: int) -> int:
    """How many reliability bins so many rows can fill: 64 to a bin, 2 to 10.

    With fewer rows to a bin chance alone moves a perfectly calibrated model's error past 0.10.
    """
    return max(2, min(10, rows // 64))


def reliability(labels: Codes, probabilities: Floats, bins: int | None = None) -> tuple[ReliabilityBin, ...]:
    """Sort rows by probability into bins of equal size and compare prediction and outcome in each."""
    order = np.argsort(probabilities, kind="stable")
    parts = np.array_split(order, bins or bins_for(len(order)))
    return tuple(
        ReliabilityBin(
            rows=len(part),
            lowest=float(probabilities[part[0]]),
            highest=float(probabilities[part[-1]]),
            predicted=float(probabilities[part].mean()),
            observed=float(labels[part].mean()),
        )
        for part in parts
        if len(part)
    )


def calibration_error(labels: Codes, probabilities: Floats, bins: int | None = None) -> float:
    """Give the expected calibration error: distance of predicted from observed, averaged over the bins' rows."""
    table = reliability(labels, probabilities, bins)
    return float(sum(row.rows * abs(row.predicted - row.observed) for row in table) / len(labels))
