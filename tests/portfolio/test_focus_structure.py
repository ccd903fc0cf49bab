"""Counting a file in two halves agrees with Python's own reader, wherever the middle falls."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fundapp.portfolio.focus import structure
from fundapp.portfolio.focus.structure import look_at

CELL = st.text('a,"\n', max_size=6)
ROWS = st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=12)


def written(rows: list[tuple[str, str, str]]) -> str:
    sheet = io.StringIO(newline="")
    csv.writer(sheet, lineterminator="\n").writerows(rows)
    return sheet.getvalue()


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_a_file_of_one_piece_has_the_rows_that_were_written(tmp_path: Path, rows: list[tuple[str, str, str]]) -> None:
    path = tmp_path / "usage.csv"
    path.write_text(written(rows), encoding="utf-8", newline="")
    seen = look_at(path, 0, 3)
    assert (seen.regular, seen.rows, seen.plain) == (True, len(rows), True)


@pytest.mark.parametrize("at", [0, 3, 7])
def test_a_quote_that_is_never_closed_is_seen_in_either_half(tmp_path: Path, at: int) -> None:
    lines = ["a,b,c"] * 8
    lines[at] = 'a,"b,c'
    path = tmp_path / "usage.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="")
    assert not look_at(path, 0, 3).regular


def test_a_field_that_the_middle_cuts_is_counted_once(tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    field = "x,\n" * (structure.BLOCK // 2)  # longer than a block; its line ends and commas all stand inside quotes
    path.write_text(f'a,b,c\na,"{field}",c\na,b,c\n', encoding="utf-8", newline="")
    seen = look_at(path, 0, 3)
    assert (seen.regular, seen.rows) == (True, 3)


def test_a_row_that_is_too_short_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    path.write_text("a,b,c\n" * 5 + "a,b\n" + "a,b,c\n" * 5, encoding="utf-8", newline="")
    assert not look_at(path, 0, 3).regular
