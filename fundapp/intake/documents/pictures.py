"""Pages as pictures, with words painted over where a reader may not know them. Runs only apart: see `apart.py`."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from typing import Final

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from PIL import Image, ImageDraw

from fundapp.intake.documents.content import ContentRefusedError
from fundapp.intake.documents.inside import MOST_PIXELS

_MARGIN: Final = 2
_MASK: Final = (90, 103, 116)


def draw_page(content: bytes, page: int, width: int, masked: Sequence[str]) -> bytes:
    """Return one page as PNG.

    Args:
        content: A cleaned PDF or picture.
        page: From 1.
        width: In pixels.
        masked: Regular expressions; what they find in the page's own text is painted over.

    Raises:
        ContentRefusedError: `no_such_page`; or `cannot_mask` where words are to be hidden on a page without text, for
            then nobody can tell where they stand.
    """
    if not content.startswith(b"%PDF-"):
        if page != 1:
            raise ContentRefusedError("no_such_page")
        if masked:
            raise ContentRefusedError("cannot_mask")
        return _scaled(content, width)
    try:
        document = pdfium.PdfDocument(content)
    except pdfium.PdfiumError as error:
        raise ContentRefusedError("damaged") from error
    if not 1 <= page <= len(document):
        raise ContentRefusedError("no_such_page")
    return _drawn(document[page - 1], width, masked)


def _drawn(page: pdfium.PdfPage, width: int, masked: Sequence[str]) -> bytes:
    across, down = page.get_size()
    scale = width / max(across, 1.0)
    if across * down * scale * scale > MOST_PIXELS:
        raise ContentRefusedError("too_large_picture")
    bitmap = page.render(scale=scale)
    image = bitmap.to_pil().convert("RGB")
    if masked:
        text = page.get_textpage()
        if not text.get_text_bounded().strip():
            raise ContentRefusedError("cannot_mask")
        place = bitmap.get_posconv(page)
        brush = ImageDraw.Draw(image)
        for left, bottom, right, top in _boxes(text, masked):
            corners = place.to_bitmap(left, top), place.to_bitmap(right, bottom)
            xs, ys = sorted(x for x, _ in corners), sorted(y for _, y in corners)
            brush.rectangle((xs[0] - _MARGIN, ys[0] - _MARGIN, xs[1] + _MARGIN, ys[1] + _MARGIN), fill=_MASK)
    return _png(image)


def _boxes(text: pdfium.PdfTextPage, masked: Sequence[str]) -> Iterator[tuple[float, float, float, float]]:
    """Yield the boxes of what is found; one letter of `plain` is one of PDFium's, whose own text leaves some out."""
    codes = (pdfium_c.FPDFText_GetUnicode(text.raw, place) for place in range(text.count_chars()))
    plain = "".join(chr(code) if code else " " for code in codes)
    for expression in masked:
        for found in re.finditer(expression, plain):
            for number in range(text.count_rects(found.start(), found.end() - found.start())):
                yield text.get_rect(number)


def _scaled(content: bytes, width: int) -> bytes:
    with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as image:
        plain = image.convert("RGB")
    if plain.width > width:
        plain = plain.resize((width, max(1, plain.height * width // plain.width)))
    return _png(plain)


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    # Grey text on white needs few colours: a third of the size, and quick.
    image.quantize(64, method=Image.Quantize.FASTOCTREE).save(out, format="PNG")
    return out.getvalue()
