"""Paying an award's cash, by two people."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from fundapp.committee.queries import blocking_conditions
from fundapp.core.access import Kind, Role, Thing, Verb, Viewer, require
from fundapp.core.errors import (
    ForbiddenError,
    FourEyesError,
    InvalidInputError,
    NotFoundError,
    TransitionRefusedError,
)
from fundapp.core.idempotency import once
from fundapp.core.quantities import won
from fundapp.core.quarters import kst_date
from fundapp.ledger.actions import open_account, post
from fundapp.ledger.rules import Leg
from fundapp.portfolio.actions.calls import cover_tranche
from fundapp.portfolio.actions.events import record
from fundapp.portfolio.actions.held import name_conditions
from fundapp.portfolio.rules import BANK, TrancheNotReadyError
from fundapp.portfolio.tables import Award, Tranche, TrancheCondition


def prepare_tranche(
    session: Session, *, tranche_id: uuid.UUID, evidence: str | None = None, actor: Viewer, at: datetime
) -> None:
    """Propose a tranche for payment; somebody else approves it by paying.

    Raises:
        TrancheNotReadyError: if an earlier tranche is unpaid, a condition of it or of the committee's decision is
            open, or a milestone without conditions has no evidence.
        FourEyesError: if the preparer is no person, or waived one of its conditions.
        TransitionRefusedError: if the tranche is not in state `planned`.
    """
    tranche, award = _load_tranche(session, tranche_id, actor, Verb.PREPARE)
    if actor.person_id is None:
        raise FourEyesError
    unpaid = session.scalar(
        select(func.count())
        .select_from(Tranche)
        .where(Tranche.award_id == award.id, Tranche.number < tranche.number, Tranche.state != "disbursed")
    )
    if unpaid:
        raise TrancheNotReadyError(
            number=tranche.number, reason_ko="앞 차수가 집행되지 않았습니다", reason_en="an earlier one is unpaid"
        )
    conditions = session.scalars(
        select(TrancheCondition).where(TrancheCondition.tranche_id == tranche.id).order_by(TrancheCondition.number)
    ).all()
    _require_conditions(tranche, conditions, actor)
    _require_decision_met(session, tranche, award)
    if tranche.number > 1 and not conditions and not (evidence or "").strip():
        raise TrancheNotReadyError(
            number=tranche.number,
            reason_ko=f"증빙이 필요합니다 ({tranche.milestone})",
            reason_en=f"evidence is needed ({tranche.milestone})",
        )
    _move_tranche(session, tranche, "planned", state="prepared", prepared_by_id=actor.person_id)
    subject = f"{award.number}/{tranche.number}"
    record(session, actor, "tranche.prepared", subject, at, krw=tranche.amount_krw, evidence=evidence or "")


def _require_conditions(tranche: Tranche, conditions: Sequence[TrancheCondition], actor: Viewer) -> None:
    left = [condition.text for condition in conditions if condition.state == "open"]
    if left:
        raise TrancheNotReadyError(
            number=tranche.number,
            reason_ko=f"선행조건이 남아 있습니다: {' / '.join(left)}",
            reason_en=f"conditions are open: {' / '.join(left)}",
        )
    if any(condition.state == "waived" and condition.met_by_id == actor.person_id for condition in conditions):
        raise FourEyesError


def _require_decision_met(session: Session, tranche: Tranche, award: Award) -> None:
    """Refuse while the committee's conditions keep the cash back: asked at proposing and again at paying."""
    left = blocking_conditions(session, award.decision_id, "cash")
    if left:
        named = name_conditions(left)
        raise TrancheNotReadyError(
            number=tranche.number,
            reason_ko=f"위원회의 이행조건이 남아 있습니다: {named}",
            reason_en=f"conditions of the committee are open: {named}",
        )


