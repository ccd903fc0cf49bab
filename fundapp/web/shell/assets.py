"""Addresses of our own static files, with a fingerprint, so that a new release is never mixed with an old file."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, Response, current_app, g, request, url_for

_WEEK_SECONDS = 7 * 24 * 3600


def init_assets(app: Flask) -> None:
    """Give templates `asset()` and `icon_href()`, and let browsers keep fingerprinted files."""
    app.jinja_env.globals.update(asset=asset, icon_href=icon_href)
    app.after_request(_cache_static)


def asset(name: str) -> str:
    """Return the address of one of our files, e.g. `theme.css`."""
    return _address(current_app.static_folder or ".", request.script_root, name)


def icon_href(name: str) -> str:
    """Return the address of a Bootstrap icon for `<use href>`."""
    if "icons" not in g:  # the same for every icon of a page
        g.icons = url_for("bootstrap.static", filename="icons/bootstrap-icons.svg")
    return f"{g.icons}#{name}"


@cache
def _address(folder: str, _root: str, name: str) -> str:
    """Return what stays the same as long as the product runs below the same root: every page asks several times."""
    return url_for("static", filename=name, v=_fingerprint(Path(folder) / name))


@cache
def _fingerprint(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]


def _cache_static(response: Response) -> Response:
    if (request.endpoint or "").endswith("static"):
        response.cache_control.public = True
        response.cache_control.max_age = _WEEK_SECONDS
        response.cache_control.no_cache = None
    return response
