"""What a built report's files hold, as another program reads them."""

from pathlib import Path

import pypdfium2

from reports.build import BuiltReport


def path(report: BuiltReport, kind: str) -> Path:
    """The file of a kind of which a report has one."""
    found = report.files[kind]
    assert isinstance(found, Path)
    return found


def tables(report: BuiltReport) -> tuple[Path, ...]:
    """The files of a report's tables."""
    found = report.files["csv"]
    assert isinstance(found, tuple)
    return found


def words_of(pdf: Path) -> str:
    """The text of a PDF, each page closed by a form feed."""
    with pypdfium2.PdfDocument(pdf) as document:
        return "\f".join(page.get_textpage().get_text_bounded() for page in document) + "\f"
