"""The process that opens files: it may die, its askers may vanish, and the next good file is opened all the same."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from documents_made import pdf_of

from fundapp.intake.documents import apart
from fundapp.intake.documents.apart import examine
from fundapp.intake.documents.content import LONGEST_SECONDS

MOST = 20 * 1024 * 1024


@pytest.fixture
def opener(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[apart._Opener]:
    """One of our own, which was started in an empty folder and has opened a file."""
    started = apart._Opener()
    monkeypatch.setattr(apart, "_OPENER", started)
    monkeypatch.chdir(tmp_path)
    assert pages() == 1
    yield started
    started._end()


def pages() -> int | None:
    return examine(pdf_of("계획"), MOST).pages


def hand_over_nothing(opener: apart._Opener) -> socket.socket:
    """Have it fork for a file of which nothing is said yet."""
    ours, theirs = socket.socketpair()
    with theirs:
        opener._hand_over(theirs)
    assert pages() == 1, "whatever came later was opened, so the fork is there"
    return ours


def test_when_the_opener_dies_while_a_file_is_still_being_opened_another_one_opens_the_next(
    opener: apart._Opener,
) -> None:
    with hand_over_nothing(opener):
        first = opener._process
        assert first is not None
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        assert opener._line is not None
        opener._line.settimeout(LONGEST_SECONDS / 2)
        assert opener._line.recv(1) == b"", "nobody else holds its line, or the next file would wait for the fork's end"
        assert pages() == 1
        assert opener._process is not None
        assert opener._process.pid != first.pid


def test_a_file_that_was_handed_to_an_opener_that_then_died_is_opened_by_another_one(opener: apart._Opener) -> None:
    first = opener._process
    assert first is not None
    os.kill(first.pid, signal.SIGSTOP)  # it takes nothing from now on, and only then dies
    waiting, theirs = socket.socketpair()
    with theirs:
        line = opener._hand_over(theirs)
    with waiting:
        os.kill(first.pid, signal.SIGKILL)
        assert waiting.recv(1) == b"", "let go with the opener"
        assert opener._is_gone(line)
    assert pages() == 1


def test_a_fork_whose_asker_vanished_leaves_nothing_behind(opener: apart._Opener, tmp_path: Path) -> None:
    with hand_over_nothing(opener) as ours:
        ours.shutdown(socket.SHUT_WR)
        assert ours.recv(1) == b"", "the fork has left"
    assert list(tmp_path.iterdir()) == []
