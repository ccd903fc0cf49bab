"""The committed files are what the generator writes, and nothing in them is real."""

import json
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "examples"))

from invention.identifiers import (  # noqa: E402 - the examples folder is no installed package
    business_check_digit,
    corporate_check_digit,
)
from invention.wording import with_particle  # noqa: E402 - likewise

GENERATED = (
    "applications.csv",
    "usage/2026-07.csv",
    "usage/2026-08.csv",
    "usage/2026-08-restated.csv",
    "usage/2026-09.csv",
)
RESIDENT_NUMBER = re.compile(r"(?<!\d)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])-?[1-8]\d{6}(?!\d)")


@pytest.mark.parametrize("name", GENERATED)
def test_the_committed_file_is_what_a_fresh_run_writes(name: str, fresh: Path, examples: Path) -> None:
    assert (fresh / name).read_bytes() == (examples / name).read_bytes()


def test_a_fresh_run_writes_no_other_files(fresh: Path) -> None:
    written = sorted(str(path.relative_to(fresh)) for path in fresh.rglob("*") if path.is_file())
    assert written == sorted(GENERATED)


def test_the_business_check_digit_is_that_of_a_published_example() -> None:
    assert business_check_digit("120880076") == 7


def test_the_corporate_check_digit_is_that_of_a_published_example() -> None:
    assert corporate_check_digit("110111006243") == 2


def test_check_digits_agree_with_every_published_vector(research: Path) -> None:
    vectors = json.loads((research / "fund/kr_id_vectors.json").read_text(encoding="utf-8"))
    business = vectors["business_registration"]["valid"]
    corporate = vectors["corporate_registration"]["valid"]
    assert [business_check_digit(number[:9]) for number in business] == [int(n[9]) for n in business]
    assert [corporate_check_digit(number[:12]) for number in corporate] == [int(n[12]) for n in corporate]


@pytest.mark.parametrize(("noun", "expected"), [("공장", "공장을"), ("센터", "센터를"), ("AI", "AI를"), ("길", "길을")])
def test_a_noun_takes_the_particle_of_its_last_syllable(noun: str, expected: str) -> None:
    assert with_particle(noun, "을", "를") == expected


def test_no_file_holds_anything_shaped_like_a_resident_number(examples: Path) -> None:
    found = {
        str(path): RESIDENT_NUMBER.findall(path.read_text(encoding="utf-8-sig"))
        for path in sorted(examples.rglob("*"))
        if path.suffix in {".csv", ".toml", ".md", ".py"}
    }
    assert {name: numbers for name, numbers in found.items() if numbers} == {}


def test_the_resident_number_pattern_would_find_one() -> None:
    assert RESIDENT_NUMBER.findall("800101-1234567 8001011234567") == ["800101-1234567", "8001011234567"]
