"""Finding an industry by Korean or English words, or by its code."""

from __future__ import annotations

import re

import pytest

from fundapp.intake.industries import INDUSTRIES, chain_of, find_industries
from fundapp.screening.size_limits import with_section


def codes(text: str) -> list[str]:
    return [one.code for one in find_industries(text)]


def test_there_are_21_sections_and_77_divisions_each_under_its_letter() -> None:
    sections = [one.code for one in INDUSTRIES if len(one.code) == 1]
    divisions = [one.code for one in INDUSTRIES if len(one.code) == 3]
    assert (len(sections), len(divisions), len({one.code for one in INDUSTRIES})) == (21, 77, len(INDUSTRIES))
    assert all(with_section(one.code[1:]) == one.code for one in INDUSTRIES if len(one.code) > 1)
    assert all(re.fullmatch(r"[A-U](\d{2}|\d{5})?", one.code) for one in INDUSTRIES)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("응용 소프트웨어", "J58222"),
        ("소프트웨어 응용", "J58222"),
        ("application software", "J58222"),
        ("APPLICATION", "J58222"),
        ("58222", "J58222"),
        ("j58222", "J58222"),
        ("J 58222", "J58222"),
        ("호스팅", "J63112"),
        ("반도체", "C26112"),
        ("의약품", "C20"),
        ("education", "P85"),
        ("K", "K"),
    ],
)
def test_words_of_either_language_and_codes_lead_to_the_industry(text: str, first: str) -> None:
    assert codes(text)[0] == first


def test_a_code_finds_what_lies_under_it() -> None:
    assert codes("J62") == ["J62", "J62010", "J62021", "J62022", "J62090"]
    assert codes("62") == codes("J62")


@pytest.mark.parametrize("text", ["", "   ", "…", "없는업종이름"])
def test_nothing_is_found_for_nothing(text: str) -> None:
    assert codes(text) == []


def test_a_code_is_shown_below_its_section_and_division() -> None:
    assert [one.code for one in chain_of("J58222")] == ["J", "J58", "J58222"]
    assert [one.code for one in chain_of("J58111")] == ["J", "J58"]
