"""What a browser finds in a form before it sends one."""

from __future__ import annotations

import re


def token_in(page: str) -> str:
    """The CSRF token of the first form in a page."""
    found = re.search(r'name="csrf_token" type="hidden" value="([^"]+)"|name="csrf_token" value="([^"]+)"', page)
    assert found is not None, "the page has no form"
    return found[1] or found[2]
