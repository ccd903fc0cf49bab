"""Columns of text as numbers: each distinct value once, and for every row which of them it has.

Whatever a value means can then be decided once, and rows are chosen and grouped by numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from .refusals import RowRefusedError

REMEMBERED: Final = 200_000
"""Values, or sums, that are kept before room is made for new ones."""
_SPARSE: Final = 4

Numbers = npt.NDArray[np.int64]
Marks = npt.NDArray[np.bool_]
Values = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Coded:
    """One or several columns of a frame.

    Attributes:
        values: Distinct values, one text for each column.
        codes: For each row, the position of its value.
    """

    values: Sequence[Values]
    codes: Numbers

    def at(self, rows: Numbers) -> Coded:
        """Return some of the rows, with only the values that they have."""
        return _dense(self.values, self.codes[rows])

    def beside(self, other: Coded) -> Coded:
        """Return the combinations of two that rows have."""
        if len(other.values) == 1:
            return Coded([value + other.values[0] for value in self.values], self.codes)
        width = len(other.values)
        pairs, codes = _distinct(self.codes * width + other.codes, len(self.values) * width)
        mine, theirs = np.divmod(pairs, width)
        values = [self.values[one] + other.values[two] for one, two in zip(mine.tolist(), theirs.tolist(), strict=True)]
        return Coded(values, codes)

    def marks(self, marked: Iterable[bool]) -> Marks | None:
        """Return which rows have a marked value; None when no value is marked.

        Args:
            marked: For each value, whether it is.
        """
        table = np.fromiter(marked, dtype=np.bool_, count=len(self.values))
        return table[self.codes] if table.any() else None


def _dense(values: Sequence[Values], codes: Numbers) -> Coded:
    found, dense = _distinct(codes, len(values))
    return Coded([values[code] for code in found.tolist()], dense)


def _distinct(codes: Numbers, limit: int) -> tuple[Numbers, Numbers]:
    """Return the distinct codes, all below a limit, and for each row the position of its own among them."""
    if limit > _SPARSE * len(codes) + REMEMBERED:
        found, dense = np.unique(codes, return_inverse=True)
        return found, dense
    seen = np.zeros(limit, dtype=np.bool_)
    seen[codes] = True
    ranks = np.cumsum(seen) - 1
    return np.flatnonzero(seen), ranks[codes]


class Frame:
    """Some rows of a file.

    Args:
        table: Columns of text; a column that the file does not have counts as empty.
    """

    def __init__(self, table: pa.Table) -> None:
        self.table, self.height = table, table.num_rows
        self._columns: dict[str, Coded] = {}

    def coded(self, *names: str) -> Coded:
        """Return columns by their distinct values."""
        found = self._column(names[0])
        for name in names[1:]:
            found = found.beside(self._column(name))
        return found

    def _column(self, name: str) -> Coded:
        if name not in self._columns:
            self._columns[name] = self._encode(name)
        return self._columns[name]

    def _encode(self, name: str) -> Coded:
        texts, codes = self.encoded(name)
        return Coded([(text,) for text in texts.to_pylist()], codes)

    def encoded(self, name: str) -> tuple[pa.Array, Numbers]:
        """Return the distinct texts of a column, and for each row the position of its own."""
        chunks = self.texts(name).dictionary_encode().chunks
        return chunks[0].dictionary, np.concatenate([chunk.indices for chunk in chunks], dtype=np.int64)

    def texts(self, name: str) -> pa.ChunkedArray:
        """Return a column, of one chunk at least."""
        if name not in self.table.column_names or not self.height:
            return pa.chunked_array([pa.repeat("", self.height)])
        return self.table[name]

    def cells(self, rows: Numbers, names: Iterable[str]) -> list[dict[str, str]]:
        """Return rows as name → text."""
        empty = dict.fromkeys(names, "")
        found: list[dict[str, str]] = self.table.take(pa.array(rows)).to_pylist()
        return [empty | cells for cells in found]


class Verdicts:
    """What values mean, judged once each; forgets rather than grow on a file of ever new values.

    Args:
        judge: Takes the texts of a value; may refuse it.
    """

    def __init__(self, judge: Callable[..., Any]) -> None:
        self._judge = judge
        self._known: dict[Values, Any] = {}

    def on(self, coded: Coded) -> list[Any]:
        """Return the verdict on each of the values; a refusal is the verdict on what cannot be read."""
        if len(self._known) > REMEMBERED:
            self._known = {}
        known = self._known
        for value in coded.values:
            if value not in known:
                known[value] = self.judge(value)
        return [known[value] for value in coded.values]

    def judge(self, value: Values) -> Any:  # noqa: ANN401 - whatever the judge returns
        """Return the verdict on a value, without remembering it."""
        try:
            return self._judge(*value)
        except RowRefusedError as refusal:
            return refusal

    def refused(self, coded: Coded) -> Marks | None:
        """Return which rows have a value that cannot be read; None when none has."""
        return coded.marks(is_refusal(verdict) for verdict in self.on(coded))


def is_refusal(verdict: object) -> bool:
    """Return whether a verdict is that a value cannot be read."""
    return isinstance(verdict, RowRefusedError)


class Codebook:
    """Numbers for texts that hold for a whole file, by column."""

    def __init__(self) -> None:
        self._codes: dict[str, dict[str, int]] = {}

    def number(self, column: str, texts: Iterable[str]) -> npt.NDArray[np.int32]:
        """Return the number of each text, giving new ones to new texts."""
        known = self._codes.setdefault(column, {})
        return np.fromiter((known.setdefault(text, len(known)) for text in texts), dtype=np.int32)

    def texts(self, column: str) -> list[str]:
        """Return all texts of a column in the order of their numbers."""
        return list(self._codes[column])
