"""Processes that the product starts, found and halted, so that a test can act while they are at work."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATIENCE = 120


def wait_for(find: Callable[[], int]) -> int:
    """Ask until the answer is not 0."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = find()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("waited in vain")


def child_running(module: str) -> int:
    """The number of a process of ours that runs this module; 0 while there is none."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,command="], capture_output=True, text=True, check=True)
    for line in listed.stdout.splitlines():
        number, parent, command = line.split(maxsplit=2)
        if int(parent) == os.getpid() and module in command:
            return int(number)
    return 0


@contextmanager
def halted(process: int) -> Iterator[None]:
    """Let a process stand still."""
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)
