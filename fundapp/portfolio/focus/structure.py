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

BLOCK: Final = 1 << 18
"""Small enough for a processor's own cache, where the passes over a block cost little beside reading it."""
LONGEST_ROW: Final = 16 << 20
_WORKERS: Final = 2
_FIRST_BEYOND_ASCII: Final = 0x80
_SHIFTS: Final = tuple(np.uint64(shift) for shift in (1, 2, 4, 8, 16, 32))
_ONE_LESS: Final = np.uint64(63)

Bits = npt.NDArray[np.uint64]


@dataclass(slots=True)
class _Counts:
    """Counts of a stretch of a file, once for each way in which it may begin: outside quotes and inside.

    Attributes:
        odd: Whether it has an odd number of quote signs.
        commas: Commas outside quotes.
        ends: Line ends outside quotes.
        bare: Longest run of blocks without one.
        text: Whether it is all ASCII.
    """

    odd: bool
    commas: tuple[int, int]
    ends: tuple[int, int]
    bare: tuple[int, int]
    plain: bool


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
    """Count a file from a place on.

    Args:
        path: A file that is not compressed.
        start: Where its rows begin.
        width: Fields of a row.
    """
    size = path.stat().st_size - start
    half = -(-size // (2 * BLOCK)) * BLOCK
    with ThreadPoolExecutor(_WORKERS) as pool:
        stretches = list(
            pool.map(lambda part: _count(path, start + part[0], part[1]), ((0, min(half, size)), (half, size - half)))
        )
    state, commas, ends, plain, bare = 0, 0, 0, True, 0
    for one in stretches:
        commas += one.commas[state]
        ends += one.ends[state]
        bare = max(bare, one.bare[state])
        plain = plain and one.plain
        state ^= one.odd
    closed = state == 0 and bare * BLOCK < LONGEST_ROW
    last = _ends_with_newline(path, size)
    return Structure(closed and commas == (width - 1) * (ends + (not last)), ends + (not last), plain)


def _ends_with_newline(path: Path, size: int) -> bool:
    if not size:
        return True
    with path.open("rb") as stream:
        stream.seek(-1, 2)
        return stream.read(1) == b"\n"


def _count(path: Path, start: int, length: int) -> _Counts:
    """Count one stretch; blocks of it are read into the same memory again and again."""
    buffer = bytearray(BLOCK)
    view = np.frombuffer(buffer, dtype=np.uint8)
    counts = _Counts(odd=False, commas=(0, 0), ends=(0, 0), bare=(0, 0), plain=True)
    runs, equal = [0, 0], np.empty(BLOCK, dtype=np.bool_)
    left = length
    with path.open("rb", buffering=0) as stream:
        stream.seek(start)
        while left > 0:
            read = stream.readinto(memoryview(buffer)[: min(BLOCK, left)])
            if not read:
                break
            left -= read
            buffer[read:] = bytes(BLOCK - read)
            counts.plain = counts.plain and int(view.max()) < _FIRST_BEYOND_ASCII
            inside, odd = _inside_quotes(_bits(view, ord('"'), equal))
            commas, ends = _bits(view, ord(","), equal), _bits(view, ord("\n"), equal)
            within = _ones(commas & inside), _ones(ends & inside)
            found = [(_ones(commas) - within[0], _ones(ends) - within[1]), within]
            order = (1, 0) if counts.odd else (0, 1)
            counts.commas = (counts.commas[0] + found[order[0]][0], counts.commas[1] + found[order[1]][0])
            counts.ends = (counts.ends[0] + found[order[0]][1], counts.ends[1] + found[order[1]][1])
            for state in (0, 1):
                runs[state] = 0 if found[order[state]][1] else runs[state] + 1
            counts.bare = (max(counts.bare[0], runs[0]), max(counts.bare[1], runs[1]))
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
