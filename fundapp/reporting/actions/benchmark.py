"""Loading the public index that reports compare the fund with."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import InvalidInputError
from fundapp.core.quarters import kst_date
from fundapp.reporting.index_rules import read_index
from fundapp.reporting.tables import MarketIndex


@dataclass(frozen=True, slots=True)
class LoadedIndex:
    """What was loaded; `created` is False when the newest load holds the same already."""

    name: str
    version: int
    levels: int
    first_on: date
    last_on: date
    created: bool


def load_index(session: Session, *, content: bytes, name: str, source: str, actor: Viewer, at: datetime) -> LoadedIndex:
    """Load an index; the newest load is the one that reports compare with from their next version on.

    Args:
        session: A writing session.
        content: A CSV file of days and closing levels.
        name: Such as `KOSPI`; printed in reports.
        source: Who publishes it; printed too.
        actor: Finance.
        at: Now.

    Raises:
        InvalidInputError: if name or source is missing or too long.
        InputFileError: if the content is no such file.
        IndexRefusedError: naming the lines that cannot be right. Nothing is kept then.
    """
    require(actor, Verb.FREEZE, Thing(Kind.REPORT))
    named, from_whom = _words("name", name), _words("source", source)
    levels = read_index(content, kst_date(at))
    document = [[day.isoformat(), level] for day, level in levels]
    newest = session.scalars(select(MarketIndex).order_by(MarketIndex.version.desc()).limit(1)).one_or_none()
    if newest is not None and (newest.name, newest.source, newest.levels) == (named, from_whom, document):
        return LoadedIndex(named, newest.version, len(levels), levels[0][0], levels[-1][0], created=False)
    row = MarketIndex(
        version=(session.scalar(select(func.max(MarketIndex.version))) or 0) + 1,
        name=named,
        source=from_whom,
        levels=document,
        first_on=levels[0][0],
        last_on=levels[-1][0],
        sha256=hashlib.sha256(content).hexdigest(),
        loaded_by=actor.name or actor.email,
        loaded_at=at,
    )
    session.add(row)
    session.flush()
    record_event(
        session,
        actor=actor,
        verb="index.loaded",
        subject_kind="report",
        subject=f"index/{row.version}",
        at=at,
        details={"name": named, "levels": len(levels), "sha256": row.sha256},
    )
    return LoadedIndex(named, row.version, len(levels), row.first_on, row.last_on, created=True)


def _words(field: str, text: str) -> str:
    words = " ".join(text.split())
    if not words or len(words) > 80:  # noqa: PLR2004 - a line of a footnote
        raise InvalidInputError(field=field, reason_ko="80자까지 적어 주세요", reason_en="needs 1 to 80 characters")
    return words
