"""Receipts on paper, for the portal."""

from __future__ import annotations

from reports.formats import Locale
from reports.receipt import AnswerRows, ReceiptRows, render_receipt

__all__ = ["AnswerRows", "ReceiptRows", "print_receipt"]


def print_receipt(rows: ReceiptRows, *, locale: Locale) -> bytes:
    """Return a receipt as a tagged PDF; the same submission always gives the same bytes."""
    return render_receipt(rows, locale)
