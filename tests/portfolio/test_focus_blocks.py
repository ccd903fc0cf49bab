"""Reading in blocks gives the rows that Python's own reader gives, wherever a block ends, or says that it cannot."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fundapp.portfolio.focus import blocks
from fundapp.portfolio.focus.blocks import IrregularError, read_blocks

CELL = st.text('a한,"\n', max_size=6)
ROWS = st.lists(st.tuples(st.text("ab", min_size=1, max_size=3), CELL, CELL), min_size=1, max_size=12)
COLUMNS = {"one": 0, "three": 2}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make blocks and spans so small that a file of a few rows has several."""
    monkeypatch.setattr(blocks, "BLOCK", 64)
    monkeypatch.setattr(blocks, "SPAN", 128)


def rows_of(path: Path) -> list[tuple[str, str]]:
    return [(row["one"], row["three"]) for table in read_blocks(path, 0, 3, COLUMNS) for row in table.to_pylist()]


def laid_down(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "usage.csv"
    path.write_text(text, encoding="utf-8", newline="")
    return path


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, ending=st.sampled_from(["\n", "\r\n"]), last=st.booleans())
def test_a_file_is_read_as_it_was_written_or_not_at_all(
    tmp_path: Path, rows: list[tuple[str, str, str]], ending: str, *, last: bool
) -> None:
    sheet = io.StringIO(newline="")
    csv.writer(sheet, lineterminator=ending).writerows(rows)
    path = laid_down(tmp_path, sheet.getvalue() if last else sheet.getvalue().removesuffix(ending))
    try:
        found = rows_of(path)
    except IrregularError:  # a quoted line end stood where a block ends
        assert any("\n" in cell for row in rows for cell in row)
        return
    assert found == [(one, three) for one, _, three in rows]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text('ab,"\n', max_size=200))
def test_whatever_is_read_of_any_text_is_what_the_strict_reader_reads(tmp_path: Path, text: str) -> None:
    path = laid_down(tmp_path, text)
    try:
        found = rows_of(path)
    except IrregularError:
        return
    lenient = list(csv.reader(io.StringIO(text, newline="")))
    assert found == [(row[0], row[2]) for row in lenient]
    assert all(len(row) == 3 for row in lenient)


@pytest.mark.parametrize("before", range(20))
def test_a_quoted_line_end_is_read_wherever_a_block_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: int
) -> None:
    monkeypatch.setattr(blocks, "SPAN", 1 << 20)
    lines = ["a,b,c"] * before + ['a,"b\nb","c\n\nc"'] + ["a,b,c"] * 20
    found = rows_of(laid_down(tmp_path, "\n".join(lines) + "\n"))
    assert found == [("a", "c")] * before + [("a", "c\n\nc")] + [("a", "c")] * 20


@pytest.mark.parametrize("at", [0, 9, 10, 11, 39])
def test_a_quote_that_is_never_closed_is_seen_wherever_it_stands(tmp_path: Path, at: int) -> None:
    lines = ["a,b,c"] * 40
    lines[at] = 'a,b,"c'
    path = laid_down(tmp_path, "\n".join(lines) + "\n")
    with pytest.raises(IrregularError):
        rows_of(path)


@pytest.mark.parametrize("line", ["a,b", "a,b,c,d", "", " ", 'a,"b,c"', "a" * 70 + ",b,c"])
@pytest.mark.parametrize("at", [0, 10, 39])
def test_a_line_that_is_out_of_the_ordinary_is_seen_wherever_it_stands(tmp_path: Path, line: str, at: int) -> None:
    lines = ["a,b,c"] * 40
    lines[at] = line
    path = laid_down(tmp_path, "\n".join(lines) + "\n")
    with pytest.raises(IrregularError):
        rows_of(path)


def test_what_is_not_text_is_refused_also_in_a_column_that_nobody_reads(tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    path.write_bytes(b"a,b,c\n" * 30 + b"a,\xff,c\n")
    with pytest.raises(UnicodeDecodeError):
        rows_of(path)


def test_a_row_that_looks_like_the_mark_behind_a_block_is_a_row(tmp_path: Path) -> None:
    assert rows_of(laid_down(tmp_path, "\x01,\x01,\x01\n")) == [("\x01", "\x01")]
