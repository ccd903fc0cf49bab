"""ColdFront's allocation list and page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from peers.running import Peer, running

VERSION = "1.1.10"
SCRIPT = Path(__file__).with_name("coldfront_pages.py")


@contextmanager
def allocation_pages(folder: Path, *, allocations: int) -> Iterator[Peer | str]:
    """Yield ColdFront with its pages `allocation list` and `allocation page`, or why it cannot be had.

    Args:
        folder: An empty folder.
        allocations: How many there are to be.
    """
    with running("coldfront", VERSION, SCRIPT, folder, {"allocations": allocations}) as peer:
        yield peer
