"""Freezing a quarter, building its files from what was frozen, signing it off."""

from __future__ import annotations

import dataclasses
import hashlib
import mimetypes
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.core.access import Kind, Role, Thing, Verb, Viewer, require
from fundapp.core.errors import ForbiddenError, FourEyesError, InvalidInputError, NotFoundError
from fundapp.core.files import keep_bytes
from fundapp.core.quarters import Quarter, kst_date
from fundapp.core.sessions import Database, RetryTransactionError
from fundapp.reporting.actions.closing import close_when_ready
from fundapp.reporting.checks import freeze_checks
from fundapp.reporting.collecting import as_told_then, collect_rows
from fundapp.reporting.documents import from_document, to_document
from fundapp.reporting.rules import SIDES, Check, require_ready, status_of
from fundapp.reporting.tables import FrozenQuarter, ReportFile, ReportSignature
from reports import BuiltReport, build, inputs_sha256
from reports.differences import compare
from reports.figures import reckon
from reports.formats import Locale
from reports.rows import Published, Remark, ReportRows, SignOff
from reports.sections import compose

STORED_IN = "reports"
"""The folder of the files store that reports are kept in."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """A frozen version of a quarter; `created` is False when nothing had changed since the newest one."""

    quarter: str
    version: int
    inputs_sha256: str
    created: bool


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One artefact with the hash of its bytes."""

    name: str
    media_type: str
    sha256: str
    bytes: int


def freeze_quarter(
    session: Session,
    *,
    quarter: Quarter,
    actor: Viewer,
    at: datetime,
    accept_suspense: bool = False,
    reason: str = "",
    remarks: tuple[Remark, ...] | None = None,
) -> Frozen:
    """Keep the rows of a quarter's report as they are now; unchanged rows give the version there is.

    What the newest version says in the preparers' words carries over: their remarks, and the reason for which the
    very same use in suspense was accepted.

    Args:
        session: A writing session.
        quarter: The quarter. Before its end the basis date is today's in Seoul.
        actor: Finance.
        at: Now.
        accept_suspense: Freeze although GPU use of the quarter belongs to nobody yet.
        reason: Why that is acceptable; printed in the report.
        remarks: Highlights, lowlights and requests of the preparers; None keeps those of the newest version.

    Raises:
        FreezeRefusedError: if use is in suspense or a tranche awaits approval.
        InvalidInputError: if suspense is accepted without a reason.
    """
    require(actor, Verb.FREEZE, Thing(Kind.REPORT))
    if accept_suspense and not reason.strip():
        raise InvalidInputError(field="reason", reason_ko="사유를 적어 주세요", reason_en="a reason is needed")
    newest = _newest(session, quarter)
    before = None if newest is None else from_document(newest.inputs)
    checks = freeze_checks(session, quarter)
    suspense = next(check for check in checks if check.key == "suspense")
    accepted = () if suspense.ok else _accepted(before, suspense, reason.strip() if accept_suspense else "")
    require_ready(checks, excused=frozenset({"suspense"} if accepted else ()))
    rows = collect_rows(session, quarter, as_of=min(quarter.last_day, kst_date(at)))
    words = _words(before) if remarks is None else remarks
    rows = dataclasses.replace(rows, remarks=(*rows.remarks, *accepted, *words), published=_published(session, quarter))
    if newest is not None and before is not None:
        if inputs_sha256(_without_errata(before)) == inputs_sha256(as_told_then(rows, before)):
            return Frozen(str(quarter), newest.version, newest.inputs_sha256, created=False)
        rows = dataclasses.replace(rows, version=newest.version + 1, remarks=(*rows.remarks, *_errata(before, rows)))
    return _keep(session, rows, actor=actor, at=at)


def _accepted(before: ReportRows | None, suspense: Check, reason: str) -> tuple[Remark, ...]:
    """Return the note on accepted suspense: for the reason given now, or for the one of the newest version."""
    opening = f"{suspense.detail_ko} (확정 사유: "
    if reason:
        return (Remark("note", f"{opening}{reason})"),)
    earlier = before.remarks if before is not None else ()
    return tuple(remark for remark in earlier if remark.kind == "note" and remark.text.startswith(opening))


def _words(before: ReportRows | None) -> tuple[Remark, ...]:
    if before is None:
        return ()
    return tuple(remark for remark in before.remarks if remark.kind not in {"note", "erratum"})


