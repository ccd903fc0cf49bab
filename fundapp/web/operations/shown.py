"""Applications and scorecards in the reader's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from fundapp.core.quantities import gpu_hours
from fundapp.intake.answers import gpu_requests
from fundapp.intake.form import Form, Question
from fundapp.screening.rubric_text import FIELDS
from fundapp.web.shell.formats import business_number, day, hours, won
from fundapp.web.shell.language import current_locale, gettext, lazy, pick
from fundapp.web.shell.rows import rows_text

STEP_WORDS: Mapping[str, Any] = {
    "submit": lazy("접수"),
    "resubmit": lazy("고쳐서 다시 접수"),
    "pass_screening": lazy("요건 통과"),
    "hold": lazy("보완·확인으로 보류"),
    "release": lazy("확인 뒤 심사로 올림"),
    "declare_ineligible": lazy("요건 미충족"),
    "propose": lazy("안건 상정"),
    "approve": lazy("가결"),
    "reject": lazy("부결"),
    "defer": lazy("보류"),
    "award": lazy("협약 체결"),
    "withdraw": lazy("철회"),
    "reopen": lazy("다시 엶"),
}
SHARED_WORDS: Mapping[str, Any] = {
    "phone": lazy("전화번호"),
    "email": lazy("이메일"),
    "domain": lazy("메일 도메인"),
    "corporate_number": lazy("법인등록번호"),
    "company": lazy("같은 기업"),
}
STAGE_WORDS: Mapping[str, Any] = {
    "received": lazy("접수"),
    "eligible": lazy("요건 통과"),
    "proposed": lazy("위원회 상정"),
    "approved": lazy("가결"),
    "awarded": lazy("협약 체결"),
}
VERDICT_WORDS: Mapping[str, tuple[Any, str, str]] = {
    "pass": (lazy("충족"), "ok", "check2"),
    "fail": (lazy("미충족"), "err", "x-lg"),
    "unknown": (lazy("미확인"), "warn", "question-lg"),
}
_FULL_PERMILLE = 1000


@dataclass(frozen=True, slots=True)
class Answer:
    """One question with its answer in words; empty where there is none."""

    label: str
    text: str
    long: bool


@dataclass(frozen=True, slots=True)
class AnswerSection:
    """One section of the form with its answers."""

    key: str
    title: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class RequestMatrix:
    """GPU time asked for: `rows` are (SKU, hours by quarter, sum), in ten-thousandths of an hour."""

    quarters: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int, ...], int], ...]
    total: int


def answer_sections(form: Form, answers: Mapping[str, Any]) -> list[AnswerSection]:
    """Return every section with its answers in words; GPU requests have a table of their own."""
    return [
        AnswerSection(
            section.key,
            pick(section.title_ko, section.title_en),
            tuple(
                Answer(
                    pick(question.label_ko, question.label_en),
                    _spoken(question, answers.get(question.key)),
                    question.kind in {"textarea", "rows"},
                )
                for question in section.questions
                if not question.parts
            ),
        )
        for section in form.sections
        if any(not question.parts for question in section.questions)
    ]


def _spoken(question: Question, value: Any) -> str:  # noqa: ANN401 - JSON
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return gettext("예") if value else gettext("아니오")
    if question.columns:
        return rows_text(question, value, _spoken)
    for choice in question.choices:
        if choice.key == str(value):
            return pick(choice.label_ko, choice.label_en)
    try:
        return _formatted(question.kind, value)
    except ValueError:
        return str(value)


def _formatted(kind: str, value: Any) -> str:  # noqa: ANN401 - JSON
    if kind in {"krw", "ticket"} and isinstance(value, int):
        return won(value, current_locale())
    if kind == "integer" and isinstance(value, int):
        return f"{value:,}"
    if kind == "business_number":
        return business_number(str(value))
    if kind == "date":
        return day(date.fromisoformat(str(value)))
    if kind == "hours":
        return hours(gpu_hours("X", str(value)).minor, current_locale())
    return str(value)


def request_matrix(answers: Mapping[str, Any]) -> RequestMatrix | None:
    """Return the GPU time that an application asks for, or None if it asks for none."""
    cells = {(one.sku, one.quarter): one.hours.minor for one in gpu_requests(answers) if one.hours.minor}
    if not cells:
        return None
    quarters = tuple(sorted({quarter for _, quarter in cells}))
    rows = []
    for sku in sorted({sku for sku, _ in cells}):
        line = tuple(cells.get((sku, quarter), 0) for quarter in quarters)
        rows.append((sku.upper(), line, sum(line)))
    return RequestMatrix(quarters, tuple(rows), sum(cells.values()))


@dataclass(frozen=True, slots=True)
class CriterionShown:
    """One criterion of a score; points in tenths.

    Attributes:
        rule: Points of the rules alone, of at most `rule_most`.
        model: What learning moved, with its sign; `rule` and `model` make `points`.
        learned: What was learned, in words; empty without a model.
        missing: Labels of what was not answered.
    """

    label: str
    points: int
    most: int
    rule: int
    rule_most: int
    model: int
    answer: str
    reasons: tuple[ReasonShown, ...]
    learned: str
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReasonShown:
    """Why there are points, in tenths; `words` are the terms that the rubric found in the text `field`."""

    points: int
    text: str
    field: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChanceShown:
    """The model's probability of a fit, a line beside the score; shares in permille."""

    permille: int
    low: int
    high: int
    evidence: int
    learned_share: int
    model: str
    calibration: str | None


