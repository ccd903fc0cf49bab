"""How lenient each reviewer is, with the applications they happened to read taken into account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scoring.canonical import Json
from scoring.learning.problems import LearnError

_PLACES = 4


@dataclass(frozen=True, slots=True)
class ReviewerLeniency:
    """One reviewer's leniency: how much above (or below) colleagues they rate the same application.

    Attributes:
        leniency: In rating points; the reviewers of a circle average 0.
        error: Standard error of it; None if there are not enough ratings to tell.
        circle: Reviewers who share applications, directly or through others, are in one circle. Leniency of different
            circles cannot be compared.
    """

    reviewer: str
    ratings: int
    leniency: float
    error: float | None
    circle: int


@dataclass(frozen=True, slots=True)
class Leniency:
    """The additive model rating = application + reviewer, fitted to all ratings.

    Attributes:
        reviewers: By name.
        applications: By number each application's rating with leniency taken out.
        spread: Standard deviation of what the model leaves unexplained; None if nothing is left to tell it from.
    """

    reviewers: tuple[ReviewerLeniency, ...]
    applications: tuple[tuple[str, float], ...]
    spread: float | None

    def to_document(self) -> dict[str, Json]:
        """Give the estimate as plain JSON values."""
        return {
            "reviewers": [
                {
                    "reviewer": one.reviewer,
                    "ratings": one.ratings,
                    "leniency": one.leniency,
                    "error": one.error,
                    "circle": one.circle,
                }
                for one in self.reviewers
            ],
            "applications": [[number, rating] for number, rating in self.applications],
            "spread": self.spread,
        }


def estimate_leniency(ratings: Sequence[tuple[str, str, float]]) -> Leniency:
    """Estimate leniency by least squares.

    Args:
        ratings: Reviewer, application and rating, in any order.

    Raises:
        LearnError: If there are none, one is not finite, or somebody rated an application twice.
    """
    if not ratings:
        raise LearnError("평점이 없습니다.", "there are no ratings.", place="ratings")
    if len({(reviewer, application) for reviewer, application, _ in ratings}) < len(ratings):
        raise LearnError("같은 심사자의 중복 평점입니다.", "somebody rated an application twice.", place="ratings")
    ordered = sorted(ratings)
    values = np.array([rating for _, _, rating in ordered], dtype=np.float64)
    if not np.isfinite(values).all():
        raise LearnError("유한한 수가 필요합니다.", "a rating is not finite.", place="ratings")
    reviewers = sorted({reviewer for reviewer, _, _ in ordered})
    applications = sorted({application for _, application, _ in ordered})
    who = {name: place for place, name in enumerate(reviewers)}
    what = {name: place for place, name in enumerate(applications)}
    design = np.zeros((len(ordered), len(reviewers) + len(applications)))
    for row, (reviewer, application, _) in enumerate(ordered):
        design[row, who[reviewer]] = 1.0
        design[row, len(reviewers) + what[application]] = 1.0
    circle = _circles([(who[reviewer], what[application]) for reviewer, application, _ in ordered], len(reviewers))
    return _solve(design, values, reviewers, applications, circle)


def _circles(pairs: Sequence[tuple[int, int]], reviewers: int) -> list[int]:
    """Number the groups of reviewers that applications tie together."""
    group = list(range(reviewers))
    first: dict[int, int] = {}
    for reviewer, application in pairs:
        old, new = group[reviewer], group[first.setdefault(application, reviewer)]
        group = [new if one == old else one for one in group]
    numbers = {one: number for number, one in enumerate(dict.fromkeys(group), 1)}
    return [numbers[one] for one in group]


def _solve(
    design: np.ndarray, values: np.ndarray, reviewers: list[str], applications: list[str], circle: list[int]
) -> Leniency:
    # In each circle a constant can be moved from reviewers to applications: its reviewers are held to average 0.
    ties = np.zeros((max(circle), design.shape[1]))
    for place, number in enumerate(circle):
        ties[number - 1, place] = 1.0
    bordered = np.vstack([design, ties])
    inverse = np.linalg.pinv(bordered.T @ bordered)
    found = inverse @ bordered.T @ np.concatenate([values, np.zeros(len(ties))])
    left = values - design @ found
    freedom = len(values) - (design.shape[1] - len(ties))
    variance = float(left @ left) / freedom if freedom > 0 else None
    count = len(reviewers)
    errors = [None if variance is None else float(np.sqrt(variance * inverse[place, place])) for place in range(count)]
    rated = design.sum(axis=0).astype(int).tolist()
    return Leniency(
        reviewers=tuple(
            ReviewerLeniency(
                name,
                rated[place],
                round(float(found[place]), _PLACES) + 0.0,
                None if errors[place] is None else round(float(errors[place] or 0.0), _PLACES),
                circle[place],
            )
            for place, name in enumerate(reviewers)
        ),
        applications=tuple(
            (name, round(float(found[count + place]), _PLACES)) for place, name in enumerate(applications)
        ),
        spread=None if variance is None else round(float(np.sqrt(variance)), _PLACES),
    )
