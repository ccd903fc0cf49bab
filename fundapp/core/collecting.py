"""Python's cycle collector, kept from walking through the same values again and again."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_paused = 0


@contextmanager
def paused_collector() -> Iterator[None]:
    """Pause the collector of reference cycles; what nothing refers to any more is freed as always.

    For bulk work of seconds whose values form no cycles: an import of tens of thousands of lines spends a fifth of its
    time on being searched for them. Several threads may ask; the last one to leave turns the collector on again.
    """
    global _paused  # noqa: PLW0603 - the collector belongs to the process
    with _lock:
        if not _paused and not gc.isenabled():
            turned_off_by_others = True
        else:
            turned_off_by_others = False
            _paused += 1
            gc.disable()
    try:
        yield
    finally:
        if not turned_off_by_others:
            with _lock:
                _paused -= 1
                if not _paused:
                    gc.enable()


def spare_what_lasts() -> None:
    """Leave all that a process has built so far out of every later search for cycles.

    A server calls it once its application stands: hundreds of thousands of objects that live as long as it does would
    otherwise be walked through again and again in the middle of requests.
    """
    gc.collect()
    gc.freeze()
