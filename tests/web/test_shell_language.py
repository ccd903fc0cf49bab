from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po
from flask import Flask

from fundapp.core.wording import STATES
from fundapp.web.grants import change_words
from fundapp.web.operations.forms import cash
from fundapp.web.operations.routes import close
from fundapp.web.shell.language import gettext, lazy

WEB = Path(__file__).parents[2] / "fundapp" / "web"
KEYWORDS: dict[str, Any] = {"_": None, "gettext": None, "lazy": None}

PAGE_WORDS: dict[str, dict[str, Any]] = {
    "change": {state: words[0] for state, words in change_words.STATE_WORDS.items()},
    "report": {state: words[0] for state, words in change_words.REPORT_WORDS.items()},
    "offer": {state: words[0] for state, words in change_words.OFFER_WORDS.items()},
    "notice": {state: words[0] for state, words in change_words.NOTICE_WORDS.items()},
    "close": {state: words[0] for state, words in close.STATE_WORDS.items() if state != "running"},
    "call": {state: cash.STATE_WORDS[state] for state in ("drafted", "issued", "paid", "cancelled")},
    "movement": {state: cash.STATE_WORDS[state] for state in ("drafted", "approved", "returned")},
}


def shell_messages() -> set[str]:
    templates = WEB / "templates"
    pages = [*templates.glob("*.html"), *(templates / "macros").glob("*.html"), *(templates / "security").glob("*")]
    pages += (templates / "errors").glob("*.html")
    code = [*(WEB / "shell").rglob("*.py"), WEB / "landing.py"]
    found = [extract_from_file("jinja2.ext:babel_extract", str(path), keywords=KEYWORDS) for path in pages]
    found += [extract_from_file("python", str(path), keywords=KEYWORDS) for path in code]
    return {message if isinstance(message, str) else message[0] for part in found for _, message, _, _ in part}


def test_a_korean_text_has_one_english_in_whatever_catalogue_it_stands() -> None:
    said: dict[object, set[str]] = {}
    for path in (WEB / "translations" / "en").glob("*.po"):
        with path.open("rb") as file:
            for message in read_po(file):
                if message.id and message.string:
                    said.setdefault(message.id, set()).add(str(message.string))
    assert {text: found for text, found in said.items() if len(found) > 1} == {}


def test_every_text_of_the_shell_has_its_english() -> None:
    known = set()
    for name in ("shell.po", "account.po"):
        with (WEB / "translations" / "en" / name).open("rb") as file:
            known |= {message.id for message in read_po(file) if message.string}
    assert shell_messages() - known == set()


def test_an_untranslated_message_stays_korean(app: Flask) -> None:
    with app.test_request_context("/?lang=en"):
        assert gettext("아무도 옮기지 않은 말") == "아무도 옮기지 않은 말"


def test_a_label_made_at_import_time_follows_the_request(app: Flask) -> None:
    label = lazy("로그인")
    with app.test_request_context("/?lang=en"):
        assert str(label) == "Sign in"
    with app.test_request_context("/"):
        assert str(label) == "로그인"


@pytest.mark.parametrize(("header", "expected"), [("en", "ko"), ("ko", "ko")])
def test_the_browsers_wish_does_not_override_korean_first(app: Flask, header: str, expected: str) -> None:
    page = app.test_client().get("/", headers={"Accept-Language": header})
    assert f'<html lang="{expected}"' in page.text


@pytest.mark.parametrize("thing", sorted(PAGE_WORDS))
@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_refusal_names_a_state_as_the_pages_do(app: Flask, thing: str, language: str) -> None:
    with app.test_request_context(f"/?lang={language}"):
        shown = {state: str(word) for state, word in PAGE_WORDS[thing].items()}
    named = {state: words[language == "en"] for state, words in STATES[thing].items() if state in shown}
    assert named == shown


@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_refusal_names_an_applications_state_as_the_pages_do(app: Flask, language: str) -> None:
    with app.test_request_context(f"/?lang={language}"):
        show = app.jinja_env.get_template("macros/ui.html").module.state  # type: ignore[attr-defined]
        shown = {state: str(show(state)) for state in STATES["application"]}
    wrong = [state for state, words in STATES["application"].items() if words[language == "en"] not in shown[state]]
    assert wrong == []
