"""Appeals against decisions: filed by the applicant within the window, decided by the committee with reasons."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.committee.entrance import enter, require_person
from fundapp.committee.letterbox import letter_addresses
from fundapp.committee.rules.letters import AppealClosedError, appeal_window
from fundapp.committee.tables import Appeal, Decision, Letter
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import FourEyesError, InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.idempotency import once
from fundapp.core.outbox import enqueue_mail
from fundapp.intake.call_terms import appeal_days
from fundapp.intake.tables import Application, Call

LONGEST_APPEAL = 8000


def file_appeal(
    session: Session, *, application_id: uuid.UUID, text: str, key: str, actor: Viewer, at: datetime
) -> uuid.UUID:
    """File an appeal against the decision that the applicant was last told of; a decision has one.

    Raises:
        NotFoundError: if the application is another company's, or its applicant has been told of nothing.
        InvalidInputError: if the text is empty or too long.
        AppealClosedError: after the last day, with the arithmetic.
        TransitionRefusedError: if the decision has been appealed.
    """
    person_id = require_person(actor)
    application = session.get(Application, application_id)
    if application is None:
        raise NotFoundError(application=str(application_id))
    require(actor, Verb.SUBMIT, Thing(Kind.APPEAL, application_id, application.company_id))
    clean = text.strip()
    if not clean or len(clean) > LONGEST_APPEAL:
        raise InvalidInputError(
            field="text",
            reason_ko=f"1자에서 {LONGEST_APPEAL:,}자까지 적어 주세요",
            reason_en=f"1 to {LONGEST_APPEAL:,} characters",
        )

    def work() -> dict[str, Any]:
        return {"id": str(_file(session, application, clean, actor, person_id, at).id)}

    request = {"application": str(application_id), "text": clean}
    return uuid.UUID(once(session, key=key, verb="appeal.file", request=request, at=at, work=work)["id"])


def _file(
    session: Session, application: Application, text: str, actor: Viewer, person_id: uuid.UUID, at: datetime
) -> Appeal:
    letter = session.scalars(
        select(Letter)
        .where(Letter.application_id == application.id, Letter.sent_at.is_not(None), Letter.dropped_at.is_(None))
        .order_by(Letter.sent_at.desc(), Letter.id.desc())
        .limit(1)
    ).one_or_none()
    if letter is None or letter.sent_at is None:
        raise NotFoundError(application=str(application.id))
    document = session.scalars(select(Call.document).where(Call.id == application.call_id)).one()
    window = appeal_window(letter.sent_at, appeal_days(document))
    if not window.open_at(at):
        raise AppealClosedError(arithmetic_ko=window.arithmetic_ko, arithmetic_en=window.arithmetic_en)
    appeal = Appeal(
        decision_id=letter.decision_id,
        application_id=application.id,
        text=text,
        until=window.until,
        filed_by_id=person_id,
        filed_by=actor.name or actor.email,
        filed_at=at,
    )
    try:
        with session.begin_nested():
            session.add(appeal)
    except IntegrityError as error:
        raise TransitionRefusedError(thing="appeal", state="filed", verb="appeal") from error
    _record(session, application, "appeal.filed", appeal, actor, at)
    return appeal


def decide_appeal(
    session: Session,
    *,
    appeal_id: uuid.UUID,
    outcome: Literal["upheld", "dismissed"],
    reason: str,
    key: str,
    actor: Viewer,
    at: datetime,
) -> None:
    """Decide an appeal in the committee's name, with reasons that the applicant gets by letter.

    Whoever counted the ballot does not decide about it. An appeal that is upheld asks for the ballot to be reopened;
    the state and the audit event `appeal.upheld` are the record of that.

    Raises:
        NotFoundError: if it is absent or out of sight, or the actor holds no seat.
        FourEyesError: if the actor counted the ballot.
        InvalidInputError: without reasons, or for an unknown outcome.
        TransitionRefusedError: if it has been decided.
    """
    person_id = require_person(actor)
    appeal = session.get(Appeal, appeal_id)
    if appeal is None:
        raise NotFoundError(appeal=str(appeal_id))
    application = enter(session, appeal.application_id, actor=actor, verb=Verb.RESOLVE, kind=Kind.APPEAL)
    if outcome not in {"upheld", "dismissed"}:
        raise InvalidInputError(field="outcome", reason_ko="인용 또는 기각을 고르세요", reason_en="uphold or dismiss")
    if not reason.strip():
        raise InvalidInputError(field="reason", reason_ko="사유를 적어 주세요", reason_en="give the reasons")
    decision = session.get_one(Decision, appeal.decision_id)
    if (actor.name or actor.email) == decision.closed_by:
        raise FourEyesError

    def work() -> dict[str, Any]:
        _decide(session, appeal, outcome, reason.strip(), actor, person_id, at)
        _record(session, application, f"appeal.{outcome}", appeal, actor, at)
        _tell(session, application, appeal, at)
        return {}

    request = {"appeal": str(appeal_id), "outcome": outcome, "reason": reason.strip()}
    once(session, key=key, verb="appeal.decide", request=request, at=at, work=work)


def _decide(
    session: Session, appeal: Appeal, outcome: str, reason: str, actor: Viewer, person_id: uuid.UUID, at: datetime
) -> None:
    decided = session.execute(
        update(Appeal)
        .where(Appeal.id == appeal.id, Appeal.state == "filed")
        .values(
            state=outcome,
            reason=reason,
            decided_by_id=person_id,
            decided_by=actor.name or actor.email,
            decided_at=at,
        )
        .returning(Appeal.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if decided is None:
        state = session.scalar(select(Appeal.state).where(Appeal.id == appeal.id))
        raise TransitionRefusedError(thing="appeal", state=state, verb="decide")
    session.refresh(appeal)


def _tell(session: Session, application: Application, appeal: Appeal, at: datetime) -> None:
    ko, en = {
        "upheld": (
            "이의신청을 받아들였습니다. 위원회가 다시 심의합니다.",
            "Your appeal is upheld. The committee will review again.",
        ),
        "dismissed": ("이의신청을 받아들이지 않았습니다.", "Your appeal is dismissed."),
    }[appeal.state]
    for address in letter_addresses(session, application.id):
        enqueue_mail(
            session,
            dedupe_key=f"appeal:{appeal.id}:{address}"[:200],
            recipient=address,
            subject=f"[{application.number}] 이의신청 결과 / Result of your appeal",
            body=f"{ko}\n사유: {appeal.reason}\n\n────────\n\n{en}\nReasons: {appeal.reason}\n",
            at=at,
            about=[application.id],
        )


def _record(session: Session, application: Application, verb: str, appeal: Appeal, actor: Viewer, at: datetime) -> None:
    record_event(
        session,
        actor=actor,
        verb=verb,
        subject_kind="decision",
        subject=str(appeal.decision_id),
        at=at,
        details={"application": application.number, "appeal": str(appeal.id)},
    )
