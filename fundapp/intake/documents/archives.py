"""What is in a zip: DOCX, XLSX (ECMA-376) and HWPX (KS X 6101). Runs only apart: see `apart.py`.

Types and relationships are read as XML, never searched as bytes: XML can write a letter in many ways. What can carry a
programme or fetch something is refused, wherever in the file it stands.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, Final
from urllib.parse import unquote
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring, iterparse

from fundapp.intake.documents.compounds import COMPOUND, acts, require_no_package
from fundapp.intake.documents.content import MOST_TEXT, MOST_UNPACKED, Content, ContentRefusedError

_MOST_ENTRIES: Final = 3_000
_MOST_RATIO: Final = 200
_RATIO_FROM: Final = 1024 * 1024
_LONGEST_NAME: Final = 500
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_TYPES: Final = "[content_types].xml"
_HWPX: Final = b"application/hwp+zip"
_DOCX: Final = "wordprocessingml.document.main+xml"
_XLSX: Final = "spreadsheetml.sheet.main+xml"
_MACROS: Final = ("macroenabled", "vbaproject", "macrosheet", "activex", "intlmacrosheet")
_REMOTE: Final = ("webextension",)
_MAY_LEAD_OUT: Final = frozenset({"hyperlink", "externallinkpath", "xlpathmissing", "externallink"})
"""Relationships to something outside that nothing is fetched for: links to click, and other workbooks' names."""
_PACKAGED: Final = frozenset({"afchunk"})
"""Relationships to parts in another language, which the reading programme would run through: pages, mails, RTF."""
_DANGEROUS: Final = frozenset(
    {
        "exe", "dll", "com", "scr", "bat", "cmd", "ps1", "vbs", "vbe", "js", "jse", "wsf", "hta", "msi", "lnk", "jar",
        "html", "htm", "mht", "mhtml", "svg", "rtf", "eps", "ps", "swf", "zip", "rar", "7z",
    }
)  # fmt: skip
_INNER: Final = frozenset({"docx", "docm", "dotm", "xlsx", "xlsm", "xltm", "xlsb", "pptx", "pptm"})
_DDE: Final = re.compile(r'(?:^|[\s"“”])DDE(?:AUTO)?(?=[\s"“”\\]|$)|DDEAUTO', re.IGNORECASE)
_MARKS: Final = b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"
"""What may stand before the first bracket of XML: marks of order, the other half of a wide letter, blanks."""
_CELLS: Final = ("worksheet+xml", "sharedstrings+xml")
"""Parts without fields or links, which may be much longer than what is kept of their words."""
_ZIP: Final = b"PK\x03\x04"
_HEAD: Final = 64


