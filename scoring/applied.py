"""What a trained model makes of one application: points, probability, band, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from scoring.catalogue import CATALOGUE, Kind
from scoring.compiled import CompiledCriterion, FieldRules
from scoring.facts import Facts, Value
from scoring.learning.batch import UNKNOWN, CriterionTable, criterion_table
from scoring.learning.model import TOTAL_TENTHS, Calibration, Model, Term, chance
from scoring.learning.problems import LearnError
from scoring.learning.table import Source
from scoring.rubric import Rubric
from scoring.scorecard import ModelUse, Reason, State
from scoring.textual.dictionary import Dictionary
from scoring.textual.finding import KeptFinding, TextFinding, Texts
from scoring.textual.marking import read_together
from scoring.wording import number_text, points_text

_PLACES = 4
_NOTHING_KEPT: Mapping[str, str] = {}


@dataclass(slots=True)
class Tally:
    """One criterion by its rules alone, with the sums that only the whole scorecard needs.

    Attributes:
        covered: Weight of the answered fields; `compiled.unit` times the maximum when all are.
        best_tenths: Its rule points if every missing answer were the best one.
        lifts: What each answered field gave in tenths.
        gaps: What the best answer to each field would add in tenths.
        widest: The gaps that can be among the widest of all, widest first; as long as no model moves them.
    """

    compiled: CompiledCriterion
    given: int
    best_tenths: int
    covered: int
    state: State
    answers: tuple[tuple[str, str], ...]
    reasons: tuple[Reason, ...]
    missing: tuple[str, ...]
    lifts: tuple[tuple[int, FieldRules, tuple[str, str]], ...]
    gaps: tuple[tuple[int, FieldRules], ...]
    widest: tuple[tuple[int, FieldRules], ...]


@dataclass(frozen=True, slots=True)
class Learned:
    """One criterion under a model.

    Attributes:
        points: Its points in tenths, rules and learning together.
        maximum: The most that it can have under this model.
        table: Its points for each number of rule tenths, if they depend on nothing else.
        given: Its rule points in tenths.
    """

    points: int
    maximum: int
    reason_ko: str
    reason_en: str
    table: CriterionTable | None
    given: int
    model: Model
    criterion: str
    values: Mapping[str, object]

    def gain(self, added: int) -> int:
        """Say how many tenths so many more rule tenths would add."""
        after = self.given + added
        if self.table is not None:
            return self.table.points[after] - self.points
        values = dict(self.values) | {
            term.key: after for term in self.model.by_criterion[self.criterion] if term.source is Source.CRITERION
        }
        return (
            self.model.points(self.criterion, self.model.contribution(self.criterion, after, values), after)
            - self.points
        )


@dataclass(frozen=True, slots=True)
class Applied:
    """One application under a model; criteria in the rubric's order."""

    criteria: tuple[Learned, ...]
    best_tenths: int
    worst_tenths: int
    probability: float
    interval: tuple[float, float] | None
    band_tenths: tuple[int, int] | None
    use: ModelUse


def field_number(key: str, answer: Value | None) -> object:
    """Give an answer as a term reads it: numbers and dates as numbers, yes as 1, words as they are."""
    if isinstance(answer, bool):
        return float(answer)
    if isinstance(answer, date):
        return float(answer.toordinal())
    return answer if answer is None or CATALOGUE[key].kind in {Kind.CHOICE, Kind.TEXT} else float(answer)


def joined_text(facts: Facts) -> str:
    """Give all of an application's texts together, in the catalogue's order."""
    return "\n".join(facts.texts.values())


def _term_value(model: Model, term: Term, facts: Facts, tallies: Mapping[str, Tally]) -> object:
    match term.source:
        case Source.CRITERION:
            tally = tallies.get(term.key)
            return None if tally is None or tally.state is State.UNKNOWN else tally.given
        case Source.FIELD if term.key in CATALOGUE:
            return field_number(term.key, facts.values.get(term.key))
        case Source.TEXT if model.text is not None:
            text = joined_text(facts)
            return model.text.logit(text) if text else None
        case _:
            raise LearnError(
                "신청서에 없는 열로 학습한 모델입니다.",
                "the model was learned from a column no application has.",
                place=term.key,
            )


