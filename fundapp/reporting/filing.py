"""The files of a report: which one is current for a format, and its bytes out of the store."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.access import Viewer
from fundapp.core.errors import NotFoundError
from fundapp.core.files import read_bytes
from fundapp.core.quarters import Quarter
from fundapp.reporting.actions import STORED_IN, StoredFile, find_frozen
from fundapp.reporting.sight import require_sight
from fundapp.reporting.tables import FrozenQuarter, ReportFile, ReportSignature
from reports.formats import Locale

_NAME = re.compile(
    r"report-(?P<quarter>\d{4}Q[1-4])-v(?P<version>\d+)-(?P<locale>ko|en)(?P<companies>-companies)?"
    r"(?:-\d\d-(?P<table>[a-z][a-z0-9]*(?:-[a-z][a-z0-9]*)*?))?(?:-(?P<hash>[0-9a-f]{8}))?\.(?P<suffix>pdf|xlsx|json|csv|parquet)"
)


@dataclass(frozen=True, slots=True)
class Shelf:
    """The newest file for each format of one version: `pdf`, `xlsx`, `json`, `headline.csv` and the other tables.

    `current` tells whether they were built after the last signature.
    """

    files: dict[str, StoredFile]
    current: bool


def format_of(name: str, locale: str) -> str | None:
    """Return which format of a language a file name stands for, or None: `pdf`, `companies.pdf`, `headline.csv`."""
    found = _NAME.fullmatch(name)
    if found is None or found["locale"] != locale:
        return None
    if found["companies"]:
        return f"companies.{found['suffix']}"
    return f"{found['table']}.{found['suffix']}" if found["table"] else found["suffix"]


def find_shelf(session: Session, viewer: Viewer, quarter: Quarter, version: int, locale: Locale) -> Shelf:
    """Return the newest files of a version in one language; three statements.

    Raises:
        NotFoundError: if there is no such version, or the viewer may not see reports.
    """
    frozen = _frozen(session, viewer, quarter, version)
    rows = session.scalars(select(ReportFile).where(ReportFile.frozen_id == frozen.id).order_by(ReportFile.id)).all()
    signed = session.scalars(
        select(ReportSignature.id)
        .where(ReportSignature.frozen_id == frozen.id)
        .order_by(ReportSignature.id.desc())
        .limit(1)
    ).one_or_none()
    newest: dict[str, ReportFile] = {}
    for row in rows:
        kind = format_of(row.name, locale)
        if kind is not None:
            newest[kind] = row
    pdf = newest.get("pdf")
    # Identifiers are sortable by time; every signature changes the cover of the PDF.
    current = pdf is not None and (signed is None or str(pdf.id) > str(signed))
    return Shelf({kind: _stored(row) for kind, row in newest.items()}, current)


def find_file(session: Session, viewer: Viewer, quarter: Quarter, version: int, name: str) -> StoredFile:
    """Return one recorded file of a version by its name.

    Raises:
        NotFoundError: if there is none, or the viewer may not see reports.
    """
    frozen = _frozen(session, viewer, quarter, version)
    row = session.scalars(
        select(ReportFile).where(ReportFile.frozen_id == frozen.id, ReportFile.name == name)
    ).one_or_none()
    if row is None:
        raise NotFoundError
    return _stored(row)


def read_file(files_url: str, file: StoredFile) -> bytes:
    """Return a file's bytes from the store.

    Raises:
        NotFoundError: if the store does not hold them, or holds others than were recorded.
    """
    return read_bytes(files_url, STORED_IN, file.sha256)


def _frozen(session: Session, viewer: Viewer, quarter: Quarter, version: int) -> FrozenQuarter:
    require_sight(session, viewer)
    frozen = find_frozen(session, quarter, version)
    if frozen is None:
        raise NotFoundError
    return frozen


def _stored(row: ReportFile) -> StoredFile:
    return StoredFile(row.name, row.media_type, row.sha256, row.bytes)
