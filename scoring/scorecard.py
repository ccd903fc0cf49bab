"""The scorecard: what was scored, why, and what would change it."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from scoring.canonical import Json, canonical_json, sha256_of
from scoring.knockouts import KnockoutResult
from scoring.textual.finding import KeptFinding, TextFinding, Texts
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

    def canonical_json(self) -> str:
        """The one spelling of `to_document`."""
        written = canonical_json
        matched = ",".join([written(term) for term in self.matched])
        return (
            f'{{"field":{written(self.field)},"matched":[{matched}],"points":{_points(self.points_tenths)!r},'
            f'"points_tenths":{self.points_tenths},"reason":{written(self.text_ko)},'
            f'"reason_en":{written(self.text_en)}}}'
        )


class Move(NamedTuple):
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
    """One criterion's part of the score, in tenths of a point.

    Attributes:
        maximum_tenths: The most that it can have: the rubric's maximum, or under a model the model's.
        rule_maximum_tenths: The rubric's maximum.
        learned_ko: What was learned about it, in Korean; empty if nothing.
        learned_en: The same in English.
    """

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
    rule_maximum_tenths: int = 0
    learned_ko: str = ""
    learned_en: str = ""

    @property
    def points_tenths(self) -> int:
        """The criterion's points: rules and model together."""
        return self.rule_points_tenths + self.model_points_tenths

    @property
    def reason_ko(self) -> str:
        """The reasons in one Korean line."""
        if self.reasons:
            return "; ".join([r.line_ko for r in self.reasons])
        return "응답 없음" if self.state is State.UNKNOWN else "점수에 해당하는 응답 없음"

    @property
    def reason_en(self) -> str:
        """The reasons in one English line."""
        if self.reasons:
            return "; ".join([r.line_en for r in self.reasons])
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
            "rule_max": _points(self.rule_maximum_tenths),
            "learned": self.learned_ko,
            "learned_en": self.learned_en,
            "reason": self.reason_ko,
            "reason_en": self.reason_en,
            "reasons": [reason.to_document() for reason in self.reasons],
            "missing": list(self.missing_fields),
        }

    def canonical_json(self) -> str:
        """The one spelling of `to_document`, put together key by key: of a call, thousands are written."""
        written = canonical_json
        missing = ",".join([written(key) for key in self.missing_fields])
        reasons = ",".join([reason.canonical_json() for reason in self.reasons])
        return (
            f'{{"answer":{written(self.answer_ko)},"answer_en":{written(self.answer_en)},"key":{written(self.key)},'
            f'"label_en":{written(self.label_en)},"label_ko":{written(self.label_ko)},'
            f'"learned":{written(self.learned_ko)},"learned_en":{written(self.learned_en)},'
            f'"max":{_points(self.maximum_tenths)!r},"missing":[{missing}],'
            f'"model_points":{_points(self.model_points_tenths)!r},"points":{_points(self.points_tenths)!r},'
            f'"points_tenths":{self.points_tenths},"reason":{written(self.reason_ko)},'
            f'"reason_en":{written(self.reason_en)},"reasons":[{reasons}],'
            f'"rule_max":{_points(self.rule_maximum_tenths)!r},"rule_points":{_points(self.rule_points_tenths)!r},'
            f'"state":{written(self.state.value)}}}'
        )


@dataclass(frozen=True, slots=True)
class ModelUse:
    """Which model was used.

    Attributes:
        evidence: How much its labels weigh, m / (m + 50) with m the smaller class's count.
        learned_share: Part of the points moved by learning: adjustments, up and down, over adjustments and rule points.
        calibration: Version of a later correction of the probability, if there was one.
    """

    version: str
    sha256: str
    method: str
    evidence: float
    learned_share: float
    calibration: str | None


