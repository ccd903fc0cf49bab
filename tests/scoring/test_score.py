import csv
import json
from datetime import date
from decimal import Decimal
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring import (
    CATALOGUE,
    Facts,
    Field,
    Kind,
    Outcome,
    Scorecard,
    State,
    canonical_json,
    default_rubric,
    parse_rubric,
    score,
)

BEST: dict[str, object] = {
    "azure_ready": "running",
    "containerised": "full",
    "infrastructure_as_code": True,
    "confidential_computing": True,
    "key_management": "customer",
    "data_in_korea": "yes",
    "korean_model": "midm_or_sota",
    "korean_data_rights": "owned",
    "korean_evaluation": True,
    "sector": "finance",
    "pilot_customers": 3,
    "letters_of_intent": 3,
    "security_certification": "isms_p_or_csap",
    "workload_sheet": True,
    "gpu_experience": "production",
    "gpu_utilisation_percent": 60,
    "recurring_revenue_krw": 1_000_000_000,
    "paying_customers": 10,
    "roles_filled": 5,
    "delivered_projects": 3,
    "spc_link": "SPC 위에서 기밀 컴퓨팅, 쿠버네티스와 컨테이너, 암호화를 씁니다.",
    "korean_ai_link": "믿:음을 한국어 데이터로 미세조정하고 한국어 평가를 합니다.",
    "solution_summary": "은행과 병원의 문서를 찾습니다.",
}
CLEAR: dict[str, object] = {
    "company_class": "startup",
    "sanctions": False,
    "tax_arrears": False,
    "data_in_korea": "yes",
    "foreign_processing_only": False,
    "gpu_hours_requested": 100_000,
    "conflict_cleared": True,
}
KRX = Path(__file__).parents[3] / "shared" / "data" / "scoring" / "krx_products_2021.csv"

REREAD = parse_rubric(resources.files("scoring").joinpath("rubrics/default.toml").read_text(encoding="utf-8"))


def scored(answers: dict[str, object]) -> Scorecard:
    return score(Facts.from_answers(answers), default_rubric())


def points(card: Scorecard) -> dict[str, int]:
    return {criterion.key: criterion.points_tenths for criterion in card.criteria}


def answers_to(field: Field) -> st.SearchStrategy[object]:
    match field.kind:
        case Kind.BOOLEAN:
            return st.booleans()
        case Kind.CHOICE:
            return st.sampled_from([choice.code for choice in field.choices])
        case Kind.DATE:
            return st.dates(min_value=date(1950, 1, 1))
        case Kind.NUMBER:
            return st.decimals(0, field.maximum, places=2)
        case Kind.TEXT:
            return st.lists(st.sampled_from(["SPC", "믿:음", "은행", "AKS", "한국적", "x"]), max_size=30).map(" ".join)
        case _:
            top = 10**10 if field.maximum is None else int(field.maximum)
            return st.one_of(st.integers(0, min(12, top)), st.integers(0, top))


any_answers = st.fixed_dictionaries({}, optional={key: answers_to(field) for key, field in CATALOGUE.items()})


@settings(deadline=None, max_examples=150)
@given(any_answers)
def test_points_reasons_and_total_always_add_up_within_the_maxima(answers: dict[str, object]) -> None:
    card = scored(answers)
    assert card.total_tenths == sum(points(card).values())
    shown = json.loads(card.canonical_json(), parse_float=Decimal)
    assert shown["total"] == card.total == sum(criterion["points"] for criterion in shown["criteria"])
    for criterion in card.criteria:
        assert 0 <= criterion.points_tenths <= criterion.maximum_tenths
        assert criterion.points_tenths == sum(reason.points_tenths for reason in criterion.reasons)
    assert card.worst_tenths == card.total_tenths <= card.best_tenths <= 1000
    assert 0 <= card.coverage_permille <= 1000


@settings(deadline=None, max_examples=100)
@given(any_answers, any_answers)
def test_more_answers_land_between_worst_and_best_and_never_lower_coverage(
    first: dict[str, object], more: dict[str, object]
) -> None:
    before = scored(first)
    known = Facts.from_answers(first).values
    after = scored({**more, **known})
    assert before.worst_tenths <= after.total_tenths <= before.best_tenths
    assert after.best_tenths <= before.best_tenths
    assert after.coverage_permille >= before.coverage_permille