def read_archive(content: bytes) -> Content:
    """Read a zip.

    Raises:
        ContentRefusedError: if it is none of the three formats, damaged, locked, or carries what must not come in.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _require_small(archive)
            return _read(archive)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, OSError, UnicodeError, LookupError) as error:
        raise ContentRefusedError("damaged") from error
    except (ParseError, ValueError) as error:
        # Of both kinds: defusedxml's refusals are ValueErrors.
        raise ContentRefusedError("bomb" if isinstance(error, DefusedXmlException) else "damaged") from error


def _read(archive: zipfile.ZipFile) -> Content:
    names = {name.lower(): name for name in archive.namelist()}
    hwpx = "mimetype" in names and archive.read(names["mimetype"])[:32].strip() == _HWPX
    if hwpx and _TYPES in names:
        raise ContentRefusedError("damaged")
    if not hwpx and _TYPES not in names:
        raise ContentRefusedError("unknown_format")
    if hwpx:
        _require_no_hancom_script(archive)
        _require_nothing_embedded(archive, inside=False)
        return Content("hwpx", None, _text(archive), None)
    types = [kind for _, kind in _types(archive.read(names[_TYPES]))]
    _require_passive(archive, types, inside=False)
    word, sheet = (any(one.endswith(kind) for one in types) for kind in (_DOCX, _XLSX))
    if word and sheet:
        raise ContentRefusedError("damaged")
    if word:
        return Content("docx", _stated_pages(archive, names), _text(archive), None)
    if sheet:
        return Content("xlsx", None, _text(archive), None)
    raise ContentRefusedError("unknown_format")


def _require_small(archive: zipfile.ZipFile) -> None:
    entries = archive.infolist()
    if len(entries) > _MOST_ENTRIES or sum(entry.file_size for entry in entries) > MOST_UNPACKED:
        raise ContentRefusedError("bomb")
    if len({entry.filename.lower() for entry in entries}) != len(entries):
        raise ContentRefusedError("damaged")  # one programme would read the first, another the last
    for entry in entries:
        if entry.flag_bits & 1:
            raise ContentRefusedError("locked")
        if entry.compress_type not in _METHODS or len(entry.filename) > _LONGEST_NAME:
            raise ContentRefusedError("damaged")
        if entry.file_size > _RATIO_FROM and entry.file_size > _MOST_RATIO * max(1, entry.compress_size):
            raise ContentRefusedError("bomb")


def _types(content: bytes) -> list[tuple[str, str]]:
    """Return which content types are declared, in small letters: of a part by its name, of others by `.` and ending."""
    found: list[tuple[str, str]] = []
    for one in fromstring(content, forbid_dtd=True).iter():
        what = _plain(one.get("PartName") or "") or f".{(one.get('Extension') or '').strip().lower()}"
        found.append((what, (one.get("ContentType") or "").lower().split(";")[0].strip()))
    return found


def _plain(name: str) -> str:
    """Return a part's name as programmes compare it (ECMA-376-2, 6.2.2): letters of any size, spelt out or not."""
    return unquote(name).replace("\\", "/").strip("/ ").lower()


def _require_passive(archive: zipfile.ZipFile, types: Iterable[str], *, inside: bool) -> None:
    declared = [*types, *map(_plain, archive.namelist())]
    if any(word in one for one in declared for word in _MACROS):
        raise ContentRefusedError("macro")
    if any(word in one for one in declared for word in _REMOTE):
        raise ContentRefusedError("remote_template")
    for name in archive.namelist():
        if _plain(name).endswith(".rels"):
            for link in fromstring(archive.read(name), forbid_dtd=True).iter():
                _require_tame(link)
    _require_nothing_embedded(archive, inside=inside)


def _require_tame(link: Element) -> None:
    kind = (link.get("Type") or "").rsplit("/", 1)[-1].lower()
    if any(word in kind for word in _MACROS):
        raise ContentRefusedError("macro")
    if kind in _PACKAGED:
        raise ContentRefusedError("embedded")
    if (link.get("TargetMode") or "").strip().lower() == "external" and kind not in _MAY_LEAD_OUT:
        raise ContentRefusedError("remote_template")


def _require_nothing_embedded(archive: zipfile.ZipFile, *, inside: bool) -> None:
    """Refuse files inside that somebody could start; charts' workbooks and equations stay."""
    for name in archive.namelist():
        start = _start(archive, name)
        if _ending(name) in _DANGEROUS or start.startswith((b"MZ", b"\x7fELF", b"%!PS")):
            raise ContentRefusedError("embedded")
        if start.startswith(COMPOUND):
            require_no_package(archive.read(name))
        if _is_archive(name, start):
            if inside:
                raise ContentRefusedError("embedded")
            _require_tame_inside(archive.read(name))


def _require_tame_inside(content: bytes) -> None:
    """Look through an office document in another; a third one in that is not looked at but refused."""
    with zipfile.ZipFile(io.BytesIO(content)) as inner:
        _require_small(inner)
        names = {name.lower(): name for name in inner.namelist()}
        if _TYPES not in names:
            raise ContentRefusedError("embedded")
        _require_passive(inner, [kind for _, kind in _types(inner.read(names[_TYPES]))], inside=True)