def add_tranche_condition(
    session: Session, *, tranche_id: uuid.UUID, kind: str, text: str, actor: Viewer, at: datetime
) -> None:
    """Add a condition to a tranche that has not been proposed for payment.

    Raises:
        InvalidInputError: without a text, or for an unknown kind.
        TransitionRefusedError: if the tranche is not in state `planned`.
    """
    tranche, award = _load_tranche(session, tranche_id, actor, Verb.PREPARE)
    if kind not in {"precedent", "milestone"} or not text.strip():
        raise InvalidInputError(field="text", reason_ko="조건을 적어 주세요", reason_en="say what has to hold")
    if tranche.state != "planned":
        raise TransitionRefusedError(thing="tranche", state=tranche.state, verb="add_condition")
    last = session.scalar(select(func.max(TrancheCondition.number)).where(TrancheCondition.tranche_id == tranche_id))
    session.add(TrancheCondition(tranche_id=tranche_id, number=(last or 0) + 1, kind=kind, text=text.strip()))
    session.flush()
    record(session, actor, "tranche.condition_added", f"{award.number}/{tranche.number}", at, text=text.strip())


def meet_tranche_condition(
    session: Session, *, condition_id: uuid.UUID, evidence: str, actor: Viewer, at: datetime
) -> None:
    """Record that a condition holds, with its evidence.

    Raises:
        InvalidInputError: without evidence.
        FourEyesError: if the actor is no person.
        TransitionRefusedError: if it is not open.
    """
    if not evidence.strip():
        raise InvalidInputError(field="evidence", reason_ko="증빙을 적어 주세요", reason_en="evidence is needed")
    condition, subject = _load_condition(session, condition_id, actor, Verb.PREPARE)
    if actor.person_id is None:
        raise FourEyesError
    _end_condition(session, condition, at, state="met", evidence=evidence.strip(), met_by_id=actor.person_id)
    record(session, actor, "tranche.condition_met", subject, at, text=condition.text, evidence=evidence.strip())


def waive_tranche_condition(
    session: Session, *, condition_id: uuid.UUID, reason: str, actor: Viewer, at: datetime
) -> None:
    """Waive a condition, with the reason: the chair, or somebody of finance who does not prepare the payment.

    Raises:
        InvalidInputError: without a reason.
        ForbiddenError: for anybody else.
        FourEyesError: if the actor is no person, or prepared the tranche.
        TransitionRefusedError: if it is not open.
    """
    if not reason.strip():
        raise InvalidInputError(field="reason", reason_ko="면제 사유를 적어 주세요", reason_en="a reason is needed")
    condition, subject = _load_condition(session, condition_id, actor, Verb.VIEW)
    if not actor.has(Role.CHAIR, Role.FINANCE):
        raise ForbiddenError
    preparer = session.scalar(select(Tranche.prepared_by_id).where(Tranche.id == condition.tranche_id))
    if actor.person_id is None or actor.person_id == preparer:
        raise FourEyesError
    _end_condition(session, condition, at, state="waived", reason=reason.strip(), met_by_id=actor.person_id)
    record(session, actor, "tranche.condition_waived", subject, at, text=condition.text, reason=reason.strip())


