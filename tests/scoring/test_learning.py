from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from learning_samples import AS_OF, OCTOBER_2005, SBA, loan_table, null_table, sample
from scipy.optimize import minimize
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score
from sklearn.metrics import log_loss as sklearn_log_loss

from scoring.learning import (
    Feature,
    LeakageError,
    LearnError,
    Method,
    Model,
    Table,
    build_table,
    check_leakage,
    choose_method,
    fit_model,
    make_binnings,
    parse_model,
    read_model,
)
from scoring.learning.bins import MOST_BINS, code_table
from scoring.learning.evaluate import Learner, forward_splits, random_splits
from scoring.learning.fits import BOOSTING, RIDGE, SEED, recalibrate
from scoring.learning.measures import (
    auc,
    average_precision,
    brier,
    calibration_error,
    log_loss,
    reliability,
    sigmoid,
)


@pytest.fixture(scope="module")
def loans() -> Table:
    return loan_table()


@pytest.fixture(scope="module")
def ridge(loans: Table) -> Model:
    return fit_model(sample(loans, 300, 1), version="r", method=Method.RIDGE)


def out_of_fold(table: Table, method: Method, repeats: int = 1) -> np.ndarray:
    learner = Learner(table, make_binnings(table))
    found = [learner.out_of_fold(method, splits) for splits in random_splits(table.labels, repeats=repeats)]
    return np.array(found)


def test_additive_boosting_ranks_and_calibrates_loans_known_at_approval(loans: Table) -> None:
    chances = out_of_fold(loans, Method.ADDITIVE)[0]
    assert auc(loans.labels, chances) >= 0.815
    assert calibration_error(loans.labels, chances) <= 0.03


@pytest.mark.parametrize("method", [Method.ADDITIVE, Method.RIDGE])
def test_what_was_learned_before_october_2005_ranks_the_loans_after(loans: Table, method: Method) -> None:
    assert loans.times is not None
    before, after = np.flatnonzero(loans.times < OCTOBER_2005), np.flatnonzero(loans.times >= OCTOBER_2005)
    model = fit_model(loans.take(before), version="t", method=method, replicas=0)
    later = loans.take(after)
    assert auc(later.labels, model.logits(later)) >= (0.70 if method is Method.ADDITIVE else 0.68)


@pytest.mark.parametrize("count", [20, 40, 80, 160, 640])
def test_the_served_score_is_never_behind_the_rubric_and_close_to_the_best_way_to_learn(
    loans: Table, count: int
) -> None:
    lost: dict[str, list[float]] = {"served": [], **{method.value: [] for method in Method}}
    for seed in range(16 if count < 640 else 4):
        order = np.random.default_rng(seed).permutation(len(loans))
        judged, table = loans.take(order[:700]), loans.take(np.sort(order[700 : 700 + count]))
        if table.smaller < 5:
            continue
        binnings = make_binnings(table)
        learner = Learner(table, binnings)
        served = choose_method(table, learner)
        codes = code_table(judged, binnings)
        for method in Method if count >= 160 else (Method.RECALIBRATED, Method.RIDGE):
            logits = learner.fit(method).logits(judged.totals, codes)
            lost[method.value].append(log_loss(judged.labels, sigmoid(logits)))
            if method is served:
                lost["served"].append(lost[method.value][-1])
    means = {name: float(np.mean(values)) for name, values in lost.items() if values}
    assert means["served"] <= means["recalibrated"] + 0.005
    assert means["served"] <= min(means.values()) + 0.01


@pytest.mark.parametrize("method", [Method.RIDGE, Method.ADDITIVE])
def test_shuffled_labels_teach_nothing(loans: Table, method: Method) -> None:
    shuffled = np.random.default_rng(5).permutation(loans.labels)
    table = Table(
        loans.features, loans.columns, loans.criteria, loans.rules, shuffled, loans.groups, loans.times, loans.order
    )
    assert 0.45 <= auc(table.labels, out_of_fold(table, method)[0]) <= 0.55


