"""Asking ClamAV: the INSTREAM command of clamd, over a local socket or TCP (clamd(8), clamdscan protocol)."""

from __future__ import annotations

import re
import socket
import struct
from typing import Final

from fundapp.intake.documents.apart import FileRefusedError

SCANNER: Final = "clamav"
_CHUNK: Final = 64 * 1024
_SECONDS: Final = 30
_LONGEST_ANSWER: Final = 4096
_TCP: Final = re.compile(r"tcp://(?P<host>[^:/]+|\[[0-9a-fA-F:]+\]):(?P<port>\d{1,5})")
_UNIX: Final = "unix:"


def scan(content: bytes, address: str) -> None:
    """Ask clamd about a file. Without a clear answer the file is not taken.

    Args:
        content: The file.
        address: `unix:/path/to/socket` or `tcp://host:port`.

    Raises:
        FileRefusedError: `infected`, or `unscanned` when clamd cannot be reached or does not know.
    """
    try:
        answer = _ask(content, address)
    except OSError as error:
        raise FileRefusedError("unscanned") from error
    if answer.endswith(" FOUND"):
        raise FileRefusedError("infected")
    if answer != "stream: OK":
        raise FileRefusedError("unscanned")


def _ask(content: bytes, address: str) -> str:
    with _connected(address) as line:
        line.sendall(b"zINSTREAM\0")
        for start in range(0, len(content), _CHUNK):
            part = content[start : start + _CHUNK]
            line.sendall(struct.pack(">I", len(part)) + part)
        line.sendall(struct.pack(">I", 0))
        answer = b""
        while not answer.endswith(b"\0") and len(answer) < _LONGEST_ANSWER:
            part = line.recv(_CHUNK)
            if not part:
                break
            answer += part
    return answer.rstrip(b"\0\n").decode("utf-8", errors="replace")


def _connected(address: str) -> socket.socket:
    if address.startswith(_UNIX):
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        line.settimeout(_SECONDS)
        try:
            line.connect(address.removeprefix(_UNIX))
        except OSError:
            line.close()
            raise
        return line
    found = _TCP.fullmatch(address)
    if found is None:
        raise OSError(f"no address of clamd: {address}")
    return socket.create_connection((found["host"].strip("[]"), int(found["port"])), timeout=_SECONDS)
