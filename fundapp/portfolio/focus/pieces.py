"""Files cut into frames that fit in memory: text columns, and the number of each row.

A CSV file is parsed in blocks (see :mod:`blocks`). One in which anything is out of the ordinary (a row of another
length, blank lines, broken quotes) is read by Python's own strict reader instead, which decides what is an error and at
which row. So the fast way never decides that a row is bad.
"""

from __future__ import annotations

import csv
import io
import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, TypeVar

import pyarrow as pa
from pyarrow import parquet

from .blocks import read_blocks
from .refusals import FocusFileError

LONGEST_HEADER: Final = 1 << 20
LONGEST_ROW: Final = 16 << 20
_EXACT_ROWS: Final = 20_000
_PARQUET_ROWS: Final = 65_536

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Place:
    """Which rows of a file a frame holds.

    Attributes:
        first: Row number of the first of them.
        numbers: Row numbers where they are not consecutive, else None.
        refused: Numbers of rows that have another number of fields than the header, and are not in the frame.
        height: Rows that the file has here, refused ones included and blank lines apart.
    """

    first: int
    height: int
    numbers: Sequence[int] | None = None
    refused: tuple[int, ...] = ()

    def number(self, position: int) -> int:
        """Return the number of a row by its position in the frame."""
        return self.first + position if self.numbers is None else self.numbers[position]


Work = Callable[[pa.Table], T]


class CsvPieces:
    """A CSV file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.header, self._start, self._plain = self._read_header()

    def _read_header(self) -> tuple[list[str], int, bool]:
        """Return the titles, where the rows begin, and whether the fast way can read this file at all."""
        with self.path.open("rb") as stream:
            head = stream.read(LONGEST_HEADER)
        end = head.find(b"\n")
        if end < 0 and len(head) == LONGEST_HEADER and b"\r" not in head:
            raise FocusFileError(
                "too_long",
                f"1행이 {LONGEST_HEADER >> 20} MB 안에 끝나지 않습니다. CSV 파일이 아닌 것 같습니다",
                f"row 1 does not end within {LONGEST_HEADER >> 20} MB; this does not look like CSV",
            )
        text = (head if end < 0 else head[:end]).decode("utf-8-sig").rstrip("\r")
        rows = list(csv.reader(io.StringIO(text, newline="")))
        plain = end >= 0 and "\r" not in text and text.count('"') % 2 == 0
        return (rows[0] if rows else []), end + 1, plain

    def frames(self, columns: Mapping[str, int], work: Work[T], *, strict: bool = False) -> Iterator[tuple[Place, T]]:
        """Apply `work` to every frame of the file and yield the results in order.

        Args:
            columns: FOCUS column → position.
            work: Called in a thread of its own, frame after frame.
            strict: Leave the fast way alone.

        Raises:
            FocusFileError: if the file is no CSV from some row on.
            IrregularError: if the strict way must be taken after all.
        """
        if strict or not self._plain:
            yield from self._exact(columns, work)
            return
        first = 2
        with ThreadPoolExecutor(1) as worker:  # one frame is worked on while the next are parsed
            waiting: deque[tuple[int, Future[T]]] = deque()
            for table in read_blocks(self.path, self._start, len(self.header), columns):
                waiting.append((table.num_rows, worker.submit(work, table)))
                del table
                if len(waiting) > 1:
                    height, future = waiting.popleft()
                    yield Place(first, height), future.result()
                    first += height
            for height, future in waiting:
                yield Place(first, height), future.result()
                first += height

    def _exact(self, columns: Mapping[str, int], work: Work[T]) -> Iterator[tuple[Place, T]]:
        """Read the file with the strict reader."""
        batch: list[tuple[int, list[str]]] = []
        number = 0
        with self.path.open("rb") as stream:
            try:
                for fields in csv.reader(_lines(stream), strict=True):
                    number += 1
                    if number > 1 and fields:
                        batch.append((number, fields))
                    if len(batch) == _EXACT_ROWS:
                        yield self._strict_frame(batch, columns, work)
                        batch = []
            except csv.Error as error:
                raise FocusFileError(
                    "csv", f"{number}행 다음에서 CSV 형식이 깨졌습니다", f"broken CSV after row {number}: {error}"
                ) from error
            except _LineTooLongError as error:
                raise FocusFileError(
                    "too_long",
                    f"{number}행 다음의 한 행이 {LONGEST_ROW >> 20} MB보다 깁니다",
                    f"the row after row {number} is longer than {LONGEST_ROW >> 20} MB",
                ) from error
        if batch:
            yield self._strict_frame(batch, columns, work)

    def _strict_frame(
        self, batch: Sequence[tuple[int, list[str]]], columns: Mapping[str, int], work: Work[T]
    ) -> tuple[Place, T]:
        width = len(self.header)
        good = [(number, fields) for number, fields in batch if len(fields) == width]
        refused = tuple(number for number, fields in batch if len(fields) != width)
        table = pa.table(
            {name: pa.array([fields[at] for _, fields in good], pa.string()) for name, at in columns.items()}
        )
        return Place(0, len(batch), [number for number, _ in good], refused), work(table)


class _LineTooLongError(Exception):
    """A line that is longer than any row of an export."""


def _lines(stream: IO[bytes]) -> Iterator[str]:
    with io.TextIOWrapper(stream, encoding="utf-8-sig", newline="") as text:
        while line := text.readline(LONGEST_ROW):
            if len(line) == LONGEST_ROW and not line.endswith(("\r", "\n")):
                raise _LineTooLongError
            yield line


class ParquetPieces:
    """A Parquet file; its values become the text that a CSV export would have."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with parquet.ParquetFile(path) as file:
            self.header: list[str] = list(file.schema_arrow.names)

    def frames(self, columns: Mapping[str, int], work: Work[T], *, strict: bool = False) -> Iterator[tuple[Place, T]]:
        """Apply `work` to every frame of the file and yield the results in order; the first record is row 1."""
        _ = strict  # there is only one way to read Parquet
        first = 1
        wanted = {self.header[at]: name for name, at in columns.items()}
        with parquet.ParquetFile(self.path) as file:
            for batch in file.iter_batches(batch_size=_PARQUET_ROWS, columns=list(wanted)):
                texts = {name: _texts(batch.column(theirs)) for theirs, name in wanted.items()}
                table = pa.table(texts)
                yield Place(first, table.num_rows), work(table)
                first += table.num_rows


def _texts(column: Any) -> pa.Array:  # noqa: ANN401 - pyarrow ships no types
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.dictionary_decode(), kind.value_type
    if pa.types.is_string(kind):
        texts = column
    elif pa.types.is_nested(kind):
        texts = pa.array([_json_of(value) for value in column.to_pylist()], pa.string())
    elif pa.types.is_timestamp(kind):
        zoned = column.cast(pa.timestamp("us", kind.tz), safe=False)
        texts = pa.array([None if value is None else value.isoformat() for value in zoned.to_pylist()], pa.string())
    elif pa.types.is_boolean(kind) or pa.types.is_primitive(kind) or pa.types.is_date(kind):
        texts = pa.array([None if value is None else str(value) for value in column.to_pylist()], pa.string())
    else:
        texts = column.cast(pa.string())
    return texts.fill_null("")


def _json_of(value: object) -> str | None:
    """Return a map or struct as the JSON object that a CSV export would have."""
    if isinstance(value, list):
        value = dict(value) if all(isinstance(pair, tuple) for pair in value) else value
    return None if value is None else json.dumps(value, ensure_ascii=False, default=str)
