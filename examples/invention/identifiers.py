"""Identifiers that pass their check digits and yet belong to nobody."""

from __future__ import annotations

import random
from collections.abc import Iterable

BUSINESS_WEIGHTS = (1, 3, 7, 1, 3, 7, 1, 3, 5)


def business_check_digit(first_nine: str) -> int:
    """Return the tenth digit of a business number.

    Args:
        first_nine: nine decimal digits.

    Returns:
        The check digit: weights 1-3-7-1-3-7-1-3-5 and the carry of the ninth digit, modulo ten.
    """
    total = sum(int(digit) * weight for digit, weight in zip(first_nine, BUSINESS_WEIGHTS, strict=True))
    return -(total + int(first_nine[8]) * 5 // 10) % 10


def corporate_check_digit(first_twelve: str) -> int:
    """Return the thirteenth digit of a corporate number: weights 1 and 2 in turn, modulo ten."""
    return -sum(int(digit) * (1 + place % 2) for place, digit in enumerate(first_twelve)) % 10


def invent_business_numbers(count: int, rng: random.Random) -> list[str]:
    """Return distinct ten-digit business numbers with right check digits.

    The fourth and fifth digits tell the kind of taxpayer and are never `00` on an issued number, so none of
    these can be a real company's.
    """
    numbers: set[str] = set()
    ordered: list[str] = []
    while len(ordered) < count:
        first_nine = f"{rng.randrange(101, 900)}00{rng.randrange(10, 9990):04d}"
        number = f"{first_nine}{business_check_digit(first_nine)}"
        if number not in numbers:
            numbers.add(number)
            ordered.append(number)
    return ordered


def invent_corporate_number(rng: random.Random) -> str:
    """Return a corporate number: registry office, entity type 11, serial and check digit.

    The office's month digits are never those of a birthday and the serial begins with 0, so the number
    cannot be taken for a resident's.
    """
    first_twelve = f"{rng.choice(('1345', '1746', '2054', '2354'))}110{rng.randrange(1000, 99999):05d}"
    return f"{first_twelve}{corporate_check_digit(first_twelve)}"


def with_wrong_check_digit(number: str) -> str:
    """Return the business number with its last digit one too high."""
    return f"{number[:9]}{(int(number[9]) + 1) % 10}"


def hyphenate(number: str) -> str:
    """Return a business number written 000-00-00000."""
    return f"{number[:3]}-{number[3:5]}-{number[5:]}"


def invent_uuid(words: Iterable[str]) -> str:
    """Return an identifier shaped like a UUID, always the same for the same words."""
    text = f"{random.Random('|'.join(words)).getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"