@lru_cache(maxsize=32)
def _require_same_rubric(model: Model, rubric: Rubric) -> None:
    if model.rubric_sha256 != rubric.sha256:
        raise LearnError(
            f"다른 기준표로 학습한 모델 {model.version}입니다. 기준표 {rubric.version}에는 쓸 수 없습니다.",
            f"model {model.version} was learned on another rubric than {rubric.version}.",
            place="model",
        )
    known = {criterion.key: criterion.maximum for criterion in rubric.criteria}
    if dict(model.maxima) != known or set(model.by_criterion) != set(known):
        raise LearnError(
            "모델의 기준과 최대 점수가 기준표와 다릅니다.",
            "its criteria and their maxima are not the rubric's.",
            place="model",
        )


def apply_model(
    model: Model, rubric: Rubric, facts: Facts, tallies: Sequence[Tally], calibration: Calibration | None
) -> Applied:
    """Apply a model to an application whose rules have been added up.

    Raises:
        LearnError: If the model was learned on another rubric, or from columns that no application has.
    """
    _require_same_rubric(model, rubric)
    named = {tally.compiled.criterion.key: tally for tally in tallies}
    values = {term.key: _term_value(model, term, facts, named) for term in model.terms}
    points = {key: tally.given for key, tally in named.items()}
    learned = []
    best = worst = 0
    logit = model.base
    for tally in tallies:
        part, contribution = _learned(model, tally, values)
        learned.append(part)
        logit += contribution
        low, high = _bounds(model, tally, part, values)
        best += high
        worst += low
    band = model.band(points, values)
    adjusted = sum([abs(part.points - part.given) for part in learned])
    whole = adjusted + sum([part.given for part in learned])
    return Applied(
        criteria=tuple(learned),
        best_tenths=best,
        worst_tenths=worst,
        probability=_probability(logit, calibration),
        interval=None if band is None else _interval(band, calibration),
        band_tenths=None if band is None else _band(model, band),
        use=ModelUse(
            version=model.version,
            sha256=model.sha256,
            method=model.method.value,
            evidence=round(model.evidence, _PLACES),
            learned_share=round(adjusted / whole, _PLACES) if whole else 0.0,
            calibration=None if calibration is None else calibration.version,
        ),
    )


def _probability(logit: float, calibration: Calibration | None) -> float:
    # Four places are far finer than what any calibration can promise, and the same on every machine.
    return round(chance(logit) if calibration is None else calibration.probability(logit), _PLACES)


def _interval(band: tuple[float, float], calibration: Calibration | None) -> tuple[float, float]:
    low, high = sorted(_probability(end, calibration) for end in band)
    return low, high


def _band(model: Model, band: tuple[float, float]) -> tuple[int, int] | None:
    """Give the points between which the refits lie, on the scale that turns this model's log-odds into points."""
    if not model.tenths_per_logit:
        return None
    low, high = (round(model.tenths_per_logit * (end - model.floor)) for end in band)
    return max(0, min(TOTAL_TENTHS, low)), max(0, min(TOTAL_TENTHS, high))


def _learned(model: Model, tally: Tally, values: Mapping[str, object]) -> tuple[Learned, float]:
    key = tally.compiled.criterion.key
    unknown = tally.state is State.UNKNOWN
    table = criterion_table(model, key)
    if table is not None:
        place = UNKNOWN if unknown else tally.given
        return _from_table(model, key, place), table.logits[place]
    contribution = model.contribution(key, tally.given, values)
    # Nothing known earns nothing, whatever the missing bin's weight says about the chances.
    points = 0 if unknown else model.points(key, contribution, tally.given)
    reasons = _reason(model, key, points - tally.given, values)
    return Learned(points, model.shares[key].maximum, *reasons, None, tally.given, model, key, values), contribution


