"""Signing in for a page that is measured, and the quarterly report's files."""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from importlib import resources
from pathlib import Path

import typst
from flask import Flask
from flask.testing import FlaskClient
from measuring import Case, clock
from stores import SqliteStore, copied

from fundapp.core.quarters import Quarter
from fundapp.reporting.actions import find_frozen
from fundapp.reporting.documents import from_document
from reports import build, preview

# The report's own document and fonts: the floor is the typesetter on exactly what the product gives it.
from reports.pdf import _document
from reports.typesetting import STANDARDS, _fonts, _printable

PASSWORD = "four words and a comma, say"  # noqa: S105 - of nobody, in a database that lives for seconds
TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


def signed_in(app: Flask, email: str) -> FlaskClient:
    """Return a browser of somebody whose password is `PASSWORD`."""
    client = app.test_client()
    form = TOKEN.search(client.get("/account/login").text)
    assert form is not None
    fields = {"csrf_token": form[1], "email": email, "password": PASSWORD}
    answer = client.post("/account/login", data=fields)
    assert answer.status_code == HTTPStatus.FOUND, answer.status
    return client


def report(store: SqliteStore, folder: Path, quarter: str, repetitions: int) -> Case:
    """Build all files of the demonstration's frozen quarter: PDF, workbook, JSON and CSV."""
    with copied(store, "demonstration") as database, database.read() as session:
        frozen = find_frozen(session, Quarter.parse(quarter))
        assert frozen is not None, "the demonstration has no report"
        rows = from_document(frozen.inputs)
    seen = preview(rows)
    document = _printable(
        _document(seen.figures, seen.sections, dict(seen.charts), seen.inputs_sha256, "ko"),
    )
    words = json.dumps(document, ensure_ascii=False, sort_keys=True)
    template = resources.files("reports").joinpath("templates", "report.typ").read_bytes()

    def typeset() -> None:
        made = typst.compile(
            template,
            font_paths=_fonts(),
            ignore_system_fonts=True,
            sys_inputs={"report": words},
            format="pdf",
            pdf_standards=list(STANDARDS),
        )
        assert made.startswith(b"%PDF")

    return Case(
        what="build a quarterly report",
        store="",
        n=1,
        unit="s",
        run=lambda: clock(lambda: build(rows, folder / "report")),
        floors={"typst compile": lambda: clock(typeset)},
        repetitions=repetitions,
    )
