"""What of a call may change once companies have answered."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from fundapp.core.errors import InvalidInputError
from fundapp.intake.call_changes import require_same_meaning
from fundapp.intake.form import parse_form

CHOICES: list[dict[str, str]] = [
    {"key": "no", "label_ko": "없음", "label_en": "No"},
    {"key": "yes", "label_ko": "있음", "label_en": "Yes"},
]
QUESTIONS: list[dict[str, Any]] = [
    {"key": "ready", "kind": "choice", "label_ko": "준비", "label_en": "Ready", "choices": CHOICES},
    {"key": "plan", "kind": "text", "label_ko": "계획", "label_en": "Plan", "max_length": 100},
    {"key": "count", "kind": "integer", "label_ko": "수", "label_en": "Count", "maximum": 9},
    {
        "key": "team",
        "kind": "rows",
        "label_ko": "팀",
        "label_en": "Team",
        "columns": [{"key": "name", "kind": "text", "label_ko": "이름", "label_en": "Name"}],
    },
]


def document(*questions: dict[str, Any]) -> dict[str, Any]:
    return {"sections": [{"key": "all", "title_ko": "전부", "title_en": "All", "questions": list(questions)}]}


BEFORE = parse_form(document(*QUESTIONS))


def changed(place: int, **new: object) -> dict[str, Any]:
    questions = copy.deepcopy(QUESTIONS)
    questions[place] |= new
    return document(*questions)


REFUSED = [
    (changed(0, kind="text"), "kind"),
    (changed(0, choices=CHOICES[:1]), "choices cannot go: yes"),
    (changed(1, max_length=50), "narrower"),
    (changed(1, required=True), "required"),
    (changed(1, when={"question": "ready", "is": "yes"}), "condition"),
    (changed(2, maximum=5), "narrower"),
    (changed(3, max_rows=3), "narrower"),
    (changed(3, columns=[{"key": "role", "kind": "text", "label_ko": "역할", "label_en": "Role"}]), "'name'"),
]


@pytest.mark.parametrize(("after", "said"), REFUSED)
def test_what_would_change_an_answer_is_refused_with_the_reason(after: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        require_same_meaning(BEFORE, parse_form(after), {"ready", "plan", "count", "team"})


@pytest.mark.parametrize("after", [after for after, _ in REFUSED])
def test_as_long_as_nobody_has_answered_it_may_change(after: dict[str, Any]) -> None:
    require_same_meaning(BEFORE, parse_form(after), set())


def test_texts_further_choices_and_wider_limits_are_welcome() -> None:
    more = [*CHOICES, {"key": "soon", "label_ko": "곧", "label_en": "Soon"}]
    for after in (changed(0, choices=more, label_ko="준비 정도"), changed(1, max_length=200, help_ko="도움말")):
        require_same_meaning(BEFORE, parse_form(after), {"ready", "plan"})


def test_a_question_that_was_asked_is_never_dropped() -> None:
    with pytest.raises(InvalidInputError, match="dropped"):
        require_same_meaning(BEFORE, parse_form(document(QUESTIONS[0])), set())
