"""Scoring again what was scored, to see that it comes out the same."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.core.errors import InputFileError, ModelRefusedError
from fundapp.core.orm import canonical_json
from fundapp.intake.tables import Application, Submission
from fundapp.screening.dictionaries import read_dictionary
from fundapp.screening.rubrics import read_rubric
from fundapp.screening.serving import read_stored
from fundapp.screening.tables import FitModel, ModelCalibration, RubricVersion, Scorecard, TextDictionary
from scoring import FactError, Facts, LearnError, code_version, overall_outcome, read_calibration, score
from scoring import Scorecard as ScoredCard
from scoring.canonical import sha256_of

# What a record states beside its criteria and knock-outs; wording and layout are free to change between versions.
_FIGURES = (
    "total",
    "total_tenths",
    "probability",
    "interval",
    "band",
    "coverage",
    "best_possible",
    "worst_possible",
    "rubric",
    "rubric_sha256",
    "inputs_sha256",
    "model",
    "model_sha256",
    "method",
    "evidence",
    "learned_share",
    "calibration",
    "dictionary",
    "dictionary_sha256",
)
_POINTS = ("rule_points", "model_points", "points", "points_tenths", "max", "rule_max")


@dataclass(frozen=True, slots=True)
class Difference:
    """A scorecard that a replay did not reproduce, and in what.

    Attributes:
        what: inputs, rubric, model, calibration or dictionary, where what scored is missing, altered or unreadable;
            result, where this code comes to another document; figures, where a record of another code does not state
            what this code finds; record, where such a record no longer has the hash it was written with.
        code_version: The code that wrote it.
    """

    application: str
    scorecard_id: uuid.UUID
    what: str
    code_version: str


@dataclass(frozen=True, slots=True)
class OtherCode:
    """Records that another version of the code wrote.

    Attributes:
        identical: Reproduced bit for bit all the same, apart from naming their code.
        reproduced: Worded or laid out otherwise, but every figure, knock-out and hash they state comes out the same.
        different: Those that do not; each is named among the differences.
    """

    code_version: str
    records: int
    identical: int
    reproduced: int
    different: int


@dataclass(frozen=True, slots=True)
class Replay:
    """What replaying scorecards found; `others` are those of other versions of the code, by version."""

    replayed: int
    identical: int
    different: tuple[Difference, ...]
    others: tuple[OtherCode, ...]


@dataclass(frozen=True, slots=True)
class _Kept:
    """Texts and documents of all that ever scored: models and dictionaries by hash, calibrations by version."""

    models: Mapping[str, str]
    calibrations: Mapping[str, Mapping[str, Any]]
    dictionaries: Mapping[str, str]


def replay_scorecards(session: Session, *, every: bool = False) -> Replay:
    """Score again from stored facts, rubric, model, calibration and dictionary, and compare. Writes nothing.

    What this code wrote must come out bit for bit. What another version of the code wrote either does too, or is
    judged by what it states, and counted apart.

    Args:
        session: Any session.
        every: All scorecards ever made, not only each application's newest.
    """
    kept = _Kept(
        {row.sha256: row.text for row in session.execute(select(FitModel.sha256, FitModel.text))},
        {
            row.version: row.document
            for row in session.execute(select(ModelCalibration.version, ModelCalibration.document))
        },
        {row.sha256: row.text for row in session.execute(select(TextDictionary.sha256, TextDictionary.text))},
    )
    replayed = identical = 0
    different: list[Difference] = []
    others: Counter[tuple[str, str]] = Counter()
    for card, number, text in session.execute(_cards(every=every).execution_options(yield_per=500)):
        replayed += 1
        what = _replay(card, text, kept)
        identical += what == "identical"
        if what not in {"identical", "reproduced"}:
            different.append(Difference(number, card.id, what, card.code_version))
            what = "different"
        if card.code_version != code_version():
            others[card.code_version, what] += 1
    versions = sorted({version for version, _ in others})
    found = ([others[version, what] for what in ("identical", "reproduced", "different")] for version in versions)
    apart = tuple(OtherCode(version, sum(counts), *counts) for version, counts in zip(versions, found, strict=True))
    return Replay(replayed, identical, tuple(different), apart)


def _cards(*, every: bool) -> Any:  # noqa: ANN401 - a select of rows and columns
    query = (
        select(Scorecard, Application.number, RubricVersion.text)
        .join(Application, Application.id == Scorecard.application_id)
        .join(RubricVersion, RubricVersion.sha256 == Scorecard.rubric_sha256)
        .order_by(Application.number, Scorecard.id)
    )
    if every:
        return query
    place = func.row_number().over(
        partition_by=Scorecard.application_id, order_by=(Submission.version.desc(), Scorecard.version.desc())
    )
    ranked = select(Scorecard.id, place.label("place")).join(Submission, Submission.id == Scorecard.submission_id)
    newest = ranked.subquery()
    return query.where(Scorecard.id.in_(select(newest.c.id).where(newest.c.place == 1)))


def _replay(card: Scorecard, rubric_text: str, kept: _Kept) -> str:
    """Return identical, reproduced, or what differs."""
    again = _score_again(card, rubric_text, kept)
    if isinstance(again, str):
        return again
    columns = (card.total_tenths, card.verdict) == (again.total_tenths, overall_outcome(again).value)
    mine, theirs = again.to_document(), card.document
    if card.code_version == code_version():
        return "identical" if columns and canonical_json(mine) == canonical_json(theirs) else "result"
    if theirs.get("code_version") != card.code_version or not _has_its_hash(theirs):
        return "record"
    # Another code that came to the same result: its version is the one thing that may differ.
    if columns and canonical_json(mine | {"code_version": card.code_version}) == canonical_json(theirs):
        return "identical"
    return "reproduced" if columns and _states_the_same(theirs, mine) else "figures"


def _score_again(card: Scorecard, rubric_text: str, kept: _Kept) -> ScoredCard | str:
    """Score with what the record names; or say what of it is missing, altered or no longer readable."""
    model = calibration = dictionary = None
    what = "rubric"
    try:
        rubric = read_rubric(rubric_text).rubric
        if rubric.sha256 != card.rubric_sha256:
            return what
        what = "inputs"
        facts = Facts.from_answers(card.facts)
        if facts.sha256 != card.inputs_sha256:
            return what
        if card.dictionary_sha256 is not None:
            what = "dictionary"
            dictionary = read_dictionary(kept.dictionaries[card.dictionary_sha256]).dictionary
            if dictionary.sha256 != card.dictionary_sha256:
                return what
        if card.calibration is not None:
            what = "calibration"
            calibration = read_calibration(kept.calibrations[card.calibration])
        if card.model_sha256 is not None:
            what = "model"
            model = read_stored(kept.models[card.model_sha256])
            if model.sha256 != card.model_sha256:
                return what
        return score(facts, rubric, model, calibration=calibration, dictionary=dictionary)
    except (KeyError, FactError, InputFileError, LearnError, ModelRefusedError):
        return what


def _has_its_hash(document: Mapping[str, Any]) -> bool:
    """Say whether a record still has the hash it was written with: of all it says but its code and the hash itself."""
    result = {key: value for key, value in document.items() if key not in {"code_version", "sha256"}}
    return document.get("sha256") == sha256_of(result)


def _states_the_same(theirs: Mapping[str, Any], mine: Mapping[str, Any]) -> bool:
    """Say whether every figure, knock-out and hash that a record states is what this code finds."""
    try:
        criteria = [
            (one["key"], one["points"], {name: one[name] for name in _POINTS if name in one})
            for one in theirs["criteria"]
        ]
        knockouts = [(one["key"], one["outcome"]) for one in theirs["knockouts"]]
        # Without these two a record states no score.
        stated = {"total": theirs["total"], "rubric_sha256": theirs["rubric_sha256"]} | {
            name: theirs[name] for name in _FIGURES if name in theirs
        }
    except (KeyError, TypeError):
        return False
    found = [
        (one["key"], one["points"], {name: one[name] for name in points if name in one})
        for one, (_, _, points) in zip(mine["criteria"], criteria, strict=False)
    ]
    return (
        len(mine["criteria"]) == len(criteria)
        and found == criteria
        and [(one["key"], one["outcome"]) for one in mine["knockouts"]] == knockouts
        and {name: mine[name] for name in stated if name in mine} == stated
    )
