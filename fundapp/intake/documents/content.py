"""What is found in a file, and how much of it is looked at. Used only in a process of its own: see `apart.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LONGEST_SECONDS: Final = 40
MOST_TEXT: Final = 2_000_000
MOST_UNPACKED: Final = 200 * 1024 * 1024


class ContentRefusedError(Exception):
    """The file is not taken; `code` is one of `REASONS` in `apart.py`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Content:
    """What was found.

    Attributes:
        format: One of `kinds.FORMATS`.
        pages: How many; None where the format does not say.
        text: The text that could be read; empty for a scan.
        cleaned: A copy without anything active; None where none can be made.
        beside: What is written beside the pages: notes, fields, a title.
    """

    format: str
    pages: int | None
    text: str
    cleaned: bytes | None
    beside: str = ""