# A criterion that depends on its rule points alone has a few hundred outcomes, and applications share them.
@lru_cache(maxsize=8192)
def _from_table(model: Model, key: str, place: int) -> Learned:
    table = criterion_table(model, key)
    if table is None:
        raise LearnError("표가 없습니다.", "has no table.", place=key)
    given = max(place, 0)
    values = {term.key: None if place == UNKNOWN else given for term in model.by_criterion[key]}
    points = table.points[place]
    reasons = _reason(model, key, points - given, values)
    return Learned(points, model.shares[key].maximum, *reasons, table, given, model, key, values)


def _bounds(model: Model, tally: Tally, part: Learned, values: Mapping[str, object]) -> tuple[int, int]:
    """Give the fewest and the most points that the missing answers still allow."""
    if tally.state is State.ANSWERED:
        return part.points, part.points
    if part.table is not None:
        within = part.table.points[tally.given : tally.best_tenths + 1]
        low, high = min(within), max(within)
    else:
        known = {key: value for key, value in values.items() if value is not None}
        ends = model.extremes(part.criterion, tally.given, tally.best_tenths, known)
        low, high = (model.points(part.criterion, end, tally.given) for end in ends)
    return (0 if tally.state is State.UNKNOWN else min(low, part.points)), max(high, part.points)


def _reason(model: Model, criterion: str, points: int, values: Mapping[str, object]) -> tuple[str, str]:
    if not points:
        return "", ""
    sign = "+" if points > 0 else "−"
    shown = f"{sign}{points_text(abs(points))}"
    rows = model.training.get("rows")
    terms = [term for term in model.by_criterion[criterion] if values.get(term.key) is not None]
    texts = _bin_texts(model)
    bins = [texts[term.key][term.bin_of(values[term.key])] for term in terms]
    korean = ", ".join([f"{term.label_ko} {shown}" for term, shown in zip(terms, bins, strict=True)])
    english = ", ".join([f"{term.label_en} {shown}" for term, shown in zip(terms, bins, strict=True)])
    return (
        f"라벨 {rows}건에서 학습한 조정 {shown}점" + (f": {korean}" if korean else ""),
        f"Learned from {rows} labels: {shown}" + (f" ({english})" if english else ""),
    )


@lru_cache(maxsize=32)
def _bin_texts(model: Model) -> Mapping[str, tuple[str, ...]]:
    return {term.key: tuple(_bin_text(term, place) for place in range(len(term.weights))) for term in model.terms}


def _bin_text(term: Term, place: int) -> str:
    if term.category:
        return term.levels[place] if place < len(term.levels) else "…"
    # Rule points are shown as points, not as the tenths they are counted in.
    unit = 10 if term.source is Source.CRITERION else 1
    low = number_text(term.cuts[place - 1] / unit) if 0 < place <= len(term.cuts) else ""
    high = number_text(term.cuts[place] / unit) if place < len(term.cuts) else ""
    return f"[{low}–{high})" if low or high else ""


def read_texts(facts: Facts, dictionary: Dictionary, kept: Mapping[str, str] = _NOTHING_KEPT) -> Texts:
    """Mark a dictionary's words in an application's texts and say where they look stuffed.

    Args:
        facts: The application's answers.
        dictionary: The words.
        kept: By text what `TextFinding.found` gave of it under the same dictionary and `search_version`; such a text is
            not searched again.
    """
    new = [text for text in facts.texts.values() if text not in kept]
    read = dict(zip(new, read_together(new, dictionary.sought), strict=True))
    found = [
        TextFinding(key, *read[text]) if text in read else KeptFinding(key, kept[text])
        for key, text in facts.texts.items()
    ]
    return Texts(dictionary.version, dictionary.sha256, tuple(found))
