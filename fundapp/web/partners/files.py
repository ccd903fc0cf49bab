"""Handing out a report's files from the store, building them when they are missing or a signature is newer."""

from __future__ import annotations

import tempfile
from pathlib import Path

from flask import Response, current_app

from fundapp.core.errors import NotFoundError
from fundapp.core.quarters import Quarter
from fundapp.reporting.actions import StoredFile, build_report
from fundapp.reporting.queries import Shelf, find_file, find_shelf, read_file
from fundapp.web.shell.database import db
from fundapp.web.shell.language import current_locale
from fundapp.web.shell.viewer import viewer

FILES_URL = "FILES_URL"
_POLICY = "sandbox; default-src 'none'"


def build_files(quarter: Quarter, version: int) -> None:
    """Build a version's files in the present language and put them into the store; the same rows give the same."""
    with tempfile.TemporaryDirectory(prefix="report-") as folder:
        build_report(
            db(),
            quarter,
            Path(folder),
            locale=current_locale(),
            files_url=current_app.config[FILES_URL],
            version=version,
        )


def find_current(quarter: Quarter, version: int, kind: str) -> StoredFile:
    """Return the current file of a format, e.g. `pdf` or `headline.csv`, built first when there is none yet.

    Raises:
        NotFoundError: if there is no such version or format, or the viewer may not see reports.
    """
    shelf = _shelf(quarter, version)  # asks the policy before anything is built
    # Versions built before there were company pages lack that file and the Parquet tables.
    if not shelf.current or (kind not in shelf.files and "companies.pdf" not in shelf.files):
        build_files(quarter, version)
        shelf = _shelf(quarter, version)
    if kind not in shelf.files:
        raise NotFoundError
    return shelf.files[kind]


def hand_out(quarter: Quarter, version: int, name: str) -> Response:
    """Answer with a recorded file as a download that no browser will run.

    Raises:
        NotFoundError: if there is no such file, or the viewer may not see reports.
    """
    with db().read() as session:
        file = find_file(session, viewer(), quarter, version, name)
    store = current_app.config[FILES_URL]
    try:
        content = read_file(store, file)
    except NotFoundError:
        # A store that was emptied fills again: equal rows give equal bytes under the same hash.
        build_files(quarter, version)
        content = read_file(store, file)
    answer = Response(content, content_type=file.media_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="{file.name}"'
    answer.headers["Content-Security-Policy"] = _POLICY
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


def _shelf(quarter: Quarter, version: int) -> Shelf:
    with db().read() as session:
        return find_shelf(session, viewer(), quarter, version, current_locale())
