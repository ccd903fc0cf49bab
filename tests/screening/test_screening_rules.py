"""The age of a company in completed months."""

from __future__ import annotations

from datetime import date

import pytest

from fundapp.screening.rules import age_in_months

ON = date(2026, 5, 8)


@pytest.mark.parametrize(
    ("founded", "months"),
    [
        (date(2025, 5, 8), 12),
        (date(2025, 5, 9), 11),
        (date(2026, 5, 8), 0),
        (date(2026, 6, 1), 0),
        (date(2024, 2, 29), 26),
    ],
)
def test_age_counts_completed_months(founded: date, months: int) -> None:
    assert age_in_months(founded, ON) == months