def _keep(session: Session, rows: ReportRows, *, actor: Viewer, at: datetime) -> Frozen:
    reckon(rows)  # refuses rows whose bridge does not tie before they are kept
    frozen = FrozenQuarter(
        quarter=rows.quarter.code,
        version=rows.version,
        inputs=to_document(rows),
        inputs_sha256=inputs_sha256(rows),
        frozen_by=actor.name or actor.email,
        frozen_at=at,
    )
    session.add(frozen)
    session.flush()
    record_event(
        session,
        actor=actor,
        verb="report.frozen",
        subject_kind="report",
        subject=f"{frozen.quarter}/{frozen.version}",
        at=at,
        details={"inputs_sha256": frozen.inputs_sha256},
    )
    return Frozen(frozen.quarter, frozen.version, frozen.inputs_sha256, created=True)


def _newest(session: Session, quarter: Quarter) -> FrozenQuarter | None:
    return session.scalars(
        select(FrozenQuarter)
        .where(FrozenQuarter.quarter == str(quarter))
        .order_by(FrozenQuarter.version.desc())
        .limit(1)
    ).one_or_none()


def _published(session: Session, quarter: Quarter) -> tuple[Published, ...]:
    """Return what the newest version of each earlier quarter printed."""
    newest: dict[str, FrozenQuarter] = {}
    earlier = session.scalars(
        select(FrozenQuarter)
        .where(FrozenQuarter.quarter < str(quarter))
        .order_by(FrozenQuarter.quarter, FrozenQuarter.version)
    )
    for frozen in earlier:
        newest[frozen.quarter] = frozen
    printed = []
    for frozen in newest.values():
        multiples = reckon(from_document(frozen.inputs)).total.multiples
        printed.append(
            Published(
                frozen.quarter, frozen.version, multiples.nav_krw, multiples.paid_in_krw, multiples.distributed_krw
            )
        )
    return tuple(printed)


def _without_errata(rows: ReportRows) -> ReportRows:
    return dataclasses.replace(rows, remarks=tuple(remark for remark in rows.remarks if remark.kind != "erratum"))


def _errata(before: ReportRows, after: ReportRows) -> Iterable[Remark]:
    """Say what a new version changes: headline figures with both values, and how many cells and lines in all."""
    figures = [reckon(rows) for rows in (_without_errata(before), after)]
    old, new = (found.total.multiples for found in figures)
    places = len(compare(compose(figures[0], "ko"), compose(figures[1], "ko"), "ko"))
    pairs = (
        ("납입", old.paid_in_krw, new.paid_in_krw),
        ("분배", old.distributed_krw, new.distributed_krw),
        ("NAV", old.nav_krw, new.nav_krw),
    )
    changed = [f"{word} {was:,}원 → {now:,}원" for word, was, now in pairs if was != now]
    text = ", ".join(changed) if changed else "주요 지표는 그대로이고 세부 내역이 바뀌었습니다"
    yield Remark("erratum", f"{before.version}판 대비: {text} (모두 {places}곳)")


# ---- files ----


def build_report(
    db: Database,
    quarter: Quarter,
    out_dir: Path,
    *,
    locale: Locale = "ko",
    files_url: str | None = None,
    version: int | None = None,
) -> BuiltReport:
    """Build a frozen quarter's files from its stored rows, whatever the ledger says now.

    Args:
        db: The database.
        quarter: The quarter.
        out_dir: Folder that the files go to.
        locale: Language of the report.
        files_url: The files store (an fsspec URL or a folder) that keeps a copy of each file, by content.
        version: Which version; the newest by default.

    Raises:
        NotFoundError: if the quarter or version has not been frozen.
    """
    with db.read() as session:
        frozen = find_frozen(session, quarter, version)
        if frozen is None:
            raise NotFoundError
        rows = _signed(session, frozen)
    built = build(rows, out_dir, locale=locale)
    files = [_describe(path) for path in _paths(built)]
    if files_url is not None:
        for path in _paths(built):
            keep_bytes(files_url, STORED_IN, path.read_bytes())
    db.transaction(lambda session: _remember(session, frozen.id, files))
    return built


def find_frozen(session: Session, quarter: Quarter, version: int | None = None) -> FrozenQuarter | None:
    """Return a frozen version of a quarter, the newest by default."""
    if version is None:
        return _newest(session, quarter)
    return session.scalars(
        select(FrozenQuarter).where(FrozenQuarter.quarter == str(quarter), FrozenQuarter.version == version)
    ).one_or_none()


