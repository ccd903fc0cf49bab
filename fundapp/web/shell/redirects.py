"""Where to go next: only inside this site."""

from __future__ import annotations

from urllib.parse import urlsplit

from fundapp.core.access import Role, Viewer

_HOMES: tuple[tuple[frozenset[Role], str], ...] = (
    (frozenset({Role.COMMITTEE, Role.CHAIR}), "/committee/"),
    (frozenset({Role.ANALYST, Role.FINANCE, Role.ADMIN, Role.AUDITOR}), "/operations/"),
    (frozenset({Role.PARTNER}), "/partners/"),
    (frozenset({Role.APPLICANT}), "/portal/"),
)


def safe_next(target: str | None) -> str | None:
    """Return `target` when it is a path on this site, else None.

    Browsers read a backslash as a slash and skip control characters, so both are refused rather than repaired.
    """
    if not target or not target.startswith("/") or target.startswith("//"):
        return None
    if "\\" in target or any(ord(sign) <= 0x20 or ord(sign) == 0x7F for sign in target):  # noqa: PLR2004
        return None
    parts = urlsplit(target)
    return None if parts.scheme or parts.netloc else target


def home_of(viewer: Viewer) -> str:
    """Return the address of the viewer's own room."""
    for roles, address in _HOMES:
        if viewer.has(*roles):
            return address
    return "/"
