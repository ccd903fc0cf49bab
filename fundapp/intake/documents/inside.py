"""What is in a file, whatever it calls itself. Runs only in a process of its own: see `apart.py`.

A format is taken for what its content says, never for a name or a declared type. Whatever can carry a programme is
either taken out (PDF, pictures: a cleaned copy is kept beside the original) or refused (macros, remote templates).
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import Final

import pikepdf
import pypdfium2 as pdfium
from PIL import Image, ImageOps, UnidentifiedImageError

from fundapp.intake.documents.archives import read_archive
from fundapp.intake.documents.compounds import COMPOUND, read_compound
from fundapp.intake.documents.content import MOST_TEXT, MOST_UNPACKED, Content, ContentRefusedError
from fundapp.intake.documents.scrubbing import parts_inside, scrub

MOST_PAGES: Final = 300
MOST_PIXELS: Final = 50_000_000
_MOST_FILTERS: Final = 4
_DEEPEST_DRAWING: Final = 16
_BESIDE: Final = ("/RC", "/V", "/DV", "/RV")
"""Where notes and fields keep words (ISO 32000-2, 12.5 and 12.7) beside `/Contents`, which is a page's drawing too."""


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
            _require_bounded(pdf)
            words = _pdf_words(pdf)
            scrub(pdf)
            # The same file always gives the same copy, so that its hash can be recorded.
            pdf.save(cleaned, deterministic_id=True)
    except pikepdf.PasswordError as error:
        raise ContentRefusedError("locked") from error
    except (pikepdf.PdfError, ValueError, TypeError, RecursionError) as error:
        raise ContentRefusedError("damaged") from error
    safe = cleaned.getvalue()
    return Content("pdf", pages, _pdf_text(safe), safe, words)


def _require_bounded(pdf: pikepdf.Pdf) -> None:
    """Refuse streams that unpack to far too much before anything unpacks them, and drawings in drawings without end."""
    left = MOST_UNPACKED
    for part in pdf.objects:
        if isinstance(part, pikepdf.Stream) and part.get("/Subtype") != "/Image":
            left -= _unpacked_size(part, left)
    for page in pdf.pages:
        _require_shallow(page.obj, _DEEPEST_DRAWING, set())


def _unpacked_size(part: pikepdf.Stream, most: int) -> int:
    filters = part.get("/Filter", pikepdf.Array())
    names = [str(one) for one in filters] if isinstance(filters, pikepdf.Array) else [str(filters)]
    data = part.read_raw_bytes()
    if len(names) > _MOST_FILTERS:
        raise ContentRefusedError("bomb")
    for name in names:
        if name not in {"/FlateDecode", "/Fl"}:
            break
        unpacker = zlib.decompressobj()
        try:
            data = unpacker.decompress(data, most + 1)
        except zlib.error:
            break
        if len(data) > most:
            raise ContentRefusedError("bomb")
    return len(data)


def _require_shallow(drawing: pikepdf.Object, left: int, above: set[tuple[int, int]]) -> None:
    """Go down into what a page draws and what that draws, once each: it may name a thing twice at every level."""
    inner = drawing.get("/Resources", pikepdf.Dictionary()).get("/XObject", pikepdf.Dictionary())
    for one in inner.values():
        if not isinstance(one, pikepdf.Stream) or one.get("/Subtype") != "/Form" or one.objgen in above:
            continue
        if not left:
            raise ContentRefusedError("bomb")
        above.add(one.objgen)
        _require_shallow(one, left - 1, above)


def _pdf_words(pdf: pikepdf.Pdf) -> str:
    """Return what is written beside the pages: notes, fields of forms, title and the like."""
    written = [str(value) for value in pdf.docinfo.values()]
    for part in pdf.objects:
        for one in parts_inside(part):
            if isinstance(one, pikepdf.Dictionary) and "/ByteRange" not in one:  # a signature's contents are no words
                written += [_said(one[key]) for key in _BESIDE if key in one]
                written += [str(one.Contents)] if isinstance(one.get("/Contents"), pikepdf.String) else []
    return "\n".join(written)[:MOST_TEXT]


def _said(value: pikepdf.Object) -> str:
    """Return a text string, or a text stream, which a field may hold instead (ISO 32000-2, 7.9.3)."""
    if isinstance(value, pikepdf.Stream):
        return str(pikepdf.String(value.read_bytes()))
    return str(value) if isinstance(value, pikepdf.String) else ""


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
            plain.info.clear()
    except UnidentifiedImageError as error:
        raise ContentRefusedError("damaged") from error
    except (Image.DecompressionBombError, MemoryError) as error:
        raise ContentRefusedError("too_large_picture") from error
    except (OSError, ValueError, SyntaxError, struct.error) as error:
        raise ContentRefusedError("damaged") from error
    cleaned = io.BytesIO()
    plain.save(cleaned, format=kind, **({"quality": 90} if kind == "JPEG" else {"optimize": False}))
    return Content("png" if kind == "PNG" else "jpeg", 1, "", cleaned.getvalue())


_READERS: tuple[tuple[bytes, Callable[[bytes], Content]], ...] = (
    (b"%PDF-", _pdf),
    (b"\x89PNG\r\n\x1a\n", _picture),
    (b"\xff\xd8\xff", _picture),
    (COMPOUND, read_compound),
    (b"PK\x03\x04", read_archive),
)
