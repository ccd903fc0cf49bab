"""Whole pages that are drawn once and shown again for as long as nobody has committed anything.

What a page shows depends on the database, on who looks, in which language and theme, and on its address. All of these
are what a remembered page is found by, so there is nothing to invalidate. What is new at each look, the form token and
the keys of its forms, is left open while the page is drawn and filled in when it is handed out.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import wraps
from typing import Any, cast

from flask import g, request, session
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf

from fundapp.web.shell.appearance import current_theme
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.forms import new_key
from fundapp.web.shell.language import current_locale

View = Callable[..., ResponseReturnValue]
_SECONDS = 60
"""A page that tells time by minutes is right for one."""
_TOKEN, _KEY = secrets.token_hex(16), secrets.token_hex(16)
"""Stand in a remembered page where token and keys belong; nobody outside this process can write them."""
_GAPS = re.compile(f"{_TOKEN}|{_KEY}")
_CSRF_FIELD = "csrf_token"


@dataclass(frozen=True, slots=True)
class _Kept:
    """A page with gaps."""

    text: str

    def fill(self) -> str:
        return _GAPS.sub(lambda gap: generate_csrf() if gap[0] == _TOKEN else new_key(), self.text)


def note_state(state: str) -> None:
    """Keep for this request in which state the database was when it was asked who looks."""
    g.state, g.commits = state, db().commits


def remembered_page(view: View) -> View:
    """Decorate a route whose page is drawn anew only when something has been committed since.

    The view returns a page as text; what else it returns, and what it raises, is handed on. It reads the database, the
    viewer, address, language and theme, and the clock no finer than by the minute; it writes nothing, asks neither for
    the browser's session nor for a file or another server.
    """

    @wraps(view)
    def look(**asked: Any) -> ResponseReturnValue:  # noqa: ANN401 - whatever the route's address holds
        if not _may_remember():
            return view(**asked)
        recollection, question = db().recollection, _question()
        kept = cast("_Kept | None", recollection.recall(g.state, question))
        if kept is not None:
            return kept.fill()
        g.keys = []
        token, brought = generate_csrf(), _brought()
        page = view(**asked)
        if isinstance(page, str) and _brought() == brought and g.commits == db().commits:
            text = page.replace(token, _TOKEN)
            for key in g.keys:
                text = text.replace(key, _KEY)
            recollection.keep(g.state, question, _Kept(text))
        return page

    return look


def _may_remember() -> bool:
    """Nothing is remembered for strangers, after a commit of this request, or where a message waits to be shown."""
    return request.method == "GET" and "state" in g and g.commits == db().commits and session.get("_flashes") is None


def _question() -> Hashable:
    minute = int(now().timestamp()) // _SECONDS
    return (g.viewer, request.host, request.script_root, request.full_path, current_locale(), current_theme(), minute)


def _brought() -> dict[str, Any]:
    return {name: value for name, value in session.items() if name != _CSRF_FIELD}
