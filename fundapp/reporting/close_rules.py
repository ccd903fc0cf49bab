"""What closing a quarter asks for: the lines of its checklist, and which of them may be explained instead of met."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from fundapp.core.errors import FundError
from fundapp.core.quarters import Quarter

ITEMS = (
    "over",
    "earlier",
    "suspense",
    "usage",
    "tranches",
    "calls",
    "marks",
    "holds",
    "changes",
    "conditions",
    "ledger",
    "report",
)
"""The lines in the order they are gone through."""
EXPLAINABLE = frozenset({"earlier", "usage", "tranches", "calls", "marks", "holds", "changes", "conditions"})
"""Lines that may stay open for a reason on record; the others have to be met. An earlier quarter then closes along."""


class CloseRefusedError(FundError):
    """A quarter cannot be closed as it stands."""

    code = "close_refused"
    ko = "{quarter}을 마감할 수 없습니다: {reasons_ko}"
    en = "{quarter} cannot be closed: {reasons_en}"


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that a line still waits for.

    Attributes:
        kind: What it is: award, suspense, call, hold, change, report, quarter, ledger.
        ref: Its public name.
        text_ko: What is missing about it.
        text_en: The same in English.
    """

    kind: str
    ref: str
    text_ko: str
    text_en: str


@dataclass(frozen=True, slots=True)
class Note:
    """Why a line may stay open."""

    note: str
    noted_by: str
    at: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the checklist. A note explains it only as long as the very same things are missing."""

    key: str
    missing: tuple[Missing, ...]
    notes: tuple[Note, ...] = ()

    @property
    def met(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing

    @property
    def explained(self) -> bool:
        """Whether what is missing has been explained."""
        return bool(self.missing) and bool(self.notes) and self.key in EXPLAINABLE

    @property
    def ok(self) -> bool:
        """Whether it stands in nobody's way."""
        return self.met or self.explained

    @property
    def found(self) -> str:
        """Hash over what is missing, by which a note is tied to it."""
        text = "\n".join(sorted(f"{one.kind}\t{one.ref}\t{one.text_en}" for one in self.missing))
        return hashlib.sha256(text.encode()).hexdigest()


def require_closable(quarter: Quarter, lines: Collection[Line], *, excused: frozenset[str] = frozenset()) -> None:
    """Refuse unless every line is met, explained or excused.

    Raises:
        CloseRefusedError: naming what is in the way, in both languages.
    """
    open_lines = [line for line in lines if not line.ok and line.key not in excused]
    if open_lines:
        raise CloseRefusedError(
            quarter=str(quarter),
            reasons_ko=" / ".join(_told([one.text_ko for one in line.missing]) for line in open_lines),
            reasons_en=" / ".join(_told([one.text_en for one in line.missing]) for line in open_lines),
        )


def _told(texts: Sequence[str]) -> str:
    return texts[0] if len(texts) == 1 else f"{texts[0]} (+{len(texts) - 1})"
