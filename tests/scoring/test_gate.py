from __future__ import annotations

import json

import numpy as np
import pytest
from learning_samples import loan_table, null_table, sample

from scoring.learning import Feature, LearnError, Method, Model, Table, Verdict, build_table, fit_model, judge
from scoring.learning.gate import _fresh, lower_bound

RUNS = 200


def judged(table: Table, **asked: object) -> Verdict:
    challenger = fit_model(table, version="challenger", method=Method.RIDGE, replicas=0, measured=False)
    return judge(table, challenger, shadow_weeks=4, **asked)  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [80, 160, 320])
def test_a_challenger_with_nothing_to_say_is_let_in_once_in_twenty_at_most(count: int) -> None:
    let_in = sum(judged(null_table(count, seed)).passed for seed in range(RUNS))
    assert let_in <= 0.05 * RUNS


def test_a_challenger_that_knows_more_is_let_in_nine_times_in_ten_at_320_labels() -> None:
    loans = loan_table()
    let_in = sum(judged(sample(loans, 320, seed)).passed for seed in range(100))
    assert let_in >= 0.9 * 100


def test_additive_boosting_with_nothing_to_say_is_not_let_in() -> None:
    table = null_table(400, 3)
    challenger = fit_model(table, version="a", method=Method.ADDITIVE, replicas=0)
    verdict = judge(table, challenger, shadow_weeks=4)
    assert not verdict.passed
    assert "gain" in [check.key for check in verdict.failed]


def groups(table: Table, **given: list[str]) -> Table:
    named = {name: np.array(words, dtype=object) for name, words in given.items()}
    return Table(
        table.features, table.columns, table.criteria, table.rules, table.labels, named, table.times, table.order
    )


def telling_table(count: int, seed: int = 1) -> Table:
    """Rows that one feature tells far better than the rubric does."""
    dice = np.random.default_rng(seed)
    signal, points = dice.normal(size=count), dice.integers(0, 1001, size=count)
    fits = dice.random(count) < 1 / (1 + np.exp(-2 * signal))
    return build_table(
        [Feature("signal", direction=1)],
        {"signal": signal.tolist()},
        fits.astype(int).tolist(),
        rules={"points": points.tolist()},
    )


def test_a_row_that_the_champion_may_have_learned_from_is_not_fresh_because_its_label_was_revised() -> None:
    def dated(times: list[int], firsts: list[int]) -> Table:
        signal, labels = list(range(100)), [0, 1] * 50
        points = {"points": [500] * 100}
        return build_table([Feature("signal")], {"signal": signal}, labels, rules=points, times=times, firsts=firsts)

    before = list(range(100))
    champion = fit_model(dated(before, before), version="old", method=Method.RIDGE, replicas=0, measured=False)
    revised = [1000 + instant for instant in before]
    assert len(_fresh(dated(revised, before), champion)) == 100  # none is new, and all are judged
    assert len(_fresh(dated(revised, [*before[:60], *revised[60:]]), champion)) == 40
    assert len(_fresh(dated(revised, revised), champion)) == 100


def test_all_checks_passed_let_a_challenger_in_and_say_why() -> None:
    verdict = judged(telling_table(200))
    assert verdict.passed
    assert [check.key for check in verdict.checks] == [
        "labels",
        "smaller_class",
        "gain",
        "forward",
        "calibration",
        "leakage",
        "sign:rubric",
        "sign:signal",
        "shadow",
    ]
    assert all(check.reason_ko and check.reason_en for check in verdict.checks)
    assert verdict.lower_bound > 0


@pytest.mark.parametrize(("count", "weeks", "failed"), [(79, 4, "labels"), (200, 3, "shadow")])
def test_one_condition_missed_keeps_a_challenger_out(count: int, weeks: int, failed: str) -> None:
    table = telling_table(count)
    challenger = fit_model(table, version="c", replicas=0)
    assert [check.key for check in judge(table, challenger, shadow_weeks=weeks).failed] == [failed]


def test_a_rare_class_keeps_a_challenger_out() -> None:
    table = telling_table(300)
    kept = np.sort(np.concatenate([np.flatnonzero(table.labels == 0), np.flatnonzero(table.labels == 1)[:19]]))
    assert "smaller_class" in [check.key for check in judged(table.take(kept)).failed]


def test_a_group_that_is_passed_over_is_named_until_somebody_explains_it() -> None:
    table = telling_table(300)
    signal = np.asarray(table.columns["signal"], dtype=float)
    size = ["small" if value < 0 else "large" for value in signal]
    table = groups(table, size=size, region=["capital", "elsewhere"] * 150)
    failed = judged(table).failed
    assert [check.key for check in failed] == ["group:size"]
    assert "small" in failed[0].reason_ko
    explained = judged(table, explained={"group:size": "규모가 곧 실적인 업종"})
    assert explained.passed
    assert "규모가 곧 실적인 업종" in next(c.reason_ko for c in explained.checks if c.key == "group:size")


def test_a_feature_that_speaks_against_the_rubric_is_named() -> None:
    table = telling_table(300)
    features = (Feature("signal", direction=-1, label_ko="신호", label_en="Signal"),)
    against = Table(features, table.columns, table.criteria, table.rules, table.labels, {}, table.times, table.order)
    failed = judged(against).failed
    assert [(check.key, check.reason_ko) for check in failed] == [
        ("sign:signal", "신호: 데이터가 기준표의 방향과 반대")
    ]


def test_from_160_labels_the_challenger_must_also_win_forward_in_time() -> None:
    verdict = judged(sample(loan_table(), 400, 2))
    forward = next(check for check in verdict.checks if check.key == "forward")
    assert forward.passed is not None
    early = next(check for check in judged(null_table(159, 2)).checks if check.key == "forward")
    assert early.passed is None


def test_a_champion_that_is_a_model_is_compared_as_it_stands() -> None:
    loans = loan_table()
    table = sample(loans, 400, 1)
    champion = fit_model(table, version="old", method=Method.RIDGE, replicas=0)
    verdict = judge(table, champion, champion, shadow_weeks=4)
    # It has seen these very labels, the challenger's folds have not.
    assert verdict.champion == "old"
    assert verdict.gain < 0
    assert not verdict.passed


def test_a_handful_of_labels_is_turned_away_and_not_tripped_over() -> None:
    challenger = fit_model(telling_table(100), version="c", replicas=0)
    for count in (6, 12, 30):
        verdict = judge(telling_table(count), challenger, shadow_weeks=0)
        assert {"labels", "smaller_class", "shadow"} <= {check.key for check in verdict.failed}


def test_a_table_without_the_challengers_column_is_refused() -> None:
    challenger = fit_model(telling_table(100), version="c", replicas=0)
    with pytest.raises(LearnError) as caught:
        judge(null_table(100, 1), challenger, shadow_weeks=4)
    assert caught.value.place == "signal"


def test_a_verdict_is_plain_json_and_the_same_each_time() -> None:
    table = telling_table(120)
    challenger: Model = fit_model(table, version="c", replicas=0)
    first, second = (judge(table, challenger, shadow_weeks=4) for _ in range(2))
    assert first == second
    assert json.loads(first.canonical_json())["checks"][0]["key"] == "labels"
    assert len(first.sha256) == 64


def test_the_lower_bound_of_four_differences_done_by_hand() -> None:
    mean, bound = lower_bound(np.array([1.0, 2.0, 3.0, 4.0]))
    # Standard deviation 1.290994, over 2: 0.645497, times 1.281552.
    assert (mean, round(bound, 6)) == (2.5, 1.672762)
