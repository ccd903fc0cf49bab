"""The register of conditions: who owes what, the evidence, its judgement, and reminders by the clock."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from fundapp.committee.entrance import enter, load_recused, require_person
from fundapp.committee.queries.ballot_state import stands
from fundapp.committee.queries.told import decision_told
from fundapp.committee.register import (
    ConditionCase,
    decision_is_told,
    end_condition,
    hold_open,
    load_condition,
    owner_addresses,
    record_step,
)
from fundapp.committee.rules import LONGEST_EVIDENCE, read_links, reminder_of
from fundapp.committee.tables import Condition, ConditionEvidence, Conflict, Decision, EvidenceJudgement, Waiver
from fundapp.core.access import Kind, Thing, Verb, Viewer, may, require
from fundapp.core.errors import (
    ForbiddenError,
    FourEyesError,
    InvalidInputError,
    NotFoundError,
    TransitionRefusedError,
)
from fundapp.core.idempotency import once
from fundapp.core.outbox import enqueue_mail
from fundapp.core.quarters import kst_date
from fundapp.core.reminding import day_words, left_words
from fundapp.identity.tables import Person
from fundapp.intake.call_terms import remind_days
from fundapp.intake.reminding import Reminder, Values, by_language, remind
from fundapp.intake.tables import Application, Call, Company, Membership

_ROOMS = {"company": "portal", "fund": "operations"}


@dataclass(frozen=True, slots=True)
class RemindedOwners:
    """How many owners were told that a day comes near, and how many that it is over."""

    before: int
    overdue: int


def submit_evidence(
    session: Session,
    *,
    condition_id: uuid.UUID,
    text: str,
    links: Sequence[str] = (),
    key: str,
    actor: Viewer,
    at: datetime,
) -> int:
    """Hand in evidence for an open condition; return its version. A later version takes the place of an earlier one.

    The owner hands it in: the person named, or anybody of the company. Whoever judges evidence may also file what
    reached the fund by another way, and then somebody else judges it.

    Raises:
        NotFoundError: if the condition is absent or the actor is none of these.
        InvalidInputError: without a text, or for a link that is no web address.
        TransitionRefusedError: if the condition has ended, or the version before was accepted meanwhile.
    """
    person_id = require_person(actor)
    case = load_condition(session, condition_id)
    _require_owner(session, case, actor)
    clean, addresses = text.strip(), read_links(links)
    if not clean or len(clean) > LONGEST_EVIDENCE:
        raise InvalidInputError(
            field="text",
            reason_ko=f"1자에서 {LONGEST_EVIDENCE:,}자까지 적어 주세요",
            reason_en=f"1 to {LONGEST_EVIDENCE:,} characters",
        )

    def work() -> dict[str, Any]:
        hold_open(session, condition_id, "report")
        newest = session.scalar(
            select(func.max(ConditionEvidence.version)).where(ConditionEvidence.condition_id == condition_id)
        )
        version = (newest or 0) + 1
        session.add(
            ConditionEvidence(
                condition_id=condition_id,
                version=version,
                text=clean,
                links=addresses,
                submitted_by_id=person_id,
                submitted_by=actor.name or actor.email,
                submitted_at=at,
            )
        )
        session.flush()
        record_step(session, case, "condition.evidence", actor, at, version=version)
        return {"version": version}

    request = {"condition": str(condition_id), "text": clean, "links": addresses, "by": str(person_id)}
    return int(once(session, key=key, verb="condition.evidence", request=request, at=at, work=work)["version"])


def _require_owner(session: Session, case: ConditionCase, actor: Viewer) -> None:
    """Let pass the person named, the company's people where nobody is, and whoever judges such evidence."""
    condition, application = case.condition, case.application
    thing = Thing(Kind.CONDITION, application.id, application.company_id)
    require(actor, Verb.SUBMIT, thing)
    if application.company_id in actor.company_ids:
        named = condition.owner_id in {None, actor.person_id}
        if condition.owner_side == "fund" or not named or not decision_is_told(session, condition.decision_id):
            raise ForbiddenError(verb="submit", kind="condition")
        return
    enter(session, application.id, actor=actor, verb=Verb.SUBMIT, kind=Kind.CONDITION)
    if condition.owner_id != actor.person_id and not may(actor, Verb.RESOLVE, thing):
        raise ForbiddenError(verb="submit", kind="condition")


