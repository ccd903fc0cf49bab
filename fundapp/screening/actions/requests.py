"""Asking for training and for verdicts: written down by people, done by the clock, answered where it was asked.

Both take longer than a request of the web should; the process that learns is started by the clock alone.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import ForbiddenError, FundError, InvalidInputError, ModelRefusedError
from fundapp.core.sessions import RetryTransactionError
from fundapp.intake.actions import actor_name
from fundapp.screening.actions.learning import find_model
from fundapp.screening.labels import count_new_labels
from fundapp.screening.learning_rules import FiledRating, Outcome, may_be_explained
from fundapp.screening.rubric_queries import newest_rubric
from fundapp.screening.serving import active_model_id
from fundapp.screening.tables import FitModel, ModelRequest
from fundapp.screening.training import LONGEST_SECONDS

ABANDONED = timedelta(seconds=LONGEST_SECONDS) + timedelta(minutes=10)
"""Longer than training may take: who has not answered by then was stopped at work."""

_STOPPED = {
    "reason_ko": "작업하던 프로세스가 멈췄습니다. 다시 요청해 주세요.",
    "reason_en": "the process was stopped at work; please ask again",
}


@dataclass(frozen=True, slots=True)
class TakenRequest:
    """A request that the clock has taken on: what is wanted, of which model, and for whom."""

    id: uuid.UUID
    kind: str
    version: str | None
    explained: dict[str, str]
    asked_by_id: uuid.UUID


def ask_training(
    session: Session,
    *,
    ratings: Sequence[FiledRating],
    outcomes: Sequence[Outcome] = (),
    actor: Viewer,
    at: datetime,
) -> uuid.UUID:
    """Ask that a challenger be learned from all labels there are.

    Raises:
        NotFoundError: if the actor may not, or is no person.
        ModelRefusedError: if it is asked for already, or the newest model knows these labels and this rubric.
    """
    person_id = _asker(actor)
    newest = session.scalar(select(FitModel).order_by(FitModel.trained_at.desc(), FitModel.id.desc()).limit(1))
    if (
        newest is not None
        and newest.rubric_sha256 == newest_rubric(session).rubric.sha256
        and count_new_labels(session, ratings, outcomes) <= 0
    ):
        raise ModelRefusedError(
            reason_ko=f"{newest.version} 뒤로 새 라벨도 새 기준표도 없습니다.",
            reason_en=f"there is neither a new label nor a new rubric since {newest.version}",
        )
    return _ask(session, ModelRequest(kind="train", explained={}), person_id, None, actor, at)


def ask_verdict(
    session: Session, *, version: str, explained: Mapping[str, str], actor: Viewer, at: datetime
) -> uuid.UUID:
    """Ask that a model be put through the gate against what serves.

    Args:
        session: The session.
        version: The challenger.
        explained: By check (`group:region`, `sign:team`) why its finding stands in nobody's way; it stays on record.
        actor: Who asks.
        at: Now.

    Raises:
        NotFoundError: if there is no such model, or the actor may not, or is no person.
        InvalidInputError: if something is explained that cannot be.
        ModelRefusedError: if it serves, or its verdict is asked for already.
    """
    person_id = _asker(actor)
    model = find_model(session, version)
    if active_model_id(session) == model.id:
        raise ModelRefusedError(reason_ko="지금 쓰는 모델입니다.", reason_en="this model serves already")
    reasons = {check: why.strip() for check, why in explained.items() if why.strip()}
    for check in reasons:
        if not may_be_explained(check):
            raise InvalidInputError(
                field="reason",
                reason_ko=f"설명으로 넘길 수 없는 조건입니다: {check}",
                reason_en=f"this check cannot be explained away: {check}",
            )
    asked = ModelRequest(kind="judge", model_id=model.id, explained=reasons)
    return _ask(session, asked, person_id, version, actor, at)


def _asker(actor: Viewer) -> uuid.UUID:
    require(actor, Verb.PREPARE, Thing(Kind.MODEL))
    if actor.person_id is None:
        raise ForbiddenError(verb=str(Verb.PREPARE), kind=str(Kind.MODEL))
    return actor.person_id


def _ask(
    session: Session, asked: ModelRequest, person_id: uuid.UUID, version: str | None, actor: Viewer, at: datetime
) -> uuid.UUID:
    same = ModelRequest.kind == asked.kind, ModelRequest.state.in_(("waiting", "running"))
    open_one = select(ModelRequest.id).where(*same)
    if asked.model_id is not None:
        open_one = open_one.where(ModelRequest.model_id == asked.model_id)
    if session.scalar(open_one) is not None:
        raise ModelRefusedError(
            reason_ko="이미 요청되어 결과를 기다립니다.", reason_en="it is asked for already and waits for its result"
        )
    asked.state, asked.asked_by_id, asked.asked_by, asked.asked_at = "waiting", person_id, actor_name(actor), at
    session.add(asked)
    try:
        session.flush()
    except IntegrityError as error:
        # A rival was first: start again and see the request that is open.
        raise RetryTransactionError from error
    verb = "model.training_asked" if asked.kind == "train" else "model.verdict_asked"
    record_event(
        session,
        actor=actor,
        verb=verb,
        subject_kind="model",
        subject=version or "new",
        at=at,
        details={"explained": asked.explained} if asked.explained else {},
    )
    return asked.id


def take_request(session: Session, *, actor: Viewer, at: datetime) -> TakenRequest | None:
    """Take on the request that has waited longest, if there is one; what was left unfinished is refused first.

    Raises:
        NotFoundError: if the actor may not.
    """
    require(actor, Verb.PREPARE, Thing(Kind.MODEL))
    session.execute(
        update(ModelRequest)
        .where(ModelRequest.state == "running", ModelRequest.started_at < at - ABANDONED)
        .values(state="refused", ended_at=at, found=_STOPPED)
    )
    waiting = (
        select(ModelRequest.id)
        .where(ModelRequest.state == "waiting")
        .order_by(ModelRequest.asked_at, ModelRequest.id)
        .limit(1)
    )
    taken = session.scalar(
        update(ModelRequest)
        .where(ModelRequest.id == waiting.scalar_subquery(), ModelRequest.state == "waiting")
        .values(state="running", started_at=at)
        .returning(ModelRequest.id)
    )
    if taken is None:
        return None
    row = session.execute(
        select(ModelRequest, FitModel.version)
        .outerjoin(FitModel, FitModel.id == ModelRequest.model_id)
        .where(ModelRequest.id == taken)
    ).one()
    asked, version = row
    return TakenRequest(asked.id, asked.kind, version, asked.explained, asked.asked_by_id)


def answer_request(
    session: Session, *, request_id: uuid.UUID, found: Mapping[str, Any], actor: Viewer, at: datetime
) -> None:
    """Write down what became of a request; one that was given up for lost in the meantime stays refused.

    Args:
        session: The session.
        request_id: The request.
        found: `version`, and of a verdict `passed`.
        actor: The clock.
        at: When it ended.

    Raises:
        NotFoundError: if the actor may not.
    """
    _end(session, request_id, "done", dict(found), actor, at)


def refuse_request(session: Session, *, request_id: uuid.UUID, error: FundError, actor: Viewer, at: datetime) -> None:
    """Write down why a request led to nothing, in both languages.

    Raises:
        NotFoundError: if the actor may not.
    """
    found = {"reason_ko": error.message("ko"), "reason_en": error.message("en")}
    _end(session, request_id, "refused", found, actor, at)


def _end(
    session: Session, request_id: uuid.UUID, state: str, found: dict[str, Any], actor: Viewer, at: datetime
) -> None:
    require(actor, Verb.PREPARE, Thing(Kind.MODEL))
    session.execute(
        update(ModelRequest)
        .where(ModelRequest.id == request_id, ModelRequest.state == "running")
        .values(state=state, ended_at=at, found=found)
    )
