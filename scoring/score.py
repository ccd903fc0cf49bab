"""Scoring: facts and a rubric in, a scorecard out. No clock, no chance, no network, no database."""

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from operator import itemgetter
from pathlib import Path

from scoring.applied import Applied, Learned, Tally, apply_model, read_texts
from scoring.compiled import CompiledCriterion, FieldRules, common_unit, compile_rubric
from scoring.facts import Facts, Value
from scoring.knockouts import check_knockouts
from scoring.learning.model import Calibration, Model
from scoring.rubric import Rubric
from scoring.scorecard import CriterionScore, Move, Reason, Scorecard, State
from scoring.textual.dictionary import Dictionary
from scoring.textual.finding import Texts
from scoring.wording import answer_text

_MOVES_SHOWN = 3

# Of a move: what it is sorted by, most first.
_tenths = itemgetter(0)

# The modules a score depends on; the hash of these is the code version.
_SCORING_PATH = (
    "applied.py",
    "canonical.py",
    "catalogue.py",
    "compiled.py",
    "facts.py",
    "knockouts.py",
    "learning/batch.py",
    "learning/bins.py",
    "learning/model.py",
    "learning/reading.py",
    "learning/text.py",
    "many.py",
    "operators.py",
    "rubric.py",
    "rubric_file.py",
    "score.py",
    "scorecard.py",
    "terms.py",
    "textual/dictionary.py",
    "textual/finding.py",
    "textual/limits.py",
    "textual/marking.py",
    "wording.py",
)

# Of these, what finding a dictionary's words in a text depends on.
_SEARCH_PATH = (
    "canonical.py",
    "terms.py",
    "textual/dictionary.py",
    "textual/finding.py",
    "textual/limits.py",
    "textual/marking.py",
)


@cache
def code_version() -> str:
    """Hash the source of the scoring path.

    Returns:
        64 hexadecimal digits that change whenever a module a score depends on does.
    """
    return _hash_of(_SCORING_PATH, b"")


@cache
def search_version() -> str:
    """Hash the source of the search for a dictionary's words, and the edition of Unicode that folds letters.

    Returns:
        64 hexadecimal digits: as long as they stay, so does what is found in a text.
    """
    return _hash_of(_SEARCH_PATH, unicodedata.unidata_version.encode())


def _hash_of(names: Sequence[str], beside: bytes) -> str:
    digest = hashlib.sha256(beside)
    for name in names:
        digest.update(name.encode() + b"\0" + Path(__file__).parent.joinpath(name).read_bytes() + b"\0")
    return digest.hexdigest()


def tally_criterion(compiled: CompiledCriterion, values: Mapping[str, Value]) -> Tally:
    """Add up what a criterion's rules give for some answers."""
    maximum = compiled.criterion.maximum
    answers: list[tuple[str, str]] = []
    reasons: list[Reason] = []
    missing: list[str] = []
    lifts: list[tuple[int, FieldRules, tuple[str, str]]] = []
    earned: list[int] = []
    given = total = open_potential = covered = 0
    for asked in compiled.fields:
        key = asked.field.key
        answer = values.get(key)
        points = 0
        if answer is None:
            missing.append(key)
            open_potential += asked.potential
        else:
            covered += asked.weight
            wording = answer_text(key, answer)
            answers.append(wording)
            before = given
            for gain in asked.gains(answer):
                points += gain.points
                # Rules are credited in order up to the maximum: the reasons shown add up to the points.
                credited = min(gain.points, maximum - given)
                if credited:
                    given += credited
                    whole = credited == gain.points
                    reasons.append(gain.reason if whole else replace(gain.reason, points_tenths=credited))
            if given > before:
                lifts.append((given - before, asked, wording))
        earned.append(points)
        total += points
    gaps = [
        (added, asked)
        for asked, points in zip(compiled.fields, earned, strict=True)
        if (added := min(maximum, total - points + asked.potential) - given) > 0
    ]
    return Tally(
        compiled=compiled,
        given=given,
        best_tenths=min(maximum, total + open_potential),
        covered=covered,
        state=(State.PARTIAL if missing else State.ANSWERED) if answers else State.UNKNOWN,
        answers=tuple(answers),
        reasons=tuple(reasons),
        missing=tuple(missing),
        # Stable sorts, also in reverse: equal moves stay in the rubric's order, so a replay lists them alike. Of one
        # criterion's moves only so many can be among the biggest of all.
        lifts=tuple(sorted(lifts, key=_tenths, reverse=True)[:_MOVES_SHOWN]),
        gaps=tuple(gaps),
        widest=tuple(sorted(gaps, key=_tenths, reverse=True)[:_MOVES_SHOWN]),
    )


