"""What a file really is, told from its content, in a process of its own."""

from __future__ import annotations

import io
import struct
import zlib

import pikepdf
import pytest
from documents_made import archive, docx, hwp, hwpx, locked, pdf_of, picture, with_javascript, workbook
from PIL import Image

from fundapp.intake.documents.apart import FileRefusedError, draw, examine
from fundapp.intake.documents.content import Content, ContentRefusedError
from fundapp.intake.documents.inside import look_inside

MOST = 20 * 1024 * 1024
RESIDENT = "900101-1234567"
ENABLED = "application/vnd.ms-word.document.macroEnabled.main+xml"
REMOTE = "<R Type='attachedTemplate' TargetMode='External'/>"


def refusal(content: bytes, most: int = MOST) -> str:
    with pytest.raises(FileRefusedError) as caught:
        examine(content, most)
    return caught.value.reason


def inside_refusal(content: bytes) -> str:
    with pytest.raises(ContentRefusedError) as caught:
        look_inside(content)
    return caught.value.code


def test_a_pdf_loses_its_script_and_its_hidden_file_and_keeps_its_pages() -> None:
    armed = with_javascript(pdf_of("첫 쪽", "둘째 쪽"))
    assert b"SCRIPT-CANARY" in armed
    assert b"MZ-CANARY" in armed
    found = examine(armed, MOST)
    assert (found.format, found.pages, found.text_read) == ("pdf", 2, True)
    assert found.cleaned is not None
    with pikepdf.open(io.BytesIO(found.cleaned)) as pdf:
        assert "/OpenAction" not in pdf.Root
        assert list(pdf.attachments) == []
        assert len(pdf.pages) == 2
    assert b"CANARY" not in found.cleaned


def test_the_same_file_always_gives_the_same_cleaned_copy() -> None:
    pdf = pdf_of("한 쪽")
    assert examine(pdf, MOST) == examine(pdf, MOST)


@pytest.mark.parametrize(("kind", "name"), [("PNG", "png"), ("JPEG", "jpeg")])
def test_a_picture_loses_its_metadata(kind: str, name: str) -> None:
    given = picture(kind)
    found = look_inside(given)
    assert b"PLACE-CANARY" in given
    assert (found.format, found.pages, found.text) == (name, 1, "")
    assert found.cleaned is not None
    assert b"PLACE-CANARY" not in found.cleaned


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (hwp("사업 계획"), ("hwp", None, "사업 계획")),
        (hwp("풀어 쓴 계획", flags=0), ("hwp", None, "풀어 쓴 계획")),
        (hwpx("한글 계획"), ("hwpx", None, "한글 계획")),
        (docx("워드 계획"), ("docx", 7, "워드 계획")),
        (workbook("엑셀 계획"), ("xlsx", None, "엑셀 계획")),
    ],
    ids=["hwp", "hwp unpacked", "hwpx", "docx", "xlsx"],
)
def test_office_formats_are_told_by_content_and_their_text_is_read(
    content: bytes, expected: tuple[str, int | None, str]
) -> None:
    found: Content = look_inside(content)
    assert (found.format, found.pages, found.text.strip()) == expected
    assert found.cleaned is None


@pytest.mark.parametrize(
    "content",
    [
        pdf_of(f"대표 {RESIDENT}"),
        hwp(RESIDENT),
        hwpx(RESIDENT),
        docx(RESIDENT),
        workbook("대표", 9001011234567),
    ],
    ids=["pdf", "hwp", "hwpx", "docx", "xlsx"],
)
def test_a_resident_number_is_found_in_every_format_that_has_text(content: bytes) -> None:
    assert refusal(content) == "resident_number"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"MZ\x90\x00", "unknown_format"),
        (b"<html><script>alert(1)</script>", "unknown_format"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "unknown_format"),
        (b"GIF89a\x01\x00\x01\x00", "unknown_format"),
        (b"\x00%PDF-1.7", "unknown_format"),
        (b"%PDF-1.7\n<script>alert(1)</script>", "damaged"),
        (pdf_of("x")[:400], "damaged"),
        (locked(pdf_of("x")), "locked"),
        (picture()[:40], "damaged"),
        (picture("JPEG")[:100], "damaged"),
        (b"PK\x03\x04" + b"\x00" * 40, "damaged"),
        (archive(**{"a.txt": "x"}), "unknown_format"),
        (docx("x", **{"word/vbaProject.bin": b"\x00"}), "macro"),
        (docx("x", **{"[Content_Types].xml": f"<Types><Override ContentType='{ENABLED}'/></Types>"}), "macro"),
        (docx("x", **{"word/_rels/settings.xml.rels": REMOTE}), "remote_template"),
        (docx("x", **{"word/document.xml": "<!DOCTYPE a [<!ENTITY b 'bb'>]><a>&b;</a>"}), "bomb"),
        (docx("x", **{"word/document.xml": "<w:document>"}), "damaged"),
        (archive(**{"[Content_Types].xml": "x", "big": bytes(8_000_000)}), "bomb"),
        (hwp("x", flags=3), "locked"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "damaged"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_refused_with_the_reason(content: bytes, reason: str) -> None:
    if content:
        assert inside_refusal(content) == reason
    else:
        assert refusal(content) == reason


def test_a_file_over_the_limit_is_not_even_opened() -> None:
    assert refusal(pdf_of("x"), most=100) == "too_large"


def test_a_picture_of_a_billion_pixels_is_refused_without_unpacking_it() -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 40_000, 40_000, 8, 2, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    assert refusal(bomb) == "too_large_picture"


def test_a_page_is_drawn_and_names_on_it_are_painted_over() -> None:
    copy = examine(pdf_of("푸른솔제조의 계획"), MOST).cleaned
    assert copy is not None
    spellings = (), (r"푸른\s*솔\s*제조",)
    plain, masked = (Image.open(io.BytesIO(draw(copy, 1, 600, words))).convert("L") for words in spellings)
    assert plain.size == masked.size == (600, 849)
    # The name's dark strokes are gone where it stood, and the rest of the line still has its own.
    box = (74, 60, 160, 100)
    assert min(plain.crop(box).tobytes()) < 30
    assert min(masked.crop(box).tobytes()) > 60
    assert min(masked.crop((175, 60, 300, 100)).tobytes()) < 30


def test_a_page_without_text_is_not_shown_where_names_must_be_hidden() -> None:
    scan = io.BytesIO()
    Image.new("RGB", (300, 400), "white").save(scan, "PDF")
    copy = examine(scan.getvalue(), MOST)
    assert copy.text_read is False
    assert copy.cleaned is not None
    for content in (copy.cleaned, picture()):
        with pytest.raises(FileRefusedError) as caught:
            draw(content, 1, 300, ("푸른솔",))
        assert caught.value.reason == "cannot_mask"


@pytest.mark.parametrize("page", [0, 3, -1])
def test_a_page_that_is_not_there_is_refused(page: int) -> None:
    with pytest.raises(FileRefusedError) as caught:
        draw(pdf_of("하나", "둘"), page, 300)
    assert caught.value.reason == "no_such_page"
