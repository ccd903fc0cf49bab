"""Finding dictionary terms in Korean and English text."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

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


@dataclass(frozen=True, slots=True)
class Spelled:
    """A term with its spellings, each with whether it must stand alone."""

    term: str
    spellings: tuple[tuple[str, bool], ...]


SpelledConcepts = tuple[tuple[Spelled, ...], ...]


@lru_cache(maxsize=512)
def spell_out(concepts: tuple[Concept, ...]) -> SpelledConcepts:
    """Give for each concept its terms with their spellings, worked out once for thousands of texts."""
    return tuple(
        tuple(Spelled(term, tuple((one, one.isascii()) for one in spellings(term))) for term in concept)
        for concept in concepts
    )


class Sought(NamedTuple):
    """A spelling that is searched, and for whom: by list its first place there and the term it is a spelling of."""

    spelling: str
    alone: bool
    wanted_by: tuple[tuple[str, int, str], ...]


def seek(lists: Mapping[str, Iterable[Concept]]) -> tuple[Sought, ...]:
    """Give every spelling of some lists once, however many of them have it."""
    wanted: dict[str, dict[str, tuple[str, int, str]]] = {}
    for name, concepts in lists.items():
        place = 0
        for concept in spell_out(tuple(concepts)):
            for spelled in concept:
                for spelling, _ in spelled.spellings:
                    place += 1
                    wanted.setdefault(spelling, {}).setdefault(name, (name, place, spelled.term))
    return tuple(Sought(one, one.isascii(), tuple(by.values())) for one, by in wanted.items())


def _stands_alone(text: str, start: int, end: int) -> bool:
    before = text[start - 1] if start else " "
    after = text[end] if end < len(text) else " "
    return not (before.isascii() and before.isalnum()) and not (after.isascii() and after.isalnum())


def stands_at(text: str, spelling: str, *, alone: bool) -> list[int]:
    """List where normalised text holds one normalised spelling.

    English must stand alone ("ai" is not in "daily"), while Korean matches inside a word, because particles
    are written onto it.
    """
    return list(_places(text, spelling, alone=alone))


def _places(text: str, spelling: str, *, alone: bool) -> Iterator[int]:
    start = text.find(spelling)
    while start >= 0:
        if not alone or _stands_alone(text, start, start + len(spelling)):
            yield start
        start = text.find(spelling, start + 1)


def matched_terms(text: str, concepts: SpelledConcepts) -> tuple[str, ...]:
    """List, for each concept found in the text, the first of its terms that stands there.

    Args:
        text: Text already passed through `normalise`.
        concepts: Groups of terms that mean the same, Korean and English together, so that saying a thing
            twice, or in two languages, counts once; spelled out by `spell_out`.

    Returns:
        One term as the dictionary writes it for each concept found, in dictionary order.
    """
    found = []
    for concept in concepts:
        term = _first_standing(text, concept)
        if term is not None:
            found.append(term)
    return tuple(found)


def _first_standing(text: str, concept: tuple[Spelled, ...]) -> str | None:
    for spelled in concept:
        for spelling, alone in spelled.spellings:
            # Most terms stand nowhere, and this says so fastest.
            if spelling in text and (not alone or next(_places(text, spelling, alone=True), None) is not None):
                return spelled.term
    return None
