"""Templates: how they find their globals, and parts of pages that are drawn once and then remembered.

A list is opened all day long while few of its rows change, and drawing rows is most of what a page costs. What is
remembered is found by everything that went into it, so it cannot be stale, and nobody is shown what was drawn for
somebody else from other figures.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, MutableMapping
from functools import lru_cache
from typing import Any

from flask import Flask, request
from flask.templating import Environment
from jinja2.runtime import Macro
from markupsafe import Markup

from fundapp.web.shell.forms import new_key
from fundapp.web.shell.language import current_locale

_KEPT = 8192
_LONGEST = 400
"""What is made of longer words is drawn anew: whoever sends ever other long queries fills no memory with them.

Markup is no word of theirs: it is drawn here, from figures.
"""


class _Environment(Environment):
    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Return a template's globals as a plain dict; a chain of dicts costs a tenth of every page to look through.

        All globals are there before the first template is loaded.
        """
        return {**self.globals, **(d or {})}


def init_templates(app: Flask) -> None:
    """Choose how templates are read, and give them `remembered(macro, …)` and `remembered_rows(macro, rows, …)`."""
    app.jinja_environment = _Environment  # before the environment is first asked for
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(new_key=new_key, remembered=remembered, remembered_rows=remembered_rows)


def remembered(macro: Macro, *given: Hashable) -> Markup:
    """Return what a macro makes of some values, in the present language.

    Args:
        macro: Draws from its arguments, the language and addresses; it asks neither for the viewer, nor for a token
            or key, nor for the page one is on, unless that page's query is among what is given.
        given: For instance a frozen row.
    """
    words = sum(len(one) for one in given if isinstance(one, (str, bytes)) and not isinstance(one, Markup))
    draw = _draw if words <= _LONGEST else _draw.__wrapped__
    return draw(macro, current_locale(), request.script_root, given)


def remembered_rows(macro: Macro, rows: Iterable[Hashable], *given: Hashable) -> Markup:
    """Return what a macro makes of each row, one after the other; `given` follows the row as its further arguments."""
    locale, root = current_locale(), request.script_root
    return Markup("").join([_draw(macro, locale, root, (row, *given)) for row in rows])


@lru_cache(_KEPT)
def _draw(macro: Macro, _locale: str, _root: str, given: tuple[Hashable, ...]) -> Markup:
    return Markup(macro(*given))  # noqa: S704 - the macro has escaped what it was given
