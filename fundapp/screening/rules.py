"""What the fund derives from an application before it is scored: age, average revenue, size class."""

from __future__ import annotations

from datetime import date

ASSET_CAP_KRW = 500_000_000_000
"""Total assets from which a company is no SME in any industry (Framework Act on SMEs, decree art. 3)."""

STARTUP_YEARS = 7
"""A start-up is at most so many years from its start (Act on the Support of Start-ups, art. 2)."""

_REVISED_ON = date(2025, 9, 1)
_UNIT_KRW = 100_000_000

# Revenue limits in hundreds of millions of won by KSIC division or section: since 2025-09-01, and before.
# Framework Act on SMEs, Enforcement Decree, annex 1. Longer codes win.
_LIMITS: dict[str, tuple[int, int]] = {
    **dict.fromkeys(("C17", "C24", "C28"), (1800, 1500)),
    **dict.fromkeys(("C14", "C15", "C32", "C30393", "C31202", "C31322"), (1500, 1500)),
    **dict.fromkeys(("C10", "C20", "C22", "C25", "C29", "C30", "C31", "F", "G"), (1200, 1000)),
    **dict.fromkeys(("A", "B", "C12", "C13", "C16", "C19", "C26", "D", "E36"), (1000, 1000)),
    **dict.fromkeys(("C33", "H", "J"), (1000, 800)),
    **dict.fromkeys(("C11", "C18", "C21", "C23", "C27", "E"), (800, 800)),
    "N": (800, 600),
    **dict.fromkeys(("C34", "M", "Q", "R", "S"), (600, 600)),
    **dict.fromkeys(("I", "K", "L", "N76", "P"), (400, 400)),
}
_NO_LIMIT = frozenset({"S94"})

# First and last division of each KSIC section (11th revision), for codes written without their letter.
_SECTIONS = (
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


def age_in_months(founded_on: date, on: date) -> int:
    """Return the completed months from incorporation to a day; 0 if it lies before."""
    months = (on.year - founded_on.year) * 12 + on.month - founded_on.month
    return max(0, months - (on.day < founded_on.day))


def is_startup_age(founded_on: date, on: date) -> bool:
    """Say whether a company is within its first seven years; one day over is over."""
    try:
        last = founded_on.replace(year=founded_on.year + STARTUP_YEARS)
    except ValueError:
        # Founded on 29 February: the anniversary of a common year is its 28th.
        last = founded_on.replace(year=founded_on.year + STARTUP_YEARS, day=28)
    return on <= last


def average_revenue_krw(last: int | None, before: int | None, two_before: int | None) -> int | None:
    """Return the mean of the years that the company has closed, rounded down to whole won.

    A year in which it did not exist is None (decree art. 7: three years where there are three, otherwise the full
    years there are). None when the last year is not known.
    """
    if last is None:
        return None
    years = [year for year in (last, before, two_before) if year is not None]
    return sum(years) // len(years)


def with_section(ksic: str) -> str:
    """Return an industry code with its section letter in front, where the digits tell it."""
    if ksic[:1].isalpha():
        return ksic
    division = int(ksic[:2])
    return next((letter + ksic for letter, first, last in _SECTIONS if first <= division <= last), ksic)


def revenue_limit_krw(ksic: str, on: date) -> int | None:
    """Return the average revenue up to which a company of an industry is an SME, or None if the table has no row.

    Args:
        ksic: Industry code, with or without its section letter.
        on: The day that the class is judged for; the decree's revision applies from 2025-09-01.
    """
    code = with_section(ksic)
    if any(code.startswith(stem) for stem in _NO_LIMIT):
        return None
    found = next((_LIMITS[code[:size]] for size in range(len(code), 0, -1) if code[:size] in _LIMITS), None)
    if found is None:
        return None
    return found[0 if on >= _REVISED_ON else 1] * _UNIT_KRW


def company_class(
    *, assets_krw: int | None, average_krw: int | None, ksic: str | None, founded_on: date | None, on: date
) -> str | None:
    """Return startup, sme, midsize or large; None where the answers leave it open.

    A first sorting from the company's own figures: whether it belongs to a business group cannot be seen from
    them, so everything at or above the asset cap counts as large and a person decides about the exception.
    """
    if assets_krw is not None and assets_krw >= ASSET_CAP_KRW:
        return "large"
    if assets_krw is None or average_krw is None:
        return None
    limit = revenue_limit_krw(ksic, on) if ksic else None
    if limit is None:
        # Without an industry only what holds in every industry can be said.
        limits = [pair[0 if on >= _REVISED_ON else 1] * _UNIT_KRW for pair in _LIMITS.values()]
        if min(limits) < average_krw <= max(limits):
            return None
        limit = max(limits) if average_krw > max(limits) else min(limits)
    if average_krw > limit:
        return "midsize"
    return "startup" if founded_on is not None and is_startup_age(founded_on, on) else "sme"
