"""A CSV file parsed in blocks by PyArrow, which refuses a row of another length instead of cutting or filling it.

Spans of the file are parsed side by side, each in blocks that stay in the processor's cache. A block ends at a line
end. Behind it one more row is parsed that no file holds: if that row does not come back as it went in, a quote was open
where the block ended. Whatever is not plainly in order raises :class:`IrregularError`; nothing is decided here.
"""

from __future__ import annotations

import codecs
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from pyarrow import compute, csv

BLOCK: Final = 4 << 20
"""Bytes; a longer row is left to the strict reader."""
SPAN: Final = 16 * BLOCK
_WORKERS: Final = 2
_TRIES: Final = 16
"""Line ends at which a block is tried to end, from the last one back."""
_MARK: Final = "\x01"
_NEWLINE: Final = b"\n"


class IrregularError(Exception):
    """The fast way met what it cannot read; what it has given so far must be forgotten, and the strict way taken."""


def read_blocks(path: Path, start: int, width: int, columns: Mapping[str, int]) -> Iterator[pa.Table]:
    """Yield the rows of a file in order, as text.

    Args:
        path: A file that is not compressed.
        start: Where its rows begin, bytes.
        width: Fields of a row.
        columns: Name → position of those wanted, at least one.

    Raises:
        IrregularError: if a row has another length, a quote stays open, a line is blank or longer than a block.
        UnicodeDecodeError: if any of it is not UTF-8, read or not.
    """
    reader = _Reader(path, width, columns)
    with ThreadPoolExecutor(_WORKERS) as pool:
        waiting: deque[Future[pa.Table]] = deque()
        for span in _spans(path, start):
            waiting.append(pool.submit(reader.read, *span))
            if len(waiting) > _WORKERS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _spans(path: Path, start: int) -> Iterator[tuple[int, int]]:
    """Yield beginnings and ends, in bytes, each of them after a line end."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        while start < size:
            stream.seek(min(start + SPAN, size) - 1)
            tail = stream.read(BLOCK)
            line_end = tail.find(_NEWLINE)
            if line_end < 0 and len(tail) == BLOCK:
                raise IrregularError
            end = size if line_end < 0 else min(start + SPAN, size) + line_end
            yield start, end
            start = end


class _Reader:
    """Parses spans of one file; several threads may do so at once.

    Args:
        path: The file.
        width: Fields of a row.
        columns: Name → position of those wanted.
    """

    def __init__(self, path: Path, width: int, columns: Mapping[str, int]) -> None:
        self.path = path
        self._names = list(columns)
        self._mark = ",".join([_MARK] * width).encode() + _NEWLINE
        titles = [str(at) for at in range(width)]
        wanted = [str(at) for at in columns.values()]
        self._read = csv.ReadOptions(use_threads=False, block_size=2 * BLOCK, column_names=titles)
        self._parse = csv.ParseOptions(ignore_empty_lines=False)
        self._convert = csv.ConvertOptions(
            include_columns=wanted,
            column_types=dict.fromkeys(wanted, pa.string()),
            check_utf8=False,  # looked at below, all columns of it
            strings_can_be_null=False,
        )

    def read(self, start: int, end: int) -> pa.Table:
        """Return the rows between two places of the file."""
        buffer = bytearray(BLOCK + 1 + len(self._mark))
        tables = []
        with self.path.open("rb", buffering=0) as stream:
            while start < end:
                stream.seek(start)
                read = self._fill(stream, buffer, min(BLOCK, end - start))
                last = read == end - start
                table, length = (self._rows(buffer, read), read) if last else self._most_rows(buffer, read)
                tables.append(table)
                start += length
        return pa.concat_tables(tables).rename_columns(self._names)

    def _fill(self, stream: Any, buffer: bytearray, most: int) -> int:  # noqa: ANN401 - a raw file
        """Read so many bytes to the beginning of a buffer, and return how many."""
        read = 0
        while read < most:
            more = stream.readinto(memoryview(buffer)[read:most])
            if not more:
                raise IrregularError  # the file became shorter
            read += more
        return read

    def _most_rows(self, buffer: bytearray, read: int) -> tuple[pa.Table, int]:
        """Return the rows up to one of the last line ends, and their length in bytes: some may stand inside quotes."""
        length = read + 1
        for _ in range(_TRIES):
            length = buffer.rfind(_NEWLINE, 0, length - 1) + 1
            if not length:
                break
            try:
                return self._rows(buffer, length), length
            except IrregularError:
                continue
        raise IrregularError

    def _rows(self, buffer: bytearray, length: int) -> pa.Table:
        """Return the rows at the beginning of a buffer, whose rest is overwritten."""
        end = length
        if buffer[length - 1] != _NEWLINE[0]:
            buffer[length : length + 1] = _NEWLINE
            end += 1
        buffer[end : end + len(self._mark)] = self._mark
        end += len(self._mark)
        rows = memoryview(buffer)[:end]
        if not buffer.isascii():  # of what an earlier block left behind the end, too
            codecs.utf_8_decode(rows, "strict", True)  # noqa: FBT003 - positional only
        try:
            table = csv.read_csv(pa.BufferReader(pa.py_buffer(rows)), self._read, self._parse, self._convert)
        except pa.ArrowInvalid as error:
            raise IrregularError from error
        marked = table.num_rows - 1
        if any(column[marked].as_py() != _MARK for column in table.columns):
            raise IrregularError
        table = table.slice(0, marked)
        if _has_blank_rows(table):
            raise IrregularError
        return table


def _has_blank_rows(table: pa.Table) -> bool:
    """Return whether there is a row without any text: a blank line looks so."""
    empty = None
    for column in table.columns:
        one = compute.equal(compute.binary_length(column), 0)
        empty = one if empty is None else compute.and_(empty, one)
        if not compute.any(empty).as_py():
            return False
    return True
