"""Text in a spreadsheet's cell: nothing that we write out may be taken for a formula there."""

from __future__ import annotations

import re

GUARD = "'"
_GUARDED = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


def guard_cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula (CWE-1236); `unguard_cell` is its exact inverse."""
    return GUARD + text if _FORMULA.match(text) else text


def unguard_cell(text: str) -> str:
    """Take off the mark that `guard_cell` put on."""
    return text[1:] if _GUARDED.match(text) else text
