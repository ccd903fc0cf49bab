"""What members rate, and what a review must hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from fundapp.core.errors import InvalidInputError, TransitionRefusedError

LOWEST, HIGHEST = 1, 5

FULL_TENTHS = 1000

REVIEWABLE = frozenset({"eligible", "proposed", "deferred"})

DOCKET_STATES = ("eligible", "proposed", "approved", "rejected", "deferred", "awarded")


class ReviewsClosedError(TransitionRefusedError):
    """The present phase of the call takes no reviews."""

    code = "reviews_closed"
    ko = "지금 단계에서는 심사를 받지 않습니다."
    en = "No reviews are taken in this phase."


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing that members rate from 1 to 5.

    Attributes:
        weight: Its share of 100 points.
        anchors_ko: What 1, 3 and 5 mean, so that members rate on one scale.
        anchors_en: The same in English.
    """

    key: str
    label_ko: str
    label_en: str
    weight: int
    anchors_ko: tuple[str, str, str]
    anchors_en: tuple[str, str, str]


CRITERIA = (
    Criterion(
        "spc_fit",
        "SPC 연계",
        "Link to the SPC",
        25,
        ("SPC를 쓸 이유가 보이지 않음", "옮길 대상은 분명하나 일정이 없음", "구성, 보안 구역, 일정까지 구체적"),
        (
            "No reason to use the SPC is apparent",
            "What would move is clear, the schedule is not",
            "Design, security zone and schedule are concrete",
        ),
    ),
    Criterion(
        "korean_ai",
        "한국적 AI 연계",
        "Link to Korean AI",
        20,
        ("한국어 자료나 모형과 무관", "모형은 정했으나 자료 권리가 미정", "자료 권리와 평가 방법까지 갖춤"),
        (
            "Nothing to do with Korean data or models",
            "Model chosen, rights to data still open",
            "Rights to data and an evaluation are in place",
        ),
    ),
    Criterion(
        "market",
        "시장과 사업성",
        "Market and business",
        20,
        ("고객이 누구인지 모름", "실증 고객이 있으나 매출 근거가 약함", "유료 고객과 반복 매출로 입증"),
        (
            "Who would buy is unknown",
            "Pilots exist, revenue is thin",
            "Shown by paying customers and recurring revenue",
        ),
    ),
    Criterion(
        "gpu_case",
        "GPU 계획의 타당성",
        "Soundness of the GPU plan",
        15,
        ("산출 근거가 없음", "작업은 맞으나 시간이 거칠게 잡힘", "작업별 산출이 신청량과 맞음"),
        (
            "No workload calculation",
            "Right work, hours only roughly estimated",
            "Hours follow from the workload, task by task",
        ),
    ),
    Criterion(
        "team",
        "팀과 실행력",
        "Team and delivery",
        20,
        ("핵심 역할이 비어 있음", "역할은 찼으나 납품 경험이 적음", "같은 일을 끝까지 해 본 사람들"),
        ("Key roles are empty", "Roles filled, little delivered so far", "People who have delivered this before"),
    ),
)
"""What members rate where a call says nothing else."""


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


def require_complete(ratings: Sequence[Rating], criteria: Sequence[Criterion] = CRITERIA) -> None:
    """Raise unless every criterion is there once, in range, with a reason.

    Raises:
        InvalidInputError: naming the first criterion at fault.
    """
    if sorted(rating.criterion for rating in ratings) != sorted(criterion.key for criterion in criteria):
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


def review_total(ratings: Sequence[Rating], criteria: Sequence[Criterion] = CRITERIA) -> int | None:
    """Return the weighted total in tenths of a point, 0 to 1000; None if the member abstained throughout.

    A criterion earns weight x points / 5. Criteria abstained from are left out of the whole, so that an
    abstention neither helps nor harms.
    """
    weights = {criterion.key: criterion.weight for criterion in criteria}
    rated = [(weights[rating.criterion], rating.points) for rating in ratings if rating.points is not None]
    if not rated:
        return None
    earned = sum(weight * points for weight, points in rated)
    return round(Fraction(earned * FULL_TENTHS, HIGHEST * sum(weight for weight, _ in rated)))