def accept_evidence(session: Session, *, condition_id: uuid.UUID, version: int, actor: Viewer, at: datetime) -> None:
    """Find that a version of evidence meets the condition; a vote to waive it that is still open falls away.

    Raises:
        NotFoundError: if it is absent or out of sight, or the actor may not judge.
        FourEyesError: if the actor handed it in.
        TransitionRefusedError: if the condition has ended, or the version is not the newest or has been judged.
    """
    case, evidence = _judge(session, condition_id, version, "accepted", "", actor, at)
    end_condition(session, case, "met", evidence.text, actor, at)
    withdrawn = session.execute(
        update(Waiver)
        .where(Waiver.condition_id == condition_id, Waiver.state == "open")
        .values(state="withdrawn", ended_by=actor.name or actor.email, ended_at=at)
        .returning(Waiver.id)
        .execution_options(synchronize_session=False)
    ).all()
    record_step(session, case, "condition.met", actor, at, version=version, waivers_withdrawn=len(withdrawn))
    _tell_submitter(session, case, evidence, at, "이행조건을 충족했습니다.", "The condition is met.")


def return_evidence(
    session: Session, *, condition_id: uuid.UUID, version: int, reason: str, actor: Viewer, at: datetime
) -> None:
    """Give a version of evidence back to its owner with what is missing; the condition stays open.

    Raises:
        InvalidInputError: without a reason.
        NotFoundError, FourEyesError, TransitionRefusedError: as `accept_evidence`.
    """
    if not reason.strip():
        raise InvalidInputError(
            field="reason", reason_ko="무엇이 모자란지 적어 주세요", reason_en="say what is missing"
        )
    case, evidence = _judge(session, condition_id, version, "returned", reason.strip(), actor, at)
    record_step(session, case, "condition.returned", actor, at, version=version)
    _tell_submitter(
        session,
        case,
        evidence,
        at,
        f"증빙을 보완해 다시 내 주세요. 사유: {reason.strip()}",
        f"Please complete the evidence. Reason: {reason.strip()}",
    )


def _judge(
    session: Session, condition_id: uuid.UUID, version: int, outcome: str, reason: str, actor: Viewer, at: datetime
) -> tuple[ConditionCase, ConditionEvidence]:
    person_id = require_person(actor)
    case = load_condition(session, condition_id)
    enter(session, case.application.id, actor=actor, verb=Verb.RESOLVE, kind=Kind.CONDITION)
    verb = "accept" if outcome == "accepted" else "returned"
    hold_open(session, condition_id, verb)
    evidence = session.scalars(
        select(ConditionEvidence)
        .where(ConditionEvidence.condition_id == condition_id)
        .order_by(ConditionEvidence.version.desc())
        .limit(1)
    ).one_or_none()
    if evidence is None:
        raise NotFoundError(condition=str(condition_id))
    judged = session.get(EvidenceJudgement, evidence.id)
    if evidence.version != version or judged is not None:
        raise TransitionRefusedError(thing="evidence", state=judged.outcome if judged else "replaced", verb=verb)
    if evidence.submitted_by_id == person_id:
        raise FourEyesError
    session.add(
        EvidenceJudgement(
            evidence_id=evidence.id,
            submitted_by_id=evidence.submitted_by_id,
            outcome=outcome,
            reason=reason,
            judged_by_id=person_id,
            judged_by=actor.name or actor.email,
            judged_at=at,
        )
    )
    session.flush()
    return case, evidence


def assign_condition(
    session: Session,
    *,
    condition_id: uuid.UUID,
    owner_side: str,
    owner_id: uuid.UUID | None,
    due_on: date | None,
    reason: str,
    actor: Viewer,
    at: datetime,
) -> None:
    """Say who owes the evidence and by when; a change needs its reason, which stays in the record.

    Raises:
        NotFoundError: if the condition is absent or out of sight.
        InvalidInputError: without a reason, or if the person is not of the side that is to owe it, or is recused.
        TransitionRefusedError: if the condition has ended.
    """
    case = load_condition(session, condition_id)
    enter(session, case.application.id, actor=actor, verb=Verb.RESOLVE, kind=Kind.CONDITION)
    if not reason.strip():
        raise InvalidInputError(field="reason", reason_ko="사유를 적어 주세요", reason_en="give a reason")
    _require_side(session, case, owner_side, owner_id)
    hold_open(session, condition_id, "edit")
    before = (case.condition.owner_side, case.condition.owner_id, case.condition.due_on)
    case.condition.owner_side, case.condition.owner_id, case.condition.due_on = owner_side, owner_id, due_on
    session.flush()
    record_step(
        session,
        case,
        "condition.assigned",
        actor,
        at,
        reason=reason.strip(),
        before=[str(part) if part else None for part in before],
        after=[owner_side, str(owner_id) if owner_id else None, due_on.isoformat() if due_on else None],
    )


