"""The library on its own: `score`, `train` and `explain` for one application's facts or a pandas DataFrame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

from scoring.facts import Facts
from scoring.knockouts import Outcome
from scoring.learning.model import Calibration, Method, Model
from scoring.learning.problems import LearnError
from scoring.learning.train import REPLICAS
from scoring.rows import RowError, match_columns, plain, read_rows
from scoring.rubric import Rubric
from scoring.rubric_file import default_rubric
from scoring.score import score_facts
from scoring.scorecard import Scorecard
from scoring.textual.dictionary import Dictionary
from scoring.training import train_applications

if TYPE_CHECKING:
    from pandas import DataFrame


def overall_outcome(card: Scorecard) -> Outcome:
    """Give fail if any knock-out fails, else unknown if any is open, else pass."""
    outcomes = {knockout.outcome for knockout in card.knockouts}
    return next((one for one in (Outcome.FAIL, Outcome.UNKNOWN) if one in outcomes), Outcome.PASS)


def result_row(card: Scorecard) -> dict[str, Any]:
    """Give a scorecard as one flat row; points with one decimal place, what is not known as None."""
    low, high = card.interval or (None, None)
    use = card.model
    return {
        "total": card.total_tenths / 10,
        **{criterion.key: criterion.points_tenths / 10 for criterion in card.criteria},
        "knockouts": overall_outcome(card).value,
        "coverage": card.coverage_permille / 1000,
        "worst_possible": card.worst_tenths / 10,
        "best_possible": card.best_tenths / 10,
        "probability": card.probability,
        "interval_low": low,
        "interval_high": high,
        "rubric": card.rubric,
        "model": None if use is None else use.version,
        "inputs_sha256": card.inputs_sha256,
    }


def _facts(frame: DataFrame, keep: Sequence[str]) -> list[Facts]:
    columns = match_columns([str(name) for name in frame.columns], keep=keep)
    cells = ({str(name): cell for name, cell in row.items()} for row in frame.to_dict("records"))
    facts, refusals = read_rows(cells, columns)
    if refusals:
        first = refusals[0]
        raise RowError(first.field, first.message_ko, first.message_en, row=first.row)
    return [one for one in facts if one is not None]


def _cards(frame: DataFrame, keep: Sequence[str], rubric: Rubric | None, model: Model | None, **asked: Any) -> Any:  # noqa: ANN401 - passed on
    return [score_facts(one, rubric or default_rubric(), model, **asked) for one in _facts(frame, keep)]


@overload
def score(
    given: Facts,
    rubric: Rubric | None = None,
    model: Model | None = None,
    *,
    calibration: Calibration | None = None,
    dictionary: Dictionary | None = None,
) -> Scorecard: ...


@overload
def score(
    given: DataFrame,
    rubric: Rubric | None = None,
    model: Model | None = None,
    *,
    calibration: Calibration | None = None,
    keep: Sequence[str] = (),
) -> DataFrame: ...


def score(
    given: Facts | DataFrame,
    rubric: Rubric | None = None,
    model: Model | None = None,
    *,
    calibration: Calibration | None = None,
    dictionary: Dictionary | None = None,
    keep: Sequence[str] = (),
) -> Scorecard | DataFrame:
    """Score one application, or every row of a DataFrame.

    Args:
        given: The facts of one application; or a frame whose columns are fields, by key or by Korean or English label.
        rubric: By default the one that ships with the library.
        model: A trained model; without one the score is the rubric's.
        calibration: A later correction of the model's probability; it moves no points.
        dictionary: For one application, words to mark in its texts.
        keep: For a frame, columns that are no fields and are not read.

    Returns:
        A scorecard for facts; for a frame one row of results for each row, under the frame's own index.

    Raises:
        RowError: If a column is unknown or a cell cannot be read, by row and field.
        LearnError: If the model was learned on another rubric.
    """
    if isinstance(given, Facts):
        return score_facts(given, rubric or default_rubric(), model, calibration=calibration, dictionary=dictionary)
    from pandas import DataFrame as Frame  # noqa: PLC0415 - one application is scored without it

    cards = _cards(given, keep, rubric, model, calibration=calibration)
    return Frame([result_row(card) for card in cards], index=given.index)


@overload
def explain(given: Scorecard) -> str: ...


@overload
def explain(
    given: DataFrame, rubric: Rubric | None = None, model: Model | None = None, *, keep: Sequence[str] = ()
) -> DataFrame: ...


def explain(
    given: Scorecard | DataFrame,
    rubric: Rubric | None = None,
    model: Model | None = None,
    *,
    keep: Sequence[str] = (),
) -> str | DataFrame:
    """Say why a score is what it is.

    Args:
        given: A scorecard, to be told in Korean lines; or a frame, for a row for each application and criterion.
        rubric: For a frame, as in `score`.
        model: For a frame, as in `score`.
        keep: For a frame, as in `score`.

    Returns:
        The text; or a frame indexed by application and criterion with state, answer, rule points, learned adjustment,
        points, maximum and reason in both languages. An application's points add up to its score.
    """
    if isinstance(given, Scorecard):
        return "\n".join(given.lines("ko"))
    from pandas import DataFrame as Frame  # noqa: PLC0415 - a scorecard is told without it
    from pandas import MultiIndex  # noqa: PLC0415 - likewise

    cards = _cards(given, keep, rubric, model)
    places = [(name, c.key) for name, card in zip(given.index, cards, strict=True) for c in card.criteria]
    rows = [
        {
            "state": criterion.state.value,
            "answer": criterion.answer_ko,
            "rule_points": criterion.rule_points_tenths / 10,
            "model_points": criterion.model_points_tenths / 10,
            "points": criterion.points_tenths / 10,
            "max": criterion.maximum_tenths / 10,
            "reason": criterion.reason_ko,
            "reason_en": criterion.reason_en,
            "learned": criterion.learned_ko,
            "learned_en": criterion.learned_en,
        }
        for card in cards
        for criterion in card.criteria
    ]
    return Frame(rows, index=MultiIndex.from_tuples(places, names=["application", "criterion"]))


def train(  # noqa: PLR0913 - what a model records about itself
    frame: DataFrame,
    label: str,
    rubric: Rubric | None = None,
    *,
    version: str = "1",
    fields: Sequence[str] = (),
    text: bool = False,
    groups: Sequence[str] = (),
    time: str | None = None,
    method: Method | None = None,
    keep: Sequence[str] = (),
    replicas: int = REPLICAS,
) -> Model:
    """Learn from a DataFrame of labelled applications; rows without a label are left out.

    Args:
        frame: Columns are fields, by key or label, and the columns named below.
        label: The column that says 1 where an application fits and 0 where it does not.
        rubric: By default the one that ships with the library.
        version: The name of what is made.
        fields: Fields of the rubric whose answers may be learned from besides the criteria's points.
        text: Whether to learn from the texts too, within 15 of the 100 points.
        groups: Columns to watch and never to learn from.
        time: The column that says when each application was decided: dates or growing numbers.
        method: How to learn; by default what the labels can carry.
        keep: Columns that are no fields and are not read.
        replicas: How many bootstrap refits give the band.

    Raises:
        LeakageError: If a feature knows the outcome.
        LearnError: If there are too few labels, or a label is neither 0 nor 1.
        RowError: If a column is unknown or a cell cannot be read.
    """
    for name in (label, *groups, *([time] if time else [])):
        if name not in frame.columns:
            raise LearnError("열이 없습니다.", "the column is missing.", place=name)
    labelled = frame[frame[label].notna()]
    beside = [*keep, label, *groups, *([time] if time else [])]
    model, _ = train_applications(
        _facts(labelled, beside),
        [plain(value) for value in labelled[label]],
        rubric or default_rubric(),
        version=version,
        fields=fields,
        text=text,
        groups={name: [plain(value) for value in labelled[name]] for name in groups},
        times=None if time is None else [_instant(value) for value in labelled[time]],
        method=method,
        label=label,
        replicas=replicas,
    )
    return model


def _instant(value: object) -> object:
    found = plain(value)
    return found.toordinal() if hasattr(found, "toordinal") else found
