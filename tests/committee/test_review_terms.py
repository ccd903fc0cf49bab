"""What a call may say of its review, and how it says that something is wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from fundapp.committee.rules import CRITERIA, Phase, ReviewTerms, review_terms
from fundapp.core.errors import InvalidInputError

CRITERION: dict[str, Any] = {
    "key": "impact",
    "label_ko": "효과",
    "label_en": "Impact",
    "weight": 100,
    "anchors_ko": ["낮음", "중간", "높음"],
    "anchors_en": ["low", "middle", "high"],
}
BLIND: dict[str, Any] = {"key": "blind", "title_ko": "블라인드", "title_en": "Blind", "names": "masked"}
OPEN: dict[str, Any] = {"key": "open", "title_ko": "공개", "title_en": "Open"}


def test_a_call_that_says_nothing_is_reviewed_by_the_funds_five_criteria() -> None:
    terms = review_terms({})
    assert terms == ReviewTerms()
    assert (terms.criteria, terms.official, len(terms.phases)) == (CRITERIA, "trimmed", 1)
    assert sum(criterion.weight for criterion in terms.criteria) == 100
    assert terms.phases[0] == Phase("review", "심사", "Review", "shown", "after_mine", "after_mine", may_review=True)


def test_what_a_call_says_is_read_and_survives_json() -> None:
    terms = review_terms(
        {
            "review": {
                "official": "adjusted",
                "masked": ["homepage"],
                "criteria": [CRITERION],
                "phases": [BLIND | {"others": "never"}, OPEN | {"starts": "2026-06-01T09:00:00+09:00"}],
            }
        }
    )
    assert [criterion.key for criterion in terms.criteria] == ["impact"]
    assert terms.phases[1].starts == datetime(2026, 6, 1, tzinfo=UTC)
    assert ReviewTerms.of_document(terms.as_document()) == terms


def test_the_phase_that_is_due_is_the_last_one_that_has_begun() -> None:
    terms = review_terms({"review": {"phases": [BLIND, OPEN | {"starts": "2026-06-01T09:00:00+09:00"}]}})
    assert terms.phase_due(datetime(2026, 5, 31, 23, 59, 59, tzinfo=UTC)).key == "blind"
    assert terms.phase_due(datetime(2026, 6, 1, tzinfo=UTC)).key == "open"


@pytest.mark.parametrize(
    ("review", "field"),
    [
        ("yes", "review"),
        ({"offical": "raw"}, "review.offical"),
        ({"official": "median"}, "review.official"),
        ({"masked": "homepage"}, "review.masked"),
        ({"criteria": []}, "review.criteria"),
        ({"criteria": [CRITERION | {"weight": 60}]}, "review.criteria"),
        ({"criteria": [CRITERION | {"weight": 50}] * 2}, "review.criteria"),
        ({"criteria": [CRITERION | {"weight": "100"}]}, "review.criteria[1].weight"),
        ({"criteria": [CRITERION | {"anchors_ko": ["낮음", "높음"]}]}, "review.criteria[1].anchors_ko"),
        ({"criteria": [CRITERION | {"label_en": " "}]}, "review.criteria[1].label_en"),
        ({"criteria": [CRITERION | {"key": "효과"}]}, "review.criteria.key"),
        ({"phases": [BLIND | {"names": "hidden"}]}, "review.phases[1].names"),
        ({"phases": [OPEN | {"others": "later"}]}, "review.phases[1].others"),
        ({"phases": [OPEN | {"machine": True}]}, "review.phases[1].machine"),
        ({"phases": [OPEN | {"may_review": "no"}]}, "review.phases[1].may_review"),
        ({"phases": [OPEN | {"begins": "2026-06-01"}]}, "review.phases[1].begins"),
        ({"phases": [BLIND, OPEN | {"starts": "2026-06-01T09:00:00"}]}, "review.phases[2].starts"),
        ({"phases": [BLIND | {"starts": "2026-06-01T09:00:00+09:00"}, OPEN]}, "review.phases"),
        ({"phases": [BLIND, BLIND]}, "review.phases"),
        (
            {
                "phases": [
                    BLIND,
                    OPEN | {"starts": "2026-06-02T09:00:00+09:00"},
                    OPEN | {"key": "last", "starts": "2026-06-01T09:00:00+09:00"},
                ]
            },
            "review.phases",
        ),
        ({"phases": [BLIND, OPEN, OPEN | {"key": "last", "starts": "2026-06-01T09:00:00+09:00"}]}, "review.phases"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_key(review: object, field: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        review_terms({"review": review})
    assert refused.value.details["field"] == field
