"""Scoring one application, a million rows, training; and accuracy beside other ways to learn on the same folds."""

from __future__ import annotations

import csv
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from measuring import Case, clock
from sheets import EXAMPLES
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from scoring import (
    CATALOGUE,
    FactError,
    Facts,
    Kind,
    Method,
    Model,
    Scorecard,
    Scorer,
    default_rubric,
    score,
    train_applications,
)
from scoring.learning import Feature, Table, batch_points, build_table, fit_model, make_binnings
from scoring.learning.batch import criterion_table
from scoring.learning.bins import code_table
from scoring.learning.evaluate import Learner, random_splits
from scoring.learning.fits import BOOSTING, SEED
from scoring.learning.measures import auc, calibration_error, log_loss
from scoring.learning.train import REPLICAS, auc_interval
from scoring.operators import holds

SBA = Path(__file__).resolve().parents[2] / "shared" / "data" / "scoring" / "sba_case_ca_2101.csv"
COLUMNS = ("NoEmp", "New", "CreateJob", "RetainedJob", "GrAppv", "Portion", "RealEstate", "franchise", "home_bank")
WORDS = ("UrbanRural", "RevLineCr", "LowDoc", "NAICS")
DIRECTIONS = {"NoEmp": 1, "GrAppv": 1, "RealEstate": 1}


def _example_facts() -> list[Facts]:
    """Return the example applications without their texts."""
    found = []
    with (EXAMPLES / "applications.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            answers = {
                key: cell for key, cell in row.items() if key in CATALOGUE and CATALOGUE[key].kind is not Kind.TEXT
            }
            try:
                found.append(Facts.from_answers(answers))
            except FactError:
                continue  # the examples hold rows that are refused on purpose
    return found


def _learned(facts: list[Facts]) -> Model:
    dice = np.random.default_rng(SEED)
    rubric = default_rubric()
    totals = np.array([score(one, rubric).total_tenths for one in facts])
    labels = (dice.random(len(facts)) < 1 / (1 + np.exp(-(totals - np.median(totals)) / 80))).astype(int)
    return train_applications(facts, labels.tolist(), rubric, version="bench")[0]


def _bare(facts: Facts, rules: list[tuple[int, list[tuple[str, object, object, int]]]]) -> int:
    """Add up the same points and nothing else: no reasons, no knock-outs, no coverage, no hashes."""
    values = facts.values
    total = 0
    for maximum, asked in rules:
        given = 0
        for key, operator, value, points in asked:
            answer = values.get(key)
            if answer is not None and holds(operator, value, answer):  # type: ignore[arg-type]
                given += points
        total += min(given, maximum)
    return total


def explaining(rounds: int, repetitions: int) -> Iterator[Case]:
    """Score and explain one application without text, by rules alone and with a model; the floor only adds points."""
    facts = _example_facts()
    rubric = default_rubric()
    model = _learned(facts)
    rules = [
        (
            criterion.maximum,
            [
                (rule.field, rule.operator, rule.value, rule.points)
                for rule in criterion.rules
                if CATALOGUE[rule.field].kind is not Kind.TEXT
            ],
        )
        for criterion in rubric.criteria
    ]
    assert [_bare(one, rules) for one in facts] == [score(one, rubric).total_tenths for one in facts]  # type: ignore[arg-type]

    def run(work: Callable[[Facts], object]) -> float:
        fresh = [Facts(one.entries) for one in facts * rounds]

        def each() -> None:
            for one in fresh:
                work(one)

        return clock(each)

    for name, learned in (("rules", None), ("rules and model", model)):
        yield Case(
            what=f"score and explain, {name}",
            store="",
            n=len(facts) * rounds,
            unit="rows/s",
            run=lambda learned=learned: run(lambda one: score(one, rubric, learned)),  # type: ignore[misc]
            floors={"the same points in a bare loop": lambda: run(lambda one: _bare(one, rules))},  # type: ignore[arg-type]
            repetitions=repetitions,
        )