def _load_condition(
    session: Session, condition_id: uuid.UUID, actor: Viewer, verb: Verb
) -> tuple[TrancheCondition, str]:
    row = session.execute(
        select(TrancheCondition, Tranche, Award)
        .join(Tranche, Tranche.id == TrancheCondition.tranche_id)
        .join(Award, Award.id == Tranche.award_id)
        .where(TrancheCondition.id == condition_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError
    condition, tranche, award = row
    kind = Kind.AWARD if verb is Verb.VIEW else Kind.TRANCHE
    require(actor, verb, Thing(kind, award.application_id, award.company_id))
    return condition, f"{award.number}/{tranche.number}"


def _end_condition(session: Session, condition: TrancheCondition, at: datetime, **changes: object) -> None:
    moved = session.execute(
        update(TrancheCondition)
        .where(TrancheCondition.id == condition.id, TrancheCondition.state == "open")
        .values(met_at=at, **changes)
    )
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise TransitionRefusedError(thing="tranche_condition", state=condition.state, verb=str(changes["state"]))
    session.refresh(condition)


def return_tranche(session: Session, *, tranche_id: uuid.UUID, reason: str, actor: Viewer, at: datetime) -> None:
    """Send a prepared tranche back to its preparer, with the reason.

    Raises:
        InvalidInputError: without a reason.
        TransitionRefusedError: if the tranche is not in state `prepared`.
    """
    if not reason.strip():
        raise InvalidInputError(field="reason", reason_ko="사유를 적어 주세요", reason_en="a reason is needed")
    tranche, award = _load_tranche(session, tranche_id, actor, Verb.APPROVE)
    _move_tranche(session, tranche, "prepared", state="planned", prepared_by_id=None)
    record(session, actor, "tranche.returned", f"{award.number}/{tranche.number}", at, reason=reason)


def disburse_tranche(session: Session, *, tranche_id: uuid.UUID, key: str, actor: Viewer, at: datetime) -> None:
    """Approve and pay a prepared tranche on today's date in Seoul; cash that no paid call covers is called at once.

    Raises:
        FourEyesError: if the approver prepared it, or is no person.
        TrancheNotReadyError: before the date of the agreement, while a condition of the committee's decision keeps
            cash back, or while a capital call for it is unpaid.
        TransitionRefusedError: if the tranche is not in state `prepared`.
    """
    tranche, award = _load_tranche(session, tranche_id, actor, Verb.APPROVE)
    if actor.person_id is None or actor.person_id == tranche.prepared_by_id:
        raise FourEyesError

    def work() -> dict[str, Any]:
        _pay(session, tranche, award, actor=actor, at=at)
        return {"award": award.number, "tranche": tranche.number}

    once(session, key=key, verb="tranche.disburse", request={"tranche": str(tranche_id)}, at=at, work=work)


def _pay(session: Session, tranche: Tranche, award: Award, *, actor: Viewer, at: datetime) -> None:
    on = kst_date(at)
    if on < award.signed_on:
        raise TrancheNotReadyError(
            number=tranche.number,
            reason_ko=f"협약일({award.signed_on}) 전입니다",
            reason_en=f"the agreement is dated {award.signed_on}",
        )
    _require_decision_met(session, tranche, award)
    changes = {"state": "disbursed", "approved_by_id": actor.person_id, "disbursed_on": on}
    _move_tranche(session, tranche, "prepared", **changes)
    investment = f"investment:{award.number}"
    for path in (BANK, investment):
        open_account(session, path, "KRW", on=on)
    cover_tranche(session, tranche=tranche, award=award, on=on, actor=actor, at=at)
    post(
        session,
        key=f"disbursement:{award.number}:{tranche.number}",
        kind="disbursement",
        legs=[Leg(BANK, investment, won(tranche.amount_krw))],
        effective_on=on,
        actor=actor,
        at=at,
        source_ref=f"award:{award.number}",
    )
    record(session, actor, "tranche.disbursed", f"{award.number}/{tranche.number}", at, krw=tranche.amount_krw)


def _load_tranche(session: Session, tranche_id: uuid.UUID, actor: Viewer, verb: Verb) -> tuple[Tranche, Award]:
    row = session.execute(
        select(Tranche, Award).join(Award, Award.id == Tranche.award_id).where(Tranche.id == tranche_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError
    tranche, award = row
    require(actor, verb, Thing(Kind.TRANCHE, award.application_id, award.company_id))
    return tranche, award


def _move_tranche(session: Session, tranche: Tranche, expected: str, **changes: object) -> None:
    moved = session.execute(
        update(Tranche).where(Tranche.id == tranche.id, Tranche.state == expected).values(**changes)
    )
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise TransitionRefusedError(thing="tranche", state=tranche.state, verb=str(changes["state"]))
    session.refresh(tranche)