@settings(deadline=None, max_examples=50)
@given(any_answers)
def test_a_replay_from_the_stored_answers_is_identical_to_the_byte(answers: dict[str, object]) -> None:
    facts = Facts.from_answers(answers)
    stored = Facts.from_answers(json.loads(facts.canonical_json))
    assert score(stored, REREAD).canonical_json() == score(facts, default_rubric()).canonical_json()


@settings(deadline=None, max_examples=60)
@given(any_answers)
def test_closing_a_gap_adds_exactly_the_points_it_promises(answers: dict[str, object]) -> None:
    card = scored(answers)
    for gap in card.gaps:
        after = scored({**answers, gap.field: BEST[gap.field]})
        assert after.total_tenths - card.total_tenths == gap.points_tenths


def test_every_criterion_reaches_its_maximum() -> None:
    card = scored(BEST)
    assert points(card) == {c.key: c.maximum for c in default_rubric().criteria}
    assert card.total == Decimal(100)
    assert card.coverage_permille == 1000
    assert card.gaps == ()
    assert {c.state for c in card.criteria} == {State.ANSWERED}


def test_no_answers_score_nothing_known() -> None:
    card = scored({})
    assert card.total == Decimal(0)
    assert (card.best_possible, card.worst_possible, card.coverage_permille) == (100, 0, 0)
    assert {c.state for c in card.criteria} == {State.UNKNOWN}
    assert {k.outcome for k in card.knockouts} == {Outcome.UNKNOWN}
    assert [(gap.field, gap.points_tenths) for gap in card.gaps] == [
        ("korean_model", 100),
        ("security_certification", 100),
        ("sector", 70),
    ]


def test_a_worked_example_matches_the_sum_done_by_hand() -> None:
    card = scored(
        {
            "azure_ready": "운영",  # 6
            "containerised": "일부",  # 2
            "data_in_korea": "예",  # 4
            "korean_model": "공개",  # 6
            "sector": "물류",  # 3
            "pilot_customers": "2",  # 2
            "security_certification": "ISMS",  # 7
            "recurring_revenue_krw": "250,000,000",  # 2 + 2
            "roles_filled": "4",  # 1
            "spc_link": "Azure에서 암호화",  # 2 x 0.5
        }
    )
    assert points(card) == {
        "spc_fit": 120,
        "korean_ai_fit": 60,
        "regulated_demand": 50,
        "compliance": 70,
        "gpu_case": 0,
        "traction": 40,
        "team": 10,
        "text_fit": 10,
    }
    assert str(card.total) == "36.0"
    # Answered, by the most each field can earn: 6+4+4, 10, 7+4, 10, 0, 6, 3, 2 of 100.
    assert card.coverage_permille == 560
    # Open: 11 of 25, 10 of 20, 4 of 15, 0, 10, 4, 2, 3.
    assert str(card.best_possible) == "80.0"
    assert [move.field for move in card.lifts] == ["security_certification", "azure_ready", "korean_model"]


def test_missing_never_counts_as_no_or_zero() -> None:
    rubric = parse_rubric(
        """
        version = "t"
        title_ko = "시험"
        title_en = "Trial"
        [[knockouts]]
        key = "clean"
        label_ko = "무제재"
        label_en = "Clean"
        reason_ko = "제재"
        reason_en = "Sanctioned"
        requires = [{ field = "sanctions", operator = "is_false" }]
        [[criteria]]
        key = "small"
        label_ko = "규모"
        label_en = "Size"
        maximum = 100
        [[criteria.rules]]
        field = "employees"
        operator = "lte"
        value = 10
        points = 50
        reason_ko = "소규모"
        reason_en = "Small"
        [[criteria.rules]]
        field = "foreign_processing_only"
        operator = "is_false"
        points = 50
        reason_ko = "국내"
        reason_en = "At home"
        """
    )
    missing = score(Facts.from_answers({"employees": "", "sanctions": None}), rubric)
    answered = score(
        Facts.from_answers({"employees": "0", "foreign_processing_only": "아니오", "sanctions": "no"}), rubric
    )
    assert (missing.total, missing.knockouts[0].outcome) == (0, Outcome.UNKNOWN)
    assert missing.criteria[0].missing_fields == ("employees", "foreign_processing_only")
    assert (answered.total, answered.knockouts[0].outcome) == (100, Outcome.PASS)


def test_a_sound_application_passes_every_knockout() -> None:
    assert {k.key: k.outcome for k in scored(CLEAR).knockouts} == dict.fromkeys(
        [
            "eligible_company",
            "good_standing",
            "data_in_korea",
            "processing_in_korea",
            "gpu_within_pool",
            "conflict_cleared",
        ],
        Outcome.PASS,
    )


