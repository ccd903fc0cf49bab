"""One call from rows to files: PDF, workbook, JSON and a CSV for each table, written whole or not at all."""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reports.charts import Chart, draw
from reports.data import document, headline, to_csv, to_json, to_parquet
from reports.figures import Figures, reckon
from reports.formats import Locale
from reports.ilpa import ilpa_sections
from reports.pdf import render_companies, render_pdf
from reports.rows import ReportRows, inputs_sha256
from reports.sections import compose
from reports.sections.company import company_charts, company_sections
from reports.sections.model import Section
from reports.workbook import render_workbook


@dataclass(frozen=True, slots=True)
class BuiltReport:
    """What was built.

    Attributes:
        quarter: for example `2026Q3`.
        version: version of the report.
        inputs_sha256: hash of the rows.
        files: `pdf`, `xlsx`, `json` and `companies` (the confidential PDF of company pages) paths, and `csv` and
            `parquet` paths, one for each table.
        metrics: figures by name; won as integers, ratios as decimal strings.
    """

    quarter: str
    version: int
    inputs_sha256: str
    files: Mapping[str, Path | tuple[Path, ...]]
    metrics: Mapping[str, int | str | None]


@dataclass(frozen=True, slots=True)
class Preview:
    """A report for the page: the same sections and charts the files are made from."""

    figures: Figures
    sections: tuple[Section, ...]
    charts: Mapping[str, Chart]
    inputs_sha256: str


def preview(rows: ReportRows, *, locale: Locale = "ko") -> Preview:
    """Reckon and lay out a report without writing files.

    Raises:
        RowsInconsistent: the rows contradict each other.
        BridgeDoesNotTie: the value bridge leaves a difference.
    """
    figures = reckon(rows)
    sections = compose(figures, locale)
    charts = draw(figures, locale, tuple(key for section in sections for key in section.charts))
    return Preview(figures, sections, charts, inputs_sha256(rows))


def build(rows: ReportRows, out_dir: Path | str, *, locale: Locale = "ko") -> BuiltReport:
    """Build all files of a quarter's report into a folder, which is made when absent.

    Equal rows give equal bytes. A file is complete or absent: each is written beside its place and then moved there.

    Raises:
        RowsInconsistent: the rows contradict each other.
        BridgeDoesNotTie: the value bridge leaves a difference.
        OSError: the folder cannot be written.
    """
    seen = preview(rows, locale=locale)
    figures, sections, charts, sha256 = seen.figures, seen.sections, dict(seen.charts), seen.inputs_sha256
    stem = f"report-{rows.quarter.code}-v{rows.version}-{locale}"
    folder = Path(out_dir)
    contents = {
        folder / f"{stem}.pdf": render_pdf(figures, sections, charts, sha256, locale),
        folder / f"{stem}.xlsx": render_workbook(figures, (*sections, *ilpa_sections(figures, locale)), sha256, locale),
        folder / f"{stem}.json": to_json(document(figures, sections, charts, sha256, locale)),
        folder / f"{stem}-companies.pdf": render_companies(
            figures, company_sections(figures, locale), company_charts(figures, locale), sha256, locale
        ),
    }
    named = {f"{stem}-{section.number:02d}-{t.key}": t for section in sections for t in section.tables}
    sheets = {folder / "csv" / f"{name}.csv": to_csv(table) for name, table in named.items()}
    columns = {folder / "parquet" / f"{name}.parquet": to_parquet(table) for name, table in named.items()}
    for path, content in (contents | sheets | columns).items():
        write_whole(path, content)
    pdf, xlsx, json_path, companies = contents
    return BuiltReport(
        rows.quarter.code,
        rows.version,
        sha256,
        {
            "pdf": pdf,
            "xlsx": xlsx,
            "json": json_path,
            "companies": companies,
            "csv": tuple(sheets),
            "parquet": tuple(columns),
        },
        headline(figures),
    )


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old bytes or the new ones and never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        # mkstemp makes files private; a report is shared like any file its folder holds.
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
