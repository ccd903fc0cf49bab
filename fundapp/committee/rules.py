"""What the fund believes about judging: criteria, statistics, quorum, majority, and who may not take part."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import isqrt
from typing import Any, Literal, cast

from fundapp.core.errors import ConflictOfInterestError, InvalidInputError, TransitionRefusedError
from fundapp.core.quarters import Quarter

Route = Literal["disqualification", "challenge", "self_recusal"]
Choice = Literal["yes", "no", "abstain"]
Outcome = Literal["carried", "rejected", "deferred"]
Release = Literal["at_once", "half"]

ROUTES: tuple[Route, ...] = ("disqualification", "challenge", "self_recusal")
CHOICES: tuple[Choice, ...] = ("yes", "no", "abstain")
RELEASES: tuple[Release, ...] = ("at_once", "half")
LOWEST, HIGHEST = 1, 5
FULL_TENTHS = 1000
TRIM_FROM = 3
"""From how many ratings on one highest and one lowest are dropped: the custom of Korean public notices."""
SEVERITY_FROM = 3
"""A reviewer with fewer reviews is not adjusted: too few to tell severity from the cases they drew."""

REVIEWABLE = frozenset({"eligible", "proposed", "deferred"})
DOCKET_STATES = ("eligible", "proposed", "approved", "rejected", "deferred", "awarded")
VERB_OF_OUTCOME: dict[str, str] = {"carried": "approve", "rejected": "reject", "deferred": "defer"}


class BallotClosedError(TransitionRefusedError):
    """Somebody else closed the ballot first."""

    code = "ballot_closed"
    ko = "이미 개표한 안건입니다."
    en = "This ballot has been closed already."


class AlreadyVotedError(TransitionRefusedError):
    """A vote is final."""

    code = "already_voted"
    ko = "이미 투표했습니다. 표는 바꿀 수 없습니다."
    en = "You have voted already; a vote is final."


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


@dataclass(frozen=True, slots=True)
class GpuLine:
    """GPU time put to the vote, from one pool.

    Attributes:
        pool_id: The pool.
        account: Its account in the ledger.
        hours_e4: Ten-thousandths of a GPU-hour.
        rate_krw: Imputed value of one hour in whole won.
        release: `at_once` on signing, or `half` then and the rest after a progress report.
    """

    pool_id: str
    account: str
    sku: str
    region: str
    quarter: str
    hours_e4: int
    rate_krw: int
    release: Release = "at_once"

    def __post_init__(self) -> None:
        Quarter.parse(self.quarter)
        if self.release not in RELEASES:
            raise InvalidInputError(
                field="gpu_release",
                reason_ko="at_once 또는 half로 적어 주세요",
                reason_en="must be at_once or half",
            )
        if self.hours_e4 <= 0 or self.rate_krw <= 0:
            raise InvalidInputError(
                field="gpu",
                reason_ko="GPU시간과 단가는 0보다 커야 합니다",
                reason_en="hours and rate must be positive",
            )

    @property
    def value_e4(self) -> int:
        """Imputed value in ten-thousandths of a won, exact."""
        return self.hours_e4 * self.rate_krw

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "pool_id": self.pool_id,
            "account": self.account,
            "sku": self.sku,
            "region": self.region,
            "quarter": self.quarter,
            "hours_e4": self.hours_e4,
            "rate_krw": self.rate_krw,
            "release": self.release,
        }

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> GpuLine:
        """Read what `as_document` wrote; lines of before releases were asked for are released at once."""
        return cls(**document)


def default_release(document: Mapping[str, Any]) -> Release:
    """Return how a call releases GPU time unless a proposal says otherwise: its `gpu_release`, else at once.

    Raises:
        InvalidInputError: if the call says anything else.
    """
    release = document.get("gpu_release", "at_once")
    if release not in RELEASES:
        raise InvalidInputError(
            field="gpu_release", reason_ko="at_once 또는 half로 적어 주세요", reason_en="must be at_once or half"
        )
    return cast("Release", release)


@dataclass(frozen=True, slots=True)
class ProposedCondition:
    """A condition put to the vote with the award; cash and GPU time wait for it."""

    text: str
    due_on: date | None = None

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise InvalidInputError(field="conditions", reason_ko="조건을 적어 주세요", reason_en="say what it is")

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"text": self.text, "due_on": self.due_on.isoformat() if self.due_on else None}

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> ProposedCondition:
        """Read what `as_document` wrote."""
        due = document["due_on"]
        return cls(document["text"], date.fromisoformat(due) if due else None)


def require_no_conflict(person_id: uuid.UUID, recused: Collection[uuid.UUID]) -> None:
    """Raise if the person is recused.

    Raises:
        ConflictOfInterestError: shown like an absent object.
    """
    if person_id in recused:
        raise ConflictOfInterestError


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


@dataclass(frozen=True, slots=True)
class Statistics:
    """What several ratings say together; all in tenths of a point.

    Attributes:
        count: How many ratings; abstentions are not among them.
        trimmed_tenths: Mean without the highest and the lowest one when there are three or more.
        deviation_tenths: Sample standard deviation (n - 1), None for a single rating.
    """

    count: int
    mean_tenths: int
    median_tenths: int
    trimmed_tenths: int
    deviation_tenths: int | None


def trimmed_mean(totals: Sequence[int]) -> int:
    """Return the mean in tenths after dropping one highest and one lowest of three or more, half to even."""
    kept = sorted(totals)[1:-1] if len(totals) >= TRIM_FROM else list(totals)
    return round(Fraction(sum(kept), len(kept)))


def statistics_of(totals: Sequence[int]) -> Statistics | None:
    """Return the statistics of totals in tenths, in whole-number arithmetic; None when there are none."""
    if not totals:
        return None
    ordered, count = sorted(totals), len(totals)
    mean = Fraction(sum(ordered), count)
    deviation = None
    if count > 1:
        variance = sum(((value - mean) ** 2 for value in ordered), Fraction(0)) / (count - 1)
        # floor(sqrt(4q)) = isqrt(floor(4q)), so this is sqrt(q) rounded half up, without a float.
        deviation = (isqrt(int(4 * variance)) + 1) // 2
    return Statistics(
        count=count,
        mean_tenths=round(mean),
        median_tenths=round(Fraction(ordered[(count - 1) // 2] + ordered[count // 2], 2)),
        trimmed_tenths=trimmed_mean(ordered),
        deviation_tenths=deviation,
    )


def severity_offsets(totals: Mapping[uuid.UUID, Sequence[int]]) -> dict[uuid.UUID, Fraction]:
    """Return by how many tenths each reviewer rates above (+) or below (-) the mean of all ratings.

    Args:
        totals: Each reviewer's totals in tenths. With fewer than `SEVERITY_FROM`, a reviewer's offset is 0.
    """
    everything = [value for values in totals.values() for value in values]
    if not everything:
        return {}
    grand = Fraction(sum(everything), len(everything))
    return {
        person: Fraction(sum(values), len(values)) - grand if len(values) >= SEVERITY_FROM else Fraction(0)
        for person, values in totals.items()
    }


def adjusted_mean(totals: Mapping[uuid.UUID, int], offsets: Mapping[uuid.UUID, Fraction]) -> int | None:
    """Return the mean after taking each reviewer's severity off, in tenths, kept within 0 to 1000."""
    if not totals:
        return None
    shifted = [value - offsets.get(person, Fraction(0)) for person, value in totals.items()]
    return min(FULL_TENTHS, max(0, round(sum(shifted, Fraction(0)) / len(shifted))))