def _require_side(session: Session, case: ConditionCase, side: str, owner_id: uuid.UUID | None) -> None:
    members = set(
        session.scalars(select(Membership.person_id).where(Membership.company_id == case.application.company_id))
    )
    fits = side == "company" and (owner_id is None or owner_id in members)
    if side == "fund" and owner_id is not None:
        person = session.get(Person, owner_id)
        roles = frozenset(role.name for role in person.roles) if person and person.active else frozenset[str]()
        able = may(Viewer(owner_id, roles=roles), Verb.SUBMIT, Thing(Kind.CONDITION))
        fits = able and owner_id not in load_recused(session, case.application.id)
    if not fits:
        raise InvalidInputError(
            field="owner", reason_ko="그 쪽의 사람을 담당자로 골라 주세요", reason_en="choose a person of that side"
        )


def remind_conditions(session: Session, *, actor: Viewer, at: datetime, public_url: str) -> RemindedOwners:
    """Tell owners of open conditions that a day comes near and, once it is over, that it is: once each for a due date.

    A company that has not been told of the decision is not told of its conditions either, and nobody who is recused
    gets mail.
    """
    require(actor, Verb.RESOLVE, Thing(Kind.CONDITION))
    today = kst_date(at)
    rows = session.execute(
        select(Condition, Application, Call, Company.name, decision_told())
        .join(Decision, Decision.id == Condition.decision_id)
        .join(Application, Application.id == Decision.application_id)
        .join(Call, Call.id == Application.call_id)
        .join(Company, Company.id == Application.company_id)
        .where(Condition.state == "open", Condition.due_on.is_not(None), stands())
        .order_by(Application.number, Condition.number)
    ).all()
    counts = {"before": 0, "overdue": 0}
    for condition, application, call, company, told in rows:
        due = condition.due_on or today
        kind = reminder_of(due, today, remind_days(call.document))
        if kind is None or (condition.owner_side == "company" and not told):
            continue
        addresses = owner_addresses(session, condition, application)
        values = by_language(
            company=company,
            number=application.number,
            call={"ko": call.title_ko, "en": call.title_en or call.title_ko},
            due=day_words(due),
            left=left_words(max(0, (due - today).days)),
            what=f"{condition.number}. {condition.text}",
            link=f"{public_url}/{_ROOMS[condition.owner_side]}/conditions/{condition.id}",
        )
        remind(session, _reminder(condition, kind, due, values, application.id), addresses, at=at)
        counts[kind] += bool(addresses)
    return RemindedOwners(**counts)


def _reminder(condition: Condition, kind: str, due: date, values: Values, application_id: uuid.UUID) -> Reminder:
    return Reminder(
        kind="condition" if kind == "before" else "overdue",
        cause=f"condition:{condition.id}:{kind}:{due.isoformat()}",
        uid=f"condition-{condition.id}",
        due=due,
        values=values,
        about=application_id,
    )


def _tell_submitter(
    session: Session, case: ConditionCase, evidence: ConditionEvidence, at: datetime, ko: str, en: str
) -> None:
    address = session.scalar(
        select(Person.email).where(
            Person.id == evidence.submitted_by_id,
            Person.active,
            Person.id.not_in(select(Conflict.person_id).where(Conflict.application_id == case.application.id)),
        )
    )
    if address is None:
        return
    condition = case.condition
    enqueue_mail(
        session,
        dedupe_key=f"condition:{condition.id}:v{evidence.version}",
        recipient=address,
        subject=f"[{case.application.number}] 이행조건 {condition.number} / Condition {condition.number}",
        body=f"{condition.number}. {condition.text}\n\n{ko}\n{en}\n",
        at=at,
        about=[case.application.id],
    )
