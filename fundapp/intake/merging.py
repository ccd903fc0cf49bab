"""Laying a patch over answers that others may have changed meanwhile: question by question, nothing overwritten."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fundapp.core.orm import canonical_json

_MARK_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Merged:
    """What of a patch can be laid over the stored answers.

    Attributes:
        applied: New values by question; None removes the answer.
        clashes: Questions that were answered differently meanwhile, with the answer that is stored now.
        overtaken: Questions that nobody touched here and somebody else answered anew meanwhile.
    """

    applied: Mapping[str, Any]
    clashes: Mapping[str, Any]
    overtaken: frozenset[str] = frozenset()


def mark_of(value: Any) -> str:  # noqa: ANN401 - a JSON value
    """Return a short mark that is the same for equal answers and another one for others; "" for none."""
    if value is None:
        return ""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:_MARK_LENGTH]


def merge_patch(
    patch: Mapping[str, Any], bases: Mapping[str, str], stored: Mapping[str, Any], *, current: bool
) -> Merged:
    """Decide for each answer of a patch whether it may replace the stored one.

    An answer may when the stored one is still what it was typed over. One that says what is stored, or that nobody
    touched here, changes nothing. Whatever else differs is a clash, for people to settle.

    Args:
        patch: Answers by question, None for a blank one.
        bases: The mark of what each answer was typed over, as far as the sender knows.
        stored: The answers as they are now.
        current: Whether the sender has seen the newest revision, so that an answer without a mark was typed over it.
    """
    applied: dict[str, Any] = {}
    clashes: dict[str, Any] = {}
    overtaken: set[str] = set()
    for key, mine in patch.items():
        theirs = stored.get(key)
        if mine == theirs:
            continue
        base = bases.get(key, mark_of(theirs) if current else None)
        if base == mark_of(theirs):
            applied[key] = mine
        elif base is None or base != mark_of(mine):
            clashes[key] = theirs
        else:
            overtaken.add(key)
    return Merged(applied, clashes, frozenset(overtaken))
