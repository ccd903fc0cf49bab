"""Importing usage: an export states totals, the ledger gets the difference to what is posted.

A bill is restated as a whole, so the newest export of one cloud account and billing month replaces what the earlier
one said, and only the difference is posted. Reading the same export twice therefore posts nothing, and a run that was
killed may simply be run again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.allocation.tables import Pool
from fundapp.audit.actions import record_event
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.collecting import paused_collector
from fundapp.core.errors import InputFileError
from fundapp.core.quantities import Quantity, gpu_commodity
from fundapp.core.sessions import Database
from fundapp.ledger.tables import RateCard
from fundapp.portfolio.focus import FocusFileError, FocusMapping, Rejected, Rules, Statement, load_mapping, read_usage
from fundapp.portfolio.focus.rows import MONEY
from fundapp.portfolio.owners import OwnerBook
from fundapp.portfolio.tables import UsageImport
from fundapp.portfolio.usage.changes import (
    Bill,
    bills_of,
    changes_between,
    doubtful_bills,
    hold_back,
    hours_by_sku,
    load_posted,
    totals_of,
)
from fundapp.portfolio.usage.coverage import record_coverage, require_one_scope
from fundapp.portfolio.usage.posting import Effect, Negative, post_changes
from fundapp.portfolio.usage.sizes import load_sizes

_KEPT = 1_000
"""Refused rows that are kept with the import, for download."""

Source = Path | str | Sequence[Path]


@dataclass(frozen=True, slots=True)
class UsageResult:
    """What became of an export.

    Attributes:
        rows: Rows of the export.
        usage_rows: Rows that are GPU time.
        posted: Day totals whose difference was posted.
        unchanged: Day totals that were posted already.
        suspense_rows: Rows of GPU time that belong to no award.
        gpu_hours: The export's GPU-hours by SKU, exact decimals as text.
        rejected: Rows that could not be read.
        missing_scopes: Cloud accounts that had use in these billing months but are not in this export; left untouched.
        held_back: Bills (`scope YYYY-MM`) whose hours were not lowered, because a refused row may belong to them.
        version: Version of FOCUS, or `hours` for a plain list.
        effects: What posting did, by owner and SKU.
        negative: Days of awards that are left below zero; they wait in suspense for the bill that they correct.
    """

    rows: int
    usage_rows: int
    posted: int
    unchanged: int
    suspense_rows: int
    gpu_hours: dict[str, str]
    rejected: list[Rejected]
    missing_scopes: list[str]
    held_back: list[str]
    version: str = ""
    effects: tuple[Effect, ...] = ()
    negative: tuple[Negative, ...] = ()


@dataclass(slots=True)
class _Previewed(Exception):  # noqa: N818 - no error: it carries the result out of a transaction that must not commit
    result: UsageResult = field()


def import_usage(
    db: Database,
    path: Source,
    mapping: FocusMapping | Path | None = None,
    *,
    actor: Viewer,
    at: datetime,
    dry_run: bool = False,
    take_over: bool = False,
) -> UsageResult:
    """Read an export and post what it changes, in one transaction.

    Args:
        db: The database.
        path: A FOCUS 1.0 to 1.3 file (CSV, gzipped CSV or Parquet), a folder or list of the parts of one export, or a
            plain list of hours.
        mapping: Column names that differ, and whose sub-account is whose; or the path of such a file.
        actor: Staff.
        at: Now.
        dry_run: Say what would be posted and post nothing.
        take_over: Let the export take over bills that one of another scope states.

    Raises:
        InputFileError: if the export cannot be read at all, or its scope overlaps with another.
    """
    require(actor, Verb.IMPORT, Thing(Kind.USAGE))
    try:
        own = load_mapping(mapping) if isinstance(mapping, Path) else mapping or FocusMapping()
        with db.read() as session:
            rules, regions = Rules(own, load_sizes(session), _currencies(session)), _regions(session)
        with paused_collector():
            statement = read_usage(path, rules=rules, regions=regions)
    except FocusFileError as error:
        raise InputFileError(reason_ko=error.message_ko, reason_en=error.message_en) from error

    def work(session: Session) -> UsageResult:
        bills = bills_of(statement)
        if not take_over:
            require_one_scope(session, statement, bills)
        result = _apply(session, statement, bills, actor=actor, at=at)
        if dry_run:
            raise _Previewed(result)
        _log(session, _name(path), statement, bills, result, actor=actor, at=at)
        return result

    try:
        with paused_collector():
            return db.transaction(work)
    except _Previewed as previewed:
        return previewed.result


def _currencies(session: Session) -> frozenset[str]:
    return MONEY | frozenset(code.upper() for code in session.scalars(select(RateCard.currency).distinct()))


def _regions(session: Session) -> dict[str, str]:
    """Return the region of each SKU that has pools in one region only."""
    found: dict[str, set[str]] = {}
    for sku, region in session.execute(select(Pool.sku, Pool.region).distinct()):
        found.setdefault(sku.lower(), set()).add(region)
    return {sku: min(regions) if len(regions) == 1 else "unknown" for sku, regions in found.items()}


def _name(path: Source) -> str:
    if isinstance(path, Path | str):
        return Path(path).name
    return path[0].name if len(path) == 1 else f"{path[0].name} +{len(path) - 1}"


def _apply(
    session: Session, statement: Statement, bills: Collection[Bill], *, actor: Viewer, at: datetime
) -> UsageResult:
    """Post the differences; return the counts."""
    totals = totals_of(statement, OwnerBook(session))
    known, missing = load_posted(session, bills)
    changes, unchanged = changes_between(totals.hours, known)
    changes, held_back = hold_back(changes, doubtful_bills(statement, bills))
    posted = post_changes(session, changes, actor=actor, at=at)
    return UsageResult(
        rows=statement.read,
        usage_rows=statement.usage_rows,
        posted=posted.lines,
        unchanged=unchanged,
        suspense_rows=totals.suspense_rows,
        gpu_hours={
            sku: str(Quantity(hours, gpu_commodity(sku.upper()))) for sku, hours in hours_by_sku(totals.hours).items()
        },
        rejected=list(statement.rejected),
        missing_scopes=sorted(missing),
        held_back=held_back,
        version=statement.version,
        effects=posted.effects,
        negative=posted.negative,
    )


def _log(
    session: Session,
    name: str,
    statement: Statement,
    bills: Collection[Bill],
    result: UsageResult,
    *,
    actor: Viewer,
    at: datetime,
) -> None:
    """Record the export unless it has been recorded and changed nothing this time."""
    content_sha256 = digest_of(statement)
    seen = session.scalar(
        select(func.count()).select_from(UsageImport).where(UsageImport.content_sha256 == content_sha256)
    )
    if seen and not result.posted:
        return
    summary = _summary(result) | {"run": statement.run, "scope": statement.scope}
    row = UsageImport(
        file_name=name[-200:],
        content_sha256=content_sha256,
        summary=summary,
        imported_by=actor.name or actor.email,
        imported_at=at,
    )
    session.add(row)
    session.flush()
    record_coverage(session, statement, bills, row.id)
    record_event(
        session,
        actor=actor,
        verb="usage.imported",
        subject_kind="usage",
        subject=content_sha256,
        at=at,
        details={key: summary[key] for key in ("rows", "usage_rows", "posted", "suspense_rows", "gpu_hours")},
    )


def _summary(result: UsageResult) -> dict[str, Any]:
    return {
        "rows": result.rows,
        "usage_rows": result.usage_rows,
        "posted": result.posted,
        "unchanged": result.unchanged,
        "suspense_rows": result.suspense_rows,
        "gpu_hours": result.gpu_hours,
        "missing_scopes": result.missing_scopes,
        "held_back": result.held_back,
        "rejected": len(result.rejected),
        "version": result.version,
        "refused": [[row.row, row.field, row.code, row.message_ko, row.message_en] for row in result.rejected[:_KEPT]],
    }


def digest_of(statement: Statement) -> str:
    """Return the SHA-256 of what an export states: its bills, totals and refused rows, in a canonical order."""
    state = hashlib.sha256(f"{statement.version} {statement.read} {statement.usage_rows}\n".encode())
    for bill in sorted(statement.bills):
        state.update(f"{bill[0]}\t{bill[1]}\n".encode())
    lines = [
        f"{company or ''}\t{account}\t{month}\t{sku}\t{region}\t{day}\t{hours}\n"
        for (company, account, month, sku, region, day), hours in statement.totals.items()
    ]
    state.update("".join(sorted(lines)).encode())
    for row in statement.rejected:
        state.update(f"{row.row}\t{row.field}\t{row.code}\n".encode())
    return state.hexdigest()
