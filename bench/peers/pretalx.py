"""pretalx's list of reviews."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from peers.running import Peer, running

VERSION = "2025.2.2"
SCRIPT = Path(__file__).with_name("pretalx_pages.py")


@contextmanager
def review_list(folder: Path, *, submissions: int) -> Iterator[Peer | str]:
    """Yield pretalx with its page `review list`, or why it cannot be had.

    Args:
        folder: An empty folder.
        submissions: How many there are to be, three reviews each.
    """
    with running("pretalx", VERSION, SCRIPT, folder, {"submissions": submissions}) as peer:
        yield peer
