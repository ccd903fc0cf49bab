"""The same for many applications at once: give a reviewer, remind those who wait, put on an agenda.

Each application is done or refused by itself and says why; what can be done is done in one transaction. A preview
is the very thing, carried out and taken back.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, get_args

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.committee.actions.assignments import add_reviewer
from fundapp.committee.entrance import enter, load_recused
from fundapp.committee.queries.people import members
from fundapp.committee.queries.sight import in_sight
from fundapp.committee.rules import REVIEWABLE, GpuLine, ProposedCondition
from fundapp.committee.tables import Assignment, Review
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import FundError, InvalidInputError
from fundapp.core.idempotency import once
from fundapp.core.outbox import enqueue_mail
from fundapp.core.quarters import kst_date
from fundapp.identity.tables import Person
from fundapp.intake.queries import company_shown
from fundapp.intake.rules import counts_as
from fundapp.intake.tables import Application, Company

What = Literal["assign", "remind", "propose"]
WHATS: tuple[What, ...] = get_args(What)
MOST_ROWS = 500


@dataclass(frozen=True, slots=True)
class Terms:
    """What is put to the vote for one application; None for the lines where no pool has what it asks for."""

    krw: int
    gpu_lines: tuple[GpuLine, ...] | None


@dataclass(frozen=True, slots=True)
class Bulk:
    """What is to be done.

    Attributes:
        what: Which of the three.
        application_ids: With which applications; those out of the actor's sight are as if they were not named.
        person_id: Whom to give the reviews to, for `assign`.
        meeting_id: On whose agenda, for `propose`.
        terms: What to put to the vote, by application, for `propose`.
    """

    what: What
    application_ids: tuple[uuid.UUID, ...]
    person_id: uuid.UUID | None = None
    meeting_id: uuid.UUID | None = None
    terms: Mapping[uuid.UUID, Terms] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BulkLine:
    """What became of one application: done, or refused with the reason in both languages."""

    number: str
    company: str
    done: bool
    said_ko: str
    said_en: str


class Proposer(Protocol):
    """Puts an award to the vote and reserves it: the room above knows the ledger."""

    def __call__(
        self,
        session: Session,
        *,
        meeting_id: uuid.UUID,
        application_id: uuid.UUID,
        krw: int,
        gpu_lines: Sequence[GpuLine],
        conditions: Sequence[ProposedCondition],
        actor: Viewer,
        at: datetime,
    ) -> uuid.UUID:
        """Return the ballot."""


def carry_out(
    session: Session, *, bulk: Bulk, proposer: Proposer, key: str, actor: Viewer, at: datetime
) -> list[BulkLine]:
    """Do the same with each application, by number; a refusal stops only its own.

    Args:
        session: A writing session.
        bulk: What to do, with which applications.
        proposer: Puts one award to the vote and holds what it promises.
        key: Idempotency key.
        actor: Secretary or chair.
        at: Now.

    Raises:
        InvalidInputError: for more than `MOST_ROWS` applications, or without the person or meeting it needs.
        ForbiddenError: if the actor may not do this to any application.
        IdempotencyConflictError: if the key came with something else.
    """
    verb, kind = (Verb.PROPOSE, Kind.BALLOT) if bulk.what == "propose" else (Verb.ASSIGN, Kind.APPLICATION)
    require(actor, verb, Thing(kind))
    if len(bulk.application_ids) > MOST_ROWS:
        raise InvalidInputError(
            field="rows", reason_ko=f"한 번에 {MOST_ROWS}건까지 처리합니다", reason_en=f"at most {MOST_ROWS} at once"
        )
    request = {
        "what": bulk.what,
        "applications": sorted(str(one) for one in bulk.application_ids),
        "person": str(bulk.person_id),
        "meeting": str(bulk.meeting_id),
        "actor": str(actor.person_id),
    }

    def work() -> dict[str, Any]:
        return {"lines": _each(session, bulk, _STEPS[bulk.what](session, bulk, proposer, actor, at), actor)}

    stored = once(session, key=key, verb="docket.bulk", request=request, at=at, work=work)
    return [BulkLine(*line) for line in stored["lines"]]


Step = Callable[[Application], tuple[str, str]]


def _each(session: Session, bulk: Bulk, step: Step, actor: Viewer) -> list[list[Any]]:
    rows = session.execute(
        select(Application, company_shown(actor))
        .join(Company, Company.id == Application.company_id)
        .where(Application.id.in_(bulk.application_ids), in_sight(actor))
        .order_by(Application.number)
    ).all()
    lines: list[list[Any]] = []
    for application, company in rows:
        try:
            with session.begin_nested():
                said = step(application)
            lines.append([application.number, company, True, *said])
        except FundError as refused:
            reason = [refused.message(locale) for locale in ("ko", "en")]
            if isinstance(refused, InvalidInputError):
                reason = [str(refused.details[f"reason_{locale}"]) for locale in ("ko", "en")]
            lines.append([application.number, company, False, *reason])
    return lines


def _assigning(session: Session, bulk: Bulk, _proposer: Proposer, actor: Viewer, at: datetime) -> Step:
    seat = next((one for one in members(session) if one.person_id == bulk.person_id), None)
    if seat is None:
        raise InvalidInputError(field="person", reason_ko="심사위원을 골라 주세요", reason_en="choose a reviewer")

    def assign(application: Application) -> tuple[str, str]:
        added = add_reviewer(
            session,
            application_id=application.id,
            person_id=seat.person_id,
            reason="여러 안건에 한꺼번에 배정",
            actor=actor,
            at=at,
        )
        if not added:
            raise InvalidInputError(field="person", reason_ko="이미 맡고 있습니다", reason_en="has it already")
        return f"{seat.name} 위원에게 맡김", f"given to {seat.name}"

    return assign


def _reminding(session: Session, _bulk: Bulk, _proposer: Proposer, actor: Viewer, at: datetime) -> Step:
    def remind(application: Application) -> tuple[str, str]:
        enter(session, application.id, actor=actor, verb=Verb.ASSIGN, kind=Kind.APPLICATION)
        filed = select(Review.id).where(
            Review.application_id == Assignment.application_id, Review.person_id == Assignment.person_id
        )
        recused = load_recused(session, application.id)
        waited_for = session.execute(
            select(Person.id, Person.email)
            .join(Assignment, Assignment.person_id == Person.id)
            .where(Assignment.application_id == application.id, ~filed.exists(), Person.id.not_in(recused))
            .order_by(Person.email)
        ).all()
        if not waited_for or counts_as(application.state) not in REVIEWABLE:
            raise InvalidInputError(
                field="rows", reason_ko="기다리는 심사가 없습니다", reason_en="no review is waiting"
            )
        for person_id, email in waited_for:
            enqueue_mail(
                session,
                dedupe_key=f"review-reminder:{application.number}:{person_id}:{kst_date(at)}",
                recipient=email,
                subject=f"심사를 기다립니다: {application.number}",
                body=f"{application.number} 심사가 아직 저장되지 않았습니다. 심사 안건에서 열어 주세요.\n",
                at=at,
                about=[application.id],
            )
        return f"위원 {len(waited_for)}명에게 메일", f"mail to {len(waited_for)}"

    return remind


def _proposing(session: Session, bulk: Bulk, proposer: Proposer, actor: Viewer, at: datetime) -> Step:
    meeting_id = bulk.meeting_id
    if meeting_id is None:
        raise InvalidInputError(field="meeting", reason_ko="회의를 골라 주세요", reason_en="choose a meeting")

    def put(application: Application) -> tuple[str, str]:
        terms = bulk.terms.get(application.id, Terms(0, ()))
        if terms.gpu_lines is None:
            raise InvalidInputError(
                field="gpu", reason_ko="신청한 GPU의 풀이 없습니다", reason_en="no pool has the GPU time it asks for"
            )
        proposer(
            session,
            meeting_id=meeting_id,
            application_id=application.id,
            krw=terms.krw,
            gpu_lines=terms.gpu_lines,
            conditions=(),
            actor=actor,
            at=at,
        )
        return "신청한 대로 상정하고 예약", "on the agenda as asked for, and held"

    return put


_STEPS: Mapping[What, Callable[[Session, Bulk, Proposer, Viewer, datetime], Step]] = {
    "assign": _assigning,
    "remind": _reminding,
    "propose": _proposing,
}
