"""One's own account: the door, links from mails, address, password and second factor."""

from __future__ import annotations

from fundapp.web.shell.account import door, factor, own, passkeys, recovery
from fundapp.web.shell.account.base import blueprint

__all__ = ["blueprint", "door", "factor", "own", "passkeys", "recovery"]