@pytest.mark.parametrize(
    ("field", "answer", "knockout"),
    [
        ("company_class", "대기업", "eligible_company"),
        ("sanctions", "예", "good_standing"),
        ("tax_arrears", "예", "good_standing"),
        ("data_in_korea", "아니오", "data_in_korea"),
        ("foreign_processing_only", "예", "processing_in_korea"),
        ("gpu_hours_requested", 100_001, "gpu_within_pool"),
        ("conflict_cleared", "아니오", "conflict_cleared"),
    ],
)
def test_one_bad_answer_fails_one_knockout_and_says_why(field: str, answer: object, knockout: str) -> None:
    results = {k.key: k for k in scored({**CLEAR, field: answer}).knockouts}
    assert [key for key, result in results.items() if result.outcome is Outcome.FAIL] == [knockout]
    assert CATALOGUE[field].label_ko in results[knockout].reason_ko
    assert results[knockout].fields == (field,)


@pytest.mark.parametrize("field", sorted(CLEAR))
def test_one_missing_answer_leaves_its_knockout_unknown(field: str) -> None:
    results = scored({**CLEAR, field: None}).knockouts
    assert [result.fields for result in results if result.outcome is Outcome.UNKNOWN] == [(field,)]


def test_a_fail_outranks_a_missing_answer() -> None:
    results = {k.key: k.outcome for k in scored({"sanctions": "예"}).knockouts}
    assert results["good_standing"] is Outcome.FAIL


def test_repeating_keywords_stops_at_the_cap() -> None:
    every = " ".join(
        term
        for criterion in default_rubric().criteria
        for rule in criterion.rules
        if isinstance(rule.value, tuple)
        for concept in rule.value
        if isinstance(concept, tuple)
        for term in concept
    )
    card = scored({"spc_link": every * 50, "korean_ai_link": every, "solution_summary": every})
    assert card.total == Decimal(5)
    once = scored({"spc_link": "azure"}).total
    assert once == scored({"spc_link": "azure AZURE 애저 " * 100}).total == Decimal("0.5")


def test_the_same_plan_scores_alike_in_korean_and_english() -> None:
    korean = scored({"spc_link": "시큐어 퍼블릭 클라우드에서 기밀컴퓨팅과 데이터 주권을 지킵니다."})
    english = scored({"spc_link": "Confidential computing and data residency on the Secure Public Cloud."})
    assert points(korean)["text_fit"] == points(english)["text_fit"] == 15


def test_an_english_term_inside_another_word_is_not_found() -> None:
    assert scored({"korean_ai_link": "storage and fragments"}).total == 0
    assert scored({"korean_ai_link": "RAG를 씁니다"}).criteria[-1].reasons[0].matched == ("RAG",)


def test_matched_words_are_named_in_the_reason() -> None:
    criterion = scored({"spc_link": "Azure에서 암호화"}).criteria[-1]
    assert criterion.reason_ko == "SPC 연계계획의 핵심 개념: azure, 암호화 (+1.0점)"
    assert criterion.reason_en == "Concepts of the Secure Public Cloud plan: azure, 암호화 (+1.0)"


def test_the_document_has_the_promised_keys_and_is_plain_json() -> None:
    document = scored(BEST).to_document()
    promised = {"total", "probability", "interval", "knockouts", "criteria", "coverage", "rubric", "model"}
    assert promised | {"inputs_sha256"} <= set(document)
    assert json.loads(canonical_json(document)) == document
    first = json.loads(canonical_json(document))["criteria"][0]
    assert {"key", "answer", "rule_points", "model_points", "points", "max", "reason"} <= set(first)
    assert (first["points"], first["max"], first["model_points"]) == (25, 25, 0)
    assert document["probability"] is document["interval"] is document["model"] is None


def test_identification_never_changes_a_scorecard() -> None:
    context = {"company_name": "가나다", "region": "부산", "contact_name": "홍길동"}
    assert scored({**BEST, **context}) == scored(BEST)


@pytest.mark.skipif(not KRX.exists(), reason="the listed-company texts are not beside this checkout")
def test_real_product_texts_always_add_up_within_the_text_cap() -> None:
    with KRX.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    cards = [scored({"solution_title": row["Sector"], "solution_summary": row["Industry"]}) for row in rows]
    assert len(cards) == 2391
    assert {card.total_tenths for card in cards} == {0, 5, 10}
    assert all(card.total_tenths == points(card)["text_fit"] for card in cards)
