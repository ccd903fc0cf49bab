from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest

from scoring import (
    CATALOGUE,
    Calibration,
    Facts,
    Kind,
    LearnError,
    Model,
    Scorecard,
    State,
    canonical_json,
    code_version,
    default_dictionary,
    default_rubric,
    drawn_for_review,
    fit_calibration,
    judge,
    label_from_ratings,
    parse_model,
    parse_rubric,
    read_calibration,
    score,
    train_applications,
)
from scoring.learning import Method, batch_points
from scoring.learning.table import Source, Table
from scoring.training import application_features

WORDS = ("애저", "암호화", "은행", "병원", "한국어 데이터", "미세조정", "검색", "문서", "상담", "공장")


def invented(count: int, seed: int = 1, missing: float = 0.15) -> list[Facts]:
    """Applications with answers drawn at random, some of them missing."""
    dice = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        answers: dict[str, object] = {}
        for key in default_rubric().fields:
            field = CATALOGUE[key]
            if dice.random() < missing:
                continue
            match field.kind:
                case Kind.BOOLEAN:
                    answers[key] = bool(dice.random() < 0.5)
                case Kind.CHOICE:
                    answers[key] = str(dice.choice([c.code for c in field.choices]))
                case Kind.TEXT:
                    answers[key] = " ".join(dice.choice(WORDS, size=6))
                case Kind.MONEY:
                    answers[key] = int(dice.integers(0, 2_000_000_000))
                case _:
                    answers[key] = int(dice.integers(0, 6))
        made.append(Facts.from_answers(answers))
    return made


def outcomes(facts: Sequence[Facts], seed: int = 2) -> list[int]:
    """Fits that follow the rubric, and delivered projects more than the rubric thinks."""
    dice = np.random.default_rng(seed)
    rubric = default_rubric()
    pull = [
        (score(one, rubric).total_tenths - 500) / 120
        + (1.5 if (one.get("delivered_projects") or 0) in (3, 4, 5) else -0.5)
        for one in facts
    ]
    return (dice.random(len(facts)) < 1 / (1 + np.exp(-np.array(pull)))).astype(int).tolist()


@pytest.fixture(scope="module")
def applications() -> list[Facts]:
    return invented(300)


@pytest.fixture(scope="module")
def trained(applications: list[Facts]) -> tuple[Model, Table]:
    return train_applications(applications, outcomes(applications), default_rubric(), version="2026.1-a")


@pytest.fixture(scope="module")
def model(trained: tuple[Model, Table]) -> Model:
    return trained[0]


@pytest.fixture(scope="module")
def cards(applications: list[Facts], model: Model) -> list[Scorecard]:
    return [score(one, default_rubric(), model) for one in applications]


def check_adds_up(card: Scorecard) -> None:
    shown = json.loads(card.canonical_json(), parse_float=Decimal)
    assert shown["total"] == sum(criterion["points"] for criterion in shown["criteria"])
    for criterion in shown["criteria"]:
        assert criterion["points"] == criterion["rule_points"] + criterion["model_points"]
        assert 0 <= criterion["points"] <= criterion["max"]
    assert sum(criterion["max"] for criterion in shown["criteria"]) == 100
    assert card.worst_tenths <= card.total_tenths <= card.best_tenths <= 1000


def test_points_shown_add_up_to_the_score_on_every_record(cards: list[Scorecard]) -> None:
    for card in cards:
        check_adds_up(card)
    assert any(criterion.model_points_tenths for card in cards for criterion in card.criteria)


@pytest.mark.parametrize(
    "asked",
    [
        {"method": Method.ADDITIVE},
        {"method": Method.RECALIBRATED},
        {"fields": ["delivered_projects", "sector", "workload_sheet", "gpu_utilisation_percent"]},
        {"text": True},
    ],
)
def test_points_add_up_for_every_way_of_learning(applications: list[Facts], asked: dict[str, object]) -> None:
    rubric = default_rubric()
    model, _ = train_applications(applications, outcomes(applications), rubric, version="v", replicas=5, **asked)  # type: ignore[arg-type]
    for one in applications[:60]:
        card = score(one, rubric, model)
        check_adds_up(card)
        assert card.probability is not None
        if asked.get("method") is Method.RECALIBRATED:
            assert card.total_tenths == score(one, rubric).total_tenths
        else:
            assert card.interval is not None
            assert card.interval[0] <= card.interval[1]


def test_text_has_at_most_15_of_the_100_points(applications: list[Facts]) -> None:
    labels = [int("애저" in str(one.get("spc_link"))) for one in applications]
    model, _ = train_applications(applications, labels, default_rubric(), version="t", text=True, replicas=0)
    assert model.text is not None
    share = model.shares["text_fit"].maximum
    assert 0 < share <= 150
    again = parse_model(model.canonical_json())
    assert score(applications[0], default_rubric(), again) == score(applications[0], default_rubric(), model)


