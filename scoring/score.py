"""Scoring: facts and a rubric in, a scorecard out. No clock, no chance, no network, no database."""

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

from scoring.compiled import CompiledCriterion, FieldRules, compile_rubric
from scoring.facts import Facts
from scoring.knockouts import check_knockouts
from scoring.rubric import Rubric
from scoring.scorecard import CriterionScore, Move, Reason, Scorecard, State
from scoring.wording import answer_text

_MOVES_SHOWN = 3

# The modules a score depends on; the hash of these is the code version.
_SCORING_PATH = (
    "canonical.py",
    "catalogue.py",
    "compiled.py",
    "facts.py",
    "knockouts.py",
    "operators.py",
    "rubric.py",
    "rubric_file.py",
    "score.py",
    "scorecard.py",
    "terms.py",
    "wording.py",
)


@cache
def code_version() -> str:
    """Hash the source of the scoring path.

    Returns:
        64 hexadecimal digits that change whenever a module a score depends on does.
    """
    digest = hashlib.sha256()
    for name in _SCORING_PATH:
        digest.update(name.encode() + b"\0" + Path(__file__).with_name(name).read_bytes() + b"\0")
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class _Tally:
    """One criterion with the sums that only the whole scorecard needs; `covered` is in tenths of a point."""

    score: CriterionScore
    best_tenths: int
    covered: Fraction | int
    lifts: tuple[Move, ...]
    gaps: tuple[Move, ...]


def _gap(compiled: CompiledCriterion, asked: FieldRules, earned: int, total: int) -> Move | None:
    """Say what the best answer to one field would add, all else as it is."""
    maximum = compiled.criterion.maximum
    added = min(maximum, total - earned + asked.potential) - min(maximum, total)
    if added <= 0:
        return None
    reasons_ko = ", ".join(rule.reason_ko for rule in asked.best)
    reasons_en = ", ".join(rule.reason_en for rule in asked.best)
    return Move(
        compiled.criterion.key,
        asked.field.key,
        added,
        f"{asked.field.label_ko}: {reasons_ko}",
        f"{asked.field.label_en}: {reasons_en}",
    )


def _tally(compiled: CompiledCriterion, facts: Facts) -> _Tally:
    criterion = compiled.criterion
    reasons: list[Reason] = []
    lifts: list[Move] = []
    answers: list[tuple[str, str]] = []
    missing: list[FieldRules] = []
    earned: dict[str, int] = {}
    values = facts.values
    given = weight = 0
    for asked in compiled.fields:
        key = asked.field.key
        answer = values.get(key)
        earned[key] = 0
        if answer is None:
            missing.append(asked)
            continue
        weight += asked.weight
        wording = answer_text(key, answer)
        answers.append(wording)
        lift = 0
        for gain in asked.gains(answer):
            earned[key] += gain.points
            # Rules are credited in order up to the maximum: the reasons shown add up to the points.
            credited = min(gain.points, criterion.maximum - given)
            if credited:
                given += credited
                lift += credited
                reasons.append(Reason(key, credited, gain.rule.reason_ko, gain.rule.reason_en, gain.matched))
        if lift:
            lifts.append(Move(criterion.key, key, lift, *wording))
    total = sum(earned.values())
    gaps = (_gap(compiled, asked, earned[asked.field.key], total) for asked in compiled.fields)
    state = State.ANSWERED if not missing else State.PARTIAL if answers else State.UNKNOWN
    score = CriterionScore(
        key=criterion.key,
        label_ko=criterion.label_ko,
        label_en=criterion.label_en,
        state=state,
        answer_ko=" · ".join(korean for korean, _ in answers) or "응답 없음",
        answer_en=" · ".join(english for _, english in answers) or "Not answered",
        rule_points_tenths=given,
        model_points_tenths=0,
        maximum_tenths=criterion.maximum,
        reasons=tuple(reasons),
        missing_fields=tuple(asked.field.key for asked in missing),
    )
    return _Tally(
        score,
        min(criterion.maximum, total + sum(asked.potential for asked in missing)),
        Fraction(weight, compiled.unit) if missing else criterion.maximum,
        tuple(lifts),
        tuple(gap for gap in gaps if gap is not None),
    )


def _largest(moves: list[Move]) -> tuple[Move, ...]:
    # A stable sort: equal moves stay in the rubric's order, so a replay lists them alike.
    return tuple(sorted(moves, key=lambda move: -move.points_tenths)[:_MOVES_SHOWN])


def score(facts: Facts, rubric: Rubric, model: None = None) -> Scorecard:
    """Score one application.

    Args:
        facts: The application's answers.
        rubric: A rubric made by `parse_rubric` or `load_rubric`.
        model: A learned adjustment; without one the score is the rubric's and all model points are 0.

    Returns:
        The scorecard. The same facts, rubric and code give the same scorecard bit for bit.
    """
    tallies = [_tally(compiled, facts) for compiled in compile_rubric(rubric)]
    criteria = tuple(tally.score for tally in tallies)
    return Scorecard(
        criteria=criteria,
        knockouts=check_knockouts(facts, rubric),
        # The maxima add up to 1,000 tenths, so covered tenths of a point are tenths of a percent.
        coverage_permille=int(sum(tally.covered for tally in tallies)),
        best_tenths=sum(tally.best_tenths for tally in tallies),
        worst_tenths=sum(criterion.points_tenths for criterion in criteria),
        lifts=_largest([move for tally in tallies for move in tally.lifts]),
        gaps=_largest([move for tally in tallies for move in tally.gaps]),
        rubric=rubric.version,
        rubric_sha256=rubric.sha256,
        inputs_sha256=facts.sha256,
        code_version=code_version(),
        model=model,
    )