def _start(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as part:
        return part.read(_HEAD)


def _ending(name: str) -> str:
    return _plain(name).rsplit(".", 1)[-1]


def _is_archive(name: str, start: bytes) -> bool:
    return _ending(name) in _INNER or start.startswith(_ZIP)


def _require_no_hancom_script(archive: zipfile.ZipFile) -> None:
    for name in archive.namelist():
        if _plain(name).startswith("scripts/"):
            script = archive.read(name)
            # Hancom's programme writes wide letters, others do not: an end of a line in the one is none in the other.
            alphabets = ("utf-8", "utf-16-le") if b"\x00" in script else ("utf-8",)
            if any(acts(script.decode(alphabet, errors="replace")) for alphabet in alphabets):
                raise ContentRefusedError("macro")


def _stated_pages(archive: zipfile.ZipFile, names: dict[str, str]) -> int | None:
    """Return how many pages the writing programme counted when the document was last saved."""
    if "docprops/app.xml" not in names:
        return None
    for _, element in iterparse(io.BytesIO(archive.read(names["docprops/app.xml"])), forbid_dtd=True):
        if _local(element.tag) == "Pages" and (element.text or "").strip().isdecimal():
            return int(element.text.strip()[:6])
    return None


def _text(archive: zipfile.ZipFile) -> str:
    """Return the words of a document; what stands behind the most that is kept is still looked through."""
    found: list[str] = []
    left = MOST_TEXT
    for only_cells, words in _read_parts(archive):
        for text in words:
            if left > 0:
                found.append(text)
                left -= len(text)
            elif only_cells:
                break
        found.append("\n")
    return "".join(found)[:MOST_TEXT]


def _read_parts(archive: zipfile.ZipFile) -> Iterator[tuple[bool, Iterator[str]]]:
    """Yield whether a part holds only cells, and its words: what a part is called is up to whoever wrote the file."""
    types = next((_types(archive.read(name)) for name in archive.namelist() if name.lower() == _TYPES), [])
    for name in sorted(archive.namelist()):
        start = _start(archive, name)
        if _is_archive(name, start):
            with zipfile.ZipFile(io.BytesIO(archive.read(name))) as inner:
                yield from _read_parts(inner)
            continue
        named = [kind for what, kind in types if what == _plain(name)]
        ended = [kind for what, kind in types if what == f".{_ending(name)}"]
        only_cells = bool(named) and all(kind.endswith(_CELLS) for kind in named)
        if _ending(name) in {"xml", "rels"} or any(kind.endswith("xml") for kind in (*named, *ended)):
            yield only_cells, _words(archive, name)
        elif start.lstrip(_MARKS).startswith(b"<"):
            yield only_cells, _as_far_as_it_goes(_words(archive, name))


def _as_far_as_it_goes(words: Iterator[str]) -> Iterator[str]:
    """Yield the words of what nobody says is XML, as far as it is."""
    with suppress(ParseError):
        yield from words


def _words(archive: zipfile.ZipFile, name: str) -> Iterator[str]:
    fields: list[str] = []
    with archive.open(name) as part:
        try:
            for _, element in iterparse(part, forbid_dtd=True):
                tag = _local(element.tag)
                if said := _field(element, tag):
                    fields.append(said)
                if tag == "Relationship":
                    _require_tame(element)
                if tag in {"t", "v", "f", "delText"} and element.text:
                    yield element.text
                if tag in {"p", "row", "si", "c", "f"}:
                    # A number that two cells only make together is in neither of them.
                    yield "\n"
                    element.clear()
        finally:
            _require_no_dde("".join(fields))


def _field(element: Element, tag: str) -> str:
    """Return what an element says of a field, which may be written in many pieces, or a line's end where one ends."""
    if tag == "ddeLink":
        raise ContentRefusedError("macro")
    if tag == "fldSimple":
        return next((f"\n{value}\n" for key, value in element.items() if _local(key) == "instr"), "")
    if tag in {"instrText", "delInstrText"}:
        return element.text or ""
    return "\n" if tag in {"p", "fldChar"} else ""


def _require_no_dde(fields: str) -> None:
    # Elements that the reading programme passes over may look like ends: once with them, once without.
    if _DDE.search(fields) or _DDE.search(fields.replace("\n", "")):
        raise ContentRefusedError("macro")


def _local(tag: Any) -> str:  # noqa: ANN401 - a comment's tag is a function
    return str(tag).rsplit("}", 1)[-1]