def test_the_order_of_scores_is_the_order_of_chances_where_everything_is_answered(model: Model) -> None:
    full = [score(one, default_rubric(), model) for one in invented(150, seed=5, missing=0.0)]
    full = [card for card in full if all(c.state is not State.UNKNOWN for c in card.criteria)]
    assert len(full) > 100
    ranked = sorted(full, key=lambda card: card.probability or 0)
    totals = [card.total_tenths for card in ranked]
    # Each criterion is rounded to a tenth: two scores may change places within eight of them.
    assert all(later >= earlier - 8 for earlier, later in pairwise(totals))


def test_a_criterion_of_which_nothing_is_known_has_no_points(model: Model) -> None:
    card = score(Facts.from_answers({"azure_ready": "running"}), default_rubric(), model)
    for criterion in card.criteria[1:]:
        assert (criterion.state, criterion.points_tenths) == (State.UNKNOWN, 0)
    assert card.best_tenths > card.total_tenths


def test_more_answers_land_between_worst_and_best(model: Model) -> None:
    for one in invented(80, seed=7, missing=0.5):
        before = score(one, default_rubric(), model)
        more = invented(1, seed=hash(one.sha256) % 1000, missing=0.0)[0]
        after = score(Facts.from_answers({**more.to_answers(), **one.to_answers()}), default_rubric(), model)
        assert before.worst_tenths <= after.total_tenths <= before.best_tenths


def test_closing_a_gap_adds_what_the_model_promises(model: Model) -> None:
    best = {"korean_model": "midm_or_sota", "security_certification": "isms_p_or_csap", "sector": "finance"}
    promised = 0
    for one in invented(60, seed=11, missing=0.4):
        before = score(one, default_rubric(), model)
        for gap in before.gaps:
            if gap.field in best:
                after = score(
                    Facts.from_answers({**one.to_answers(), gap.field: best[gap.field]}), default_rubric(), model
                )
                assert after.total_tenths - before.total_tenths == gap.points_tenths
                promised += 1
    assert promised > 60


def test_what_was_learned_is_said_in_both_languages(cards: list[Scorecard]) -> None:
    moved = [c for card in cards for c in card.criteria if c.model_points_tenths and c.state is not State.UNKNOWN]
    assert moved
    for criterion in moved:
        assert criterion.learned_ko.startswith("라벨 300건에서 학습한 조정 ")
        assert criterion.learned_en.startswith("Learned from 300 labels: ")


def test_a_million_rows_are_scored_as_one_by_one(
    applications: list[Facts], cards: list[Scorecard], model: Model
) -> None:
    rules = {
        key: np.array(
            [
                -1 if criterion.state is State.UNKNOWN else criterion.rule_points_tenths
                for criterion in (next(c for c in card.criteria if c.key == key) for card in cards)
            ]
        )
        for key in model.by_criterion
    }
    assert batch_points(model, rules).tolist() == [card.total_tenths for card in cards]


def test_rows_with_answers_of_their_own_are_scored_in_batch_as_one_by_one(applications: list[Facts]) -> None:
    rubric = default_rubric()
    model, table = train_applications(
        applications, outcomes(applications), rubric, version="f", fields=["sector", "paying_customers"], replicas=0
    )
    rows = np.argsort(table.order)
    columns = {key: column[rows] for key, column in table.columns.items()}
    rules = {
        key: np.where(np.isnan(columns[key].astype(float)), -1, columns[key].astype(float)).astype(int)
        for key in table.criteria
    }
    expected = [score(one, rubric, model) for one in applications]
    known = [all(c.state is not State.UNKNOWN for c in card.criteria) for card in expected]
    found = batch_points(model, rules, columns)
    assert sum(known) > 200
    assert found[known].tolist() == [card.total_tenths for card, keep in zip(expected, known, strict=True) if keep]


def test_a_replay_is_identical_to_the_byte(applications: list[Facts], model: Model, cards: list[Scorecard]) -> None:
    stored = parse_model(model.canonical_json())
    for one, card in zip(applications[:50], cards, strict=False):
        again = Facts.from_answers(json.loads(one.canonical_json))
        assert score(again, default_rubric(), stored).canonical_json() == card.canonical_json()


def test_the_record_names_everything_that_made_it(applications: list[Facts], model: Model) -> None:
    calibration = Calibration("2026-11", 0.1, 0.9)
    card = score(applications[0], default_rubric(), model, calibration=calibration, dictionary=default_dictionary())
    document = json.loads(card.canonical_json())
    promised = {
        "total",
        "probability",
        "interval",
        "knockouts",
        "criteria",
        "coverage",
        "rubric",
        "model",
        "inputs_sha256",
    }
    assert promised <= set(document)
    assert (document["model"], document["model_sha256"]) == (model.version, model.sha256)
    assert (document["rubric_sha256"], document["dictionary_sha256"]) == (
        default_rubric().sha256,
        default_dictionary().sha256,
    )
    assert (document["calibration"], document["method"]) == ("2026-11", "ridge")
    assert document["code_version"] == code_version()
    assert document["evidence"] == round(model.smaller / (model.smaller + 50), 4)
    assert document["interval"][0] <= document["interval"][1]
    assert document["band"][0] <= document["band"][1]
    assert json.loads(canonical_json(document)) == document


