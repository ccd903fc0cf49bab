"""Taking out of a PDF whatever acts, fetches or hides. Runs only apart: see `apart.py`.

pikepdf's sanitizer goes by where things usually stand. What follows it goes through every object there is: XFA forms,
annotations that play or hold files, drawings in PostScript and streams that lie elsewhere are gone as well, and so is
what the file says of itself beside its pages, which is nothing that a reviewer needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream

_SANITIZER: Final = (
    pikepdf.sanitize.Sanitizer()
    .remove_javascript()
    .remove_external_access()
    .remove_attachments()
    .remove_multimedia()
    .remove_collection()
    .remove_private_app_data()
    .remove_search_index()
    .remove_thumbnails()
    .remove_web_capture()
)
_KEYS: Final = (
    "/JS", "/XFA", "/AA", "/AF", "/EF", "/Ref", "/OPI", "/Collection", "/PieceInfo", "/RichMediaContent",
    "/RichMediaSettings", "/Movie", "/Sound", "/3DD", "/3DV", "/Rendition", "/Win", "/Mac", "/Unix",
)  # fmt: skip
_LIES_ELSEWHERE: Final = ("/F", "/FFilter", "/FDecodeParms")
_ANNOTATIONS: Final = frozenset(
    {"/FileAttachment", "/RichMedia", "/Movie", "/Sound", "/Screen", "/3D", "/TrapNet", "/Projection"}
)
_LINKS: Final = ("http://", "https://", "mailto:")
_DEEPEST: Final = 100


def scrub(pdf: pikepdf.Pdf) -> None:
    """Leave what is drawn and read, and links that one clicks."""
    _SANITIZER.apply(pdf)
    for part in pdf.objects:
        for one in parts_inside(part):
            _clean(one)
    if not isinstance(pdf.Root.get("/OpenAction", Array()), Array):
        del pdf.Root["/OpenAction"]
    for holder, key in ((pdf.Root, "/Metadata"), (pdf.trailer, "/Info")):
        if key in holder:
            del holder[key]


def parts_inside(part: pikepdf.Object, left: int = _DEEPEST) -> Iterator[pikepdf.Object]:
    """Yield an object and what stands in it itself; what it only names comes with the others."""
    if isinstance(part, (Dictionary, Stream)):
        yield part
        values = [value for _, value in part.items()]
    elif isinstance(part, Array):
        values = list(part)
    else:
        return
    for value in values:
        if left and isinstance(value, (Dictionary, Array)) and not value.is_indirect:
            yield from parts_inside(value, left - 1)


def _clean(part: pikepdf.Object) -> None:
    drop = [key for key in _KEYS if key in part]
    if isinstance(part, Stream):
        drop += [key for key in _LIES_ELSEWHERE if key in part]
        if "/PS" in {str(part.get("/Subtype")), str(part.get("/Subtype2"))}:
            part.write(b"")
            part.Subtype, part.BBox = Name.Form, Array([0, 0, 0, 0])
    drop += [key for key in ("/A", "/PA", "/Next") if key in part and not _may_act(part[key])]
    for key in drop:
        del part[key]
    notes = part.get("/Annots")
    if isinstance(notes, Array):
        part.Annots = Array([note for note in notes if not _plays(note)])


def _plays(note: pikepdf.Object) -> bool:
    return not isinstance(note, Dictionary) or str(note.get("/Subtype")) in _ANNOTATIONS


def _may_act(action: pikepdf.Object) -> bool:
    """Return whether it only leads somewhere; `/A` and `/Next` mean other things in other places, which stay."""
    if not isinstance(action, Dictionary) or "/S" not in action:
        return not isinstance(action, Array) or all(_may_act(one) for one in action)
    kind = str(action["/S"])
    if kind == "/URI":
        return str(action.get("/URI", "")).strip().lower().startswith(_LINKS)
    return kind not in _WRONG_ACTIONS


_WRONG_ACTIONS: Final = frozenset(
    {
        "/JavaScript", "/Launch", "/GoToR", "/GoToE", "/GoToDp", "/Thread", "/Sound", "/Movie", "/Hide", "/SubmitForm",
        "/ResetForm", "/ImportData", "/SetOCGState", "/Rendition", "/Trans", "/GoTo3DView", "/RichMediaExecute",
    }
)  # fmt: skip
"""The actions of ISO 32000-2, 12.6.4, that do more than lead somewhere in the file."""
