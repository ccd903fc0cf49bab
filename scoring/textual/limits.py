"""How long a text may be: every step over it is bounded."""

from __future__ import annotations

LONGEST_TEXT = 200_000


class TextTooLongError(ValueError):
    """A text longer than any plan could be.

    Attributes:
        message_ko: The reason in Korean.
        message_en: The reason in English.
    """

    def __init__(self, length: int) -> None:
        """Say how long the text is and how long it may be."""
        self.message_ko = f"글이 너무 깁니다: {length:,}자, 최대 {LONGEST_TEXT:,}자."
        self.message_en = f"the text is too long: {length:,} characters, at most {LONGEST_TEXT:,}."
        super().__init__(self.message_en)


def require_short(text: str) -> None:
    """Refuse a text that is too long to be read.

    Raises:
        TextTooLongError: If it has more than 200,000 characters.
    """
    if len(text) > LONGEST_TEXT:
        raise TextTooLongError(len(text))
