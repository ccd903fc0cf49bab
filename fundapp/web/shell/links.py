"""Links to the page one is on, with some of its query changed: sorting, paging, language and theme."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Flask, current_app, request


def init_links(app: Flask) -> None:
    """Give templates `here(**changes)`."""
    app.jinja_env.globals["here"] = here


def public_address(path: str) -> str:
    """Return the whole address of a path, for mail."""
    return f"{current_app.config['PUBLIC_URL']}{path}"


def here(**changes: object) -> str:
    """Return the present query with some values replaced; None removes one. Other filters stay as they are."""
    kept = [(name, value) for name, value in request.args.items(multi=True) if name not in changes]
    added = [(name, str(value)) for name, value in changes.items() if value is not None]
    return "?" + urlencode(kept + added)
