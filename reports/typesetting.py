"""Setting pages with Typst: one template, one JSON document of strings, fonts out of a wheel.

The file is tagged (PDF/UA-1) and archivable (PDF/A-2a), uses no font of the machine, and has the same bytes for the
same document. Text from outside reaches Typst as data, never as markup.
"""

import functools
import json
import string
import unicodedata
from datetime import UTC, date, datetime
from importlib import resources
from typing import Any, Literal

import typst
from fontTools.ttLib import TTFont

STANDARDS: tuple[Literal["ua-1"], Literal["a-2a"]] = ("ua-1", "a-2a")
_MISSING = "〓"
_SAFE = frozenset(string.ascii_letters + string.digits + string.punctuation + " ")
"""Signs that every font has; most cells hold nothing else."""

Document = dict[str, Any]


def set_pages(template: str, document: Document, day: date) -> bytes:
    """Set a document as a tagged A4 PDF.

    Args:
        template: File name in `reports/templates`; it reads the document from `sys.inputs.report`.
        document: Strings, numbers, lists and mappings of them; drawings are strings that begin with `<svg`.
        day: Its end in Seoul stands for the time of making, so that equal documents give equal bytes.

    Raises:
        typst.TypstError: the template and its data do not fit each other.
    """
    made: bytes = typst.compile(
        resources.files("reports").joinpath("templates", template).read_bytes(),
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"report": json.dumps(_printable(document), ensure_ascii=False, sort_keys=True)},
        format="pdf",
        pdf_standards=list(STANDARDS),
        timestamp=datetime(day.year, day.month, day.day, 15, tzinfo=UTC),
    )
    return made


def _font_file() -> str:
    return str(resources.files("justmytype_intl_cjk") / "fonts" / "ofl" / "notosanskr")


@functools.cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[_font_file()])


@functools.cache
def _glyphs() -> frozenset[int]:
    with TTFont(f"{_font_file()}/NotoSansKR[wght].ttf", lazy=True) as font:
        return frozenset(font.getBestCmap())


def printable(text: str) -> str:
    """The text with what the font cannot draw shown as 〓, since an archivable file may lack no glyph."""
    composed = unicodedata.normalize("NFC", text)
    if _SAFE.issuperset(composed):
        return composed
    return "".join(
        sign
        if sign == "\n" or (ord(sign) in _glyphs() and not unicodedata.category(sign).startswith("C"))
        else _MISSING
        for sign in composed
    )


def _printable(value: Any) -> Any:  # noqa: ANN401 - walks a JSON document
    if isinstance(value, str):
        return value if value.startswith("<svg") else printable(value)
    if isinstance(value, list | tuple):
        return [_printable(item) for item in value]
    if isinstance(value, dict):
        return {key: _printable(item) for key, item in value.items()}
    return value
