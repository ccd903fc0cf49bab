"""Questions with rows and questions that depend on answers: what a call may say, and what comes of answers."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from fundapp.core.errors import InvalidInputError
from fundapp.intake.answers import add_up, find_missing, read_answers, validate_answers
from fundapp.intake.form import Form, parse_form
from fundapp.intake.masking import MASK, AskedIdentity, Masker

TODAY = date(2026, 5, 8)
NAMES = {"label_ko": "이름", "label_en": "Name"}
TEAM = {
    "key": "team",
    "kind": "rows",
    "label_ko": "팀",
    "label_en": "Team",
    "min_rows": 2,
    "max_rows": 3,
    "columns": [
        {"key": "name", "kind": "text", "required": True, **NAMES},
        {"key": "share", "kind": "integer", "label_ko": "참여율", "label_en": "Share", "maximum": 100},
    ],
}
AMOUNT = {"key": "requested_krw", "kind": "krw", "label_ko": "신청금액", "label_en": "Cash"}
USE = {
    "key": "use_of_funds",
    "kind": "rows",
    "label_ko": "쓸 곳",
    "label_en": "Use of funds",
    "sum_column": "amount_krw",
    "sum_to": "requested_krw",
    "columns": [
        {"key": "purpose", "kind": "text", "label_ko": "항목", "label_en": "Purpose", "required": True},
        {"key": "amount_krw", "kind": "krw", "label_ko": "금액", "label_en": "Amount", "required": True},
    ],
}
READY = {
    "key": "ready",
    "kind": "choice",
    "label_ko": "준비",
    "label_en": "Ready",
    "choices": [
        {"key": "no", "label_ko": "없음", "label_en": "No"},
        {"key": "yes", "label_ko": "있음", "label_en": "Yes"},
    ],
}


def text(key: str, **more: object) -> dict[str, object]:
    return {"key": key, "kind": "text", "label_ko": key, "label_en": key, **more}


def document(*questions: dict[str, Any], **more: object) -> dict[str, Any]:
    section = {"key": "all", "title_ko": "전부", "title_en": "All", "questions": list(questions)}
    return {"code": "C-1", "sections": [section], **more}


def form_of(*questions: dict[str, Any], **more: object) -> Form:
    return parse_form(document(*questions, **more))


def codes(form: Form, answers: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(one.field, one.cell, one.code) for one in validate_answers(form, answers, today=TODAY)]


def test_rows_are_read_cell_by_cell_and_blank_ones_left_out() -> None:
    typed = '[{"name": " 김하나 ", "share": "1,00"}, {"name": "", "share": " "}, {"name": "이두리", "share": "50"}]'
    reading = read_answers(form_of(TEAM), {"team": typed}, today=TODAY)
    assert reading.answers == {"team": [{"name": "김하나", "share": "1,00"}, {"name": "이두리", "share": 50}]}
    assert [(one.cell, one.code, one.message_ko) for one in reading.problems] == [
        ("0-share", "not_a_number", "1행 참여율: 정수로 적습니다.")
    ]


def test_what_must_not_be_kept_is_left_out_of_its_cell_alone() -> None:
    typed = [{"name": "900101-1234567", "share": "10"}, {"name": "이두리"}]
    reading = read_answers(form_of(TEAM), {"team": typed}, today=TODAY)
    assert reading.answers == {"team": [{"share": 10}, {"name": "이두리"}]}
    assert [(one.cell, one.code) for one in reading.problems] == [("0-name", "resident_number")]


@pytest.mark.parametrize("value", ["no rows", "{}", '["a"]', [1], 7, "[" * 100_000])
def test_what_is_no_rows_is_refused(value: object) -> None:
    reading = read_answers(form_of(TEAM), {"team": value}, today=TODAY)
    assert (reading.answers, [one.code for one in reading.problems]) == ({}, ["not_rows"])


def test_rows_have_a_least_and_a_greatest_number_and_cells_that_are_needed() -> None:
    form = form_of(TEAM)
    assert codes(form, {}) == []
    assert codes(form, {"team": [{"share": 5}]}) == [("team", "0-name", "cell_required"), ("team", "", "too_few_rows")]
    assert codes(form, {"team": [{"name": str(n)} for n in range(4)]}) == [("team", "", "too_many_rows")]


def test_rows_that_are_required_need_one_row() -> None:
    assert codes(form_of({**TEAM, "required": True}), {"team": []}) == [("team", "", "required")]


def test_rows_must_come_to_the_amount_asked_for() -> None:
    form = form_of(AMOUNT, USE)
    rows = [{"purpose": "인건비", "amount_krw": 70_000_000}, {"purpose": "장비", "amount_krw": 20_000_000}]
    found = find_missing(form, {"requested_krw": 100_000_000, "use_of_funds": rows})
    assert [(one.code, one.message_ko) for one in found] == [
        ("sum_differs", "금액 합계 90,000,000이 신청금액 100,000,000과 같아야 합니다. 차이 10,000,000.")
    ]
    assert codes(form, {"requested_krw": 90_000_000, "use_of_funds": rows}) == []


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ({**TEAM, "columns": []}, "columns"),
        ({**TEAM, "columns": [*TEAM["columns"], TEAM["columns"][0]]}, "columns"),  # type: ignore[misc, index]
        ({**TEAM, "columns": [{"key": "a", "kind": "rows", **NAMES}]}, "columns"),
        ({**TEAM, "totals": ["name"]}, "numbers"),
        ({**TEAM, "sum_column": "share"}, "numbers"),
        ({**TEAM, "sum_column": "share", "sum_to": "nothing"}, "no amount"),
        ({**TEAM, "min_rows": 5}, "rows"),
        ({**TEAM, "max_rows": 101}, "rows"),
        ({**TEAM, "key": "te-am"}, "hyphen"),
    ],
)
def test_a_call_whose_rows_make_no_sense_is_refused(question: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        form_of(question)


def test_names_in_rows_are_masked_for_who_judges_blind() -> None:
    form = form_of(TEAM, text("summary"))
    answers = {"team": [{"name": "남궁하늘", "share": 50}], "summary": "남궁하늘이 만든 제품"}
    masker = Masker.of(AskedIdentity.of(form, {}), answers, company="가나다랩", identifier="")
    assert masker.answers(answers) == {"team": [{"name": MASK, "share": 50}], "summary": f"{MASK}이 만든 제품"}


def test_a_question_is_asked_on_the_answers_that_its_condition_names() -> None:
    form = form_of(READY, text("where", required=True, when={"question": "ready", "is": "yes"}))
    assert codes(form, {}) == []
    assert codes(form, {"ready": "no", "where": "kept"}) == []
    assert codes(form, {"ready": "yes"}) == [("where", "", "required")]


def test_an_answer_that_is_not_asked_is_kept_but_not_submitted() -> None:
    form = form_of(READY, text("where", when={"question": "ready", "is": "yes"}))
    assert form.asked_answers({"ready": "no", "where": "Seoul"}) == {"ready": "no"}
    assert form.asked_answers({"ready": "yes", "where": "Seoul"}) == {"ready": "yes", "where": "Seoul"}


def test_what_is_not_asked_counts_as_unanswered_for_what_follows() -> None:
    form = form_of(
        READY,
        text("where", when={"question": "ready", "is": "yes"}),
        text("why", required=True, when={"question": "where", "answered": True}),
    )
    assert codes(form, {"ready": "no", "where": "Seoul"}) == []
    assert codes(form, {"ready": "yes", "where": "Seoul"}) == [("why", "", "required")]


def test_numbers_are_looked_at_by_their_bounds_and_several_conditions_hold_together() -> None:
    when = [{"question": "requested_krw", "at_least": 5, "at_most": 9}, {"question": "ready", "in": ["yes", "no"]}]
    form = form_of(AMOUNT, READY, text("plan", required=True, when=when))
    asked = [amount for amount in (4, 5, 9, 10) if codes(form, {"requested_krw": amount, "ready": "no"}) != []]
    assert asked == [5, 9]
    assert codes(form, {"requested_krw": 5}) == []


@pytest.mark.parametrize("typed", ["NaN", "sNaN", "Infinity", "-Infinity", "1E+999999999", "1E-999999"])
def test_what_is_no_amount_meets_no_bound_and_adds_nothing(typed: str) -> None:
    form = form_of(AMOUNT, text("plan", when={"question": "requested_krw", "at_least": 5, "at_most": 9}))
    assert form.asked_answers({"requested_krw": typed, "plan": "left over"}) == {"requested_krw": typed}
    assert add_up([{"amount_krw": 7}, {"amount_krw": typed}], "amount_krw") == 7


def test_a_question_belongs_to_one_call_alone() -> None:
    questions = (READY, text("here", when={"call": "C-1"}), text("there", when={"call": ["C-2", "C-3"]}))
    assert list(form_of(*questions).fields) == ["ready", "here"]


def test_a_track_asks_its_questions_once_its_plan_is_written() -> None:
    tracks = [{"key": "spc", "title_ko": "SPC", "title_en": "SPC"}]
    form = form_of(text("spc_link"), text("region", required=True, when={"track": "spc"}), tracks=tracks)
    assert codes(form, {}) == []
    assert codes(form, {"spc_link": "plan"}) == [("region", "", "required")]


def test_a_section_of_which_nothing_is_asked_is_left_out() -> None:
    asked = document(READY)
    asked["sections"].append(
        {
            "key": "more",
            "title_ko": "더",
            "title_en": "More",
            "when": {"question": "ready", "is": "yes"},
            "questions": [text("where", required=True)],
        }
    )
    form = parse_form(asked)
    assert [section.key for section in form.asked_of({}).sections] == ["all"]
    assert [section.key for section in form.asked_of({"ready": "yes"}).sections] == ["all", "more"]


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ({"question": "nothing", "answered": True}, "is not asked"),
        ({"question": "ready", "is": "maybe"}, "can never be maybe"),
        ({"question": "ready", "at_least": 1}, "can never be"),
        ({"question": "requested_krw", "at_least": 9, "at_most": 5}, "can never be"),
        ({"question": "requested_krw", "at_least": True}, "whole number"),
        ({"question": "ready"}, "a condition has"),
        ({"question": "ready", "is": "yes", "answered": True}, "a condition has"),
        ({"question": "ready", "in": []}, "a list of values"),
        ({"question": "late", "answered": True}, "asked later"),
        ({"track": "space"}, "no track"),
        ({"call": 3}, "codes of calls"),
        ("ready", "table"),
    ],
)
def test_a_condition_that_can_never_be_read_or_met_is_refused(when: object, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        form_of(READY, AMOUNT, text("where", when=when), text("late"))


def test_conditions_in_a_circle_are_refused_as_such() -> None:
    with pytest.raises(InvalidInputError, match="circle"):
        form_of(
            text("a", when={"question": "b", "answered": True}),
            text("b", when={"question": "a", "answered": True}),
        )
