"""Finding dictionary terms in Korean and English text."""

import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

Concept = tuple[str, ...]


def normalise(text: str) -> str:
    """Fold width, case and runs of blanks, so that a term is found however it was typed."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


@lru_cache(maxsize=8192)
def spellings(term: str) -> tuple[str, ...]:
    """List the normalised spellings under which a term is searched.

    Korean writers join or part compound nouns as they like, so a Korean term written with blanks is also
    looked for without them.
    """
    folded = normalise(term)
    joined = folded.replace(" ", "")
    return (folded,) if folded.isascii() or joined == folded else (folded, joined)


def _stands_alone(text: str, start: int, end: int) -> bool:
    before = text[start - 1] if start else " "
    after = text[end] if end < len(text) else " "
    return not (before.isascii() and before.isalnum()) and not (after.isascii() and after.isalnum())


def stands_at(text: str, spelling: str) -> Iterator[int]:
    """Yield where normalised text holds one normalised spelling.

    English must stand alone ("ai" is not in "daily"), while Korean matches inside a word, because particles
    are written onto it.
    """
    start = text.find(spelling)
    while start >= 0:
        if not spelling.isascii() or _stands_alone(text, start, start + len(spelling)):
            yield start
        start = text.find(spelling, start + 1)


def contains(text: str, spelling: str) -> bool:
    """Say whether normalised text holds one normalised spelling; see `stands_at`."""
    return next(stands_at(text, spelling), None) is not None


def matched_terms(text: str, concepts: Iterable[Concept]) -> tuple[str, ...]:
    """List, for each concept found in the text, the first of its terms that stands there.

    Args:
        text: Text already passed through `normalise`.
        concepts: Groups of terms that mean the same, Korean and English together, so that saying a thing
            twice, or in two languages, counts once.

    Returns:
        One term as the dictionary writes it for each concept found, in dictionary order.
    """
    found = []
    for concept in concepts:
        term = next((t for t in concept if any(contains(text, s) for s in spellings(t))), None)
        if term is not None:
            found.append(term)
    return tuple(found)