Told = KnockoutResult | CriterionScore | Move | TextFinding | KeptFinding


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
        probability: The chance of a fit that the model gives, to four places; a line of its own, no part of the score.
        interval: Between which probabilities the middle 90 % of the bootstrap refits lie.
        band_tenths: Between which scores they lie.
        texts: Marked words and stuffing, if a dictionary was given.
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
    model: ModelUse | None = None
    probability: float | None = None
    interval: tuple[float, float] | None = None
    band_tenths: tuple[int, int] | None = None
    texts: Texts | None = None

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

    def _learned(self) -> dict[str, Json]:
        use = self.model
        if use is None:
            return {"model": None}
        return {
            "model": use.version,
            "model_sha256": use.sha256,
            "method": use.method,
            "evidence": use.evidence,
            "learned_share": use.learned_share,
            "calibration": use.calibration,
        }

    def figures(self) -> dict[str, Json]:
        """Give the result's single values as plain JSON: all of the document but its lists, code version and hash."""
        words: dict[str, Json] = {}
        if self.texts is not None:
            words = {"dictionary": self.texts.dictionary, "dictionary_sha256": self.texts.dictionary_sha256}
        return {
            "total": _points(self.total_tenths),
            "total_tenths": self.total_tenths,
            "probability": self.probability,
            "interval": None if self.interval is None else list(self.interval),
            "band": None if self.band_tenths is None else [_points(end) for end in self.band_tenths],
            "coverage": self.coverage_permille / 1000,
            "best_possible": _points(self.best_tenths),
            "worst_possible": _points(self.worst_tenths),
            "rubric": self.rubric,
            "rubric_sha256": self.rubric_sha256,
            "inputs_sha256": self.inputs_sha256,
            **self._learned(),
            **words,
        }

    def lists(self) -> dict[str, tuple[Told, ...]]:
        """Give the result's lists by their key in the document; each part gives its own JSON."""
        found: dict[str, tuple[Told, ...]] = {
            "knockouts": self.knockouts,
            "criteria": self.criteria,
            "lifts": self.lifts,
            "gaps": self.gaps,
        }
        return found if self.texts is None else found | {"texts": self.texts.findings}

    def _result(self) -> dict[str, Json]:
        return self.figures() | {key: [part.to_document() for part in parts] for key, parts in self.lists().items()}

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

    def lines(self, language: str = "ko") -> list[str]:
        """Tell the scorecard in lines of text: score, chance, criteria with reasons, lifts and what would change it.

        Args:
            language: "ko" or "en".
        """
        return scorecard_lines(self, korean=language == "ko")


def scorecard_lines(card: Scorecard, *, korean: bool) -> list[str]:
    """Tell a scorecard line by line in one language; see `Scorecard.lines`."""
    told = [_headline(card, korean=korean), *_chance_lines(card, korean=korean)]
    for criterion in card.criteria:
        label, answer = (
            (criterion.label_ko, criterion.answer_ko) if korean else (criterion.label_en, criterion.answer_en)
        )
        points, most = points_text(criterion.points_tenths), points_text(criterion.maximum_tenths)
        told.append(f"{label}: {points}/{most} ({answer})")
        told.append(f"  {criterion.reason_ko if korean else criterion.reason_en}")
        learned = criterion.learned_ko if korean else criterion.learned_en
        if learned:
            told.append(f"  {learned}")
    heads = ("점수를 올린 응답", "점수를 더 올릴 수 있는 응답") if korean else ("What gave most", "What would add most")
    for head, moves in zip(heads, (card.lifts, card.gaps), strict=True):
        told += [
            f"{head}: {move.text_ko if korean else move.text_en} (+{points_text(move.points_tenths)})" for move in moves
        ]
    return told


def _headline(card: Scorecard, *, korean: bool) -> str:
    best, worst = points_text(card.best_tenths), points_text(card.worst_tenths)
    share = f"{card.coverage_permille / 10:g}%"
    if korean:
        return f"적합도 {card.total}/100 (응답률 {share}, 가능 범위 {worst}~{best})"
    return f"Fit {card.total}/100 (answered {share}, possible {worst} to {best})"


def _chance_lines(card: Scorecard, *, korean: bool) -> list[str]:
    if card.model is None or card.probability is None:
        return []
    low, high = card.interval or (card.probability, card.probability)
    chance, evidence = f"{card.probability:.0%}", f"{card.model.evidence:.2f}"
    if korean:
        return [f"적합 확률 {chance} (90% 구간 {low:.0%}~{high:.0%}), 근거 비중 {evidence}"]
    return [f"Chance of a fit {chance} (90 % band {low:.0%} to {high:.0%}), evidence {evidence}"]