def test_the_exported_scorecard_answers_as_scikit_learn_does(loans: Table) -> None:
    table = sample(loans, 800, 2)
    model = parse_model(fit_model(table, version="a", method=Method.ADDITIVE, replicas=0).canonical_json())
    binnings = make_binnings(table)
    given = code_table(table, binnings).astype(float)
    booster = HistGradientBoostingClassifier(
        interaction_cst="no_interactions",
        monotonic_cst=[feature.direction for feature in AS_OF],
        categorical_features=[feature.category for feature in AS_OF],
        random_state=SEED,
        **BOOSTING,
    ).fit(given, table.labels)
    expected = booster.decision_function(given)
    assert np.abs(model.logits(table) - expected).max() < 1e-9
    one_by_one = [
        model.logit({}, {feature.key: table.columns[feature.key][row] for feature in AS_OF}) for row in range(200)
    ]
    assert np.abs(np.array(one_by_one) - expected[:200]).max() < 1e-9


def test_ridge_finds_the_least_penalised_loss(loans: Table) -> None:
    table = sample(loans, 120, 3)
    learner = Learner(table, make_binnings(table))
    fit = learner.fit(Method.RIDGE)
    design = np.column_stack([fit.recalibration.logits(table.totals), learner._designs.matrix])
    pull = np.zeros(design.shape[1])
    pull[0] = 1

    def loss(free: np.ndarray) -> tuple[float, np.ndarray]:
        eta = free[0] + design @ free[1:]
        away = free[1:] - pull
        slope = 1 / (1 + np.exp(-eta)) - table.labels
        value = np.logaddexp(0, eta).sum() - eta[table.labels == 1].sum() + RIDGE / 2 * away @ away
        return value, np.concatenate([[slope.sum()], design.T @ slope + RIDGE * away])

    best = minimize(loss, np.concatenate([[0], pull]), jac=True, method="BFGS", options={"gtol": 1e-7})
    eta = best.x[0] + design @ best.x[1:]
    assert np.abs(fit.logits(table.totals, learner.codes) - eta).max() < 1e-4


def test_recalibration_of_two_equal_halves_is_the_log_odds_done_by_hand() -> None:
    # 100 rows at 20 points fit in 30 of 100, 100 rows at 80 points in 70 of 100: log-odds -0.8473 and +0.8473.
    totals = np.repeat([200.0, 800.0], 100)
    labels = np.array([1] * 30 + [0] * 70 + [1] * 70 + [0] * 30)
    found = recalibrate(totals, labels).logits(np.array([200.0, 800.0]))
    assert found == pytest.approx([-0.8473, 0.8473], abs=0.005)


def test_measures_agree_with_scikit_learn() -> None:
    dice = np.random.default_rng(1)
    labels = (dice.random(500) < 0.3).astype(int)
    chances = np.round(np.clip(labels * 0.2 + dice.random(500) * 0.7, 0.01, 0.99), 2)
    assert auc(labels, chances) == pytest.approx(roc_auc_score(labels, chances), abs=1e-12)
    assert average_precision(labels, chances) == pytest.approx(average_precision_score(labels, chances), abs=1e-12)
    assert brier(labels, chances) == pytest.approx(brier_score_loss(labels, chances), abs=1e-12)
    assert log_loss(labels, chances) == pytest.approx(sklearn_log_loss(labels, chances), abs=1e-12)


def test_calibration_error_of_a_table_done_by_hand() -> None:
    labels = np.array([0, 0, 0, 1, 1, 1, 1, 0])
    chances = np.array([0.1, 0.1, 0.1, 0.1, 0.9, 0.9, 0.9, 0.9])
    assert [row.observed for row in reliability(labels, chances, 2)] == [0.25, 0.75]
    assert calibration_error(labels, chances, 2) == pytest.approx(0.15)


def test_bins_are_few_round_and_one_more_for_what_is_missing(loans: Table) -> None:
    for binning in make_binnings(loans):
        assert 1 <= binning.bins <= MOST_BINS
        for cut in binning.cuts:
            assert float(f"{cut:.1e}") == cut
    table = build_table([Feature("x")], {"x": [1, 2, None, math.nan] * 5}, [0, 1] * 10)
    binning = make_binnings(table)[0]
    assert binning.cuts == (2.0,)
    assert sorted(set(binning.codes(table.columns["x"]).tolist())) == [0, 1, 2]


def test_a_word_never_seen_is_scored_as_a_rare_one() -> None:
    words = [f"word{number % 9}" for number in range(90)]
    table = build_table([Feature("w", category=True)], {"w": words}, [0, 1] * 45)
    binning = make_binnings(table)[0]
    assert binning.bins == MOST_BINS
    assert binning.codes(np.array(["word8", "new", None], dtype=object)).tolist() == [7, 7, 8]


