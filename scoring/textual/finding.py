"""What a dictionary's words say about an application's texts, found now or kept from an earlier search."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from scoring.canonical import Json, canonical_json
from scoring.textual.marking import Mark, Stuffing


@dataclass(frozen=True)
class TextFinding:
    """What was found in one text: marked words, and whether it looks stuffed with them."""

    field: str
    marks: tuple[Mark, ...]
    stuffing: Stuffing

    @cached_property
    def found(self) -> str:
        """The finding without its field, as canonical JSON: what another application's same text would have, too."""
        return canonical_json(
            {"marks": [mark.to_document() for mark in self.marks], "stuffing": self.stuffing.to_document()}
        )

    def to_document(self) -> dict[str, Json]:
        """Give the finding as plain JSON values."""
        return {
            "field": self.field,
            "marks": [mark.to_document() for mark in self.marks],
            "stuffing": self.stuffing.to_document(),
        }


class KeptFinding(NamedTuple):
    """What an earlier search found in the same text, as `TextFinding.found` gave it: it was not searched again."""

    field: str
    found: str

    def to_document(self) -> dict[str, Json]:
        """Give the finding as plain JSON values."""
        kept: dict[str, Any] = json.loads(self.found)
        return {"field": self.field, **kept}


def write_finding(finding: TextFinding | KeptFinding) -> str:
    """Write a finding as canonical JSON: its field, which comes first in the alphabet, and what was found."""
    return f'{{"field":{canonical_json(finding.field)},{finding.found[1:]}'


@dataclass(frozen=True, slots=True)
class Texts:
    """What a dictionary's words say about an application's texts; they move no points."""

    dictionary: str
    dictionary_sha256: str
    findings: tuple[TextFinding | KeptFinding, ...]