def rescoring(rows: int, repetitions: int) -> Case:
    """Score many applications without text again, each with its explanation; the floor scores one after the other."""
    dice = random.Random(SEED)  # noqa: S311 - invented data, the same each time
    answers = [one.to_answers() for one in _example_facts()]
    keys = sorted({key for row in answers for key in row})
    facts = [Facts.from_answers({key: dice.choice(answers).get(key) for key in keys}) for _ in range(rows)]
    rubric = default_rubric()

    def run(work: Callable[[Facts], Scorecard]) -> float:
        fresh = [Facts(one.entries) for one in facts]
        return clock(lambda: sum(work(one).total_tenths for one in fresh))

    return Case(
        what="score many again, no text",
        store="",
        n=rows,
        unit="s",
        run=lambda: run(Scorer(rubric).score),
        floors={"one after the other": lambda: run(lambda one: score(one, rubric))},
        repetitions=repetitions,
    )


def batch(rows: int, repetitions: int) -> Case:
    """Give the points of many applications from their rule points; the floor looks up and sums ready tables."""
    model = _learned(_example_facts())
    dice = np.random.default_rng(SEED)
    maxima = dict(model.maxima)
    rules = {key: dice.integers(-1, maxima[key] + 1, rows).astype(np.int16) for key in model.by_criterion}
    tables = {key: np.array(criterion_table(model, key).points, dtype=np.int16) for key in rules}

    def floor() -> np.ndarray:
        total = np.zeros(rows, dtype=np.int64)
        for key, column in rules.items():
            total += tables[key][column]
        return total

    assert (floor() == batch_points(model, rules)).all()
    return Case(
        what="points of many applications",
        store="",
        n=rows,
        unit="rows/s",
        run=lambda: clock(lambda: batch_points(model, rules)),
        floors={"NumPy look-up and sum": lambda: clock(floor)},
        repetitions=repetitions,
    )


def _loans() -> Table | None:
    if not SBA.exists():
        return None
    with SBA.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["franchise"] = str(int(int(row["FranchiseCode"]) > 1))
        row["home_bank"] = str(int(row["BankState"] == "CA"))
    features = [
        *(Feature(name, direction=DIRECTIONS.get(name, 0)) for name in COLUMNS),
        *(Feature(name, category=True) for name in WORDS),
    ]
    return build_table(
        features,
        {feature.key: [row[feature.key] or None for row in rows] for feature in features},
        [1 - int(row["Default"]) for row in rows],
        rules={"security": [250 * int(row["RealEstate"]) for row in rows]},
        times=[float(row["ApprovalDate"]) for row in rows],
    )


def training(rows: int, repetitions: int) -> Case | None:
    """Train, cross-validate twice over five folds and refit fifty times; the floor is scikit-learn's fits alone."""
    loans = _loans()
    if loans is None:
        return None
    # The rows are in order of time, and early loans were nearly all paid back.
    table = loans.take(np.unique(np.linspace(0, len(loans) - 1, rows).astype(np.int64)))

    def ours() -> None:
        learner = Learner(table, make_binnings(table))
        for splits in random_splits(table.labels):
            learner.out_of_fold(Method.ADDITIVE, splits)
        fit_model(table, version="bench", method=Method.ADDITIVE, measured=False)

    binnings = make_binnings(table)
    codes = code_table(table, binnings).astype(float)
    parts = [split.train for splits in random_splits(table.labels) for split in splits]
    parts.append(np.arange(len(table)))
    dice = np.random.default_rng(SEED)
    parts += [dice.integers(0, len(table), len(table)) for _ in range(REPLICAS)]

    def floor() -> None:
        for part in parts:
            _booster(binnings).fit(codes[part], table.labels[part])

    return Case(
        what="train, 5×2 folds, 50 refits",
        store="",
        n=len(table),
        unit="s",
        run=lambda: clock(ours),
        floors={"scikit-learn's fits alone": lambda: clock(floor)},
        repetitions=repetitions,
    )


