"""What is said of a business number that cannot be one: the fault, and how to mend it."""

from __future__ import annotations

import pytest

from fundapp.intake.rules import business_number_fault


@pytest.mark.parametrize(
    "text", ["1208800767", "120-88-00767", " 120 88 00767 ", "１２０-８８-００７６７", "1111111119"]
)
def test_a_number_is_taken_with_or_without_hyphens(text: str) -> None:
    assert business_number_fault(text) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "takes ten digits only"),
        ("120-88-0076X", "takes ten digits only"),
        ("12088007", "8 were given"),
        ("120-88-007670", "11 were given"),
        ("1208800768", "the check digit"),
        ("1234567890", "the check digit"),
    ],
)
def test_each_fault_says_how_to_mend_it(text: str, said: str) -> None:
    fault = business_number_fault(text)
    assert fault is not None
    assert said in fault[1]
