"""What members rate, and what a review must hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from fundapp.core.errors import InvalidInputError

LOWEST, HIGHEST = 1, 5

FULL_TENTHS = 1000

REVIEWABLE = frozenset({"eligible", "proposed", "deferred"})

DOCKET_STATES = ("eligible", "proposed", "approved", "rejected", "deferred", "awarded")


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing that members rate from 1 to 5.

    Attributes:
        weight: Its share of 100 points.
    """

    key: str
    label_ko: str
    label_en: str
    weight: int


CRITERIA = (
    Criterion("spc_fit", "SPC 연계", "Link to the SPC", 25),
    Criterion("korean_ai", "한국적 AI 연계", "Link to Korean AI", 20),
    Criterion("market", "시장과 사업성", "Market and business", 20),
    Criterion("gpu_case", "GPU 계획의 타당성", "Soundness of the GPU plan", 15),
    Criterion("team", "팀과 실행력", "Team and delivery", 20),
)

_WEIGHTS = {criterion.key: criterion.weight for criterion in CRITERIA}


@dataclass(frozen=True, slots=True)
class Rating:
    """One criterion as one member sees it.

    Attributes:
        criterion: Key of a criterion.
        points: 1 to 5, or None to abstain from this criterion.
        reason: Why; compulsory either way.
    """

    criterion: str
    points: int | None
    reason: str

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"criterion": self.criterion, "points": self.points, "reason": self.reason}

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Rating:
        """Read what `as_document` wrote."""
        return cls(document["criterion"], document["points"], document["reason"])


def require_complete(ratings: Sequence[Rating]) -> None:
    """Raise unless every criterion is there once, in range, with a reason.

    Raises:
        InvalidInputError: naming the first criterion at fault.
    """
    given = [rating.criterion for rating in ratings]
    if sorted(given) != sorted(_WEIGHTS):
        raise InvalidInputError(
            field="ratings",
            reason_ko="모든 항목을 한 번씩 평가해 주세요",
            reason_en="rate every criterion once",
        )
    for rating in ratings:
        if rating.points is not None and not LOWEST <= rating.points <= HIGHEST:
            raise InvalidInputError(
                field=rating.criterion, reason_ko="1에서 5 사이여야 합니다", reason_en="must be 1 to 5"
            )
        if not rating.reason.strip():
            raise InvalidInputError(field=rating.criterion, reason_ko="사유를 적어 주세요", reason_en="give a reason")


def review_total(ratings: Sequence[Rating]) -> int | None:
    """Return the weighted total in tenths of a point, 0 to 1000; None if the member abstained throughout.

    A criterion earns weight x points / 5. Criteria abstained from are left out of the whole, so that an
    abstention neither helps nor harms.
    """
    rated = [(_WEIGHTS[rating.criterion], rating.points) for rating in ratings if rating.points is not None]
    if not rated:
        return None
    earned = sum(weight * points for weight, points in rated)
    return round(Fraction(earned * FULL_TENTHS, HIGHEST * sum(weight for weight, _ in rated)))
