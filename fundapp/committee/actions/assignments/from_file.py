"""Reviewers from a sheet: one row an application and a member."""

from __future__ import annotations

import csv
import io
import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.committee.actions.assignments.hand import add_reviewer
from fundapp.committee.entrance import load_recused
from fundapp.committee.queries.people import members
from fundapp.committee.queries.sight import in_sight
from fundapp.committee.rules import REVIEWABLE
from fundapp.committee.tables import Assignment
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import InputFileError
from fundapp.intake.form import squeeze
from fundapp.intake.rules import counts_as
from fundapp.intake.tables import Application, Call

_NUMBER = frozenset({"접수번호", "신청번호", "application", "applicationnumber", "number"})
_MEMBER = frozenset({"위원", "위원이메일", "이메일", "member", "memberemail", "email", "reviewer"})
_REASON = frozenset({"사유", "reason"})
FROM_FILE = "배정 파일 / assignment file"
_MOST_BYTES = 4_000_000


@dataclass(frozen=True, slots=True)
class RowFault:
    """What is wrong with one row; `row` counts as the file shows it, its header being row 1."""

    row: int
    field: str
    reason_ko: str
    reason_en: str


@dataclass(frozen=True, slots=True)
class ImportedAssignments:
    """What the file did: pairs that are new, pairs that were there, and rows that were refused."""

    created: int
    unchanged: int
    faults: tuple[RowFault, ...]


@dataclass(frozen=True, slots=True)
class _Pair:
    row: int
    application: str
    member: str
    reason: str


def import_assignments(
    session: Session, *, call_code: str, content: bytes, all_or_nothing: bool, actor: Viewer, at: datetime
) -> ImportedAssignments:
    """Give reviews out as a CSV file says (UTF-8 or CP949): application number, member's address, perhaps a reason.

    Args:
        session: A writing session.
        call_code: The call whose applications the file names.
        content: The file.
        all_or_nothing: Write nothing if one row is refused; otherwise the good rows count.
        actor: Who assigns. What they are recused from looks absent to them.
        at: Now.

    Raises:
        InputFileError: if the file cannot be read as a whole.
        ForbiddenError: if the actor does not assign.
    """
    require(actor, Verb.ASSIGN, Thing(Kind.APPLICATION))
    pairs = _read(content)
    seats = {seat.email: seat.person_id for seat in members(session)}
    rows = session.execute(
        select(Application.id, Application.number, Application.state)
        .join(Call, Call.id == Application.call_id)
        .where(Call.code == call_code, in_sight(actor))
    )
    applications = {row.number: (row.id, row.state) for row in rows}
    held = {(one, other) for one, other in session.execute(select(Assignment.application_id, Assignment.person_id))}
    faults: list[RowFault] = []
    good: list[tuple[_Pair, uuid.UUID, uuid.UUID]] = []
    for pair in pairs:
        fault = _fault(session, pair, applications, seats)
        if fault is not None:
            faults.append(fault)
        else:
            good.append((pair, applications[pair.application][0], seats[pair.member]))
    if faults and all_or_nothing:
        return ImportedAssignments(0, 0, tuple(faults))
    created = 0
    for pair, application_id, person_id in good:
        if (application_id, person_id) in held:
            continue
        held.add((application_id, person_id))
        add_reviewer(
            session,
            application_id=application_id,
            person_id=person_id,
            reason=pair.reason or FROM_FILE,
            actor=actor,
            at=at,
            origin="file",
        )
        created += 1
    return ImportedAssignments(created, len(good) - created, tuple(faults))


def _fault(
    session: Session, pair: _Pair, applications: dict[str, tuple[uuid.UUID, str]], seats: dict[str, uuid.UUID]
) -> RowFault | None:
    if pair.application not in applications:
        return RowFault(pair.row, "application", "이 공모에 없는 접수번호입니다", "no such application in this call")
    if pair.member not in seats:
        return RowFault(pair.row, "member", "위원 가운데 없는 주소입니다", "no member has this address")
    application_id, state = applications[pair.application]
    if counts_as(state) not in REVIEWABLE:
        return RowFault(pair.row, "application", "심사를 더 받지 않는 안건입니다", "reviews are no longer taken")
    if seats[pair.member] in load_recused(session, application_id):
        return RowFault(pair.row, "member", "이 안건에서 물러난 위원입니다", "is recused from this application")
    return None


def _read(content: bytes) -> list[_Pair]:
    if len(content) > _MOST_BYTES:
        raise InputFileError(reason_ko="너무 큽니다", reason_en="it is too large")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("cp949")
        except UnicodeDecodeError as error:
            raise InputFileError(
                reason_ko="UTF-8이나 CP949가 아닙니다", reason_en="it is neither UTF-8 nor CP949"
            ) from error
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise InputFileError(reason_ko=f"CSV가 아닙니다: {error}", reason_en=f"not CSV: {error}") from error
    head = [squeeze(cell) for cell in lines[0]] if lines else []
    number, member, reason = (_column(head, names) for names in (_NUMBER, _MEMBER, _REASON))
    if number is None or member is None:
        raise InputFileError(
            reason_ko="접수번호와 위원 이메일 열이 있어야 합니다",
            reason_en="it needs the columns application and member",
        )
    return [
        _Pair(
            row=place,
            application=_cell(line, number).upper(),
            member=_cell(line, member).lower(),
            reason=_cell(line, reason) if reason is not None else "",
        )
        for place, line in enumerate(lines[1:], start=2)
        if any(cell.strip() for cell in line)
    ]


def _column(head: list[str], names: frozenset[str]) -> int | None:
    return next((place for place, cell in enumerate(head) if cell in names), None)


def _cell(line: list[str], place: int) -> str:
    return line[place].strip() if place < len(line) else ""