def _booster(binnings: tuple[object, ...], **changed: object) -> HistGradientBoostingClassifier:
    features = [binning.feature for binning in binnings]  # type: ignore[attr-defined]
    asked = {
        "interaction_cst": "no_interactions",
        "monotonic_cst": [feature.direction for feature in features],
        "categorical_features": [feature.category for feature in features],
        "random_state": SEED,
        **BOOSTING,
    }
    return HistGradientBoostingClassifier(**(asked | changed))


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How well one way to learn does on rows it has not seen; seconds are those of one fit."""

    what: str
    auc: float
    auc_low: float
    auc_high: float
    log_loss: float
    calibration_error: float
    seconds: float


def describe(what: str, labels: np.ndarray, chances: np.ndarray, seconds: float) -> Accuracy:
    """Return the figures of probabilities for rows not learned from."""
    area = auc(labels, chances)
    low, high = auc_interval(area, int(labels.sum()), int((1 - labels).sum()))
    return Accuracy(what, area, low, high, log_loss(labels, chances), calibration_error(labels, chances, 10), seconds)


def accuracy(peers: Callable[[dict[str, object]], dict[str, object] | str]) -> tuple[list[Accuracy], str]:
    """Compare on five folds of the public loans; peers are handed the folds and give their probabilities.

    Returns:
        The figures, and what was left out and why.
    """
    table = _loans()
    if table is None:
        return [], "the public loans are not beside this checkout"
    binnings = make_binnings(table)
    learner = Learner(table, binnings)
    splits = random_splits(table.labels, repeats=1)[0]
    rows: list[Accuracy] = []
    for method, name in ((Method.RIDGE, "ours: ridge to rubric"), (Method.ADDITIVE, "ours: additive, 8 bins")):
        started = time.perf_counter()
        chances = learner.out_of_fold(method, splits)
        rows.append(describe(name, table.labels, chances, (time.perf_counter() - started) / len(splits)))
    plain = _plain_columns(table)
    onehot = _onehot(table)
    ways = {
        "logistic regression": (onehot, lambda: make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))),
        "gradient boosting, unrestricted": (
            plain,
            lambda: HistGradientBoostingClassifier(
                categorical_features=list(range(len(COLUMNS), plain.shape[1])),
                max_iter=200,
                learning_rate=0.06,
                max_leaf_nodes=15,
                random_state=SEED,
            ),
        ),
    }
    for name, (columns, make) in ways.items():
        chances = np.empty(len(table))
        started = time.perf_counter()
        for split in splits:
            fitted = make().fit(columns[split.train], table.labels[split.train])
            chances[split.test] = fitted.predict_proba(columns[split.test])[:, 1]
        rows.append(describe(name, table.labels, chances, (time.perf_counter() - started) / len(splits)))
    told = peers(
        {
            "columns": [*COLUMNS, *WORDS],
            "words": list(WORDS),
            "rows": plain.tolist(),
            "labels": table.labels.tolist(),
            "folds": [split.test.tolist() for split in splits],
        }
    )
    if isinstance(told, str):
        return rows, told
    for name, found in told.items():
        assert isinstance(found, dict)
        rows.append(describe(name, table.labels, np.array(found["chances"]), float(found["seconds"])))
    return rows, ""


def _plain_columns(table: Table) -> np.ndarray:
    """Return numbers as they are and words as the number of their rank in the alphabet."""
    columns = [np.asarray(table.columns[name], dtype=float) for name in COLUMNS]
    columns += [np.unique(table.columns[name].astype(str), return_inverse=True)[1].astype(float) for name in WORDS]
    return np.column_stack(columns)


def _onehot(table: Table) -> np.ndarray:
    numbers = np.column_stack([np.asarray(table.columns[name], dtype=float) for name in COLUMNS])
    words = [table.columns[name].astype(str) for name in WORDS]
    return np.column_stack(
        [numbers, *[(column[:, None] == np.unique(column)[None, 1:]).astype(float) for column in words]]
    )
