"""Documents for tests: files written by other people's programs, and what taking one in finds."""

from __future__ import annotations

import io
import struct
import uuid
import zipfile
import zlib
from datetime import datetime
from functools import cache
from pathlib import Path

import pikepdf
import typst
from justmytype_intl_cjk import __file__ as fonts
from openpyxl import Workbook
from PIL import Image
from sqlalchemy.orm import Session

from fundapp.core.access import Viewer
from fundapp.intake.actions import attach_document, keep_document
from fundapp.intake.documents.receiving import Received

PLAN = "business_plan"


def received(serial: int = 1, **changes: object) -> Received:
    """What taking a plan of three pages in finds; another serial is another file."""
    facts: dict[str, object] = {
        "format": "pdf",
        "bytes": 4096,
        "pages": 3,
        "sha256": f"{serial:064x}",
        "cleaned_sha256": f"{serial + 1000:064x}",
        "text_read": True,
        "scanned_by": None,
    }
    return Received(**facts | changes)  # type: ignore[arg-type]


def attach_plan(session: Session, actor: Viewer, at: datetime, company: uuid.UUID, application: uuid.UUID) -> uuid.UUID:
    """Hand a business plan in, which an application of the example call cannot be sent without."""
    kept = keep_document(
        session,
        actor=actor,
        at=at,
        company_id=company,
        kind=PLAN,
        name="사업계획서.pdf",
        received=received(),
        issued_on=None,
    )
    attach_document(session, actor=actor, at=at, application_id=application, requirement=PLAN, document_id=kept)
    return kept


@cache
def pdf_of(*paragraphs: str) -> bytes:
    """A PDF with one paragraph a page, as Typst writes it."""
    pages = "\n#pagebreak()\n".join(paragraphs)
    source = f'#set text(font: "Noto Sans KR", size: 20pt)\n{pages}'
    return bytes(typst.compile(source.encode(), font_paths=[str(Path(fonts).parent)]))


def with_javascript(pdf: bytes) -> bytes:
    """The same PDF with a script that runs when it is opened, and a file inside."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        opened.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert('SCRIPT-CANARY')")
        opened.attachments["hidden.exe"] = pikepdf.AttachedFileSpec(opened, b"MZ-CANARY", filename="hidden.exe")
        opened.save(out, compress_streams=False)
    return out.getvalue()


def locked(pdf: bytes) -> bytes:
    """The same PDF behind a password."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        opened.save(out, encryption=pikepdf.Encryption(owner="o", user="u"))
    return out.getvalue()


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 30)) -> bytes:
    """A picture, with a place in its metadata as a telephone writes it."""
    out = io.BytesIO()
    image = Image.new("RGB", size, "orange")
    exif = Image.Exif()
    exif[0x010E] = "PLACE-CANARY"
    image.save(out, kind, exif=exif)
    return out.getvalue()


def workbook(*cells: object) -> bytes:
    """A workbook as openpyxl writes it."""
    book, out = Workbook(), io.BytesIO()
    for cell in cells:
        book.active.append([cell])  # type: ignore[union-attr]
    book.save(out)
    return out.getvalue()


def archive(**parts: str | bytes) -> bytes:
    """A zip of named parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return out.getvalue()


_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"


def docx(text: str, **more: str | bytes) -> bytes:
    """The least of a DOCX (ECMA-376): types, and a body with one paragraph."""
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": f'<Types><Override PartName="/word/document.xml" ContentType="{_WORD}"/></Types>',
        "word/document.xml": f'<w:document xmlns:w="w"><w:body><w:p><w:t>{text}</w:t></w:p></w:body></w:document>',
        "docProps/app.xml": "<Properties><Pages>7</Pages></Properties>",
    }
    return archive(**parts | more)


def hwpx(text: str) -> bytes:
    """The least of an HWPX (KS X 6101): its type first, then a section."""
    section = f'<hs:sec xmlns:hs="s" xmlns:hp="p"><hp:p><hp:t>{text}</hp:t></hp:p></hs:sec>'
    return archive(**{"mimetype": "application/hwp+zip", "Contents/section0.xml": section})


def hwp(text: str, *, flags: int = 1) -> bytes:
    """The least of an HWP 5.0 document: its header, and one section with one paragraph of text."""
    words = text.encode("utf-16-le")
    # A table stands in the text as one control of eight units, which is no part of the words.
    control = struct.pack("<8H", 11, *([0x4141] * 6), 11)
    record = struct.pack("<I", 67 | len(control + words) << 20) + control + words
    packer = zlib.compressobj(wbits=-15)
    section = packer.compress(record) + packer.flush() if flags & 1 else record
    return compound({"FileHeader": hwp_header(flags), "BodyText/Section0": section})


def hwp_header(flags: int) -> bytes:
    """The stream that every HWP 5.0 document begins with."""
    return b"HWP Document File".ljust(32, b"\0") + struct.pack("<II", 0x05010000, flags) + bytes(216)


def compound(streams: dict[str, bytes]) -> bytes:
    """Write a compound file ([MS-CFB] version 3) whose streams lie in ordinary sectors of 512 bytes."""
    names = ["Root Entry", "FileHeader", "BodyText", "Section0"]
    bodies = [part.ljust(4096, b"\0") for part in (streams["FileHeader"], streams["BodyText/Section0"])]
    cut = [[body[at : at + 512] for at in range(0, len(body), 512)] for body in bodies]
    tables = sum(map(len, cut)) // 126 + 1
    starts, sectors = [], [b""] * (tables + 1)  # the tables of sectors, then the directory
    table = [0xFFFFFFFD] * tables + [0xFFFFFFFE]
    for parts in cut:
        starts.append(len(sectors))
        table += [len(sectors) + number + 1 for number in range(len(parts) - 1)] + [0xFFFFFFFE]
        sectors += [part.ljust(512, b"\0") for part in parts]
    none = 0xFFFFFFFF
    kinds = [
        (5, none, none, 2, 0xFFFFFFFE, 0),
        (2, none, none, none, starts[0], len(bodies[0])),
        (1, 1, none, 3, 0, 0),
        (2, none, none, none, starts[1], len(bodies[1])),
    ]
    directory = b""
    for name, (kind, left, right, child, start, size) in zip(names, kinds, strict=True):
        words = (name + "\0").encode("utf-16-le")
        directory += words.ljust(64, b"\0") + struct.pack("<HBBIII", len(words), kind, 1, left, right, child)
        directory += bytes(36) + struct.pack("<IQ", start, size)
    packed = struct.pack(f"<{len(table)}I", *table).ljust(512 * tables, b"\xff")
    sectors[:tables] = [packed[at : at + 512] for at in range(0, len(packed), 512)]
    sectors[tables] = directory.ljust(512, b"\0")
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack("<IIIIIIIII", 0, tables, tables, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    head += struct.pack(f"<{tables}I", *range(tables))
    return head.ljust(512, b"\xff") + b"".join(sectors)
