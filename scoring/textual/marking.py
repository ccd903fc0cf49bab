"""Finding a dictionary's words in a text, with their places, so that a page can mark them."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from scoring.canonical import Json
from scoring.terms import Concept, Sought, seek, stands_at
from scoring.textual.limits import require_short

MOST_MARKS = 200
_STUFFED_COUNT = 8
_STUFFED_SHARE = 0.25
_LONGEST_LIST = 12
_SENTENCE_END = re.compile("[.!?\\n。]")
_BLANKS = re.compile(r"^\s|\s\s|[^\S ]")
_WORD = re.compile(r"\S+")


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


_UNSUSPECTED = Stuffing(suspected=False, most_repeated=None, share=0.0, reason_ko="", reason_en="")


def _folded(text: str) -> tuple[str, Sequence[int]]:
    """Fold a text as terms are folded; give for each folded character its place in the text."""
    if not unicodedata.is_normalized("NFKC", text) or len(text.casefold()) != len(text):
        return _folded_singly(text)
    # Each letter stays one letter: only runs of blanks are to be shortened.
    if not _BLANKS.search(text):
        return text.casefold(), range(len(text))
    letters: list[str] = []
    places: list[int] = []
    end = 0
    for word in _WORD.finditer(text):
        if letters:
            letters.append(" ")
            places.append(end)
        start, end = word.span()
        letters.append(word.group())
        places.extend(range(start, end))
    if letters and end < len(text):
        letters.append(" ")
        places.append(end)
    return "".join(letters).casefold(), places


def _folded_singly(text: str) -> tuple[str, Sequence[int]]:
    """Fold letter by letter, for a letter may become several or fewer."""
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


def _all_marks(folded: str, places: Sequence[int], sought: Iterable[Sought]) -> list[Mark]:
    found: dict[tuple[int, int, str], tuple[int, str]] = {}
    for spelling, alone, wanted_by in sought:
        # Most terms stand nowhere, and this says so fastest.
        if spelling not in folded:
            continue
        for start in stands_at(folded, spelling, alone=alone):
            first, last = places[start], places[start + len(spelling) - 1] + 1
            for criterion, place, term in wanted_by:
                key = (first, -last, criterion)
                known = found.get(key)
                if known is None or place < known[0]:
                    found[key] = (place, term)
    return [Mark(key[2], found[key][1], key[0], -key[1]) for key in sorted(found)]


def _apart(marks: Iterable[Mark], most: int) -> list[Mark]:
    """Keep the marks of each criterion that do not overlap, of two the longer."""
    ends: dict[str, int] = {}
    kept: list[Mark] = []
    for mark in marks:
        if mark.start >= ends.get(mark.criterion, 0):
            ends[mark.criterion] = mark.end
            kept.append(mark)
            if len(kept) == most:
                break
    return kept


def read_together(texts: Sequence[str], sought: Sequence[Sought]) -> list[tuple[tuple[Mark, ...], Stuffing]]:
    """Mark a dictionary's terms in an applicant's texts and look for stuffing, in one reading.

    Args:
        texts: The texts as the applicant wrote them.
        sought: `Dictionary.sought`.

    Returns:
        For each text what `mark_terms` and `find_stuffing` give.

    Raises:
        TextTooLongError: If a text is longer than any plan could be.
    """
    if not texts:
        return []
    for text in texts:
        require_short(text)
    folded = [_folded(text) for text in texts]
    # Most terms stand in no text, and asking all texts at once says so fastest. No term has a line's end.
    together = "\n".join([one for one, _ in folded])
    present = [one for one in sought if one.spelling in together]
    read = []
    for text, (letters, places) in zip(texts, folded, strict=True):
        marks = _all_marks(letters, places, present)
        named = _apart((mark for mark in marks if mark.criterion), MOST_MARKS)
        everything = _apart((mark for mark in marks if not mark.criterion), len(text) + 1)
        read.append((tuple(named), _stuffing(text, everything)))
    return read


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
    return tuple(_apart(_all_marks(*_folded(text), seek(criteria)), most))


def find_stuffing(text: str, concepts: Sequence[Concept]) -> Stuffing:
    """Say whether a text repeats or lists dictionary words more than a plan would.

    One term eight times and more than once in a hundred letters, a quarter of all letters, or a dozen different terms
    in one sentence each make it suspect.

    Raises:
        TextTooLongError: If the text is longer than any plan could be.
    """
    return _stuffing(text, mark_terms(text, {"": concepts}, most=len(text) + 1))


def _stuffing(text: str, marks: Sequence[Mark]) -> Stuffing:
    if not marks:
        return _UNSUSPECTED
    letters = sum(map(len, text.split()))
    covered = sum(mark.end - mark.start for mark in marks)
    share = round(covered / letters, 4) if letters else 0.0
    counts: dict[str, int] = {}
    for mark in marks:
        counts[mark.term] = counts.get(mark.term, 0) + 1
    most = max(counts.items(), key=lambda item: (item[1], item[0]))
    listed = _listed(text, marks) if len(marks) >= _LONGEST_LIST else 0
    reasons: list[tuple[str, str]] = []
    if most[1] >= max(_STUFFED_COUNT, letters // 100):
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
    ends = [end.start() for end in _SENTENCE_END.finditer(text)]
    sentences: dict[int, set[str]] = {}
    for mark in marks:
        sentences.setdefault(bisect_left(ends, mark.start), set()).add(mark.term)
    return max(map(len, sentences.values()), default=0)
