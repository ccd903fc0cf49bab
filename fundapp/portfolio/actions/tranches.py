"""Paying an award's cash, by two people."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import FourEyesError, InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.idempotency import once
from fundapp.core.quantities import won
from fundapp.core.quarters import kst_date
from fundapp.ledger.actions import open_account, post
from fundapp.ledger.rules import Leg
from fundapp.portfolio.actions.events import record
from fundapp.portfolio.rules import TrancheNotReadyError
from fundapp.portfolio.tables import Award, Tranche


def prepare_tranche(
    session: Session, *, tranche_id: uuid.UUID, evidence: str | None = None, actor: Viewer, at: datetime
) -> None:
    """Propose a tranche for payment; somebody else approves it by paying.

    Raises:
        TrancheNotReadyError: if an earlier tranche is unpaid, or a milestone has no evidence.
        FourEyesError: if the preparer is no person.
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
    if tranche.number > 1 and not (evidence or "").strip():
        raise TrancheNotReadyError(
            number=tranche.number,
            reason_ko=f"증빙이 필요합니다 ({tranche.milestone})",
            reason_en=f"evidence is needed ({tranche.milestone})",
        )
    _move_tranche(session, tranche, "planned", state="prepared", prepared_by_id=actor.person_id)
    subject = f"{award.number}/{tranche.number}"
    record(session, actor, "tranche.prepared", subject, at, krw=tranche.amount_krw, evidence=evidence or "")


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
    """Approve and pay a prepared tranche: the investor's call and the payment, on today's date in Seoul.

    Raises:
        FourEyesError: if the approver prepared it, or is no person.
        TrancheNotReadyError: before the date of the agreement.
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
    changes = {"state": "disbursed", "approved_by_id": actor.person_id, "disbursed_on": on}
    _move_tranche(session, tranche, "prepared", **changes)
    investment = f"investment:{award.number}"
    for path in ("bank:fund", investment):
        open_account(session, path, "KRW", on=on)
    steps = (("capital_call", f"award:{award.number}", "bank:fund"), ("disbursement", "bank:fund", investment))
    for kind, source, target in steps:
        post(
            session,
            key=f"{kind}:{award.number}:{tranche.number}",
            kind=kind,
            legs=[Leg(source, target, won(tranche.amount_krw))],
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
        raise TransitionRefusedError(state=tranche.state, verb=str(changes["state"]))
    session.refresh(tranche)
