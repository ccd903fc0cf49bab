"""Changing a call while it is open: its texts, and its deadline."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import NotFoundError
from fundapp.core.quarters import KST
from fundapp.core.sessions import RetryTransactionError
from fundapp.intake.actions.names import refuse
from fundapp.intake.form import parse_form
from fundapp.intake.mailing import mail_extension
from fundapp.intake.rules import DeadlinePassedError
from fundapp.intake.tables import Call

TEXTS = {"label_ko": 200, "label_en": 200, "help_ko": 600, "help_en": 600}
"""What of a question may be worded anew, with the most characters."""
_MOST_REASON = 500


def change_texts(
    session: Session,
    *,
    actor: Viewer,
    at: datetime,
    call_code: str,
    texts: Mapping[str, Mapping[str, str]],
    reason: str,
) -> int:
    """Word questions of a call anew; what they ask for stays the same.

    Args:
        session: The session.
        actor: An analyst or administrator.
        at: Now.
        call_code: The call.
        texts: By question, those of label and help, in Korean and English, that change.
        reason: Why, for the record.

    Returns:
        How many questions changed.

    Raises:
        InvalidInputError: for an unknown question, a text beyond its length, a label that is blank, or no reason.
    """
    call, said = _call(session, actor, call_code), _reason(reason)
    document = copy.deepcopy(call.document)
    questions = {one["key"]: one for section in document.get("sections", []) for one in section.get("questions", [])}
    changed = []
    for key, wanted in texts.items():
        if key not in questions:
            raise refuse(key, "없는 문항입니다", "there is no such question")
        if _word(questions[key], wanted):
            changed.append(key)
    if not changed:
        return 0
    parse_form(document)
    _store(session, call, document, call.closes_at)
    details = {"questions": changed, "reason": said}
    record_event(
        session, actor=actor, verb="call.worded", subject_kind="call", subject=call_code, at=at, details=details
    )
    return len(changed)


def _word(question: dict[str, Any], wanted: Mapping[str, str]) -> bool:
    """Put new texts into a question of the document; say whether anything changed."""
    before = dict(question)
    for name, text in wanted.items():
        if name not in TEXTS:
            raise refuse(question["key"], "라벨과 도움말만 바꿉니다", "only label and help are worded anew")
        clean = " ".join(text.split())
        if len(clean) > TEXTS[name] or (name.startswith("label") and not clean):
            raise refuse(
                question["key"], f"1자에서 {TEXTS[name]}자까지 적습니다", f"1 to {TEXTS[name]} characters are needed"
            )
        if clean or name in question:
            question[name] = clean
    return question != before


def extend_call(
    session: Session, *, actor: Viewer, at: datetime, call_code: str, closes_at: datetime, reason: str
) -> None:
    """Move the deadline of an open call to a later instant, and tell everybody who is still writing.

    Raises:
        InvalidInputError: if it is not later, or no reason is given.
        DeadlinePassedError: once the deadline has passed.
    """
    call, said = _call(session, actor, call_code), _reason(reason)
    before = call.closes_at
    if at > before:
        raise DeadlinePassedError(thing="call", state="closed", verb="extend")
    if closes_at <= before:
        raise refuse("closes", "지금 마감보다 뒤여야 합니다", "must be later than the deadline as it stands")
    document = {**call.document, "closes": closes_at.astimezone(KST).isoformat()}
    _store(session, call, document, closes_at)
    details = {"from": before.isoformat(), "to": closes_at.isoformat(), "reason": said}
    record_event(
        session, actor=actor, verb="call.extended", subject_kind="call", subject=call_code, at=at, details=details
    )
    mail_extension(session, call, before=before, reason=said, at=at)


def _call(session: Session, actor: Viewer, code: str) -> Call:
    require(actor, Verb.EDIT, Thing(Kind.CALL))
    call = session.scalar(select(Call).where(Call.code == code))
    if call is None:
        raise NotFoundError
    return call


def _reason(reason: str) -> str:
    said = reason.strip()
    if not said or len(said) > _MOST_REASON:
        raise refuse("reason", f"1자에서 {_MOST_REASON}자까지 적습니다", f"1 to {_MOST_REASON} characters are needed")
    return said


def _store(session: Session, call: Call, document: dict[str, Any], closes_at: datetime) -> None:
    """Write the document unless somebody changed the call meanwhile; the hash of the file it came from stays."""
    changed: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        update(Call)
        .where(Call.id == call.id, Call.closes_at == call.closes_at, Call.document == call.document)
        .values(document=document, closes_at=closes_at)
        .execution_options(synchronize_session=False)
    )
    if changed.rowcount != 1:
        raise RetryTransactionError
    session.refresh(call)
