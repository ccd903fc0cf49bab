"""The files of one report say the same: of a fund that can be added up by hand, and of random histories."""

import json
import re
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from find_office import find_office
from invented_fund import sixth_quarter
from random_funds import drawn_history
from reading import path, words_of

from reports import build
from reports.build import BuiltReport
from reports.figures import reckon
from reports.rows import ReportRows
from reports.sections import compose
from reports.sections.model import cell_text, kind_of

DRAWN = 6
"""Random histories whose files are built. What differs shows in the first few; a build takes half a second."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[ReportRows, BuiltReport]]:
    folder = tmp_path_factory.mktemp("random")
    funds = [sixth_quarter(), *(drawn_history(seed) for seed in range(DRAWN))]
    return [(rows, build(rows, folder / str(number))) for number, rows in enumerate(funds)]


def table_values(book: openpyxl.Workbook, key: str) -> list[list[Any]]:
    """What stands in the named range of a table of the workbook, without its head."""
    name = book.defined_names[f"table_{key.replace('-', '_')}"]
    ((sheet, place),) = name.destinations
    return [[cell.value for cell in line] for line in book[sheet][place.replace("$", "")]]


def alike(told: object, written: object) -> bool:
    """Whether the document's value is the workbook's: exact as text, a ratio to its eight decimals."""
    if isinstance(written, int | float):
        return float(str(told)) == pytest.approx(written, rel=1e-9, abs=5.1e-9)
    if isinstance(written, datetime):
        return told == written.date().isoformat()
    return (told or None) == (written or None)


def disagreements(rows: ReportRows, report: BuiltReport) -> list[tuple[object, ...]]:
    """Lines of which the document, the workbook and the PDF do not say the same."""
    document = json.loads(path(report, "json").read_text(encoding="utf-8"))
    book = openpyxl.load_workbook(path(report, "xlsx"), data_only=True)
    paper = re.sub(r"\s", "", words_of(path(report, "pdf")))
    told = {table["key"]: table["rows"] for section in document["sections"] for table in section["tables"]}
    unlike = list[tuple[object, ...]]()
    for table in (one for section in compose(reckon(rows), "ko") for one in section.tables if one.rows):
        values = table_values(book, table.key)
        scale = table.scale("ko")
        for row, line, written in zip(table.rows, told[table.key], values, strict=True):
            for column, cell in zip(table.columns, written, strict=True):
                if not alike(line["cells"][column.key], cell):
                    unlike.append((table.key, row.key, column.key, line["cells"][column.key], cell))
            texts = [
                cell_text(cell, kind_of(row, column), scale, "ko", plus=row.signed)
                for column, cell in zip(table.columns, row.cells, strict=True)
            ]
            if re.sub(r"\s", "", "".join(texts)) not in paper:
                unlike.append((table.key, row.key, texts))
    return unlike


def test_the_document_the_workbook_and_the_pdf_say_the_same_of_every_line(
    built: list[tuple[ReportRows, BuiltReport]],
) -> None:
    assert len(built) == DRAWN + 1
    assert [disagreements(rows, report) for rows, report in built] == [[]] * len(built)


def test_figures_of_the_document_are_those_of_the_report(built: list[tuple[ReportRows, BuiltReport]]) -> None:
    for _, report in built:
        figures = json.loads(path(report, "json").read_text(encoding="utf-8"))["figures"]
        assert {key: figure["value"] for key, figure in figures.items()} == report.metrics


def test_another_program_that_recomputes_the_workbooks_finds_the_stored_values(
    built: list[tuple[ReportRows, BuiltReport]], tmp_path: Path
) -> None:
    office = find_office()
    if office is None:
        pytest.skip("LibreOffice (soffice) is not installed, so nobody else recomputes the formulas of the workbook")
    # Without values in them, all that comes back has been computed there.
    places = list[tuple[str, str, str]]()
    for number, (_, report) in enumerate(built):
        bare = openpyxl.load_workbook(path(report, "xlsx"))
        bare.save(tmp_path / f"{number}.xlsx")
        cells = [cell for sheet in bare for line in sheet.iter_rows() for cell in line if cell.data_type == "f"]
        assert len(cells) > 100
        places += [(f"{number}.xlsx", cell.parent.title, cell.coordinate) for cell in cells]
    out, profile = tmp_path / "recomputed", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = [office, profile, "--headless", "--convert-to", "xlsx", "--outdir", str(out)]
    command += [str(file) for file in sorted(tmp_path.glob("*.xlsx"))]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    stored = {
        f"{n}.xlsx": openpyxl.load_workbook(path(one, "xlsx"), data_only=True) for n, (_, one) in enumerate(built)
    }
    found = {name: openpyxl.load_workbook(out / name, data_only=True) for name in stored}
    wrong = [
        (book, sheet, place, found[book][sheet][place].value, value)
        for book, sheet, place in places
        if not same(found[book][sheet][place].value, value := stored[book][sheet][place].value)
    ]
    assert wrong == []


def same(computed: object, stored: float) -> bool:
    """Whether what another program computed is what was stored; an error is a text."""
    return isinstance(computed, int | float) and computed == pytest.approx(stored, rel=1e-9, abs=1e-6)
