from __future__ import annotations

import json
import math

import numpy as np
import pytest
from learning_samples import OCTOBER_2005, SBA, read_rows
from scipy.stats import spearmanr
from sklearn.metrics import cohen_kappa_score

from scoring import LearnError
from scoring.canonical import canonical_json
from scoring.watch import (
    compare_selection,
    estimate_leniency,
    measure_agreement,
    measure_drift,
    tabulate_calibration,
)


def test_no_drift_is_called_drift_once_in_a_hundred() -> None:
    dice = np.random.default_rng(1)
    called = sum(
        measure_drift("score", dice.normal(size=120).tolist(), dice.normal(size=120).tolist()).moved for _ in range(200)
    )
    # Expected 2 of 200; more than 8 would be a chance of one in a thousand.
    assert called <= 8


def test_the_shift_between_the_loans_before_and_after_october_2005_is_seen() -> None:
    rows = read_rows(SBA)
    before = [float(row["GrAppv"]) for row in rows if float(row["ApprovalDate"]) < OCTOBER_2005]
    now = [float(row["GrAppv"]) for row in rows if float(row["ApprovalDate"]) >= OCTOBER_2005]
    found = measure_drift("GrAppv", before, now)
    assert (found.rows_before, found.rows_now) == (1158, 943)
    assert found.moved
    assert found.p_value == 0.0002


def test_a_large_index_of_few_rows_concludes_nothing() -> None:
    dice = np.random.default_rng(3)
    found = measure_drift("score", dice.normal(size=30).tolist(), dice.normal(2, 1, size=30).tolist())
    assert found.index > 0.25
    assert not found.enough
    assert not found.moved


def test_the_index_of_two_words_is_the_sum_done_by_hand() -> None:
    found = measure_drift("size", ["a"] * 150 + ["b"] * 50, ["a"] * 100 + ["b"] * 100)
    # Shares with half a row added: 150.5/201 and 50.5/201 against 100.5/201 twice.
    parts = [(100.5 - 150.5) / 201 * math.log(100.5 / 150.5), (100.5 - 50.5) / 201 * math.log(100.5 / 50.5)]
    assert found.index == pytest.approx(sum(parts), abs=1e-6)
    assert [(one.label, one.before, one.now) for one in found.bins] == [("a", 150, 100), ("b", 50, 100)]


def test_missing_values_are_a_bin_of_their_own() -> None:
    found = measure_drift("employees", [1.0, 2.0, None] * 50, [1.0, 2.0, 3.0] * 50)
    assert (found.bins[-1].label, found.bins[-1].before, found.bins[-1].now) == ("–", 50, 0)
    assert found.moved


def test_probabilities_are_set_beside_what_came_true() -> None:
    table = tabulate_calibration([0.2] * 50 + [0.8] * 50, [1] * 10 + [0] * 40 + [1] * 40 + [0] * 10, bins=2)
    assert [(one.rows, one.predicted, one.observed) for one in table.bins] == [
        (50, pytest.approx(0.2), 0.2),
        (50, pytest.approx(0.8), 0.8),
    ]
    assert (table.error, table.brier, table.auc) == (0.0, 0.16, 0.8)


@pytest.mark.parametrize(
    ("chances", "outcomes", "place"),
    [([1.2], [1], "probability"), ([math.nan], [1], "probability"), ([0.5], [2], "outcome"), ([0.5], [], None)],
)
def test_probabilities_and_outcomes_out_of_range_are_refused(
    chances: list[float], outcomes: list[int], place: str | None
) -> None:
    with pytest.raises(LearnError) as caught:
        tabulate_calibration(chances, outcomes)
    assert caught.value.place == place


