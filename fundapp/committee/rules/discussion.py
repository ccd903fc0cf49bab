"""What may be said in a discussion, to whom, and who is called by name."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Literal

from fundapp.core.errors import InvalidInputError, TransitionRefusedError

Visibility = Literal["committee", "staff", "named"]
CommentKind = Literal["comment", "question"]

VISIBILITIES: tuple[Visibility, ...] = ("staff", "committee", "named")
"""For committee and staff; for members of the committee alone; for named persons."""
COMMENT_KINDS: tuple[CommentKind, ...] = ("comment", "question")
LONGEST_COMMENT = 4000
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
"""Control characters but the tab and the line's end, and those that turn the direction of what follows."""


class RetractedError(TransitionRefusedError):
    """A comment that was taken back cannot be changed or built upon."""

    code = "comment_retracted"
    ko = "거둔 글입니다."
    en = "This comment has been taken back."


class QuestionMovedError(TransitionRefusedError):
    """Somebody else resolved the question or opened it again first."""

    code = "question_moved"
    ko = "그사이 질문의 상태가 바뀌었습니다. 새로 고친 뒤 다시 확인하세요."
    en = "The question's state has changed meanwhile; reload and look again."


class InquiryAnsweredError(TransitionRefusedError):
    """An inquiry is answered once."""

    code = "inquiry_answered"
    ko = "이미 답한 질문입니다."
    en = "This question has been answered already."


class InquiryWithdrawnError(TransitionRefusedError):
    """An inquiry that was taken back waits for no answer."""

    code = "inquiry_withdrawn"
    ko = "사무국이 거둔 질문입니다. 답하지 않아도 됩니다."
    en = "This question has been taken back; no answer is needed."


def clean_words(text: str, field: str = "text") -> str:
    """Return what was written, without space around it and without signs that nobody sees.

    Raises:
        InvalidInputError: if nothing was written, or more than `LONGEST_COMMENT` characters.
    """
    words = _UNSEEN.sub("", text.replace("\r\n", "\n")).strip()
    if not words:
        raise InvalidInputError(field=field, reason_ko="내용을 적어 주세요", reason_en="write something")
    if len(words) > LONGEST_COMMENT:
        raise InvalidInputError(
            field=field,
            reason_ko=f"{LONGEST_COMMENT:,}자까지 적을 수 있습니다",
            reason_en=f"at most {LONGEST_COMMENT:,} characters",
        )
    return words


def find_mentions(text: str, names: Mapping[uuid.UUID, str]) -> frozenset[uuid.UUID]:
    """Return whom a text calls by `@name`; the longest name wins, and people of one name are all meant."""
    found: set[uuid.UUID] = set()
    longest = sorted({name for name in names.values() if name}, key=len, reverse=True)
    rest = text
    for name in longest:
        if f"@{name}" in rest:
            found |= {person for person, called in names.items() if called == name}
            rest = rest.replace(f"@{name}", " ")
    return frozenset(found)
