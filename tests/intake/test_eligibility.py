from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from fundapp.core.errors import InvalidInputError
from fundapp.intake.call_file import read_call_file
from fundapp.intake.eligibility import carried, judge, parse_check

CALLS = Path(__file__).resolve().parents[2] / "examples" / "calls"
QUESTIONS = parse_check(read_call_file(CALLS / "2026-1.toml").document)
CLOSES = date(2026, 5, 8)
GOOD = {
    "legal_form": "company", "founded_on": "2021-03-02", "size": "sme", "assets_krw": "3,000,000,000원",
    "group": "none", "shareholder": "no", "tax_arrears": "no", "sanctions": "no", "foreign_processing_only": "no",
    "region": "running", "link": "both", "relation": "no",
}  # fmt: skip


def outcome(**changes: str) -> str:
    return judge(QUESTIONS, GOOD | changes, closes_on=CLOSES).outcome


def test_both_example_calls_ask_a_dozen_questions_each_with_its_source() -> None:
    for name in ("2026-1", "rolling"):
        asked = parse_check(read_call_file(CALLS / f"{name}.toml").document)
        assert len(asked) == 12
        assert all(one.law_ko and one.law_en for one in asked)


def test_who_fits_every_rule_may_apply() -> None:
    assert outcome() == "yes"


@pytest.mark.parametrize(
    ("key", "answer", "expected"),
    [
        ("legal_form", "none", "no"),
        ("legal_form", "sole", "ask"),
        ("founded_on", "2026-05-08", "yes"),  # on the last day is in time
        ("founded_on", "2026-05-09", "no"),
        ("size", "large", "no"),
        ("assets_krw", "499999999999", "yes"),  # below KRW 500 bn: decree art. 3 says "less than"
        ("assets_krw", "500000000000", "no"),
        ("group", "cross", "no"),
        ("group", "disclosure", "ask"),
        ("shareholder", "yes", "ask"),
        ("tax_arrears", "deferred", "ask"),
        ("link", "none", "no"),
        ("relation", "yes", "ask"),
        ("assets_krw", "약 3억", "open"),
        ("founded_on", "2021년", "open"),
        ("region", "somewhere", "open"),
        ("region", "", "open"),
    ],
)
def test_one_answer_decides(key: str, answer: str, expected: str) -> None:
    assert outcome(**{key: answer}) == expected


def test_a_no_outweighs_what_is_open_and_what_is_to_be_checked() -> None:
    assert outcome(size="large", region="", relation="yes") == "no"
    assert outcome(region="", relation="yes") == "open"


def test_a_no_says_why() -> None:
    found = {one.key: one for one in judge(QUESTIONS, GOOD | {"tax_arrears": "yes"}, closes_on=CLOSES).findings}
    assert found["tax_arrears"].because_ko == "체납을 정리한 뒤에 신청할 수 있습니다"


def test_what_the_form_asks_too_is_carried_in_its_own_words() -> None:
    assert carried(QUESTIONS, GOOD | {"tax_arrears": "deferred", "sanctions": "no"}) == {
        "founded_on": "2021-03-02",
        "assets_krw": "3000000000",
        "sanctions": "no",
        "foreign_processing_only": "no",
    }


def test_a_call_may_do_without_a_check() -> None:
    assert parse_check({}) == ()


OPTION = {"key": "a", "label_ko": "가", "label_en": "a", "leads_to": "yes"}
QUESTION = {"key": "x", "ask_ko": "?", "ask_en": "?", "law_ko": "법", "law_en": "law", "options": [OPTION]}


@pytest.mark.parametrize(
    "broken",
    [
        {"law_ko": ""},
        {"options": []},
        {"kind": "date"},
        {"kind": "riddle"},
        {"options": [OPTION | {"leads_to": "maybe"}]},
        {"options": [OPTION | {"leads_to": "no"}]},  # without a reason
        {"below_krw": 1},
        {"not_after": "tomorrow"},
    ],
)
def test_a_check_that_cannot_be_asked_is_refused_when_the_call_is_opened(broken: dict[str, Any]) -> None:
    assert len(parse_check({"check": [QUESTION]})) == 1
    with pytest.raises(InvalidInputError):
        parse_check({"check": [QUESTION | broken]})
    with pytest.raises(InvalidInputError):
        parse_check({"check": [QUESTION, QUESTION]})
