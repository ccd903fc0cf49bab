"""Security headers of our own: no inline script, no inline style, nothing from elsewhere, no exception anywhere."""

from __future__ import annotations

from flask import Flask, Response, g, request

_SOURCES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",  # Bootstrap draws its check marks as data URLs
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
}
POLICY = "; ".join(f"{directive} {sources}" for directive, sources in _SOURCES.items())

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    # The referrer check on forms over TLS needs the address of our own pages; other sites learn nothing.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
_TWO_YEARS = 63_072_000


def init_headers(app: Flask) -> None:
    """Set the headers on every response."""
    app.after_request(_set_headers)


def _set_headers(response: Response) -> Response:
    for name, value in _ALWAYS.items():
        response.headers[name] = value
    # A route that serves an uploaded file sets a narrower policy of its own.
    response.headers.setdefault("Content-Security-Policy", POLICY)
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = f"max-age={_TWO_YEARS}; includeSubDomains"
    if (request.endpoint or "").endswith("static"):
        return response
    response.vary.add("Cookie")
    viewer = g.get("viewer")
    if viewer is not None and viewer.person_id is not None:
        response.headers["Cache-Control"] = "no-store"
    else:
        response.headers.setdefault("Cache-Control", "no-cache")
    return response
