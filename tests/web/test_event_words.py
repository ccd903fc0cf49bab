"""The audit record in words: whatever is written to it can be read by somebody who knows no verb of ours."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

import fundapp
from fundapp.intake.workflow import ARROWS
from fundapp.web.operations.events import EVENT_WORDS, words_of

ROOT = Path(fundapp.__file__).parent
VERB = re.compile(r"[a-z_]+\.[a-z_]+")
OPEN_ENDED = {
    "appeal.": ("upheld", "dismissed"),
    "application.": tuple(arrow.verb for arrow in ARROWS),
    "ballot.reopening_": ("confirmed", "declined"),
    "challenge.": ("upheld", "dismissed"),
    "close.": ("prepared", "confirmed", "withdrawn", "closed"),
    "company.kinship_": ("dismissed", "reopened"),
    "meeting.": ("opened", "item", "pause", "ended"),
}
"""Verbs that begin alike and end with a state, as the tables' own checks list them."""
CHARGED = {"fee.charged", "expense.charged"}


def all_of_them() -> set[str]:
    return written_out() | CHARGED | {start + end for start, ends in OPEN_ENDED.items() for end in ends}


def recorded() -> Iterator[ast.expr]:
    """The arguments of every call in the rooms that writes to the record."""
    for path in sorted(ROOT.rglob("*.py")):
        if path.relative_to(ROOT).parts[0] in {"web", "cli"}:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and "record" in ast.unparse(node.func).rpartition(".")[2]:
                yield from (*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "verb"))


def written_out() -> set[str]:
    constants = (one.value for given in recorded() for one in ast.walk(given) if isinstance(one, ast.Constant))
    verbs = {one for one in constants if isinstance(one, str) and VERB.fullmatch(one)}
    return {verb for verb in verbs if not verb.endswith("_")}


def put_together() -> set[str]:
    found = (one for given in recorded() if isinstance(given, ast.JoinedStr) for one in given.values[:1])
    return {str(one.value) for one in found if isinstance(one, ast.Constant) and "." in str(one.value)}


@pytest.mark.parametrize("locale", ["ko", "en"])
def test_every_verb_of_the_record_has_words_in_both_languages(app: Flask, locale: str) -> None:
    verbs = all_of_them()
    assert len(verbs) > 180
    with app.test_request_context(f"/?lang={locale}"):
        said = {verb: words_of(verb) for verb in verbs}
    assert [verb for verb, words in said.items() if not words] == []
    assert [verb for verb, words in said.items() if locale == "en" and re.search("[가-힣]", words)] == []


def test_verbs_that_are_put_together_are_the_ones_listed_here() -> None:
    assert put_together() == set(OPEN_ENDED)


def test_no_words_are_kept_for_what_is_never_written() -> None:
    texts = "".join(path.read_text(encoding="utf-8") for path in ROOT.rglob("*.py") if "web" not in path.parts)
    assert [verb for verb in set(EVENT_WORDS) - all_of_them() if f'"{verb}"' not in texts] == []