def test_leniency_is_told_apart_from_the_applications_a_reviewer_got() -> None:
    # Kim is one point more lenient than Lee and two more than Park; Park happened to read the best applications.
    worth = {"A": 1.0, "B": 2.0, "C": 3.0, "D": 4.0}
    leniency = {"Kim": 1.0, "Lee": 0.0, "Park": -1.0}
    read = {"Kim": "ABC", "Lee": "ABCD", "Park": "BCD"}
    ratings = [(who, what, worth[what] + leniency[who]) for who, names in read.items() for what in names]
    found = estimate_leniency(ratings)
    assert {one.reviewer: one.leniency for one in found.reviewers} == leniency
    assert dict(found.applications) == worth
    assert found.spread == 0.0
    means = {who: sum(r for w, _, r in ratings if w == who) / len(names) for who, names in read.items()}
    assert means["Park"] > means["Lee"] - 1.0


def test_leniency_agrees_with_least_squares_with_dummies() -> None:
    dice = np.random.default_rng(2)
    ratings = [(f"R{who}", f"A{what}", float(dice.integers(0, 5))) for who in range(4) for what in range(8)]
    found = {one.reviewer: one.leniency for one in estimate_leniency(ratings).reviewers}
    # Everybody rated everything: leniency is the difference of means.
    overall = sum(rating for _, _, rating in ratings) / len(ratings)
    for who, value in found.items():
        assert value == pytest.approx(sum(r for w, _, r in ratings if w == who) / 8 - overall, abs=1e-4)


def test_reviewers_who_share_no_application_are_in_circles_of_their_own() -> None:
    found = estimate_leniency([("A", "1", 3.0), ("B", "1", 2.0), ("C", "2", 4.0), ("D", "2", 1.0)])
    assert [(one.reviewer, one.circle) for one in found.reviewers] == [("A", 1), ("B", 1), ("C", 2), ("D", 2)]
    assert [one.leniency for one in found.reviewers] == [0.5, -0.5, 1.5, -1.5]
    assert found.reviewers[0].error is None


def test_a_rating_given_twice_is_refused() -> None:
    with pytest.raises(LearnError):
        estimate_leniency([("A", "1", 3.0), ("A", "1", 2.0)])


def test_four_fifths_of_the_highest_rate_is_the_line() -> None:
    groups = ["large"] * 40 + ["small"] * 50 + ["micro"] * 40 + ["rare"] * 5 + [None] * 3
    selected = [True] * 20 + [False] * 20 + [True] * 20 + [False] * 30 + [True] * 15 + [False] * 25 + [False] * 8
    found = compare_selection("size", groups, selected)
    assert {one.group: one.ratio for one in found.groups} == {
        "large": 1.0,
        "small": 0.8,
        "micro": 0.75,
        "rare": 0.0,
        "–": 0.0,
    }
    assert found.below == ("micro",)
    assert found.lowest == 0.75


def test_agreement_is_what_other_tools_say() -> None:
    dice = np.random.default_rng(4)
    scores = dice.integers(0, 101, 60).astype(float)
    ratings = np.clip(np.round(scores / 25 + dice.normal(0, 0.8, 60)), 0, 4)
    rows = [(f"{n:03}", scores[n], ratings[n]) for n in range(60)]
    found = measure_agreement(rows, score_from=60)
    assert found.kappa == pytest.approx(cohen_kappa_score(scores >= 60, ratings >= 3), abs=1e-4)
    assert found.rank_correlation == pytest.approx(spearmanr(scores, ratings).statistic, abs=1e-4)
    assert found.both + found.machine_only + found.committee_only + found.neither == 60
    assert all(one.machine_fits != one.committee_fits for one in found.disagreements)


@pytest.mark.parametrize(
    "document",
    [
        measure_drift("x", [1.0, 2.0], [2.0, 3.0]).to_document(),
        tabulate_calibration([0.5, 0.6], [0, 1]).to_document(),
        estimate_leniency([("A", "1", 3.0), ("B", "1", 2.0)]).to_document(),
        compare_selection("region", ["a", "b"], [True, False]).to_document(),
        measure_agreement([("1", 50.0, 3.0), ("2", 70.0, 2.0)], score_from=60).to_document(),
    ],
)
def test_every_finding_is_plain_json(document: dict[str, object]) -> None:
    assert json.loads(canonical_json(document)) == document  # type: ignore[arg-type]
