"""Letting a model serve, by two people, and taking it back, in one step."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import ForbiddenError, FourEyesError, InvalidInputError, ModelRefusedError
from fundapp.core.orm import new_id
from fundapp.core.sessions import RetryTransactionError
from fundapp.intake.actions import actor_name
from fundapp.screening.actions.learning import find_model
from fundapp.screening.serving import active_model_id
from fundapp.screening.tables import ActivationProposal, FitModel, GateVerdict, ModelActivation


@dataclass(frozen=True, slots=True)
class Activated:
    """What serves now; `version` is None where the rubric stands alone again."""

    version: str | None
    number: int


def propose_activation(session: Session, *, version: str, reason: str, actor: Viewer, at: datetime) -> uuid.UUID:
    """Ask, as one person, that a model serve. Its newest verdict must have passed, against what serves now.

    Raises:
        NotFoundError: if there is no such model, or the actor may not propose, or is no person.
        InvalidInputError: without a reason.
        ModelRefusedError: if the gate has not let it in, or somebody has proposed it already.
    """
    require(actor, Verb.PROPOSE, Thing(Kind.MODEL))
    person_id = _person(actor)
    why = _reason(reason)
    model = find_model(session, version)
    verdict = _require_passed(session, model)
    if open_proposal(session, model.id) is not None:
        raise ModelRefusedError(
            reason_ko="이미 제안되어 다른 사람의 승인을 기다립니다.",
            reason_en="it is proposed already and waits for another person",
        )
    proposal = ActivationProposal(
        id=new_id(),
        model_id=model.id,
        verdict_id=verdict.id,
        proposed_by_id=person_id,
        proposed_by=actor_name(actor),
        reason=why,
        proposed_at=at,
    )
    session.add(proposal)
    session.flush()
    _record(session, "model.activation_proposed", version, actor, at, {"reason": why})
    return proposal.id


def approve_activation(session: Session, *, version: str, actor: Viewer, at: datetime) -> Activated:
    """Say so as the second person: from now on the model serves.

    Raises:
        NotFoundError: if there is no such model, or the actor may not approve, or is no person.
        FourEyesError: if the actor proposed it.
        ModelRefusedError: if nobody proposed it, or its verdict no longer holds.
    """
    require(actor, Verb.APPROVE, Thing(Kind.MODEL))
    person_id = _person(actor)
    model = find_model(session, version)
    proposal = open_proposal(session, model.id)
    if proposal is None:
        raise ModelRefusedError(reason_ko="먼저 제안해야 합니다.", reason_en="somebody has to propose it first")
    if proposal.proposed_by_id == person_id:
        raise FourEyesError
    _require_passed(session, model)
    made = _append(
        session,
        ModelActivation(
            model_id=model.id,
            proposal_id=proposal.id,
            proposed_by_id=proposal.proposed_by_id,
            approved_by_id=person_id,
            reason=proposal.reason,
            serves_from=at,
            actor=actor_name(actor),
        ),
    )
    _record(session, "model.activated", version, actor, at, {"proposed_by": proposal.proposed_by, "number": made})
    return Activated(version, made)


def rollback_model(session: Session, *, reason: str, actor: Viewer, at: datetime) -> Activated:
    """Take back what serves: what served before it serves again, at the end the rubric alone. One person is enough.

    Raises:
        NotFoundError: if the actor may not.
        InvalidInputError: without a reason.
        ModelRefusedError: if no model serves.
    """
    require(actor, Verb.OVERRIDE, Thing(Kind.MODEL))
    why = _reason(reason)
    standing: list[ModelActivation] = []
    for row in session.scalars(select(ModelActivation).order_by(ModelActivation.number)):
        if row.rollback_of is None:
            standing.append(row)
        else:
            standing.pop()
    if not standing:
        raise ModelRefusedError(reason_ko="쓰고 있는 모델이 없습니다.", reason_en="no model serves")
    taken = standing.pop()
    before = standing[-1].model_id if standing else None
    made = _append(
        session,
        ModelActivation(
            model_id=before,
            approved_by_id=actor.person_id,
            rollback_of=taken.id,
            reason=why,
            serves_from=at,
            actor=actor_name(actor),
        ),
    )
    versions = {row.id: row.version for row in session.execute(select(FitModel.id, FitModel.version))}
    version = None if before is None else versions[before]
    gone = "" if taken.model_id is None else versions[taken.model_id]
    _record(session, "model.rolled_back", gone, actor, at, {"serves": version, "reason": why, "number": made})
    return Activated(version, made)


def open_proposal(session: Session, model_id: uuid.UUID) -> ActivationProposal | None:
    """Return the proposal of a model that nobody has approved yet and whose verdict is the newest."""
    done = select(ModelActivation.id).where(ModelActivation.proposal_id == ActivationProposal.id)
    newest = (
        select(GateVerdict.id)
        .where(GateVerdict.model_id == model_id)
        .order_by(GateVerdict.decided_at.desc(), GateVerdict.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return session.scalar(
        select(ActivationProposal)
        .where(ActivationProposal.model_id == model_id, ActivationProposal.verdict_id == newest, ~done.exists())
        .order_by(ActivationProposal.id.desc())
        .limit(1)
    )


def _require_passed(session: Session, model: FitModel) -> GateVerdict:
    """Return the newest verdict if it passed against what serves now; its shadow weeks are among its checks."""
    verdict = session.scalar(
        select(GateVerdict)
        .where(GateVerdict.model_id == model.id)
        .order_by(GateVerdict.decided_at.desc(), GateVerdict.id.desc())
        .limit(1)
    )
    if verdict is None:
        raise ModelRefusedError(reason_ko="관문 판정이 없습니다.", reason_en="the gate has not judged it")
    if not verdict.passed:
        failed = [check for check in verdict.document["checks"] if check["passed"] is False]
        raise ModelRefusedError(
            reason_ko="관문을 통과하지 못했습니다: " + "; ".join(check["reason"] for check in failed),
            reason_en="the gate has not let it in: " + "; ".join(check["reason_en"] for check in failed),
        )
    serving = active_model_id(session)
    if serving == model.id:
        raise ModelRefusedError(reason_ko="지금 쓰는 모델입니다.", reason_en="this model serves already")
    if serving != verdict.champion_id:
        raise ModelRefusedError(
            reason_ko="판정 뒤에 쓰는 모델이 바뀌었습니다. 다시 판정해 주세요.",
            reason_en="what serves has changed since the verdict: judge it again",
        )
    return verdict


def _append(session: Session, row: ModelActivation) -> int:
    newest = session.scalar(select(ModelActivation.number).order_by(ModelActivation.number.desc()).limit(1))
    row.number = (newest or 0) + 1
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:
        # A rival was first: start again and see what serves now.
        raise RetryTransactionError from error
    return row.number


def _person(actor: Viewer) -> uuid.UUID:
    if actor.person_id is None:
        raise ForbiddenError(verb="activate", kind="model")
    return actor.person_id


def _reason(text: str) -> str:
    why = text.strip()
    if not why:
        raise InvalidInputError(field="reason", reason_ko="사유를 적어 주세요", reason_en="a reason is needed")
    return why


def _record(session: Session, verb: str, version: str, actor: Viewer, at: datetime, details: dict[str, object]) -> None:
    record_event(session, actor=actor, verb=verb, subject_kind="model", subject=version, at=at, details=details)
