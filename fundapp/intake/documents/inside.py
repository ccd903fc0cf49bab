"""What is in a file, whatever it calls itself. Runs only in a process of its own: see `apart.py`.

A format is taken for what its content says, never for a name or a declared type. Whatever can carry a programme is
either taken out (PDF, pictures: a cleaned copy is kept beside the original) or refused (macros, remote templates).
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from xml.etree.ElementTree import ParseError

import olefile
import pikepdf
import pypdfium2 as pdfium
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse
from PIL import Image, ImageOps, UnidentifiedImageError

MOST_PAGES: Final = 300
MOST_TEXT: Final = 2_000_000
MOST_PIXELS: Final = 50_000_000
_MOST_ENTRIES: Final = 3_000
_MOST_UNPACKED: Final = 200 * 1024 * 1024
_MOST_RATIO: Final = 200
_RATIO_FROM: Final = 1024 * 1024
_HWP_SIGNATURE: Final = b"HWP Document File"
_HWP_COMPRESSED, _HWP_ENCRYPTED = 1, 2
_HWP_PARA_TEXT: Final = 67
_HWP_LONG: Final = 0xFFF
_HWP_CHARS: Final = frozenset({0, 10, 13, *range(24, 32)})
"""Control characters of HWP 5.0 that stand alone; the others below 32 take eight units."""


class ContentRefusedError(Exception):
    """The file is not taken; `code` is one of `REASONS` in `apart.py`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Content:
    """What was found.

    Attributes:
        format: One of `kinds.FORMATS`.
        pages: How many; None where the format does not say.
        text: The text that could be read; empty for a scan.
        cleaned: A copy without anything active; None where none can be made.
    """

    format: str
    pages: int | None
    text: str
    cleaned: bytes | None


def look_inside(content: bytes) -> Content:
    """Return what is in a file.

    Raises:
        ContentRefusedError: if it is of no format that is taken, damaged, locked, or carries what must not come in.
    """
    for magic, read in _READERS:
        if content.startswith(magic):
            return read(content)
    raise ContentRefusedError("unknown_format")


def _pdf(content: bytes) -> Content:
    cleaned = io.BytesIO()
    try:
        with pikepdf.open(io.BytesIO(content)) as pdf:
            pages = len(pdf.pages)
            if not pages:
                raise ContentRefusedError("damaged")
            if pages > MOST_PAGES:
                raise ContentRefusedError("too_many_pages")
            _SCRUBBER.apply(pdf)
            # The same file always gives the same copy, so that its hash can be recorded.
            pdf.save(cleaned, deterministic_id=True)
    except pikepdf.PasswordError as error:
        raise ContentRefusedError("locked") from error
    except (pikepdf.PdfError, ValueError, TypeError, RecursionError) as error:
        raise ContentRefusedError("damaged") from error
    safe = cleaned.getvalue()
    return Content("pdf", pages, _pdf_text(safe), safe)


_SCRUBBER = (
    pikepdf.sanitize.Sanitizer()
    .remove_javascript()
    .remove_external_access()
    .remove_attachments()
    .remove_multimedia()
    .remove_collection()
    .remove_private_app_data()
    .remove_search_index()
    .remove_thumbnails()
    .remove_web_capture()
)


def _pdf_text(content: bytes) -> str:
    try:
        document = pdfium.PdfDocument(content)
    except pdfium.PdfiumError as error:
        raise ContentRefusedError("damaged") from error
    found: list[str] = []
    length = 0
    for page in document:
        text = page.get_textpage().get_text_bounded()
        found.append(text)
        length += len(text)
        if length > MOST_TEXT:
            break
    return "\n".join(found)[:MOST_TEXT]


def _picture(content: bytes) -> Content:
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as image:
            kind = str(image.format)
            width, height = image.size
            if width * height > MOST_PIXELS:
                raise ContentRefusedError("too_large_picture")
            upright = ImageOps.exif_transpose(image)
            # Written anew from its pixels: no metadata (a telephone writes where it was taken), nothing hidden behind.
            plain = upright.convert("RGBA" if kind == "PNG" and "A" in upright.getbands() else "RGB")
    except UnidentifiedImageError as error:
        raise ContentRefusedError("damaged") from error
    except (Image.DecompressionBombError, MemoryError) as error:
        raise ContentRefusedError("too_large_picture") from error
    except (OSError, ValueError, SyntaxError, struct.error) as error:
        raise ContentRefusedError("damaged") from error
    cleaned = io.BytesIO()
    plain.save(cleaned, format=kind, **({"quality": 90} if kind == "JPEG" else {"optimize": False}))
    return Content("png" if kind == "PNG" else "jpeg", 1, "", cleaned.getvalue())


