"""The scorecard: what was scored, why, and what would change it."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from scoring.canonical import Json, canonical_json, sha256_of
from scoring.knockouts import KnockoutResult
from scoring.wording import points_text


class State(StrEnum):
    """How many of a criterion's fields are answered: all, some, none."""

    ANSWERED = "answered"
    PARTIAL = "partial"
    UNKNOWN = "unknown"


def _points(tenths: int) -> float:
    # JSON has one number type: the nearest double to one decimal place prints as that place. The whole tenths
    # stand beside it in the document for whoever adds.
    return tenths / 10


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a criterion has some of its points; a criterion's reasons add up to its rule points exactly."""

    field: str
    points_tenths: int
    text_ko: str
    text_en: str
    matched: tuple[str, ...]

    @property
    def _words(self) -> str:
        return f": {', '.join(self.matched)}" if self.matched else ""

    @property
    def line_ko(self) -> str:
        """The reason, the words that met it and its points in one Korean line."""
        return f"{self.text_ko}{self._words} (+{points_text(self.points_tenths)}점)"

    @property
    def line_en(self) -> str:
        """The reason, the words that met it and its points in one English line."""
        return f"{self.text_en}{self._words} (+{points_text(self.points_tenths)})"

    def to_document(self) -> dict[str, Json]:
        """Give the reason as plain JSON values."""
        return {
            "field": self.field,
            "points": _points(self.points_tenths),
            "points_tenths": self.points_tenths,
            "reason": self.text_ko,
            "reason_en": self.text_en,
            "matched": list(self.matched),
        }


@dataclass(frozen=True, slots=True)
class Move:
    """One field's weight: points it gave (a lift), or points another answer would add (a gap)."""

    criterion: str
    field: str
    points_tenths: int
    text_ko: str
    text_en: str

    def to_document(self) -> dict[str, Json]:
        """Give the move as plain JSON values."""
        return {
            "criterion": self.criterion,
            "field": self.field,
            "points": _points(self.points_tenths),
            "points_tenths": self.points_tenths,
            "text": self.text_ko,
            "text_en": self.text_en,
        }


@dataclass(frozen=True, slots=True)
class CriterionScore:
    """One criterion's part of the score, in tenths of a point."""

    key: str
    label_ko: str
    label_en: str
    state: State
    answer_ko: str
    answer_en: str
    rule_points_tenths: int
    model_points_tenths: int
    maximum_tenths: int
    reasons: tuple[Reason, ...]
    missing_fields: tuple[str, ...]

    @property
    def points_tenths(self) -> int:
        """The criterion's points: rules and model together."""
        return self.rule_points_tenths + self.model_points_tenths

    @property
    def reason_ko(self) -> str:
        """The reasons in one Korean line."""
        if self.reasons:
            return "; ".join(r.line_ko for r in self.reasons)
        return "응답 없음" if self.state is State.UNKNOWN else "점수에 해당하는 응답 없음"

    @property
    def reason_en(self) -> str:
        """The reasons in one English line."""
        if self.reasons:
            return "; ".join(r.line_en for r in self.reasons)
        return "Not answered" if self.state is State.UNKNOWN else "No answer earns points"

    def to_document(self) -> dict[str, Json]:
        """Give the criterion as plain JSON values."""
        return {
            "key": self.key,
            "label_ko": self.label_ko,
            "label_en": self.label_en,
            "state": self.state.value,
            "answer": self.answer_ko,
            "answer_en": self.answer_en,
            "rule_points": _points(self.rule_points_tenths),
            "model_points": _points(self.model_points_tenths),
            "points": _points(self.points_tenths),
            "points_tenths": self.points_tenths,
            "max": _points(self.maximum_tenths),
            "reason": self.reason_ko,
            "reason_en": self.reason_en,
            "reasons": [reason.to_document() for reason in self.reasons],
            "missing": list(self.missing_fields),
        }


@dataclass(frozen=True, slots=True)
class Scorecard:
    """One application scored by one version of the rubric.

    The score says how well the application fits the fund. It is no probability, and it never decides.

    Attributes:
        coverage_permille: Share of the 100 points whose fields are answered, in tenths of a percent,
            rounded down.
        best_tenths: The score if every missing answer were the best one.
        worst_tenths: The score if every missing answer were worth nothing.
        lifts: The fields that gave most, at most three.
        gaps: The fields where another answer would add most, at most three.
    """

    criteria: tuple[CriterionScore, ...]
    knockouts: tuple[KnockoutResult, ...]
    coverage_permille: int
    best_tenths: int
    worst_tenths: int
    lifts: tuple[Move, ...]
    gaps: tuple[Move, ...]
    rubric: str
    rubric_sha256: str
    inputs_sha256: str
    code_version: str
    model: None = None
    probability: None = None
    interval: None = None

    @property
    def total_tenths(self) -> int:
        """The score in tenths of a point: by definition the sum of the criteria's points."""
        return sum(criterion.points_tenths for criterion in self.criteria)

    @property
    def total(self) -> Decimal:
        """The score, 0 to 100, with one decimal place."""
        return Decimal(self.total_tenths).scaleb(-1)

    @property
    def best_possible(self) -> Decimal:
        """The highest score that the missing answers still allow."""
        return Decimal(self.best_tenths).scaleb(-1)

    @property
    def worst_possible(self) -> Decimal:
        """The lowest score that the missing answers still allow."""
        return Decimal(self.worst_tenths).scaleb(-1)

    def _result(self) -> dict[str, Json]:
        return {
            "total": _points(self.total_tenths),
            "total_tenths": self.total_tenths,
            "probability": self.probability,
            "interval": self.interval,
            "knockouts": [knockout.to_document() for knockout in self.knockouts],
            "criteria": [criterion.to_document() for criterion in self.criteria],
            "coverage": self.coverage_permille / 1000,
            "best_possible": _points(self.best_tenths),
            "worst_possible": _points(self.worst_tenths),
            "lifts": [move.to_document() for move in self.lifts],
            "gaps": [move.to_document() for move in self.gaps],
            "rubric": self.rubric,
            "rubric_sha256": self.rubric_sha256,
            "model": self.model,
            "inputs_sha256": self.inputs_sha256,
        }

    def to_document(self) -> dict[str, Json]:
        """Give the whole scorecard as plain JSON: points as numbers, `coverage` as a share of 1."""
        return self._result() | {"code_version": self.code_version, "sha256": self.sha256}

    @property
    def sha256(self) -> str:
        """The hash of the result without the code version.

        Newer code that replays a record identically has the same hash, so a replay can tell a changed result
        from a changed program.
        """
        return sha256_of(self._result())

    def canonical_json(self) -> str:
        """The one spelling of `to_document`."""
        return canonical_json(self.to_document())