def test_the_order_of_the_rows_changes_nothing() -> None:
    if not SBA.exists():
        pytest.skip(f"needs ../shared/data/scoring/{SBA.name}")
    table = null_table(100, 1)
    turned = table.take(np.arange(100)[::-1])
    again = build_table(
        turned.features,
        {key: column.tolist() for key, column in turned.columns.items()},
        turned.labels.tolist(),
        rules={key: turned.rules[:, place].tolist() for place, key in enumerate(turned.criteria)},
        times=turned.times.tolist() if turned.times is not None else None,
    )
    assert fit_model(again, version="v").canonical_json() == fit_model(table, version="v").canonical_json()


def test_a_model_comes_back_from_its_json_whole(ridge: Model) -> None:
    assert len(ridge.replicas) == 50
    assert parse_model(ridge.canonical_json()) == ridge
    assert parse_model(ridge.canonical_json()).sha256 == ridge.sha256
    assert ridge.evidence == ridge.smaller / (ridge.smaller + 50)


def test_shares_of_all_criteria_make_exactly_100_points(ridge: Model) -> None:
    assert sum(share.maximum for share in ridge.shares.values()) == 1000
    assert all(share.maximum >= 0 for share in ridge.shares.values())


def test_more_log_odds_never_mean_fewer_points(loans: Table, ridge: Model) -> None:
    table = sample(loans, 400, 9)
    rules = [dict(zip(table.criteria, map(int, row), strict=True)) for row in table.rules.tolist()]
    values = [{f.key: table.columns[f.key][row] for f in AS_OF} for row in range(len(table))]
    totals = [
        sum(ridge.points(key, ridge.contribution(key, r.get(key, 0), v), r.get(key, 0)) for key in ridge.by_criterion)
        for r, v in zip(rules, values, strict=True)
    ]
    exact = ridge.tenths_per_logit * (ridge.logits(table) - ridge.base)
    drift = np.array(totals) - exact
    # One linear scale for all: what is left is the rounding of each criterion, half a tenth at most.
    assert drift.max() - drift.min() <= len(ridge.by_criterion)


def test_a_capped_criterion_keeps_to_its_cap(loans: Table) -> None:
    table = sample(loans, 300, 1)
    model = fit_model(table, version="c", method=Method.RIDGE, caps={"GrAppv": 30}, replicas=5)
    free = fit_model(table, version="c", method=Method.RIDGE, replicas=5)
    assert free.shares["GrAppv"].maximum > 30
    assert model.shares["GrAppv"].maximum <= 30
    assert float(model.logits(table).mean()) == pytest.approx(float(free.logits(table).mean()), abs=1e-9)


def test_the_band_holds_the_model_and_narrows_with_labels(loans: Table) -> None:
    widths = []
    for count in (80, 640):
        table = sample(loans, count, 4)
        model = fit_model(table, version="b", method=Method.RIDGE)
        bands = [
            model.band(
                dict(zip(table.criteria, table.rules[row], strict=True)),
                {f.key: table.columns[f.key][row] for f in AS_OF},
            )
            for row in range(40)
        ]
        widths.append(float(np.median([high - low for low, high in filter(None, bands)])))
    assert widths[1] < widths[0]


def test_columns_known_only_afterwards_stop_training(loans: Table) -> None:
    for column in ("MIS_Status", "ChgOffDate", "ChgOffPrinGr"):
        table = loan_table((Feature(column, category=column == "MIS_Status"),))
        with pytest.raises(LeakageError) as caught:
            fit_model(table, version="x")
        assert caught.value.place == column
        assert "AUC" in caught.value.message_ko
        assert "seems to know the outcome" in caught.value.message_en
    with pytest.raises(LeakageError) as caught:
        fit_model(loan_table((Feature("Term", after_decision=True),)), version="x")
    assert caught.value.message_ko == "Term: 결정 이후에 기록되는 항목이라 학습에 쓸 수 없습니다."


def test_a_value_recorded_after_its_decision_stops_training_by_row() -> None:
    table = build_table([Feature("x")], {"x": [0, 1] * 15}, [0, 0, 1, 1, 0] * 6, times=list(range(30)))
    check_leakage(table, recorded={"x": list(range(30))})
    with pytest.raises(LeakageError) as caught:
        check_leakage(table, recorded={"x": [*range(29), 30]})
    assert (caught.value.place, caught.value.row) == ("x", 30)


