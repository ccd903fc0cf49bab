"""Scoring many applications: the same scorecards as one by one, letter for letter."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from scoring import (
    CATALOGUE,
    Calibration,
    FactError,
    Facts,
    Model,
    Rubric,
    Scorer,
    default_dictionary,
    default_rubric,
    find_stuffing,
    mark_terms,
    parse_rubric,
    score,
    train_applications,
)
from scoring.textual.marking import read_together

EXAMPLES = Path(__file__).parents[2] / "examples" / "applications.csv"
DEFAULT = Path(__file__).parents[2] / "scoring" / "rubrics" / "default.toml"
TEXTS = {
    "solution_summary": "은행과  병원의 문서를 GPU로 찾습니다.\nAzure 위 컨테이너, 컨테이너, 컨테이너.",
    "spc_link": "ＳＰＣ와 기밀컴퓨팅, Kubernetes " * 3,
}


@pytest.fixture(scope="module")
def facts() -> list[Facts]:
    """Four hundred applications: answers of the examples, column by column those of another, some left out."""
    dice = random.Random(7)  # noqa: S311 - invented data
    with EXAMPLES.open(encoding="utf-8-sig", newline="") as file:
        rows = [{key: cell for key, cell in row.items() if key in CATALOGUE} for row in csv.DictReader(file)]

    def mixed() -> Iterator[Facts]:
        while True:
            row = {key: dice.choice(rows)[key] for key in rows[0] if dice.random() > 0.1}
            try:
                yield Facts.from_answers(row | (TEXTS if dice.random() > 0.5 else {}))
            except FactError:
                continue  # the examples hold cells that are refused on purpose

    return [one for one, _ in zip(mixed(), range(400), strict=False)]


@pytest.fixture(scope="module")
def model(facts: list[Facts]) -> Model:
    dice = random.Random(8)  # noqa: S311 - invented data
    labels = [int(score(one).total_tenths / 1000 + dice.gauss(0, 0.2) > 0.35) for one in facts]
    return train_applications(facts, labels, default_rubric(), version="m", text=True)[0]


@pytest.mark.parametrize("learned", [False, True])
@pytest.mark.parametrize("words", [False, True])
def test_many_are_written_as_each_alone_would_be(
    facts: list[Facts], model: Model, *, learned: bool, words: bool
) -> None:
    rubric = default_rubric()
    calibration = Calibration("c", 0.1, 0.9) if learned else None
    dictionary = default_dictionary() if words else None
    used = model if learned else None
    scorer = Scorer(rubric, used, calibration=calibration, dictionary=dictionary)
    # Twice over: the second time everything is remembered.
    for one in facts + facts:
        alone = score(one, rubric, used, calibration=calibration, dictionary=dictionary)
        written = scorer.write(one)
        assert written.card == alone
        assert written.text == alone.canonical_json()


@pytest.mark.parametrize("share", [0, 0.5, 1])
def test_texts_that_were_searched_before_are_written_as_if_they_were_searched_again(
    facts: list[Facts], share: float
) -> None:
    rubric, dictionary = default_rubric(), default_dictionary()
    scorer = Scorer(rubric, dictionary=dictionary)
    kept: dict[str, str] = {}
    for one in facts:
        kept |= scorer.write(one).found
    assert set(kept) == {text for one in facts for text in one.texts.values()}
    dice = random.Random(9)  # noqa: S311 - any part of them
    some = {text: found for text, found in kept.items() if dice.random() < share}
    for one in facts:
        alone = score(one, rubric, dictionary=dictionary)
        written = scorer.write(one, some)
        assert written.text == alone.canonical_json()
        assert written.card.to_document() == alone.to_document()
        assert set(written.found) == set(one.texts.values()) - set(some)
        assert {text: kept[text] for text in written.found} == written.found


@pytest.mark.parametrize("version", ["\\u0000", '\\",\\"coverage\\":', "2026.1"])
def test_no_version_however_odd_changes_what_is_written(facts: list[Facts], version: str) -> None:
    rubric: Rubric = parse_rubric(
        DEFAULT.read_text(encoding="utf-8").replace('version = "2026.1"', f'version = "{version}"')
    )
    scorer = Scorer(rubric)
    assert [scorer.write(one).text for one in facts[:50]] == [score(one, rubric).canonical_json() for one in facts[:50]]


def test_texts_read_together_are_read_as_each_alone(facts: list[Facts]) -> None:
    dictionary = default_dictionary()
    for one in facts:
        texts = [value for key, value in one.entries if isinstance(value, str) and CATALOGUE[key].kind.value == "text"]
        assert read_together(texts, dictionary.sought) == [
            (mark_terms(text, dictionary.criteria), find_stuffing(text, dictionary.concepts)) for text in texts
        ]
