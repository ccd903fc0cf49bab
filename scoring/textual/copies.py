"""Finding texts that two applicants share almost word for word."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.canonical import Json
from scoring.terms import normalise
from scoring.textual.limits import require_short

_SHINGLE = 8
_HASHES = 128
_BAND_ROWS = 4
ALIKE = 0.6
_SHORTEST = 40
_PRIME = np.uint64((1 << 31) - 1)
_CROWD = 50


@dataclass(frozen=True, slots=True)
class Copy:
    """Two applicants whose texts share most of their passages; `similarity` is the exact share of what either has."""

    first: str
    second: str
    similarity: float

    def to_document(self) -> dict[str, Json]:
        """Give the finding as plain JSON values."""
        return {"first": self.first, "second": self.second, "similarity": self.similarity}


def shingles(text: str) -> frozenset[int]:
    """Hash every passage of eight letters, blanks left out; the same on every machine.

    Raises:
        TextTooLongError: If the text is longer than any plan could be.
    """
    return frozenset(
        int.from_bytes(hashlib.blake2b(passage.encode("utf-8", "surrogatepass"), digest_size=4).digest(), "big")
        for passage in _passages(text)
    )


def _passages(text: str) -> set[str]:
    require_short(text)
    letters = normalise(text).replace(" ", "")
    return {letters[start : start + _SHINGLE] for start in range(max(0, len(letters) - _SHINGLE + 1))}


def find_copies_of(text: str, others: Mapping[str, str], *, alike: float = ALIKE) -> tuple[tuple[str, float], ...]:
    """Find the applicants whose text is nearly this one, by the measure of `find_copies`; nothing is hashed for it.

    Args:
        text: One applicant's text.
        others: By applicant the text of each other.
        alike: The least share of common passages.

    Returns:
        Applicant and share, most alike first.

    Raises:
        TextTooLongError: If a text is longer than any plan could be.
    """
    mine = _passages(text)
    if len(mine) < _SHORTEST - _SHINGLE:
        return ()
    shares = {
        name: len(mine & found) / len(mine | found)
        for name, found in ((name, _passages(other)) for name, other in others.items())
        if len(found) >= _SHORTEST - _SHINGLE
    }
    alike_ones = [(name, round(share, 4)) for name, share in shares.items() if share >= alike]
    return tuple(sorted(alike_ones, key=lambda one: (-one[1], one[0])))


def find_copies(texts: Mapping[str, str], *, alike: float = ALIKE) -> tuple[Copy, ...]:
    """Find pairs of applicants whose texts are nearly the same.

    MinHash (Broder 1997) proposes the pairs and their true Jaccard similarity decides, so no pair is listed by chance.

    Args:
        texts: By applicant the text; texts under 40 letters are too short to be told apart and are left out.
        alike: The least share of common passages.

    Returns:
        The pairs, most alike first.

    Raises:
        TextTooLongError: If a text is longer than any plan could be.
    """
    sets = {name: shingles(text) for name, text in sorted(texts.items())}
    sets = {name: found for name, found in sets.items() if len(found) >= _SHORTEST - _SHINGLE}
    names = list(sets)
    pairs: set[tuple[int, int]] = set()
    buckets: dict[tuple[int, bytes], list[int]] = {}
    for number, name in enumerate(names):
        signature = _signature(sets[name])
        for band in range(_HASHES // _BAND_ROWS):
            key = (band, signature[band * _BAND_ROWS : (band + 1) * _BAND_ROWS].tobytes())
            fellows = buckets.setdefault(key, [])
            # One text copied by a crowd: each is compared with the crowd's first, which names them all.
            pairs.update((fellow, number) for fellow in fellows[:_CROWD])
            fellows.append(number)
    copies = []
    for one, other in pairs:
        first, second = sets[names[one]], sets[names[other]]
        similarity = len(first & second) / len(first | second)
        if similarity >= alike:
            copies.append(Copy(names[one], names[other], round(similarity, 4)))
    return tuple(sorted(copies, key=lambda copy: (-copy.similarity, copy.first, copy.second)))


def _signature(found: frozenset[int]) -> NDArray[np.uint64]:
    values = np.fromiter(found, dtype=np.uint64, count=len(found)) % _PRIME
    dice = np.random.default_rng(_HASHES)
    factors = dice.integers(1, int(_PRIME), _HASHES, dtype=np.uint64)
    offsets = dice.integers(0, int(_PRIME), _HASHES, dtype=np.uint64)
    least = np.full(_HASHES, _PRIME, dtype=np.uint64)
    for start in range(0, len(values), 4096):
        part = values[start : start + 4096]
        least = np.minimum(least, ((factors[:, None] * part[None, :] + offsets[:, None]) % _PRIME).min(axis=1))
    return least