def find_frozen_id(session: Session, quarter: Quarter, version: int | None = None) -> uuid.UUID | None:
    """Return the key of a frozen version of a quarter, the newest by default, without reading its rows."""
    asked = select(FrozenQuarter.id).where(FrozenQuarter.quarter == str(quarter))
    if version is not None:
        asked = asked.where(FrozenQuarter.version == version)
    return session.scalars(asked.order_by(FrozenQuarter.version.desc()).limit(1)).one_or_none()


def _signed(session: Session, frozen: FrozenQuarter) -> ReportRows:
    """Return the frozen rows with who has signed: that is about the report and no part of its inputs."""
    signatures = session.scalars(
        select(ReportSignature).where(ReportSignature.frozen_id == frozen.id).order_by(ReportSignature.side)
    ).all()
    offs = [SignOff("prepared", frozen.frozen_by, kst_date(frozen.frozen_at))]
    offs += [
        SignOff("reviewed" if row.side == "fund" else "approved", row.signed_by, kst_date(row.signed_at))
        for row in signatures
    ]
    rows = from_document(frozen.inputs)
    status = status_of([row.side for row in signatures])
    return dataclasses.replace(rows, status=status, sign_offs=tuple(offs))


def _paths(built: BuiltReport) -> list[Path]:
    paths: list[Path] = []
    for entry in built.files.values():
        paths.extend([entry] if isinstance(entry, Path) else entry)
    return paths


def _describe(path: Path) -> StoredFile:
    content = path.read_bytes()
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return StoredFile(path.name, media_type, hashlib.sha256(content).hexdigest(), len(content))


def _remember(session: Session, frozen_id: uuid.UUID, files: Iterable[StoredFile]) -> None:
    """Record artefacts once; a file that signatures have changed stands beside the earlier one by its hash."""
    known = {
        row.name: row.sha256 for row in session.scalars(select(ReportFile).where(ReportFile.frozen_id == frozen_id))
    }
    for file in files:
        if known.get(file.name) == file.sha256 or _by_hash(file) in known:
            continue
        name = file.name if file.name not in known else _by_hash(file)
        session.add(
            ReportFile(frozen_id=frozen_id, name=name, media_type=file.media_type, sha256=file.sha256, bytes=file.bytes)
        )
    session.flush()


def _by_hash(file: StoredFile) -> str:
    stem, dot, suffix = file.name.rpartition(".")
    return f"{stem}-{file.sha256[:8]}{dot}{suffix}"


# ---- signatures ----


def sign_report(session: Session, *, quarter: Quarter, version: int, side: str, actor: Viewer, at: datetime) -> str:
    """Sign a version for one side; return the report's status. Signing again changes nothing.

    Raises:
        NotFoundError: if there is no such version, or the actor may not sign for that side.
        FourEyesError: if the actor is no person, or has signed this version for another side.
    """
    require(actor, Verb.APPROVE, Thing(Kind.REPORT))
    if side not in SIDES:
        raise InvalidInputError(field="side", reason_ko="알 수 없는 서명란입니다", reason_en="no such side")
    allowed = actor.has(Role.FINANCE) if side == "fund" else actor.has(Role.PARTNER) and actor.investor == side
    if not allowed:
        raise ForbiddenError(verb=str(Verb.APPROVE), kind=str(Kind.REPORT))
    if actor.person_id is None:
        raise FourEyesError
    frozen = find_frozen(session, quarter, version)
    if frozen is None:
        raise NotFoundError
    signed = session.execute(
        select(ReportSignature.side, ReportSignature.person_id).where(ReportSignature.frozen_id == frozen.id)
    ).all()
    sides = {row.side for row in signed}
    if any(row.person_id == actor.person_id and row.side != side for row in signed):
        raise FourEyesError
    if side not in sides:
        _add_signature(session, frozen, side, actor=actor, at=at)
    status = status_of(sides | {side})
    if status == "approved" and quarter.is_over(at):
        # What all sides have signed must not change under them; corrections post in the open period. If two people
        # have not gone through the checklist yet, the second of them closes later.
        close_when_ready(session, quarter=quarter, actor=actor, at=at)
    return status


def _add_signature(session: Session, frozen: FrozenQuarter, side: str, *, actor: Viewer, at: datetime) -> None:
    signature = ReportSignature(
        frozen_id=frozen.id, side=side, person_id=actor.person_id, signed_by=actor.name or actor.email, signed_at=at
    )
    try:
        with session.begin_nested():
            session.add(signature)
    except IntegrityError as error:
        raise RetryTransactionError from error
    record_event(
        session,
        actor=actor,
        verb="report.signed",
        subject_kind="report",
        subject=f"{frozen.quarter}/{frozen.version}",
        at=at,
        details={"side": side},
    )
