"""Importing a sheet of applications: good rows in, bad rows listed, the same file twice changing nothing.

Rows are committed in file order, a few hundred to a transaction, and numbers are taken in that order. An import that
is killed half-way and started again therefore ends where one that ran through ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import NotFoundError
from fundapp.core.quarters import kst_date
from fundapp.core.sessions import Database, RetryTransactionError
from fundapp.intake.answers import find_missing, problem, read_answers
from fundapp.intake.batch import Batch, Candidate, plan_batch, write_batch
from fundapp.intake.form import FieldProblem, Form, parse_form
from fundapp.intake.kinship_queries import merged_identities
from fundapp.intake.mapping import Mapping, load_mapping
from fundapp.intake.rules import business_number_valid, holds_resident_number
from fundapp.intake.tables import Call
from fundapp.intake.tabular import Row, Table, read_table

CHUNK_ROWS = 400
Identities = dict[tuple[str, str], tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Rejection:
    """One thing wrong with one row; `row` counts as the file shows it, its header being row 1."""

    row: int
    field: str
    code: str
    message_ko: str
    message_en: str


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did, or in a dry run would have done.

    Attributes:
        read: Rows with anything in them.
        ignored_columns: Headers of the file that fill nothing.
        warnings: What was accepted but looks wrong.
    """

    read: int
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: tuple[Rejection, ...] = ()
    warnings: tuple[Rejection, ...] = ()
    ignored_columns: tuple[str, ...] = ()


@dataclass(slots=True)
class _Sifted:
    candidates: list[Candidate] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)
    warnings: list[Rejection] = field(default_factory=list)


@dataclass(slots=True)
class _Counts:
    created: int = 0
    updated: int = 0
    unchanged: int = 0

    def add(self, batch: Batch) -> None:
        self.created += batch.created
        self.updated += batch.updated
        self.unchanged += batch.unchanged


def import_applications(
    db: Database,
    path: Path,
    *,
    call_code: str,
    actor: Viewer,
    at: datetime,
    mapping: Path | Mapping | None = None,
    dry_run: bool = False,
    all_or_nothing: bool = False,
) -> ImportResult:
    """Import a CSV or XLSX file into a call; each good row becomes a submitted application with frozen answers.

    This is the fund's own act, so it may come after the deadline; the record says so.

    Args:
        db: The database; this function opens its own transactions.
        path: The file.
        call_code: The call's code.
        actor: An analyst.
        at: Now.
        mapping: A mapping file, or one already read.
        dry_run: Say what would happen and write nothing.
        all_or_nothing: Write nothing unless every row is good.

    Raises:
        InputFileError: if the file or mapping cannot be read as a whole.
        NotFoundError: if there is no such call, or the actor may not import.
    """
    require(actor, Verb.IMPORT, Thing(Kind.APPLICATION))
    rules = load_mapping(mapping) if isinstance(mapping, Path) else mapping
    with db.read() as session:
        form, survivors = parse_form(_call(session, call_code).document), merged_identities(session)
    table = read_table(path, form, rules)
    sifted = _sift(table, form, rules, at, survivors)
    counts = _Counts()
    if dry_run:
        with db.read() as session:
            batch = _plan(session, call_code, sifted.candidates, actor)
        counts.add(batch)
        sifted.rejected += _refusals(batch)
    elif not all_or_nothing:
        for chunk in _chunks(sifted.candidates):
            batch = _commit(db, call_code, chunk, actor, at, table.sha256)
            counts.add(batch)
            sifted.rejected += _refusals(batch)
    elif not sifted.rejected:
        batch = _commit(db, call_code, sifted.candidates, actor, at, table.sha256, whole=True)
        sifted.rejected += _refusals(batch)
        if not sifted.rejected:
            counts.add(batch)
    return ImportResult(
        read=len(table.rows),
        created=counts.created,
        updated=counts.updated,
        unchanged=counts.unchanged,
        rejected=tuple(sorted(sifted.rejected, key=lambda one: one.row)),
        warnings=tuple(sifted.warnings),
        ignored_columns=table.notes,
    )


def _call(session: Session, code: str) -> Call:
    call = session.scalar(select(Call).where(Call.code == code))
    if call is None:
        raise NotFoundError
    return call


def _rejection(row: int, found: FieldProblem) -> Rejection:
    return Rejection(row, found.field, found.code, found.message_ko, found.message_en)


def _refusals(batch: Batch) -> list[Rejection]:
    return [_rejection(row, found) for row, found in batch.refused]


def _sift(table: Table, form: Form, mapping: Mapping | None, at: datetime, survivors: Identities) -> _Sifted:
    sifted = _Sifted()
    today = kst_date(at)
    relaxed = mapping.relaxed if mapping else frozenset()
    for row in table.rows:
        reading = read_answers(form, row.cells, today=today)
        unreadable = {found.field for found in reading.problems}
        missing = [
            found for found in find_missing(form, reading.answers, relaxed=relaxed) if found.field not in unreadable
        ]
        identifier = _identifier(row, reading.answers)
        problems = list(reading.problems)
        if row.surplus:
            problems.append(problem("row", "too_many_cells"))
        if identifier is None and not unreadable & {"business_number"}:
            missing = [found for found in missing if found.field != "business_number"]
            problems.append(problem("business_number" if row.scheme == "brn" else row.scheme, "identifier"))
        if problems or identifier is None:
            sifted.rejected += [_rejection(row.number, found) for found in problems + missing]
            continue
        sifted.warnings += [_rejection(row.number, found) for found in reading.warnings]
        sifted.candidates.append(
            Candidate(row.number, row.scheme, identifier, reading.answers, table.columns, tuple(missing))
        )
    _follow_merges(sifted.candidates, survivors)
    return sifted


def _follow_merges(candidates: Sequence[Candidate], survivors: Identities) -> None:
    """Read a row of a company that was merged as one of the company that it was merged into, and tell rows the last."""
    for one in candidates:
        one.scheme, one.identifier = survivors.get((one.scheme, one.identifier), (one.scheme, one.identifier))
    last = {(one.scheme, one.identifier): one for one in candidates}
    for one in candidates:
        one.final = last[one.scheme, one.identifier].answers


def _identifier(row: Row, answers: dict[str, Any]) -> str | None:
    if row.scheme == "brn":
        digits = "".join(letter for letter in row.identifier if letter.isdigit())
        found = answers.get("business_number", digits)
        return found if business_number_valid(found) else None
    text = row.identifier
    usable = text and len(text) <= 40 and text.isprintable() and not holds_resident_number(text)  # noqa: PLR2004 - the column's width
    return text if usable else None


def _chunks(candidates: Sequence[Candidate]) -> Iterator[Sequence[Candidate]]:
    for start in range(0, len(candidates), CHUNK_ROWS):
        yield candidates[start : start + CHUNK_ROWS]


def _plan(session: Session, call_code: str, candidates: Sequence[Candidate], actor: Viewer) -> Batch:
    return plan_batch(session, _call(session, call_code), candidates, actor)


def _commit(
    db: Database,
    call_code: str,
    candidates: Sequence[Candidate],
    actor: Viewer,
    at: datetime,
    file_sha256: str,
    *,
    whole: bool = False,
) -> Batch:
    def work(session: Session) -> Batch:
        batch = _plan(session, call_code, candidates, actor)
        if whole and batch.refused:
            return batch
        try:
            write_batch(session, batch, actor=actor, at=at, file_sha256=file_sha256)
        except IntegrityError as error:
            # A rival import put the same company in first: start again and find it.
            raise RetryTransactionError from error
        return batch

    return db.transaction(work)
