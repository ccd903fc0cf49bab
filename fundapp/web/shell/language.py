"""Two languages. Korean is the source: message identifiers are the Korean text, English is translated from it.

The choice is made by `?lang=`, then the `lang` cookie, then the instance's default. Catalogues are read from `.po`
files as they stand, so a translation needs no build step: every `translations/en/*.po` is merged.
"""

from __future__ import annotations

from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, Literal, cast

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from flask import Flask, Response, current_app, g, has_app_context, has_request_context, request
from flask_babel import Babel
from flask_babel.speaklater import LazyString
from markupsafe import Markup

Locale = Literal["ko", "en"]

COOKIE = "lang"
_MESSAGES = 8192
_YEAR_SECONDS = 365 * 24 * 3600
_FOLDER = Path(__file__).parent.parent / "translations"


def init_language(app: Flask, default: str) -> None:
    """Choose a language for each request and give templates `_`, `gettext` and `ngettext`."""
    app.config["FUND_LOCALE"] = default
    app.config["BABEL_DEFAULT_TIMEZONE"] = "Asia/Seoul"
    Babel(app, default_locale=default, locale_selector=current_locale, configure_jinja=False)
    app.jinja_env.add_extension("jinja2.ext.i18n")
    environment = cast("Any", app.jinja_env)  # the extension adds the method
    environment.install_gettext_callables(gettext, ngettext, newstyle=True)
    app.jinja_env.globals.update(current_locale=current_locale, _=in_template)
    app.after_request(_remember_choice)


def current_locale() -> Locale:
    """Return the language of the present request, or the default outside one."""
    try:
        found: Locale = g.locale  # every text of a page asks: the short way first
    except (AttributeError, RuntimeError):
        return _choose_locale()
    return found


def _choose_locale() -> Locale:
    if not has_request_context():
        return _known(current_app.config["FUND_LOCALE"]) if has_app_context() else "ko"
    asked = request.args.get("lang") or request.cookies.get(COOKIE) or ""
    g.locale = chosen = _known(asked if asked in {"ko", "en"} else current_app.config["FUND_LOCALE"])
    return chosen


def pick(korean: str, english: str) -> str:
    """Return the text of the present language, for content that exists in both."""
    return english if current_locale() == "en" and english else korean


def gettext(message: str, **values: object) -> str:
    """Translate a Korean message; `%(name)s` is replaced from `values`."""
    text = message if current_locale() == "ko" else _english().gettext(message)
    return text % values if values else text


def ngettext(singular: str, plural: str, num: int, **values: object) -> str:
    """Translate a message whose English depends on a number; `%(num)s` is the number."""
    if current_locale() == "ko":
        text = singular if num == 1 else plural
    else:
        text = _english().ngettext(singular, plural, num)
    return text % {"num": num, **values}


def in_template(message: str, **values: object) -> Markup:
    """Translate inside a template, where a message is markup and its values are escaped; every page asks dozens."""
    locale = current_locale()
    return _markup(message, locale) % values if values else _said(message, locale)


@lru_cache(_MESSAGES)
def _markup(message: str, locale: Locale) -> Markup:
    return Markup(message if locale == "ko" else _english().gettext(message))  # noqa: S704 - our own catalogue


@lru_cache(_MESSAGES)
def _said(message: str, locale: Locale) -> Markup:
    return _markup(message, locale) % {}


def lazy(message: str) -> Any:  # noqa: ANN401 - a LazyString stands in for str in form labels
    """Translate when shown, for labels made at import time."""
    return LazyString(gettext, message)


def _known(text: str) -> Locale:
    return "en" if text == "en" else "ko"


@cache
def _english() -> Translations:
    merged = Catalog(locale="en")
    for path in sorted((_FOLDER / "en").glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale="en"):
                if message.id and message.string:
                    merged[message.id] = message
    binary = BytesIO()
    write_mo(binary, merged)
    binary.seek(0)
    return Translations(fp=binary)


def _remember_choice(response: Response) -> Response:
    if request.args.get("lang") in {"ko", "en"}:
        response.set_cookie(
            COOKIE,
            current_locale(),
            max_age=_YEAR_SECONDS,
            secure=current_app.config["SESSION_COOKIE_SECURE"],
            httponly=True,
            samesite="Lax",
        )
    return response