@dataclass(frozen=True, slots=True)
class MoveShown:
    """What one answer added, or could still add, in tenths of a point."""

    points: int
    text: str


@dataclass(frozen=True, slots=True)
class KnockoutShown:
    """One knock-out with its outcome: pass, fail or unknown."""

    label: str
    outcome: str
    reason: str


@dataclass(frozen=True, slots=True)
class ScoreShown:
    """A scorecard in the reader's language; points in tenths, coverage in permille.

    Attributes:
        low: Lower end of the band in which 90 % of the refits lie, None without a model.
        high: Upper end.
        chance: The probability, None without a model.
    """

    total: int
    rule: int
    model: int
    low: int | None
    high: int | None
    worst: int
    best: int
    coverage_permille: int
    criteria: tuple[CriterionShown, ...]
    lifts: tuple[MoveShown, ...]
    gaps: tuple[MoveShown, ...]
    knockouts: tuple[KnockoutShown, ...]
    hashes: tuple[tuple[str, str], ...]
    rubric: str
    chance: ChanceShown | None


def _tenths(points: Any) -> int:  # noqa: ANN401 - JSON
    return round(float(points or 0) * 10)


def show_score(document: Mapping[str, Any]) -> ScoreShown:
    """Put a scorecard's document into words of the present language."""
    criteria = tuple(_criterion(one) for one in document["criteria"])
    ends = list(document.get("band") or ())
    model = sum(one.model for one in criteria)
    return ScoreShown(
        total=document["total_tenths"],
        rule=document["total_tenths"] - model,
        model=model,
        low=_tenths(ends[0]) if ends else None,
        high=_tenths(ends[1]) if ends else None,
        worst=_tenths(document["worst_possible"]),
        best=_tenths(document["best_possible"]),
        coverage_permille=round(float(document["coverage"]) * _FULL_PERMILLE),
        criteria=criteria,
        lifts=_moves(document["lifts"]),
        gaps=_moves(document["gaps"]),
        knockouts=tuple(
            KnockoutShown(pick(one["label_ko"], one["label_en"]), one["outcome"], pick(one["reason"], one["reason_en"]))
            for one in document["knockouts"]
        ),
        hashes=(
            (gettext("입력"), document["inputs_sha256"]),
            (gettext("기준표"), document["rubric_sha256"]),
            *([(gettext("모델"), document["model_sha256"])] if document.get("model_sha256") else []),
            *([(gettext("용어 사전"), document["dictionary_sha256"])] if document.get("dictionary_sha256") else []),
            (gettext("계산 코드"), document["code_version"]),
            (gettext("결과"), document["sha256"]),
        ),
        rubric=document["rubric"],
        chance=_chance(document),
    )


def _chance(document: Mapping[str, Any]) -> ChanceShown | None:
    if document.get("probability") is None:
        return None
    low, high = document.get("interval") or (document["probability"],) * 2
    return ChanceShown(
        permille=_permille(document["probability"]),
        low=_permille(low),
        high=_permille(high),
        evidence=_permille(document.get("evidence")),
        learned_share=_permille(document.get("learned_share")),
        model=str(document.get("model") or ""),
        calibration=document.get("calibration"),
    )


def _permille(share: Any) -> int:  # noqa: ANN401 - JSON
    return round(float(share or 0) * _FULL_PERMILLE)


def _criterion(one: Mapping[str, Any]) -> CriterionShown:
    reasons = tuple(
        ReasonShown(
            int(reason["points_tenths"]),
            pick(reason["reason"], reason["reason_en"]),
            str(reason.get("field", "")),
            tuple(reason.get("matched", ())),
        )
        for reason in one["reasons"]
    )
    return CriterionShown(
        label=pick(one["label_ko"], one["label_en"]),
        points=int(one["points_tenths"]),
        most=_tenths(one["max"]),
        rule=_tenths(one["rule_points"]),
        rule_most=_tenths(one.get("rule_max") or one["max"]),
        model=_tenths(one["model_points"]),
        answer=pick(one["answer"], one["answer_en"]),
        reasons=reasons,
        learned=pick(one.get("learned") or "", one.get("learned_en") or ""),
        missing=tuple(
            pick(FIELDS[key].label_ko, FIELDS[key].label_en) if key in FIELDS else key for key in one["missing"]
        ),
    )


def _moves(found: Sequence[Mapping[str, Any]]) -> tuple[MoveShown, ...]:
    return tuple(MoveShown(int(one["points_tenths"]), pick(one["text"], one["text_en"])) for one in found)
