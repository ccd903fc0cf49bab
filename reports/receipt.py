"""The receipt of an application as a PDF: number, instant, fingerprint, and every answer as it was sent.

It knows no form and no database: plain rows in, a tagged PDF out.
"""

from dataclasses import dataclass
from datetime import date

from reports.charts.palette import FONT, LIGHT
from reports.formats import Locale, say
from reports.typesetting import Document, set_pages

_GROUP = 16


@dataclass(frozen=True, slots=True)
class AnswerRows:
    """One question with its answer in words; of one that has rows, `heads` and `lines` instead."""

    label: str
    text: str
    heads: tuple[str, ...] = ()
    lines: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class ReceiptRows:
    """Everything on the pages.

    Attributes:
        facts: Names and values at the head, in order.
        sections: Title and answers of each section.
        issued_on: The day in Seoul that it was received; its end stands for the time of making.
    """

    number: str
    company: str
    version: int
    sha256: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[tuple[str, tuple[AnswerRows, ...]], ...]
    issued_on: date


def render_receipt(rows: ReceiptRows, locale: Locale) -> bytes:
    """Set a receipt as a tagged A4 PDF; equal rows give equal bytes.

    Raises:
        typst.TypstError: the template and its data do not fit each other.
    """
    return set_pages("receipt.typ", _document(rows, locale), rows.issued_on)


def _document(rows: ReceiptRows, locale: Locale) -> Document:
    title, day = say(locale, "접수증", "Receipt"), rows.issued_on
    grouped = " ".join(rows.sha256[place : place + _GROUP] for place in range(0, len(rows.sha256), _GROUP))
    return {
        "lang": locale,
        "region": say(locale, "KR", "GB"),
        "font": FONT,
        "colours": LIGHT,
        "title": f"{title} {rows.number}",
        "heading": title,
        "author": say(locale, "AX 전략펀드", "AX Fund"),
        "date": {"year": day.year, "month": day.month, "day": day.day},
        "subject": f"{rows.company} ({rows.number})",
        "facts": [*map(list, rows.facts), ["SHA-256", grouped]],
        "sections": [
            {
                "title": heading,
                "answers": [
                    {
                        "label": one.label,
                        "text": one.text or "—",
                        "heads": list(one.heads),
                        "lines": [list(line) for line in one.lines],
                    }
                    for one in answers
                ],
            }
            for heading, answers in rows.sections
        ],
        "foot": f"{title} {rows.number} · {rows.version} · {rows.sha256[:16]}",
    }
