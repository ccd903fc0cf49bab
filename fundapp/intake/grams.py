"""Finding text by any part of a word, Korean included: texts and searches are cut into letters and pairs of letters.

A word of Korean is often two syllables long, written with or without the space beside it, and bears its particles
without one; so neither words nor the usual three letters will do. Pairs of letters narrow the search to few texts,
whose words are then looked through.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from fundapp.intake.form import squeeze

MOST_TERMS = 8


def words_of(texts: Iterable[str]) -> str:
    """Return texts squeezed, a space between one and the next, so that none is found across two of them."""
    return " ".join(squeezed for one in texts if (squeezed := squeeze(one)))


def grams_of(words: str) -> set[str]:
    """Return each letter and each pair of neighbours in squeezed words."""
    pairs = {first + second for first, second in itertools.pairwise(words)}
    return {gram for gram in pairs if " " not in gram} | set(words) - {" "}


def terms_of(search: str) -> tuple[str, ...]:
    """Return what must all occur: the parts between spaces, squeezed; at most `MOST_TERMS`, none from marks alone."""
    return tuple(term for part in search.split() if (term := squeeze(part)))[:MOST_TERMS]


def grams_sought(terms: Iterable[str]) -> list[str]:
    """Return the grams that a text with all the terms must hold: pairs, and a letter where a term is no longer."""
    return sorted({gram for term in terms for gram in grams_of(term) if len(gram) == min(2, len(term))})
