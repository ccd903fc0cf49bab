"""Addresses of our own static files, with a fingerprint, so that a new release is never mixed with an old file."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from importlib import resources
from pathlib import Path

from flask import Flask, Response, current_app, g, request, url_for

import fundapp

_ICONS = "icons_static"
_SYMBOL = re.compile(r'<symbol[^>]*\bid="([^"]+)".*?</symbol>', re.DOTALL)
_QUOTED = re.compile(r"[\"']([a-z0-9-]+)[\"']")
_WEEK_SECONDS = 7 * 24 * 3600


def init_assets(app: Flask) -> None:
    """Give templates `asset()` and `icon_href()`, and let browsers keep fingerprinted files."""
    app.jinja_env.globals.update(asset=asset, icon_href=icon_href)
    app.add_url_rule("/static/icons.svg", _ICONS, _icons)
    app.after_request(_cache_static)


def asset(name: str) -> str:
    """Return the address of one of our files, e.g. `theme.css`."""
    return _address(current_app.static_folder or ".", request.script_root, name)


def icon_href(name: str) -> str:
    """Return the address of a Bootstrap icon for `<use href>`."""
    if "icons" not in g:  # the same for every icon of a page
        g.icons = url_for(_ICONS, v=hashlib.sha256(_sprite()).hexdigest()[:10])
    return f"{g.icons}#{name}"


def _icons() -> Response:
    return Response(_sprite(), content_type="image/svg+xml")


@cache
def _sprite() -> bytes:
    """Return the icons that pages name, out of the two thousand that Bootstrap has: those weigh more than a page."""
    whole = resources.files("flask_bootstrap").joinpath("static", "bootstrap5", "icons", "bootstrap-icons.svg")
    symbols = {found[1]: found[0] for found in _SYMBOL.finditer(whole.read_text(encoding="utf-8"))}
    package = Path(fundapp.__file__).parent
    texts = [path.read_text(encoding="utf-8") for kind in ("*.py", "*.html") for path in package.rglob(kind)]
    named = {word for text in texts for word in _QUOTED.findall(text)} & symbols.keys()
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols[name] for name in sorted(named))}</svg>'.encode()


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