def test_a_calibration_moves_the_chance_and_no_points(
    applications: list[Facts], model: Model, cards: list[Scorecard]
) -> None:
    calibrated = score(applications[3], default_rubric(), model, calibration=Calibration("c", -1.0, 1.0))
    assert calibrated.total_tenths == cards[3].total_tenths
    assert calibrated.probability is not None
    assert cards[3].probability is not None
    assert calibrated.probability < cards[3].probability


def test_recalibration_after_a_shift_repairs_the_chances_and_keeps_the_ranking() -> None:
    dice = np.random.default_rng(1)
    logits = dice.normal(size=4000)
    labels = (dice.random(4000) < 1 / (1 + np.exp(-(0.5 * logits + 1.5)))).astype(int)
    found = fit_calibration(logits, labels, version="m")
    assert found.slope == pytest.approx(0.5, abs=0.12)
    assert found.intercept == pytest.approx(1.5, abs=0.12)
    assert read_calibration(json.loads(canonical_json(found.to_document()))) == found
    with pytest.raises(LearnError):
        fit_calibration(logits[:10], labels[:10], version="m")


def test_a_model_of_another_rubric_is_refused(model: Model) -> None:
    other = replace(default_rubric(), version="2027.1")
    with pytest.raises(LearnError) as caught:
        score(Facts.from_answers({}), other, model)
    assert "다른 기준표" in caught.value.message_ko


def test_a_model_with_other_maxima_than_its_rubrics_is_refused(model: Model) -> None:
    for maxima in (model.maxima[1:], ((model.maxima[0][0], 10), *model.maxima[1:])):
        with pytest.raises(LearnError):
            score(Facts.from_answers({}), default_rubric(), replace(model, maxima=maxima))


def test_a_model_of_a_column_that_no_application_has_is_refused(model: Model) -> None:
    strange = replace(model, terms=(replace(model.terms[0], source=Source.COLUMN), *model.terms[1:]))
    with pytest.raises(LearnError) as caught:
        score(Facts.from_answers({}), default_rubric(), strange)
    assert caught.value.place == "spc_fit"


def test_only_fields_that_count_in_a_criterion_are_learned_from() -> None:
    for field in ("sanctions", "spc_link", "region"):
        with pytest.raises(LearnError) as caught:
            application_features(default_rubric(), fields=[field])
        assert caught.value.place == field


def test_the_gate_judges_what_was_trained_from_applications(trained: tuple[Model, Table]) -> None:
    model, table = trained
    verdict = judge(table, model, shadow_weeks=4)
    assert verdict.rows == 300
    assert {check.key for check in verdict.checks} >= {"gain", "calibration", "sign:team"}


@pytest.mark.parametrize(("first", "second", "label"), [(4, 2, 1), (3, 3, 1), (3, 2, 0), (0, 4, 0)])
def test_two_reviewers_make_a_label_together(first: int, second: int, label: int) -> None:
    assert label_from_ratings(first, second) == label


@pytest.mark.parametrize("rating", [-1, 5, True])
def test_a_rating_out_of_range_is_refused(rating: int) -> None:
    with pytest.raises(LearnError):
        label_from_ratings(rating, 3)


def test_one_low_scorer_in_ten_is_drawn_and_stays_drawn() -> None:
    drawn = [drawn_for_review(f"AX-{n:04}", salt="2026-1") for n in range(5000)]
    assert 430 <= sum(drawn) <= 570
    assert drawn == [drawn_for_review(f"AX-{n:04}", salt="2026-1") for n in range(5000)]
    assert drawn != [drawn_for_review(f"AX-{n:04}", salt="2026-2") for n in range(5000)]


def test_a_rubric_of_other_criteria_can_be_learned_on_too(applications: list[Facts]) -> None:
    small = parse_rubric(
        """
        version = "s"
        title_ko = "작은 기준표"
        title_en = "Small"
        [[knockouts]]
        key = "k"
        label_ko = "무제재"
        label_en = "Clean"
        reason_ko = "제재"
        reason_en = "Sanctioned"
        requires = [{ field = "sanctions", operator = "is_false" }]
        [[criteria]]
        key = "done"
        label_ko = "실적"
        label_en = "Done"
        maximum = 100
        [[criteria.rules]]
        field = "delivered_projects"
        operator = "gte"
        value = 1
        points = 50
        reason_ko = "있음"
        reason_en = "Some"
        [[criteria.rules]]
        field = "delivered_projects"
        operator = "gte"
        value = 3
        points = 50
        reason_ko = "많음"
        reason_en = "Many"
        """
    )
    model, _ = train_applications(applications, outcomes(applications), small, version="s", replicas=0)
    for one in applications[:40]:
        check_adds_up(score(one, small, model))
