"""Amounts in integer minor units, each of one commodity; never a float, never mixed.

| commodity | scale | minor unit |
| --- | --- | --- |
| KRW | 0 | won |
| USD | 2 | cent |
| GPUH.<sku> | 4 | ten-thousandth of a GPU-hour |
| KRW-IMPUTED | 4 | ten-thousandth of a won |

`KRW-IMPUTED` holds the value of capital given in kind. Its scale of 4 makes hours x whole-won rate exact, so
nothing is rounded before display.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Self

HOUR_SCALE = 4
HOUR = 10**HOUR_SCALE
_FIXED_SCALES = {"KRW": 0, "USD": 2, "KRW-IMPUTED": 4}
_GPU_PREFIX = "GPUH."


def scale_of(commodity: str) -> int:
    """Return the fixed number of decimals of a commodity.

    Raises:
        ValueError: for an unknown commodity code.
    """
    if commodity.startswith(_GPU_PREFIX) and len(commodity) > len(_GPU_PREFIX):
        return HOUR_SCALE
    if commodity not in _FIXED_SCALES:
        raise ValueError(f"unknown commodity: {commodity!r}")
    return _FIXED_SCALES[commodity]


def gpu_commodity(sku: str) -> str:
    """Return the commodity code of a SKU's GPU-hours, e.g. `GPUH.H100`."""
    return _GPU_PREFIX + sku


@dataclass(frozen=True, slots=True, order=False)
class Quantity:
    """So many minor units of one commodity. Arithmetic and comparison need the same commodity."""

    minor: int
    commodity: str

    def __post_init__(self) -> None:
        if isinstance(self.minor, bool) or not isinstance(self.minor, int):
            raise TypeError(f"minor units are whole numbers, not {type(self.minor).__name__}")
        scale_of(self.commodity)

    @classmethod
    def parse(cls, text: str | Decimal | int, commodity: str) -> Self:
        """Read a decimal amount exactly.

        Raises:
            ValueError: if it is no number or has more decimals than the commodity keeps.
        """
        try:
            value = Decimal(text).scaleb(scale_of(commodity))
        except InvalidOperation:
            raise ValueError(f"not a number: {text!r}") from None
        if not value.is_finite() or value != value.to_integral_value():
            raise ValueError(f"{text!r} has more decimals than {commodity} keeps")
        return cls(int(value), commodity)

    def _same(self, other: Quantity) -> Quantity:
        if not isinstance(other, Quantity):
            raise TypeError(f"cannot combine {self.commodity} with {type(other).__name__}")
        if other.commodity != self.commodity:
            raise TypeError(f"cannot combine {self.commodity} with {other.commodity}")
        return other

    def __add__(self, other: Quantity) -> Quantity:
        return Quantity(self.minor + self._same(other).minor, self.commodity)

    def __sub__(self, other: Quantity) -> Quantity:
        return Quantity(self.minor - self._same(other).minor, self.commodity)

    def __neg__(self) -> Quantity:
        return Quantity(-self.minor, self.commodity)

    def __lt__(self, other: Quantity) -> bool:
        return self.minor < self._same(other).minor

    def __le__(self, other: Quantity) -> bool:
        return self.minor <= self._same(other).minor

    @property
    def decimal(self) -> Decimal:
        """The exact decimal value."""
        return Decimal(self.minor).scaleb(-scale_of(self.commodity))

    def __str__(self) -> str:
        return f"{self.decimal:f}"


def won(amount: int) -> Quantity:
    """So many won of cash."""
    return Quantity(amount, "KRW")


def gpu_hours(sku: str, hours: int | Decimal | str) -> Quantity:
    """So many GPU-hours of a SKU; at most four decimals."""
    return Quantity.parse(hours, gpu_commodity(sku))


def imputed_value(hours: Quantity, rate_krw: int) -> Quantity:
    """Return the in-kind value of GPU-hours at a whole-won rate: exact, because both scales are 4."""
    if not hours.commodity.startswith(_GPU_PREFIX):
        raise TypeError(f"{hours.commodity} is not GPU time")
    return Quantity(hours.minor * rate_krw, "KRW-IMPUTED")


def round_to_won(value_e4: int) -> int:
    """Round ten-thousandths of a won to whole won, half to even. For display only."""
    return int(Decimal(value_e4).scaleb(-4).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def split_pro_rata(amount_krw: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Split won by weights with the largest-remainder method; ties go by name, nobody gets a part of nothing.

    As long as `amount_krw` does not exceed the sum of the weights, no part exceeds its weight.

    Args:
        amount_krw: Whole won, not negative.
        weights: By name; at least one above zero unless the amount is 0.

    Returns:
        Parts by name that add up to the amount, zero parts left out.
    """
    whole = sum(weights.values())
    if amount_krw == 0:
        return {}
    parts = {name: amount_krw * weight // whole for name, weight in weights.items()}
    left = amount_krw - sum(parts.values())
    for name in sorted(weights, key=lambda name: (-(amount_krw * weights[name] % whole), name))[:left]:
        parts[name] += 1
    return {name: part for name, part in sorted(parts.items()) if part}
