"""The dated tables by which a company's size is judged, and the industries that they speak of.

Source: Framework Act on Small and Medium Enterprises, Enforcement Decree, annex 1 (average revenue of small and
medium-sized enterprises) and annex 3 (of small enterprises), as in force from 2015 and as amended on 2025-09-01. The
amendment is first applied to business years that close on that day or later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

UNIT_KRW = 100_000_000
"""The tables speak in hundreds of millions of won (억원)."""

ASSET_CAP_KRW = 500_000_000_000
"""Total assets from which a company is no SME in any industry (decree art. 3, para. 1, no. 1, item b)."""


@dataclass(frozen=True, slots=True)
class SizeTable:
    """One version of the annexes.

    Attributes:
        effective_from: First closing day of a business year that it is applied to.
        medium: Limit of an SME by section or division, in hundreds of millions of won; longer codes win.
        small: Limit of a small enterprise likewise; None where this version's limits are not on record here.
    """

    effective_from: date
    medium: Mapping[str, int]
    small: Mapping[str, int] | None


@dataclass(frozen=True, slots=True)
class Limit:
    """What a table says of an industry: the stem that decided, and its limit in whole won."""

    stem: str
    krw: int


def _spread(*bands: tuple[str, int]) -> dict[str, int]:
    return {code: limit for codes, limit in bands for code in codes.split()}


_SINCE_2015 = SizeTable(
    date(2015, 1, 1),
    _spread(
        ("C14 C15 C17 C24 C28 C32 C30393 C31202 C31322", 1500),
        ("A B C10 C12 C13 C16 C19 C20 C22 C25 C26 C29 C30 C31 D E36 F G", 1000),
        ("C11 C18 C21 C23 C27 C33 E H J", 800),
        ("C34 M N Q R S", 600),
        ("I K L N76 P", 400),
    ),
    None,
)
_SINCE_2025 = SizeTable(
    date(2025, 9, 1),
    _spread(
        ("C17 C24 C28", 1800),
        ("C14 C15 C32 C30393 C31202 C31322", 1500),
        ("C10 C20 C22 C25 C29 C30 C31 F G", 1200),
        ("A B C12 C13 C16 C19 C26 C33 D E36 H J", 1000),
        ("C11 C18 C21 C23 C27 E N", 800),
        ("C34 M Q R S", 600),
        ("I K L N76 P", 400),
    ),
    _spread(
        ("C19 C24", 140),
        (
            "C10 C11 C14 C15 C20 C21 C23 C25 C26 C28 C29 C30 C32 C30393 C31202 C31322 D E36",
            120,
        ),
        ("H K", 100),
        ("A B C12 C13 C16 C17 C18 C22 C27 C31 C33 F", 80),
        ("G", 60),
        ("J", 50),
        ("E L", 40),
        ("M N N76 R", 30),
        ("C34 I P Q S", 15),
    ),
)
TABLES = (_SINCE_2015, _SINCE_2025)
_WITHOUT_LIMIT = ("S94",)

SECTIONS = (
    ("A", 1, 3),
    ("B", 5, 8),
    ("C", 10, 34),
    ("D", 35, 35),
    ("E", 36, 39),
    ("F", 41, 42),
    ("G", 45, 47),
    ("H", 49, 52),
    ("I", 55, 56),
    ("J", 58, 63),
    ("K", 64, 66),
    ("L", 68, 68),
    ("M", 70, 73),
    ("N", 74, 76),
    ("O", 84, 84),
    ("P", 85, 85),
    ("Q", 86, 87),
    ("R", 90, 91),
    ("S", 94, 96),
    ("T", 97, 98),
    ("U", 99, 99),
)
"""First and last division of each section of the KSIC (11th revision), for codes written without their letter."""


def table_for(closing: date) -> SizeTable:
    """Return the table that is applied to a business year by the day on which it closes.

    Years from before the first table on record are judged by that one.
    """
    return next((table for table in reversed(TABLES) if table.effective_from <= closing), TABLES[0])


def with_section(ksic: str) -> str:
    """Return an industry code with its section letter in front, where the digits tell it."""
    if ksic[:1].isalpha():
        return ksic
    division = int(ksic[:2])
    return next((letter + ksic for letter, first, last in SECTIONS if first <= division <= last), ksic)


# A call has one closing day or few, and its companies are of a few hundred industries.
@lru_cache(maxsize=4096)
def sme_limit(ksic: str, closing: date) -> Limit | None:
    """Return the average revenue up to which a company of an industry is an SME, or None if the table has no row.

    Args:
        ksic: Industry code, with or without its section letter.
        closing: The closing day of the business year that is judged.
    """
    return _find(table_for(closing).medium, with_section(ksic))


@lru_cache(maxsize=4096)
def small_limit(ksic: str, closing: date) -> Limit | None:
    """Return the same for a small enterprise (소기업); None also where that version is not on record."""
    return _find(table_for(closing).small or {}, with_section(ksic))


def _find(limits: Mapping[str, int], code: str) -> Limit | None:
    if code.startswith(_WITHOUT_LIMIT):
        return None
    stems = (code[:size] for size in range(len(code), 0, -1))
    return next((Limit(stem, limits[stem] * UNIT_KRW) for stem in stems if stem in limits), None)


def limits_of_all(closing: date) -> tuple[int, int]:
    """Return the least and the largest limit of an SME over all industries, in won: what holds in each of them."""
    limits = table_for(closing).medium.values()
    return min(limits) * UNIT_KRW, max(limits) * UNIT_KRW
