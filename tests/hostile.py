"""What a hostile file is, and what the families of them share."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

TAKEN = ""
CANARY = "CANARY-7e3"
RESIDENT = "900101-1234567"
SEED = 20261130


@dataclass(frozen=True, slots=True)
class Hostile:
    """One file.

    Attributes:
        what: What is wrong with it.
        name: What it calls itself.
        reasons: Why it is refused, any of them; `TAKEN` among them if it is made harmless and kept.
    """

    what: str
    name: str
    content: bytes
    reasons: tuple[str, ...]


def noughts_packed() -> bytes:
    """300 MB of noughts, packed without having them all at once."""
    packer, part = zlib.compressobj(1), bytes(1024 * 1024)
    return b"".join(packer.compress(part) for _ in range(300)) + packer.flush()


NOUGHTS = noughts_packed()


def refused(what: str, name: str, content: bytes, *reasons: str) -> Hostile:
    return Hostile(what, name, content, reasons)


def taken(what: str, name: str, content: bytes) -> Hostile:
    return Hostile(what, name, content, (TAKEN,))


def chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def with_chunk(png: bytes, kind: bytes, body: bytes) -> bytes:
    """A PNG with one more chunk behind its head."""
    return png[:33] + chunk(kind, body) + png[33:]