@pytest.mark.parametrize(("rows", "fits"), [(19, 9), (40, 4)])
def test_a_handful_of_labels_is_not_learned_from(rows: int, fits: int) -> None:
    table = build_table([], {}, [1] * fits + [0] * (rows - fits), rules={"c": list(range(rows))})
    with pytest.raises(LearnError) as caught:
        fit_model(table, version="x")
    assert "too few" in caught.value.message_en
    assert "최소 20개" in caught.value.message_ko


@pytest.mark.parametrize(
    ("column", "labels", "place", "row"),
    [
        ([1.0, math.inf], [0, 1], "x", 2),
        ([1.0, "many"], [0, 1], "x", 2),
        ([1.0, 2.0], [0, 2], "label", 2),
        ([1.0, 2.0], [None, 1], "label", 1),
        ([1.0], [0, 1], "x", None),
    ],
)
def test_bad_rows_are_refused_by_place(column: list[object], labels: list[object], place: str, row: int | None) -> None:
    with pytest.raises(LearnError) as caught:
        build_table([Feature("x")], {"x": column}, labels)
    assert (caught.value.place, caught.value.row) == (place, row)


def document(model: Model, **changed: object) -> str:
    return json.dumps(json.loads(model.canonical_json()) | changed)


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"slope": "1"}, "model.slope"),
        ({"slope": True}, "model.slope"),
        ({"smaller": -1}, "model.smaller"),
        ({"slpoe": 1}, "model.slpoe"),
        ({"format": 2}, "model.format"),
        ({"method": "magic"}, "model.method"),
        ({"criteria": [{"key": "a", "maximum": -5}]}, "model.criteria[0].maximum"),
        ({"caps": {"a": 1001}}, "model.caps.a"),
        ({"terms": [3]}, "model.terms[0]"),
    ],
)
def test_a_model_that_was_tampered_with_is_refused_by_place(
    ridge: Model, changed: dict[str, object], place: str
) -> None:
    with pytest.raises(LearnError) as caught:
        parse_model(document(ridge, **changed))
    assert caught.value.place == place
    assert caught.value.message_ko != caught.value.message_en


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"cuts": [2.0, 2.0]}, "model.terms[0].cuts"),
        ({"weights": [0.0]}, "model.terms[0].weights"),
        ({"cuts": [float(cut) for cut in range(8)]}, "model.terms[0]"),
        ({"direction": 2}, "model.terms[0].direction"),
        ({"source": "rumour"}, "model.terms[0].source"),
    ],
)
def test_a_term_that_overlaps_or_does_not_fit_is_refused(ridge: Model, changed: dict[str, object], place: str) -> None:
    terms = json.loads(ridge.canonical_json())["terms"]
    with pytest.raises(LearnError) as caught:
        parse_model(document(ridge, terms=[terms[0] | changed, *terms[1:]]))
    assert caught.value.place == place


junk = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.lists(st.integers(), max_size=2)
)


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_any_one_value_changed_gives_a_model_or_an_error_that_names_its_place(
    ridge: Model, data: st.DataObject
) -> None:
    whole = json.loads(replace(ridge, replicas=ridge.replicas[:2]).canonical_json())
    part, key = whole, data.draw(st.sampled_from(sorted(whole)))
    while isinstance(part[key], dict | list) and part[key] and data.draw(st.booleans()):
        part = part[key]
        key = data.draw(st.sampled_from(sorted(part) if isinstance(part, dict) else range(len(part))))
    part[key] = data.draw(junk)
    place = "model"
    try:
        read_model(whole)
    except LearnError as error:
        place = str(error.place)
    assert place.startswith("model")


@pytest.mark.parametrize(
    "text",
    [
        '{"slope": ' + "9" * 5000 + "}",
        '{"slope": 1e400}',
        '{"slope": NaN}',
        '{"slope": -Infinity}',
        "[]",
        "{",
        '{"a": 1, "a": 2}',
        "[" * 100_000,
    ],
)
def test_what_is_no_model_is_refused(text: str) -> None:
    with pytest.raises(LearnError) as caught:
        parse_model(text)
    assert caught.value.message_ko


def test_forward_splits_only_look_back_and_keep_equal_times_together() -> None:
    times = np.array([3.0, 1.0, 1.0, 2.0, 5.0, 4.0, 4.0, 4.0, 6.0, 7.0])
    for split in forward_splits(times):
        assert times[split.train].max() < times[split.test].min()