def criterion_score(tally: Tally, learned: Learned | None) -> CriterionScore:
    """Put a criterion's rule points and what a model makes of them into its part of the scorecard."""
    criterion = tally.compiled.criterion
    return CriterionScore(
        key=criterion.key,
        label_ko=criterion.label_ko,
        label_en=criterion.label_en,
        state=tally.state,
        answer_ko=" · ".join([korean for korean, _ in tally.answers]) or "응답 없음",
        answer_en=" · ".join([english for _, english in tally.answers]) or "Not answered",
        rule_points_tenths=tally.given,
        model_points_tenths=0 if learned is None else learned.points - tally.given,
        maximum_tenths=criterion.maximum if learned is None else learned.maximum,
        reasons=tally.reasons,
        missing_fields=tally.missing,
        rule_maximum_tenths=criterion.maximum,
        learned_ko="" if learned is None else learned.reason_ko,
        learned_en="" if learned is None else learned.reason_en,
    )


def _lifts(tallies: list[Tally]) -> tuple[Move, ...]:
    found = [
        (points, tally.compiled.criterion.key, asked.field.key, wording)
        for tally in tallies
        for points, asked, wording in tally.lifts
    ]
    found.sort(key=_tenths, reverse=True)
    return tuple([Move(criterion, key, points, *wording) for points, criterion, key, wording in found[:_MOVES_SHOWN]])


def _gaps(tallies: list[Tally], applied: Applied | None) -> tuple[Move, ...]:
    if applied is None:
        found = [(added, tally.compiled.criterion.key, asked) for tally in tallies for added, asked in tally.widest]
    else:
        found = [
            (points, tally.compiled.criterion.key, asked)
            for tally, learned in zip(tallies, applied.criteria, strict=True)
            for added, asked in tally.gaps
            if (points := learned.gain(added)) > 0
        ]
    found.sort(key=_tenths, reverse=True)
    return tuple(
        [
            Move(criterion, asked.field.key, points, asked.best_ko, asked.best_en)
            for points, criterion, asked in found[:_MOVES_SHOWN]
        ]
    )


def _coverage_permille(rubric: Rubric, tallies: list[Tally]) -> int:
    # The maxima add up to 1,000 tenths, so covered tenths of a point are tenths of a percent.
    unit = common_unit(rubric)
    return sum([tally.covered * (unit // tally.compiled.unit) for tally in tallies]) // unit


def score_facts(
    facts: Facts,
    rubric: Rubric,
    model: Model | None = None,
    *,
    calibration: Calibration | None = None,
    dictionary: Dictionary | None = None,
) -> Scorecard:
    """Score one application.

    Args:
        facts: The application's answers.
        rubric: A rubric made by `parse_rubric` or `load_rubric`.
        model: A learned adjustment; without one the score is the rubric's and all model points are 0.
        calibration: A later correction of the model's probability; it moves no points.
        dictionary: Words to mark in the texts; it moves no points.

    Returns:
        The scorecard. The same facts, rubric, model, calibration, dictionary and code give the same scorecard bit for
        bit.

    Raises:
        LearnError: If the model was learned on another rubric, or from columns that no application has.
    """
    values = facts.values
    tallies = [tally_criterion(compiled, values) for compiled in compile_rubric(rubric)]
    applied = None if model is None else apply_model(model, rubric, facts, tallies, calibration)
    learned: Sequence[Learned | None] = [None] * len(tallies) if applied is None else applied.criteria
    criteria = tuple([criterion_score(tally, part) for tally, part in zip(tallies, learned, strict=True)])
    texts = None if dictionary is None else read_texts(facts, dictionary)
    return finish(facts, rubric, tallies, applied, criteria, texts)


def finish(
    facts: Facts,
    rubric: Rubric,
    tallies: list[Tally],
    applied: Applied | None,
    criteria: tuple[CriterionScore, ...],
    texts: Texts | None,
) -> Scorecard:
    """Make the scorecard of criteria that are scored: knock-outs, coverage, bounds, moves and hashes."""
    total = sum([criterion.points_tenths for criterion in criteria])
    return Scorecard(
        criteria=criteria,
        knockouts=check_knockouts(facts, rubric),
        coverage_permille=_coverage_permille(rubric, tallies),
        best_tenths=sum([tally.best_tenths for tally in tallies]) if applied is None else applied.best_tenths,
        worst_tenths=total if applied is None else applied.worst_tenths,
        lifts=_lifts(tallies),
        gaps=_gaps(tallies, applied),
        rubric=rubric.version,
        rubric_sha256=rubric.sha256,
        inputs_sha256=facts.sha256,
        code_version=code_version(),
        model=None if applied is None else applied.use,
        probability=None if applied is None else applied.probability,
        interval=None if applied is None else applied.interval,
        band_tenths=None if applied is None else applied.band_tenths,
        texts=texts,
    )
