from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fundapp.core.quantities import Quantity, gpu_hours, imputed_value, round_to_won, scale_of, won

CODES = st.sampled_from(["KRW", "USD", "GPUH.H100", "GPUH.A100", "KRW-IMPUTED"])


@given(CODES, CODES, st.integers(), st.integers())
def test_only_amounts_of_one_commodity_can_be_added_or_compared(a: str, b: str, x: int, y: int) -> None:
    left, right = Quantity(x, a), Quantity(y, b)
    if a == b:
        assert (left + right).minor == x + y
        assert (left < right) == (x < y)
    else:
        for combine in (lambda: left + right, lambda: left - right, lambda: left < right):
            with pytest.raises(TypeError, match="cannot combine"):
                combine()


@given(CODES, st.integers(-(10**18), 10**18))
def test_text_and_minor_units_say_the_same(code: str, minor: int) -> None:
    quantity = Quantity(minor, code)
    assert Quantity.parse(str(quantity), code) == quantity
    assert quantity.decimal == Decimal(minor) / 10 ** scale_of(code)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1.5", "KRW"),
        ("0.001", "USD"),
        ("0.00001", "GPUH.H100"),
        ("NaN", "KRW"),
        ("1e400000", "X"),
        ("", "KRW"),
    ],
)
def test_what_cannot_be_kept_exactly_is_refused(text: str, code: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Quantity.parse(text, code)


def test_floats_never_become_money() -> None:
    with pytest.raises(TypeError):
        Quantity(1.0, "KRW")  # type: ignore[arg-type]


def test_the_value_of_hours_is_exact() -> None:
    value = imputed_value(gpu_hours("H100", "0.0001"), 5301)
    assert (value.commodity, value.decimal) == ("KRW-IMPUTED", Decimal("0.5301"))
    with pytest.raises(TypeError):
        imputed_value(won(1), 5301)


@pytest.mark.parametrize(("value", "expected"), [(5000, 0), (15000, 2), (25000, 2), (-15000, -2), (14999, 1)])
def test_display_rounds_half_to_even(value: int, expected: int) -> None:
    assert round_to_won(value) == expected
