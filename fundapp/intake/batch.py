"""Writing many applications at once: what each row means is decided first, then written in a few statements."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, tuple_, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.core.access import Viewer
from fundapp.core.orm import new_id
from fundapp.core.sessions import RetryTransactionError
from fundapp.intake.actions import actor_name, answers_sha256, company_columns, take_numbers
from fundapp.intake.actions.certifying import release_certifications
from fundapp.intake.answers import problem
from fundapp.intake.form import FieldProblem, Form, parse_form
from fundapp.intake.listing import list_companies
from fundapp.intake.newest import is_newest
from fundapp.intake.rules import advance, number_of
from fundapp.intake.tables import Application, Call, Company, Submission, Transition
from fundapp.intake.ways import workflow_id_of

_LOOKUP = 400
_EDITABLE = frozenset({"submitted", "on_hold"})


@dataclass(slots=True)
class Candidate:
    """A row whose answers could all be read.

    Attributes:
        columns: The keys that the file has; answers to other questions are left alone.
        missing: Required answers that it lacks; forgiven only where the row changes nothing.
        final: What the last row of the same company says. A company that stands there already is not taken back to
            an earlier row, so the same file twice changes nothing even if it repeats a company.
    """

    row: int
    scheme: str
    identifier: str
    answers: dict[str, Any]
    columns: frozenset[str]
    missing: tuple[FieldProblem, ...] = ()
    final: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class _Standing:
    """A company's application as it stands while the batch is planned.

    Attributes:
        answers: What was sent last; never what the company is still writing.
        unsent: Whether the working copy differs from that.
        read_revision: The revision in the database; 0 while there is no application.
    """

    company_id: uuid.UUID
    application_id: uuid.UUID | None = None
    number: str = ""
    state: str = ""
    answers: dict[str, Any] = field(default_factory=dict)
    revision: int = 0
    version: int = 0
    known_company: bool = True
    read_revision: int = 0
    unsent: bool = False


@dataclass(frozen=True, slots=True)
class _Step:
    standing: _Standing
    verb: str
    source: str
    target: str
    version: int
    answers: dict[str, Any]


@dataclass(slots=True)
class Batch:
    """What a batch of rows will do; `form` is the call's."""

    call: Call
    form: Form
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: list[tuple[int, FieldProblem]] = field(default_factory=list)
    steps: list[_Step] = field(default_factory=list)
    identities: dict[tuple[str, str], _Standing] = field(default_factory=dict)


def plan_batch(session: Session, call: Call, candidates: Sequence[Candidate], actor: Viewer) -> Batch:
    """Decide what each row means against what the database holds. Writes nothing."""
    form = parse_form(call.document)
    batch = Batch(call, form, identities=_load(session, call, form, candidates))
    for one in candidates:
        key = (one.scheme, one.identifier)
        standing = batch.identities.get(key)
        if standing is None:
            standing = _Standing(company_id=new_id(), known_company=False)
            batch.identities[key] = standing
        _plan_row(batch, one, standing, actor)
    return batch


def _plan_row(batch: Batch, one: Candidate, standing: _Standing, actor: Viewer) -> None:
    if standing.application_id in actor.recused_from:
        batch.refused.append((one.row, problem("row", "not_allowed")))
        return
    if standing.state == "draft":
        # An import sends what it creates, so a draft that stands is the company's own: sending it is theirs alone.
        batch.refused.append((one.row, problem("row", "in_draft")))
        return
    merged = batch.form.asked_answers(_overlay(standing.answers, one.answers, one.columns))
    there = batch.form.asked_answers(_overlay(standing.answers, one.final, one.columns))
    if standing.application_id is not None and standing.answers in (merged, there):
        batch.unchanged += 1
        return
    if one.missing:
        batch.refused += [(one.row, found) for found in one.missing]
        return
    if standing.application_id is None:
        standing.application_id, standing.state = new_id(), "draft"
        batch.created += 1
    elif standing.state not in _EDITABLE:
        batch.refused.append((one.row, problem("row", "in_review")))
        return
    elif standing.unsent:
        batch.refused.append((one.row, problem("row", "unsent_edits")))
        return
    else:
        batch.updated += 1
    verb = "submit" if standing.state == "draft" else "resubmit"
    source, standing.state = standing.state, advance(standing.state, verb)
    standing.answers = merged
    standing.version += 1
    standing.revision += 1
    batch.steps.append(_Step(standing, verb, source, standing.state, standing.version, merged))


def _overlay(under: Mapping[str, Any], over: Mapping[str, Any], columns: frozenset[str]) -> dict[str, Any]:
    return {key: value for key, value in under.items() if key not in columns} | dict(over)


def _parts(keys: Iterable[Any]) -> Iterator[list[Any]]:
    whole = list(keys)
    for start in range(0, len(whole), _LOOKUP):
        yield whole[start : start + _LOOKUP]


