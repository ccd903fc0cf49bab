"""How far machine and committee agree, and where they do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scoring.canonical import Json
from scoring.learning.problems import LearnError

_PLACES = 4
_LISTED = 20


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One application that machine and committee see differently, and by how many places."""

    application: str
    score: float
    rating: float
    machine_fits: bool
    committee_fits: bool
    places: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """Machine and committee on the same applications.

    Attributes:
        both: Both say fit.
        machine_only: Only the machine does.
        committee_only: Only the committee does.
        neither: Neither does.
        share: Part on which they agree.
        kappa: The same beyond chance (Cohen 1960); None if chance explains everything.
        rank_correlation: Of score and rating (Spearman 1904); None if either is the same throughout.
        disagreements: At most twenty, furthest apart in rank first.
    """

    applications: int
    both: int
    machine_only: int
    committee_only: int
    neither: int
    share: float
    kappa: float | None
    rank_correlation: float | None
    disagreements: tuple[Disagreement, ...]

    def to_document(self) -> dict[str, Json]:
        """Give the comparison as plain JSON values."""
        return {
            "applications": self.applications,
            "both": self.both,
            "machine_only": self.machine_only,
            "committee_only": self.committee_only,
            "neither": self.neither,
            "share": self.share,
            "kappa": self.kappa,
            "rank_correlation": self.rank_correlation,
            "disagreements": [
                {
                    "application": one.application,
                    "score": one.score,
                    "rating": one.rating,
                    "machine_fits": one.machine_fits,
                    "committee_fits": one.committee_fits,
                    "places": one.places,
                }
                for one in self.disagreements
            ],
        }


def measure_agreement(
    rows: Sequence[tuple[str, float, float]], *, score_from: float, rating_from: float = 3.0
) -> Agreement:
    """Compare scores with the committee's ratings.

    Args:
        rows: Application, machine score (0 to 100) and mean rating of the committee (0 to 4).
        score_from: The score from which the machine is taken to say fit.
        rating_from: The rating from which the committee is.

    Raises:
        LearnError: If there are no rows, or a number is not finite.
    """
    if not rows:
        raise LearnError("비교할 신청이 없습니다.", "there are no applications to compare.", place="rows")
    ordered = sorted(rows)
    scores, ratings = (np.array([row[place] for row in ordered], dtype=np.float64) for place in (1, 2))
    if not (np.isfinite(scores).all() and np.isfinite(ratings).all()):
        raise LearnError("유한한 수가 필요합니다.", "a number is not finite.", place="rows")
    machine, committee = scores >= score_from, ratings >= rating_from
    both, neither = int((machine & committee).sum()), int((~machine & ~committee).sum())
    share = (both + neither) / len(ordered)
    chance = float(machine.mean() * committee.mean() + (1 - machine.mean()) * (1 - committee.mean()))
    by_score, by_rating = _ranks(scores), _ranks(ratings)
    flat = bool(np.ptp(by_score) == 0 or np.ptp(by_rating) == 0)
    apart = np.abs(by_score - by_rating)
    differing = [place for place in np.argsort(-apart, kind="stable").tolist() if machine[place] != committee[place]]
    return Agreement(
        applications=len(ordered),
        both=both,
        machine_only=int((machine & ~committee).sum()),
        committee_only=int((~machine & committee).sum()),
        neither=neither,
        share=round(share, _PLACES),
        kappa=None if chance >= 1 else round((share - chance) / (1 - chance), _PLACES),
        rank_correlation=None if flat else round(float(np.corrcoef(by_score, by_rating)[0, 1]), _PLACES),
        disagreements=tuple(
            Disagreement(
                ordered[place][0],
                ordered[place][1],
                ordered[place][2],
                bool(machine[place]),
                bool(committee[place]),
                round(float(apart[place])),
            )
            for place in differing[:_LISTED]
        ),
    )


def _ranks(values: np.ndarray) -> np.ndarray:
    """Rank values from 1; equal ones share the middle of their ranks."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2.0)[places], dtype=np.float64)
