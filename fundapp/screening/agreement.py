"""How far the machine's scores and people's ratings agree. The rooms above bring the ratings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scoring.watch import Agreement, measure_agreement

FITS_TENTHS = 800
"""A mean rating of 4 of 5 and more means fit: 3 on the library's scale from 0 to 4."""
_POINT_TENTHS = 200


@dataclass(frozen=True, slots=True)
class Pair:
    """One application with the machine's score and the mean of its reviews; both in tenths, 0 to 1000."""

    number: str
    score_tenths: int
    rating_tenths: int

    @property
    def fits(self) -> bool:
        """Whether people say fit."""
        return self.rating_tenths >= FITS_TENTHS


def matching_score(pairs: Sequence[Pair]) -> int:
    """Return the score, in tenths, from which the machine would call as many applications fit as people do.

    Scores are not on the scale of ratings; so what is compared is whom each of them would choose.
    """
    ranked = sorted((pair.score_tenths for pair in pairs), reverse=True)
    chosen = sum(pair.fits for pair in pairs)
    if not ranked:
        return 0
    return ranked[chosen - 1] if chosen else ranked[0] + 1


def compare(pairs: Sequence[Pair], score_from: int) -> Agreement:
    """Compare scores with ratings.

    Args:
        pairs: At least one.
        score_from: The score, in tenths, from which the machine is taken to say fit.

    Raises:
        LearnError: without pairs.
    """
    rows = [(one.number, one.score_tenths / 10, one.rating_tenths / _POINT_TENTHS - 1) for one in pairs]
    return measure_agreement(rows, score_from=score_from / 10, rating_from=FITS_TENTHS / _POINT_TENTHS - 1)
