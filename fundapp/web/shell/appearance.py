"""Light, dark or as the system says: chosen by `?theme=`, remembered in a cookie.

The server writes the choice into `<html>`. Only `auto` needs a script, and that is a file of our own, so the
content security policy stays free of exceptions.
"""

from __future__ import annotations

from typing import Literal, cast

from flask import Flask, Response, current_app, g, request

Theme = Literal["light", "dark", "auto"]

COOKIE = "theme"
THEMES: tuple[Theme, ...] = ("auto", "light", "dark")
_YEAR_SECONDS = 365 * 24 * 3600


def init_appearance(app: Flask) -> None:
    """Give templates `current_theme()` and remember what is asked for."""
    app.jinja_env.globals["current_theme"] = current_theme
    app.after_request(_remember_choice)


def current_theme() -> Theme:
    """Return the theme of the present request."""
    if "theme" not in g:
        asked = request.args.get("theme") or request.cookies.get(COOKIE)
        g.theme = asked if asked in THEMES else "auto"
    return cast("Theme", g.theme)


def _remember_choice(response: Response) -> Response:
    if request.args.get("theme") in THEMES:
        response.set_cookie(
            COOKIE,
            current_theme(),
            max_age=_YEAR_SECONDS,
            secure=current_app.config["SESSION_COOKIE_SECURE"],
            httponly=True,
            samesite="Lax",
        )
    return response
