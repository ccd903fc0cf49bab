"""What is in a compound file: HWP 5.0, by Hancom's format, revision 1.3. Runs only apart: see `apart.py`."""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Iterator
from typing import Final

import olefile

from fundapp.intake.documents.content import MOST_TEXT, MOST_UNPACKED, Content, ContentRefusedError

COMPOUND: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HWP_SIGNATURE: Final = b"HWP Document File"
_HWP_COMPRESSED, _HWP_ENCRYPTED = 1, 2
_HWP_PARA_TEXT: Final = 67
_HWP_LONG: Final = 0xFFF
_HWP_CHARS: Final = frozenset({0, 10, 13, *range(24, 32)})
"""Control characters of HWP 5.0 that stand alone; the others below 32 take eight units."""
_PACKAGE: Final = "\x01ole10native"
_SCRIPT_END: Final = 0xFFFFFFFF
_DOES_NOTHING: Final = re.compile(
    r"//[^\n\r\u2028\u2029]*|var\s+\w+\s*=\s*[\w.]+\s*;|function\s+\w+\s*\(\s*\)\s*\{\s*\}|\s+"
)
"""What Hancom's programme writes into every document's script: names, and functions with empty bodies.

A remark ends with any of the four ends of a line there are (ECMA-262, 12.3).
"""
_PROGRAMMES: Final = (b"MZ", b"\x7fELF", b"%!PS", b"#!")
_NEAR_START: Final = 16
"""An object in HWP stands behind its own size."""


def read_compound(content: bytes) -> Content:
    """Read an HWP 5.0 document.

    Raises:
        ContentRefusedError: if it is none, damaged, locked, or carries what must not come in.
    """
    try:
        with olefile.OleFileIO(io.BytesIO(content)) as ole:
            if not ole.exists("FileHeader"):
                raise ContentRefusedError("old_office" if _is_old_office(ole) else "unknown_format")
            header = ole.openstream("FileHeader").read(256)
            if not header.startswith(_HWP_SIGNATURE):
                raise ContentRefusedError("unknown_format")
            (flags,) = struct.unpack_from("<I", header, 36)
            if flags & _HWP_ENCRYPTED:
                raise ContentRefusedError("locked")
            compressed = bool(flags & _HWP_COMPRESSED)
            _require_passive(ole, compressed=compressed)
            text = "".join(_hwp_sections(ole, compressed=compressed))
    except (OSError, ValueError, IndexError, TypeError, AttributeError, struct.error, zlib.error) as error:
        raise ContentRefusedError("damaged") from error
    return Content("hwp", None, text[:MOST_TEXT], None)


def require_no_package(content: bytes) -> None:
    """Refuse an OLE object that holds a file of another programme; equations and charts stay.

    Raises:
        ContentRefusedError: `embedded` where there is one.
    """
    try:
        with olefile.OleFileIO(io.BytesIO(content)) as ole:
            if any(part.lower() == _PACKAGE for entry in ole.listdir() for part in entry):
                raise ContentRefusedError("embedded")
            if any(part.lower() in {"vba", "macros", "_vba_project"} for entry in ole.listdir() for part in entry):
                raise ContentRefusedError("macro")
    except (OSError, ValueError, IndexError, TypeError, AttributeError, struct.error) as error:
        raise ContentRefusedError("damaged") from error


def _require_passive(ole: olefile.OleFileIO, *, compressed: bool) -> None:
    for entry in ole.listdir():
        folder = entry[0].lower()
        if folder == "scripts" and entry[-1].lower() == "defaultjscript":
            script = _unpacked(ole.openstream(entry).read(), compressed=compressed)
            if any(map(acts, _script_parts(script))):
                raise ContentRefusedError("macro")
        if folder == "bindata":
            _require_no_programme(_unpacked(ole.openstream(entry).read(), compressed=compressed))


def _require_no_programme(data: bytes) -> None:
    if data.startswith(_PROGRAMMES):
        raise ContentRefusedError("embedded")
    if (place := data[: _NEAR_START + len(COMPOUND)].find(COMPOUND)) >= 0:
        require_no_package(data[place:])


def _script_parts(data: bytes) -> Iterator[str]:
    """Yield the texts of a script: each behind its length in letters."""
    place = 0
    while place + 4 <= len(data):
        (length,) = struct.unpack_from("<I", data, place)
        place += 4
        if length == _SCRIPT_END:
            return
        yield data[place : place + 2 * length].decode("utf-16-le", errors="replace")
        place += 2 * length


def acts(script: str) -> bool:
    """Return whether a document's script does anything at all."""
    return bool(_DOES_NOTHING.sub("", script.replace("\x00", "").strip("\ufeff")))


def _unpacked(data: bytes, *, compressed: bool) -> bytes:
    if not compressed:
        return data
    unpacker = zlib.decompressobj(-15)
    try:
        plain = unpacker.decompress(data, MOST_UNPACKED)
    except zlib.error:
        return data  # pictures may stand there as they came
    if unpacker.unconsumed_tail:
        raise ContentRefusedError("bomb")
    return plain


def _is_old_office(ole: olefile.OleFileIO) -> bool:
    return any(ole.exists(name) for name in ("WordDocument", "Workbook", "Book", "PowerPoint Document"))


def _hwp_sections(ole: olefile.OleFileIO, *, compressed: bool) -> Iterator[str]:
    total = unpacked = 0
    for entry in sorted(ole.listdir()):
        if len(entry) != 2 or entry[0] != "BodyText":  # noqa: PLR2004 - storage and stream
            continue
        data = ole.openstream(entry).read()
        if compressed:
            unpacker = zlib.decompressobj(-15)
            data = unpacker.decompress(data, MOST_UNPACKED - unpacked)
            unpacked += len(data)
            if unpacker.unconsumed_tail:
                raise ContentRefusedError("bomb")
        for text in _hwp_paragraphs(data):
            total += len(text)
            if total > MOST_TEXT:
                return
            yield text + "\n"


def _hwp_paragraphs(data: bytes) -> Iterator[str]:
    place = 0
    while place + 4 <= len(data):
        (head,) = struct.unpack_from("<I", data, place)
        place += 4
        size = head >> 20
        if size == _HWP_LONG:
            (size,) = struct.unpack_from("<I", data, place)
            place += 4
        if head & 0x3FF == _HWP_PARA_TEXT:
            yield _hwp_text(data[place : place + size])
        place += size


def _hwp_text(record: bytes) -> str:
    units = struct.unpack(f"<{len(record) // 2}H", record[: len(record) // 2 * 2])
    kept: list[int] = []
    place = 0
    while place < len(units):
        unit = units[place]
        if unit >= ord(" "):
            kept.append(unit)
        elif unit in _HWP_CHARS:
            kept.append(ord(" "))
        place += 1 if unit >= ord(" ") or unit in _HWP_CHARS else 8
    return struct.pack(f"<{len(kept)}H", *kept).decode("utf-16-le", errors="replace")
