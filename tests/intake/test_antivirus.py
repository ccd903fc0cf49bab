"""ClamAV's protocol, against a server that speaks it."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fundapp.intake.documents.antivirus import scan
from fundapp.intake.documents.apart import FileRefusedError

# The test string of the European Institute for Computer Antivirus Research, put together so that no scanner minds.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def read_all(line: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        part = line.recv(count - len(found))
        if not part:
            raise EOFError
        found += part
    return found


@contextmanager
def clamd(address: str, answer: bytes | None = None) -> Iterator[list[bytes]]:
    """Answer one INSTREAM as clamd does: what was streamed is OK unless the test string is in it."""
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(address)
    server.listen()
    seen: list[bytes] = []

    def serve() -> None:
        line, _ = server.accept()
        with line:
            assert read_all(line, 10) == b"zINSTREAM\0"
            content = b""
            while size := struct.unpack(">I", read_all(line, 4))[0]:
                content += read_all(line, size)
            seen.append(content)
            said = b"stream: Win.Test.EICAR_HDB-1 FOUND\0" if EICAR in content else b"stream: OK\0"
            line.sendall(said if answer is None else answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        thread.join(timeout=10)
        server.close()


def test_a_clean_file_passes_whole(tmp_path: Path) -> None:
    content = bytes(range(256)) * 1000
    address = str(tmp_path / "c")
    with clamd(address) as seen:
        scan(content, f"unix:{address}")
    assert seen == [content]


@pytest.mark.parametrize(
    ("content", "answer", "reason"),
    [
        (b"..." + EICAR, None, "infected"),
        (b"x", b"INSTREAM size limit exceeded. ERROR\0", "unscanned"),
        (b"x", b"", "unscanned"),
        (b"x", b"stream: OK and more\0", "unscanned"),
    ],
)
def test_without_a_clear_answer_a_file_is_not_taken(
    tmp_path: Path, content: bytes, answer: bytes | None, reason: str
) -> None:
    address = str(tmp_path / "c")
    with clamd(address, answer), pytest.raises(FileRefusedError) as caught:
        scan(content, f"unix:{address}")
    assert caught.value.reason == reason


@pytest.mark.parametrize("address", ["unix:/nowhere/at/all", "tcp://127.0.0.1:9", "tcp://x", "http://x:1"])
def test_a_scanner_that_cannot_be_reached_lets_nothing_in(address: str) -> None:
    with pytest.raises(FileRefusedError) as caught:
        scan(b"x", address)
    assert caught.value.reason == "unscanned"