@dataclass(frozen=True, slots=True)
class Tally:
    """A count of votes with its arithmetic.

    Attributes:
        members: Seats in office (재적).
        recused: Of these, taken out by any of the three routes (제척·기피·회피).
        entitled: Members who may vote (의결권).
        present: Entitled members who voted, abstentions included (출석).
        quorum_needed: More than half of the entitled.
    """

    members: int
    recused: int
    entitled: int
    present: int
    quorum_needed: int
    yes: int
    no: int
    abstain: int

    @property
    def quorum_met(self) -> bool:
        """Whether enough entitled members voted."""
        return self.present >= self.quorum_needed

    @property
    def outcome(self) -> Outcome:
        """Carried by more than half of those present; without a quorum there is no resolution."""
        if not self.quorum_met:
            return "deferred"
        return "carried" if 2 * self.yes > self.present else "rejected"

    def arithmetic(self, locale: str = "ko") -> str:
        """Return the arithmetic in words, for the minutes."""
        if locale.startswith("en"):
            head = (
                f"members {self.members}, recused {self.recused}, entitled {self.entitled}, "
                f"present {self.present}, quorum {self.quorum_needed}"
            )
            votes = f"yes {self.yes}, no {self.no}" + (f", abstain {self.abstain}" if self.abstain else "")
            met, unmet, words = "met", "not met", {"carried": "carried", "rejected": "rejected"}
            late = "deferred"
        else:
            head = (
                f"재적 {self.members}, 제척·회피 {self.recused}, 의결권 {self.entitled}, "
                f"출석 {self.present}, 정족수 {self.quorum_needed}"
            )
            votes = f"찬성 {self.yes}, 반대 {self.no}" + (f", 기권 {self.abstain}" if self.abstain else "")
            met, unmet, words = "성립", "불성립", {"carried": "가결", "rejected": "부결"}
            late = "보류"
        if not self.quorum_met:
            return f"{head} → {unmet}; {late}"
        return f"{head} → {met}; {votes} → {words[self.outcome]}"

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON, with the arithmetic in both languages."""
        return {
            "members": self.members,
            "recused": self.recused,
            "entitled": self.entitled,
            "present": self.present,
            "quorum_needed": self.quorum_needed,
            "quorum_met": self.quorum_met,
            "yes": self.yes,
            "no": self.no,
            "abstain": self.abstain,
            "outcome": self.outcome,
            "arithmetic_ko": self.arithmetic("ko"),
            "arithmetic_en": self.arithmetic("en"),
        }


def tally(members: Collection[uuid.UUID], recused: Collection[uuid.UUID], votes: Mapping[uuid.UUID, str]) -> Tally:
    """Count. A vote of somebody who is recused by now, or holds no seat any more, is left out.

    Args:
        members: Everybody in office.
        recused: Whoever is recused from the application, in office or not.
        votes: Choice by person.
    """
    seats = set(members)
    entitled = seats.difference(recused)
    counted = [choice for person, choice in votes.items() if person in entitled]
    return Tally(
        members=len(seats),
        recused=len(seats) - len(entitled),
        entitled=len(entitled),
        present=len(counted),
        quorum_needed=len(entitled) // 2 + 1,
        yes=counted.count("yes"),
        no=counted.count("no"),
        abstain=counted.count("abstain"),
    )


def agenda_order(recusals: Mapping[str, frozenset[uuid.UUID]]) -> list[str]:
    """Order items so that few people leave or enter the room between two of them.

    Starts with everybody in the room, then always takes the item that moves the fewest people; ties by key.

    Args:
        recusals: By item key (an application's number), who has to be outside.
    """
    waiting, order, outside = dict(recusals), list[str](), frozenset[uuid.UUID]()
    while waiting:
        nearest = min(waiting, key=lambda key: (len(waiting[key] ^ outside), key))
        outside = waiting.pop(nearest)
        order.append(nearest)
    return order
