"""What the fund derives from an application before it is scored beside its size class: the company's age."""

from __future__ import annotations

from datetime import date


def age_in_months(founded_on: date, on: date) -> int:
    """Return the completed months from incorporation to a day; 0 if it lies before."""
    months = (on.year - founded_on.year) * 12 + on.month - founded_on.month
    return max(0, months - (on.day < founded_on.day))
