"""Whether a CSV file is of one piece: every row as long as the header, every quote closed, no row without end.

Counting settles it: outside quotes there must be exactly so many commas for each line end. Sixty-four bytes are looked
at in one machine word (as simdjson does: Langdale and Lemire, "Parsing Gigabytes of JSON per Second", 2019): a prefix
exclusive-or over the bits of quote signs marks what lies inside quotes.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

BLOCK: Final = 2 << 20
"""Large enough that two threads pass over their blocks longer than they wait for one another."""
LONGEST_ROW: Final = 16 << 20
_FIRST_BEYOND_ASCII: Final = 0x80
_SHIFTS: Final = tuple(np.uint64(shift) for shift in (1, 2, 4, 8, 16, 32))
_ONE_LESS: Final = np.uint64(63)

Bits = npt.NDArray[np.uint64]


@dataclass(slots=True)
class _Counts:
    """Counts of a file.

    Attributes:
        odd: Whether it has an odd number of quote signs so far: the next byte lies inside quotes.
        commas: Commas outside quotes.
        ends: Line ends outside quotes.
        bare: Longest run of blocks without one.
        plain: Whether it is all ASCII.
    """

    odd: bool = False
    commas: int = 0
    ends: int = 0
    bare: int = 0
    plain: bool = True

    def add(self, later: _Counts) -> None:
        """Add what follows; a row cut in two counts as long as both parts."""
        self.odd = later.odd
        self.commas += later.commas
        self.ends += later.ends
        self.bare += later.bare
        self.plain &= later.plain


@dataclass(frozen=True, slots=True)
class Structure:
    """What counting says of the rows of a file.

    Attributes:
        regular: Whether every row can have as many fields as the header, quotes are closed and no row is endless.
        rows: Line ends outside quotes.
        plain: Whether it is all ASCII.
    """

    regular: bool
    rows: int
    plain: bool


def look_at(path: Path, start: int, width: int) -> Structure:
    """Count a file from a place on, in two halves at once.

    Args:
        path: A file that is not compressed.
        start: Where its rows begin.
        width: Fields of a row.
    """
    end = path.stat().st_size
    middle = _line_end(path, start + (end - start) // 2, end)
    with ThreadPoolExecutor(2) as pool:
        counts, later = pool.map(lambda half: _count(path, *half), ((start, middle), (middle, end)))
    if counts.odd:  # the line end in the middle stands inside quotes
        later = _count(path, middle, end, odd=True)
    counts.add(later)
    rows = counts.ends + (not _ends_with_newline(path, end - start))
    closed = not counts.odd and counts.bare * BLOCK < LONGEST_ROW
    return Structure(closed and counts.commas == (width - 1) * rows, rows, counts.plain)


def _line_end(path: Path, place: int, end: int) -> int:
    """Return where the line ends that holds a place; the end of the file if that is too far."""
    with path.open("rb") as stream:
        stream.seek(place)
        found = stream.read(BLOCK).find(b"\n")
    return end if found < 0 else place + found + 1


def _ends_with_newline(path: Path, size: int) -> bool:
    if not size:
        return True
    with path.open("rb") as stream:
        stream.seek(-1, 2)
        return stream.read(1) == b"\n"


def _count(path: Path, start: int, end: int, *, odd: bool = False) -> _Counts:
    """Count from a place to another; blocks are read into the same memory again and again."""
    buffer = bytearray(BLOCK)
    view = np.frombuffer(buffer, dtype=np.uint8)
    counts, run, equal = _Counts(odd), 0, np.empty(BLOCK, dtype=np.bool_)
    with path.open("rb", buffering=0) as stream:
        stream.seek(start)
        while left := end - stream.tell():
            read = stream.readinto(memoryview(buffer)[:left])
            if not read:
                break  # the file became shorter
            buffer[read:] = bytes(BLOCK - read)
            counts.plain = counts.plain and int(view.max()) < _FIRST_BEYOND_ASCII
            inside, odd = _inside_quotes(_bits(view, ord('"'), equal))
            outside = inside if counts.odd else ~inside
            ends = _ones(_bits(view, ord("\n"), equal) & outside)
            counts.commas += _ones(_bits(view, ord(","), equal) & outside)
            counts.ends += ends
            run = 0 if ends else run + 1
            counts.bare = max(counts.bare, run)
            counts.odd ^= odd
    return counts


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
