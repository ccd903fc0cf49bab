"""Finding a dictionary's words in a text, with their places, so that a page can mark them."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from scoring.canonical import Json
from scoring.terms import Concept, spellings, stands_at
from scoring.textual.limits import require_short

MOST_MARKS = 200
_STUFFED_COUNT = 8
_STUFFED_SHARE = 0.25
_LONGEST_LIST = 12
_SENTENCE_ENDS = ".!?\n。"


@dataclass(frozen=True, slots=True)
class Mark:
    """One place in a text where a term stands: characters `start` up to `end` of the text as it was given."""

    criterion: str
    term: str
    start: int
    end: int

    def to_document(self) -> dict[str, Json]:
        """Give the mark as plain JSON values."""
        return {"criterion": self.criterion, "term": self.term, "start": self.start, "end": self.end}


@dataclass(frozen=True, slots=True)
class Stuffing:
    """Whether a text looks written for the dictionary, and why.

    Attributes:
        suspected: What a reviewer is told; no points are taken away.
        most_repeated: The term that stands most often, and how often.
        share: Part of the text's letters that belong to dictionary terms.
    """

    suspected: bool
    most_repeated: tuple[str, int] | None
    share: float
    reason_ko: str
    reason_en: str

    def to_document(self) -> dict[str, Json]:
        """Give the finding as plain JSON values."""
        return {
            "suspected": self.suspected,
            "most_repeated": None if self.most_repeated is None else list(self.most_repeated),
            "share": self.share,
            "reason": self.reason_ko,
            "reason_en": self.reason_en,
        }


def _folded(text: str) -> tuple[str, list[int]]:
    """Fold a text as terms are folded; give for each folded character its place in the text."""
    letters: list[str] = []
    places: list[int] = []
    blank = True
    for place, letter in enumerate(text):
        for folded in unicodedata.normalize("NFKC", letter).casefold():
            if folded.isspace():
                if not blank:
                    letters.append(" ")
                    places.append(place)
                blank = True
            else:
                letters.append(folded)
                places.append(place)
                blank = False
    return "".join(letters), places


def _all_marks(text: str, criteria: Mapping[str, Iterable[Concept]]) -> list[Mark]:
    folded, places = _folded(text)
    found: dict[tuple[int, int, str], Mark] = {}
    for criterion, concepts in criteria.items():
        for concept in concepts:
            for term in concept:
                for spelling in spellings(term):
                    for start in stands_at(folded, spelling):
                        first, last = places[start], places[start + len(spelling) - 1] + 1
                        found.setdefault((first, -last, criterion), Mark(criterion, term, first, last))
    return [found[key] for key in sorted(found)]


def mark_terms(text: str, criteria: Mapping[str, Iterable[Concept]], *, most: int = MOST_MARKS) -> tuple[Mark, ...]:
    """Find where terms stand in a text.

    Args:
        text: The text as the applicant wrote it.
        criteria: By criterion its concepts, for instance a dictionary's.
        most: How many marks are given at most, from the start of the text.

    Returns:
        The marks in reading order. Inside one criterion they do not overlap: of two the longer counts.

    Raises:
        TextTooLongError: If the text is longer than any plan could be.
    """
    require_short(text)
    ends: dict[str, int] = {}
    kept: list[Mark] = []
    for mark in _all_marks(text, criteria):
        if mark.start >= ends.get(mark.criterion, 0):
            ends[mark.criterion] = mark.end
            kept.append(mark)
            if len(kept) == most:
                break
    return tuple(kept)


def find_stuffing(text: str, concepts: Sequence[Concept]) -> Stuffing:
    """Say whether a text repeats or lists dictionary words more than a plan would.

    One term eight times and more than once in a hundred letters, a quarter of all letters, or a dozen different terms
    in one sentence each make it suspect.

    Raises:
        TextTooLongError: If the text is longer than any plan could be.
    """
    marks = mark_terms(text, {"": concepts}, most=len(text) + 1)
    letters = sum(not letter.isspace() for letter in text)
    covered = sum(mark.end - mark.start for mark in marks)
    share = round(covered / letters, 4) if letters else 0.0
    counts: dict[str, int] = {}
    for mark in marks:
        counts[mark.term] = counts.get(mark.term, 0) + 1
    most = max(counts.items(), key=lambda item: (item[1], item[0])) if counts else None
    listed = _listed(text, marks)
    reasons: list[tuple[str, str]] = []
    if most is not None and most[1] >= max(_STUFFED_COUNT, letters // 100):
        reasons.append((f"'{most[0]}' {most[1]}회 반복", f"{most[0]!r} stands {most[1]} times"))
    if len(marks) >= _STUFFED_COUNT and share > _STUFFED_SHARE:
        reasons.append((f"글자의 {share:.0%}가 사전 용어", f"{share:.0%} of its letters are dictionary terms"))
    if listed >= _LONGEST_LIST:
        reasons.append((f"한 문장에 용어 {listed}개", f"{listed} different terms in one sentence"))
    return Stuffing(
        suspected=bool(reasons),
        most_repeated=most,
        share=share,
        reason_ko=", ".join(korean for korean, _ in reasons),
        reason_en=", ".join(english for _, english in reasons),
    )


def _listed(text: str, marks: Sequence[Mark]) -> int:
    """Count the most different terms that stand in one sentence."""
    ends = [place for place, letter in enumerate(text) if letter in _SENTENCE_ENDS]
    sentences: dict[int, set[str]] = {}
    for mark in marks:
        sentences.setdefault(bisect_left(ends, mark.start), set()).add(mark.term)
    return max(map(len, sentences.values()), default=0)
