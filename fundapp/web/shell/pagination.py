"""Pages of a list. The page number lives in the URL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from flask import request

T = TypeVar("T")

PAGE_SIZE = 50
_WINDOW = 2


def asked_page() -> int:
    """Return the page number that the request asks for, 1 when it asks for none or nonsense."""
    text = request.args.get("page", "1")
    return max(1, int(text)) if text.isdecimal() and text.isascii() and len(text) < 7 else 1  # noqa: PLR2004


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of a longer list.

    Attributes:
        rows: The rows of this page.
        number: Which page, from 1.
        total: How many rows there are altogether.
        size: Rows on a full page.
    """

    rows: Sequence[T]
    number: int
    total: int
    size: int = PAGE_SIZE

    @classmethod
    def cut(cls, rows: Sequence[T], number: int, size: int = PAGE_SIZE) -> Page[T]:
        """Cut one page out of a whole list; beyond the end is the last page."""
        number = cls.within(number, len(rows), size)
        return cls(rows[(number - 1) * size : number * size], number, len(rows), size)

    @staticmethod
    def within(number: int, total: int, size: int = PAGE_SIZE) -> int:
        """Return the page's number, or the last one's where it lies beyond the end."""
        return min(max(1, number), max(1, -(-total // size)))

    @property
    def pages(self) -> int:
        """How many pages there are; at least one."""
        return max(1, -(-self.total // self.size))

    @property
    def first(self) -> int:
        """Position of the first row shown, from 1; 0 when there is none."""
        return (self.number - 1) * self.size + 1 if self.rows else 0

    @property
    def last(self) -> int:
        """Position of the last row shown."""
        return (self.number - 1) * self.size + len(self.rows)

    @property
    def links(self) -> list[int | None]:
        """Page numbers worth linking to: the ends and the neighbours; None marks a gap."""
        near = {1, self.pages, *range(self.number - _WINDOW, self.number + _WINDOW + 1)}
        shown: list[int | None] = []
        for number in sorted(n for n in near if 1 <= n <= self.pages):
            if shown and shown[-1] is not None and number - shown[-1] > 1:
                shown.append(None)
            shown.append(number)
        return shown