def _load(
    session: Session, call: Call, form: Form, candidates: Sequence[Candidate]
) -> dict[tuple[str, str], _Standing]:
    found: dict[tuple[str, str], _Standing] = {}
    for part in _parts(dict.fromkeys((one.scheme, one.identifier) for one in candidates)):
        query = (
            select(Company.scheme, Company.identifier, Company.id, Application, Submission.version, Submission.answers)
            .outerjoin(Application, (Application.company_id == Company.id) & (Application.call_id == call.id))
            .outerjoin(Submission, is_newest())
            .where(tuple_(Company.scheme, Company.identifier).in_(part))
        )
        for scheme, identifier, company_id, application, version, sent in session.execute(query):
            standing = _Standing(company_id=company_id)
            if application is not None:
                standing = _Standing(
                    company_id=company_id,
                    application_id=application.id,
                    number=application.number,
                    state=application.state,
                    answers=sent or {},
                    revision=application.revision,
                    version=version or 0,
                    read_revision=application.revision,
                    unsent=form.asked_answers(application.answers) != (sent or {}),
                )
            found[scheme, identifier] = standing
    return found


def write_batch(session: Session, batch: Batch, *, actor: Viewer, at: datetime, file_sha256: str) -> None:
    """Write a planned batch: companies, applications, frozen submissions, transitions and one event.

    Raises:
        RetryTransactionError: if somebody changed one of the applications since the batch was planned.
    """
    if not batch.steps:
        return
    touched = list({id(step.standing): step.standing for step in batch.steps}.values())
    fresh = [standing for standing in touched if standing.read_revision == 0]
    first = take_numbers(session, batch.call, len(fresh)) if fresh else 0
    for sequence, standing in enumerate(fresh, start=first):
        standing.number = number_of(batch.call.code, sequence)
    _write_companies(session, batch, touched, at)
    way = workflow_id_of(session, batch.call.id)
    _insert(session, Application, [_application_row(batch.call, one, way, at) for one in fresh])
    for standing in touched:
        if standing.read_revision:
            _update_application(session, standing, at)
    known = [step.standing.application_id for step in batch.steps if step.standing.application_id is not None]
    release_certifications(session, known, at)
    _insert(session, Submission, [_submission_row(step, actor, at) for step in batch.steps])
    _insert(session, Transition, [_transition_row(step, way, actor, at) for step in batch.steps])
    list_companies(session, {standing.company_id for standing in touched})
    details = {
        "file_sha256": file_sha256,
        "late": at > batch.call.closes_at,
        "applications": [[step.standing.number, step.verb, answers_sha256(step.answers)] for step in batch.steps],
    }
    record_event(
        session,
        actor=actor,
        verb="applications.imported",
        subject_kind="call",
        subject=batch.call.code,
        at=at,
        details=details,
    )


def _insert(session: Session, table: type[Any], rows: list[dict[str, Any]]) -> None:
    if rows:
        session.execute(insert(table), rows)


def _write_companies(session: Session, batch: Batch, touched: list[_Standing], at: datetime) -> None:
    identities = {id(standing): key for key, standing in batch.identities.items()}
    rows, changes = [], []
    for standing in touched:
        columns = company_columns(standing.answers)
        scheme, identifier = identities[id(standing)]
        if standing.known_company:
            changes.append((standing.company_id, {key: value for key, value in columns.items() if value is not None}))
        else:
            rows.append(
                columns
                | {"name": columns["name"] or identifier, "id": standing.company_id, "scheme": scheme}
                | {"identifier": identifier, "created_at": at}
            )
    _insert(session, Company, rows)
    for company_id, known in changes:
        if known:
            session.execute(
                update(Company)
                .where(Company.id == company_id)
                .values(known)
                .execution_options(synchronize_session=False)
            )


def _application_row(call: Call, standing: _Standing, way: uuid.UUID, at: datetime) -> dict[str, Any]:
    return {
        "id": standing.application_id,
        "number": standing.number,
        "call_id": call.id,
        "company_id": standing.company_id,
        "workflow_id": way,
        "state": standing.state,
        "answers": standing.answers,
        "revision": standing.revision,
        "created_at": at,
        "updated_at": at,
    }


def _update_application(session: Session, standing: _Standing, at: datetime) -> None:
    changed: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        update(Application)
        .where(Application.id == standing.application_id, Application.revision == standing.read_revision)
        .values(answers=standing.answers, revision=standing.revision, state=standing.state, updated_at=at)
        .execution_options(synchronize_session=False)
    )
    if changed.rowcount != 1:
        raise RetryTransactionError


def _submission_row(step: _Step, actor: Viewer, at: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "application_id": step.standing.application_id,
        "version": step.version,
        "answers": step.answers,
        "sha256": answers_sha256(step.answers),
        "submitted_at": at,
        "submitted_by": actor_name(actor),
    }


def _transition_row(step: _Step, way: uuid.UUID, actor: Viewer, at: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "application_id": step.standing.application_id,
        "workflow_id": way,
        "verb": step.verb,
        "from_state": step.source,
        "to_state": step.target,
        "reason": None,
        "actor": actor_name(actor),
        "at": at,
    }