def _compound(content: bytes) -> Content:
    """Read an HWP 5.0 document: Hancom's published format, revision 1.3."""
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
            text = "".join(_hwp_sections(ole, compressed=bool(flags & _HWP_COMPRESSED)))
    except (OSError, ValueError, IndexError, struct.error, zlib.error) as error:
        raise ContentRefusedError("damaged") from error
    return Content("hwp", None, text[:MOST_TEXT], None)


def _is_old_office(ole: olefile.OleFileIO) -> bool:
    return any(ole.exists(name) for name in ("WordDocument", "Workbook", "Book", "PowerPoint Document"))


def _hwp_sections(ole: olefile.OleFileIO, *, compressed: bool) -> Iterator[str]:
    total = 0
    for entry in sorted(ole.listdir()):
        if len(entry) != 2 or entry[0] != "BodyText":  # noqa: PLR2004 - storage and stream
            continue
        data = ole.openstream(entry).read()
        if compressed:
            unpacker = zlib.decompressobj(-15)
            data = unpacker.decompress(data, _MOST_UNPACKED)
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


def _archive(content: bytes) -> Content:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _require_small(archive)
            names = set(archive.namelist())
            if "mimetype" in names and archive.read("mimetype")[:32].strip() == b"application/hwp+zip":
                return Content("hwpx", None, _xml_text(archive, _hwpx_part, "t"), None)
            if "[Content_Types].xml" not in names:
                raise ContentRefusedError("unknown_format")
            return _office(archive, names)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, OSError) as error:
        raise ContentRefusedError("damaged") from error
    except DefusedXmlException as error:
        raise ContentRefusedError("bomb") from error
    except ParseError as error:
        raise ContentRefusedError("damaged") from error


def _require_small(archive: zipfile.ZipFile) -> None:
    entries = archive.infolist()
    if len(entries) > _MOST_ENTRIES or sum(entry.file_size for entry in entries) > _MOST_UNPACKED:
        raise ContentRefusedError("bomb")
    for entry in entries:
        if entry.flag_bits & 1:
            raise ContentRefusedError("locked")
        if entry.file_size > _RATIO_FROM and entry.file_size > _MOST_RATIO * max(1, entry.compress_size):
            raise ContentRefusedError("bomb")


def _office(archive: zipfile.ZipFile, names: set[str]) -> Content:
    types = archive.read("[Content_Types].xml")
    if b"macroEnabled" in types or any(name.rsplit("/", 1)[-1].startswith("vbaProject") for name in names):
        raise ContentRefusedError("macro")
    for name in names:
        if name.endswith(".rels") and b"attachedTemplate" in (links := archive.read(name)) and b"External" in links:
            raise ContentRefusedError("remote_template")
    if b"wordprocessingml.document.main+xml" in types:
        return Content("docx", _stated_pages(archive, names), _xml_text(archive, _docx_part, "t"), None)
    if b"spreadsheetml.sheet.main+xml" in types:
        return Content("xlsx", None, _xml_text(archive, _xlsx_part, "t", "v"), None)
    raise ContentRefusedError("unknown_format")


def _stated_pages(archive: zipfile.ZipFile, names: set[str]) -> int | None:
    """Return how many pages the writing programme counted when the document was last saved."""
    if "docProps/app.xml" not in names:
        return None
    for _, element in iterparse(io.BytesIO(archive.read("docProps/app.xml"))):
        if _local(element.tag) == "Pages" and (element.text or "").strip().isdecimal():
            return int(element.text.strip()[:6])
    return None


def _hwpx_part(name: str) -> bool:
    return name.startswith("Contents/") and name.endswith(".xml")


def _docx_part(name: str) -> bool:
    return name.startswith("word/") and name.endswith(".xml") and "/theme/" not in name and "styles" not in name


def _xlsx_part(name: str) -> bool:
    return name == "xl/sharedStrings.xml" or (name.startswith("xl/worksheets/") and name.endswith(".xml"))


def _xml_text(archive: zipfile.ZipFile, wanted: Callable[[str], bool], *tags: str) -> str:
    found: list[str] = []
    length = 0
    for name in sorted(filter(wanted, archive.namelist())):
        with archive.open(name) as part:
            for _, element in iterparse(part, forbid_dtd=True):
                tag = _local(element.tag)
                if tag in tags and element.text:
                    found.append(element.text)
                    length += len(element.text)
                elif tag in {"p", "row", "si"}:
                    found.append("\n")
                    element.clear()
                if length > MOST_TEXT:
                    return "".join(found)[:MOST_TEXT]
            found.append("\n")
    return "".join(found)


def _local(tag: Any) -> str:  # noqa: ANN401 - a comment's tag is a function
    return str(tag).rsplit("}", 1)[-1]


_READERS: tuple[tuple[bytes, Callable[[bytes], Content]], ...] = (
    (b"%PDF-", _pdf),
    (b"\x89PNG\r\n\x1a\n", _picture),
    (b"\xff\xd8\xff", _picture),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _compound),
    (b"PK\x03\x04", _archive),
)
