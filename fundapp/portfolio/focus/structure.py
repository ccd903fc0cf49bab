"""Whether a CSV file is of one piece: every row as long as the header, every quote closed, no row without end.

Counting settles it: outside quotes there must be exactly so many commas for each line end. Sixty-four bytes are looked
at in one machine word (as simdjson does: Langdale and Lemire, "Parsing Gigabytes of JSON per Second", 2019): a prefix
exclusive-or over the bits of quote signs marks what lies inside quotes. The count runs beside the reader and stays
ahead of it, so that a quote without end is found before the reader takes the rest of the file for one field.
"""

from __future__ import annotations

import codecs
import threading
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np
import numpy.typing as npt

BLOCK: Final = 1 << 18
"""Small enough for a processor's own cache; large enough that the passes over it outweigh calling for them."""
LONGEST_ROW: Final = 16 << 20
_FIRST_BEYOND_ASCII: Final = 0x80
_LINE_FEED: Final = ord("\n")
_SHIFTS: Final = tuple(np.uint64(shift) for shift in (1, 2, 4, 8, 16, 32))
_ONE_LESS: Final = np.uint64(63)

Bits = npt.NDArray[np.uint64]


class Count:
    """The count of a file from a place on, in a thread of its own; leaving the `with` block stops it.

    Args:
        path: A file that is not compressed.
        start: Where its rows begin.
        width: Fields of a row.
    """

    def __init__(self, path: Path, start: int, width: int) -> None:
        self._path, self._start, self._between = path, start, width - 1
        self._odd = False
        self._commas = self._ends = self._bare = 0
        self._last = _LINE_FEED
        self._regular, self._over, self._stopped = True, False, False
        self._fault: Exception | None = None
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="count of a file", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped = True
        self._thread.join()

    def reaches(self, rows: int) -> bool:
        """Wait until so many rows, or all, are counted; say whether all that is counted is of one piece.

        Raises:
            UnicodeDecodeError: if something in it is not UTF-8.
            OSError: if the file cannot be read.
        """
        with self._news:
            self._news.wait_for(lambda: self._over or self._ends >= rows)
        if self._fault is not None:
            raise self._fault
        return self._regular

    def rows(self) -> int | None:
        """Wait for the end; return the rows of a file of one piece, None for any other.

        Raises:
            UnicodeDecodeError: as `reaches`.
            OSError: as `reaches`.
        """
        self._thread.join()
        return self._ends + (self._last != _LINE_FEED) if self.reaches(0) else None

    def _run(self) -> None:
        try:
            self._look()
        except (OSError, UnicodeDecodeError) as fault:
            self._fault = fault
        finally:
            with self._news:
                self._over = True
                self._news.notify_all()

    def _look(self) -> None:
        """Look at block after block, read into the same memory again and again."""
        buffer = bytearray(BLOCK)
        view, equal = np.frombuffer(buffer, dtype=np.uint8), np.empty(BLOCK, dtype=np.bool_)
        decoder, pending = codecs.getincrementaldecoder("utf-8")(), False
        with self._path.open("rb", buffering=0) as stream:
            stream.seek(self._start)
            while self._regular and not self._stopped and (read := stream.readinto(buffer)):
                self._last = buffer[read - 1]
                buffer[read:] = bytes(BLOCK - read)
                if pending or int(view.max()) >= _FIRST_BEYOND_ASCII:  # wherever it stands, in a column read or not
                    decoder.decode(bytes(memoryview(buffer)[:read]))
                    pending = bool(decoder.getstate()[0])
                self._add(view, equal, read)
        decoder.decode(b"", final=not self._stopped and self._regular)
        missing_end = self._last != _LINE_FEED
        self._regular &= not self._odd and self._commas == self._between * (self._ends + missing_end)

    def _add(self, view: npt.NDArray[np.uint8], equal: npt.NDArray[np.bool_], read: int) -> None:
        inside, odd = _inside_quotes(_bits(view, ord('"'), equal))
        outside = inside if self._odd else ~inside
        ends = _ones(_bits(view, _LINE_FEED, equal) & outside)
        self._commas += _ones(_bits(view, ord(","), equal) & outside)
        self._odd ^= odd
        self._bare = 0 if ends else self._bare + read
        with self._news:
            self._ends += ends
            begun = self._commas - self._between * self._ends  # commas of the row that the block cuts
            self._regular = 0 <= begun <= self._between and self._bare < LONGEST_ROW
            self._news.notify_all()


def _bits(view: npt.NDArray[np.uint8], sign: int, equal: npt.NDArray[np.bool_]) -> Bits:
    """Return one bit for each byte: whether it is this sign."""
    np.equal(view, sign, out=equal)
    return np.packbits(equal, bitorder="little").view(np.uint64)


def _ones(words: Bits) -> int:
    return int(np.bitwise_count(words).sum())


def _inside_quotes(quotes: Bits) -> tuple[Bits, bool]:
    """Return which bytes lie inside quotes for a block that begins outside, and whether it ends inside."""
    state = quotes.copy()
    moved = np.empty_like(state)
    for shift in _SHIFTS:
        np.left_shift(state, shift, out=moved)
        np.bitwise_xor(state, moved, out=state)
    ends = np.bitwise_xor.accumulate(state >> _ONE_LESS)
    before = np.zeros_like(ends)
    before[1:] = ends[:-1]
    return state ^ (np.uint64(0) - before), bool(ends[-1])
