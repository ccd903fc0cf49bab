"""What can be checked of a PDF for archives and screen readers without a validator: by qpdf, by its parts, as text."""

import json
import unicodedata
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import pikepdf
import pytest
import typst
from invented_fund import sixth_quarter
from reading import path, words_of

from reports import build, preview
from reports.build import BuiltReport
from reports.formats import Locale
from reports.pdf import _document
from reports.sections.company import company_charts, company_sections
from reports.typesetting import STANDARDS, _fonts, _printable

LOCALES: tuple[Locale, ...] = ("ko", "en")
KINDS = ("pdf", "companies")
TITLES = {
    ("ko", "pdf"): "견본 전략펀드 2026년 3분기 보고서",
    ("ko", "companies"): "견본 전략펀드 2026년 3분기 기업별 현황",
    ("en", "pdf"): "Sample Strategy Fund report for Q3 2026",
    ("en", "companies"): "Sample Strategy Fund: companies in Q3 2026",
}


@dataclass(frozen=True)
class Font:
    """A font of a file: its name, whether the file holds it, and whether its signs can be read back as text."""

    name: str
    embedded: bool
    readable: bool


def fonts_of(pdf: pikepdf.Pdf) -> list[Font]:
    """The fonts that pages use, walked from their resources through forms and patterns."""
    found: dict[tuple[int, int], Font] = {}
    seen = set[tuple[int, int]]()

    def walk(holder: pikepdf.Object) -> None:
        named = holder.get("/Resources", pikepdf.Dictionary())
        for font in named.get("/Font", pikepdf.Dictionary()).values():
            descendant = font.DescendantFonts[0] if "/DescendantFonts" in font else font
            descriptor = descendant.get("/FontDescriptor", pikepdf.Dictionary())
            embedded = any(key in descriptor for key in ("/FontFile", "/FontFile2", "/FontFile3"))
            found[font.objgen] = Font(str(font.get("/BaseFont", "")), embedded, "/ToUnicode" in font)
        for kind in ("/XObject", "/Pattern"):
            for inner in named.get(kind, pikepdf.Dictionary()).values():
                if inner.objgen not in seen:
                    seen.add(inner.objgen)
                    walk(inner)

    for page in pdf.pages:
        walk(page.obj)
    return list(found.values())


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, BuiltReport]:
    folder = tmp_path_factory.mktemp("archive")
    return {locale: build(sixth_quarter(), folder, locale=locale) for locale in LOCALES}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("locale", LOCALES)
def test_qpdf_finds_nothing_wrong_with_the_file(built: dict[str, BuiltReport], locale: str, kind: str) -> None:
    with pikepdf.open(path(built[locale], kind)) as pdf:
        assert pdf.check_pdf_syntax() == []
        assert pdf.get_warnings() == []
        assert not pdf.is_encrypted


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("locale", LOCALES)
def test_every_font_is_in_the_file_and_reads_back_as_text(
    built: dict[str, BuiltReport], locale: str, kind: str
) -> None:
    with pikepdf.open(path(built[locale], kind)) as pdf:
        fonts = fonts_of(pdf)
    assert fonts
    assert [font for font in fonts if not (font.embedded and font.readable)] == []
    # A name of six letters and a plus is a subset: no more of the font than the pages need.
    assert {font.name[8:] for font in fonts} == {"NotoSansKR-Thin"}
    text = words_of(path(built[locale], kind))
    assert "달빛물류" in text
    strange = {sign for sign in text if unicodedata.category(sign) in {"Co", "Cn"} or sign == "\ufffd"}
    assert strange == set()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("locale", LOCALES)
def test_the_file_says_what_it_is_to_archives_and_screen_readers(
    built: dict[str, BuiltReport], locale: str, kind: str
) -> None:
    with pikepdf.open(path(built[locale], kind)) as pdf, pdf.open_metadata() as metadata:
        assert metadata["pdfuaid:part"] == "1"
        assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("2", "A")
        assert metadata["dc:title"] == str(pdf.docinfo["/Title"]) == TITLES[locale, kind]
        assert {str(pdf.Root.Lang)} == metadata["dc:language"] == {"ko-KR" if locale == "ko" else "en-GB"}
        assert bool(pdf.Root.ViewerPreferences.DisplayDocTitle)
        assert bool(pdf.Root.MarkInfo.Marked)
        assert "/StructTreeRoot" in pdf.Root
        (intent,) = pdf.Root.OutputIntents
        assert (str(intent.S), "/DestOutputProfile" in intent) == ("/GTS_PDFA1", True)
        assert all(str(page.obj.get("/Tabs", "/S")) == "/S" for page in pdf.pages)
        assert [str(item.title) for item in pdf.open_outline().root]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("locale", LOCALES)
def test_typst_sets_the_pages_to_both_standards_without_a_warning(locale: Locale, kind: str) -> None:
    seen = preview(sixth_quarter(), locale=locale)
    sections, charts = seen.sections, dict(seen.charts)
    if kind == "companies":
        sections, charts = company_sections(seen.figures, locale), company_charts(seen.figures, locale)
    document = _printable(_document(seen.figures, sections, charts, seen.inputs_sha256, locale))
    made, warnings = typst.compile_with_warnings(
        resources.files("reports").joinpath("templates", "report.typ").read_bytes(),
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"report": json.dumps(document, ensure_ascii=False)},
        format="pdf",
        pdf_standards=list(STANDARDS),
    )
    assert [warning.message for warning in warnings] == []
    assert made.startswith(b"%PDF")


def test_a_font_that_is_only_named_would_be_found(tmp_path: Path) -> None:
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        font = pdf.make_indirect(
            pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
        )
        form = pdf.make_stream(b"", Subtype=pikepdf.Name.Form)
        form.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
        pdf.pages[0].obj.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(X1=form))
        assert fonts_of(pdf) == [Font("/Helvetica", embedded=False, readable=False)]
