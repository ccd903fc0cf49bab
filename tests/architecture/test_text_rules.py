"""Rules about words: what must not stand in source, templates and examples."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import pytest
from source_tree import ROOT, name_of, text_files

SHIPPED = (
    "fundapp",
    "scoring",
    "reports",
    "migrations",
    "examples",
    "docs",
    "bench",
    "config.py",
    "pyproject.toml",
    "README.md",
    "README.ko.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
)
# Written in pieces, so that this file does not hold what it forbids.
UNFINISHED = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK", "TB" + "D")) + r")\b")
MACHINE = re.compile(
    r"(?<![\w.:/])(" + "|".join(("/wo" + "rk/", "/ho" + "me/", "/Us" + "ers/", "/ro" + "ot/")) + r")\w|[A-Z]:\\\\?Users"
)
INLINE = (
    ("style attribute", re.compile(r"""<[^>]*\sstyle\s*=""", re.IGNORECASE)),
    ("style element", re.compile(r"<style\b", re.IGNORECASE)),
    ("event attribute", re.compile(r"""<[^>]*\son[a-z]+\s*=\s*["']""", re.IGNORECASE)),
    ("inline script", re.compile(r"<script\b(?![^>]*\ssrc\s*=)", re.IGNORECASE)),
    ("script address", re.compile(r"""["']\s*javascript:""", re.IGNORECASE)),
    ("autoescape off", re.compile(r"autoescape\s+false", re.IGNORECASE)),
)
SAFE = re.compile(r"\|\s*safe\b")
MARKUP = re.compile(r"\bMarkup\(")
SAFE_BECAUSE: dict[str, str] = {}
"""Templates that print a value unescaped, and what guarantees that it holds no markup of a stranger."""
MARKUP_BECAUSE = {
    "fundapp/web/partners/shown.py": "a chart is drawn by our own renderer, an XML writer that escapes every text",
    "fundapp/web/shell/account/factor.py": "a drawing of squares alone; what it encodes is in it as squares",
    "fundapp/web/shell/formats.py": "the markup is a constant; Markup.format escapes what is put into it",
    "fundapp/web/shell/language.py": "a message of our own catalogue; the % of Markup escapes its values",
    "fundapp/web/shell/templating.py": "what a macro returns, in which it has escaped its arguments",
}
"""Modules that declare text to be markup, likewise."""

# Six digits of a birth date and seven that begin with 1 to 4 (5 to 8: foreigners), joined by a hyphen.
RESIDENT = re.compile(r"(?<![\d-])\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])-[1-8]\d{6}(?!\d)")
BARE_THIRTEEN = re.compile(r"(?<![\d.])\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[1-8]\d{6}(?![\d.])")

Check = Callable[[str], list[str]]


def lines_with(pattern: re.Pattern[str], text: str) -> list[str]:
    return [f"{text[: match.start()].count(chr(10)) + 1}: {match.group().strip()}" for match in pattern.finditer(text)]


def unfinished(text: str) -> list[str]:
    return lines_with(UNFINISHED, text)


def machine_paths(text: str) -> list[str]:
    return lines_with(MACHINE, text)


def without_comments(template: str) -> str:
    """Blank out Jinja comments, keeping line numbers."""
    return re.sub(r"\{#.*?#\}", lambda match: "\n" * match.group().count("\n"), template, flags=re.DOTALL)


def inline_parts(template: str) -> list[str]:
    return [
        f"{name}, line {found.split(':')[0]}"
        for name, pattern in INLINE
        for found in lines_with(pattern, without_comments(template))
    ]


def resident_numbers(text: str) -> list[str]:
    """Find 주민등록번호: hyphenated ones always, bare ones where the check digit of the old rule fits as well."""
    return lines_with(RESIDENT, text) + [
        found for found in lines_with(BARE_THIRTEEN, text) if _check_digit_fits(found.split(": ")[1])
    ]


def _check_digit_fits(digits: str) -> bool:
    # Numbers issued until October 2020: weights 2 to 9, then 2 to 5, modulo 11.
    weights = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
    total = sum(weight * int(digit) for weight, digit in zip(weights, digits, strict=False))
    return (11 - total % 11) % 10 == int(digits[12])


def found_in(check: Check, folders: Iterable[str], suffixes: tuple[str, ...] = ("",)) -> list[str]:
    return [
        f"{name_of(path)}:{problem}"
        for path in text_files(*folders)
        if path.name.endswith(suffixes)
        for problem in check(path.read_text(encoding="utf-8-sig"))
    ]


@pytest.mark.parametrize("check", [unfinished, machine_paths])
def test_nothing_that_ships_or_tests(check: Check) -> None:
    assert found_in(check, (*SHIPPED, "tests")) == []


def test_templates_hold_no_inline_style_script_or_handler() -> None:
    assert found_in(inline_parts, ["fundapp/web/templates"], (".html",)) == []


def test_values_are_printed_unescaped_only_for_a_stated_reason() -> None:
    found = {
        name_of(path)
        for path in text_files("fundapp/web/templates")
        if SAFE.search(without_comments(path.read_text(encoding="utf-8")))
    }
    assert found == set(SAFE_BECAUSE)


def test_text_is_declared_markup_only_for_a_stated_reason() -> None:
    found = {name_of(path) for path in text_files("fundapp") if MARKUP.search(path.read_text(encoding="utf-8"))}
    assert found == set(MARKUP_BECAUSE)


def test_examples_hold_no_resident_number() -> None:
    folders = ["examples"]
    tables = [path for path in (ROOT / "examples").rglob("*.csv") if path.is_file()]
    assert found_in(resident_numbers, folders) == []
    assert [f"{name_of(p)}:{n}" for p in tables for n in resident_numbers(p.read_text(encoding="utf-8-sig"))] == []


def test_requirements_are_pinned_by_hash_and_name_no_address() -> None:
    for name in ("run.txt", "dev.txt"):
        text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
        assert "://" not in text
        for entry in re.split(r"\n(?=[a-z0-9])", text):
            if re.match(r"[a-z0-9]", entry):
                assert re.match(r"[a-z0-9._\[\]-]+==\S+", entry, re.IGNORECASE), entry
                assert "--hash=sha256:" in entry, entry


@pytest.mark.parametrize(
    ("check", "planted", "found"),
    [
        (unfinished, "x = 1\n# TO" + "DO: later\n", 1),
        (unfinished, "todos = ['a']  # lower-case words are words\n", 0),
        (machine_paths, 'open("/ho' + 'me/somebody/file")', 1),
        (machine_paths, "see https://example.org/ho" + "me/page", 0),
        (inline_parts, '<p style="color: red">', 1),
        (inline_parts, "<a\n  href='/' onclick='go()'>", 1),
        (inline_parts, "<script>alert(1)</script>", 1),
        (inline_parts, '<script src="/static/app.js" defer></script>', 0),
        (inline_parts, "<a href='javascript:void(0)'>", 1),
        (inline_parts, "{% autoescape false %}{% endautoescape %}", 1),
        (inline_parts, "{# <p style='x'> #}<p class='style'>", 0),
        (resident_numbers, "900101-1234567", 1),
        (resident_numbers, "9001011234568", 1),
        (resident_numbers, "901301-1234567 02-1234-5678 070-0000-1234", 0),
    ],
)
def test_the_checks_find_what_breaks_them(check: Check, planted: str, found: int) -> None:
    assert len(check(planted)) == found
