"""Links to the page one is on, with some of its query changed: sorting, paging, language and theme."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlencode

from flask import Flask, current_app, request
from werkzeug.wrappers import Request

_QUERIES = 2048
_LONGEST = 400


def init_links(app: Flask) -> None:
    """Give templates `here(**changes)`."""
    app.jinja_env.globals["here"] = here


def public_address(path: str) -> str:
    """Return the whole address of a path, for mail."""
    return f"{current_app.config['PUBLIC_URL']}{path}"


def here(**changes: object) -> str:
    """Return the present query with some values replaced; None removes one. Other filters stay as they are."""
    query = request.query_string
    change = _changed if len(query) <= _LONGEST else _changed.__wrapped__  # long ones fill no memory
    return change(query, tuple(changes.items()))


@lru_cache(_QUERIES)
def _changed(query: bytes, changes: tuple[tuple[str, object], ...]) -> str:
    """Return a query with some values replaced; every page asks a dozen times, and mostly the same."""
    replaced = dict(changes)
    kept = [
        (name, value)
        for name, value in Request({"QUERY_STRING": query.decode("latin-1")}).args.items(multi=True)
        if name not in replaced
    ]
    added = [(name, str(value)) for name, value in changes if value is not None]
    return "?" + urlencode(kept + added)
