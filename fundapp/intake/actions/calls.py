"""Opening calls and taking application numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.quarters import KST
from fundapp.intake.actions.names import refuse
from fundapp.intake.call_changes import require_same_meaning
from fundapp.intake.call_terms import check_terms
from fundapp.intake.documents.kinds import read_requirements
from fundapp.intake.form import parse_form
from fundapp.intake.tables import Application, Call
from fundapp.intake.ways import install_workflow
from fundapp.intake.workflow import parse_workflow


@dataclass(frozen=True, slots=True)
class OpenedCall:
    """A call as it stands after opening; `created` is false when the same code was open already."""

    code: str
    opens_at: datetime
    closes_at: datetime
    created: bool
    changed: bool


def open_call(session: Session, *, actor: Viewer, at: datetime, document: dict[str, Any], text: str) -> OpenedCall:
    """Open a call, or bring an open one to a changed document; the same text again changes nothing.

    Args:
        session: The session.
        actor: An analyst or administrator.
        at: Now.
        document: The call as `call_file.read_call_file` gives it.
        text: What the document's hash is taken of.

    Raises:
        InvalidInputError: if the document cannot be used, or a change drops a question that was asked or changes
            what an answer that companies have given means.
    """
    require(actor, Verb.EDIT, Thing(Kind.CALL))
    form = parse_form(document)
    read_requirements(document)
    check_terms(document)
    parse_workflow(document, form.fields)
    code, titles = _word(document, "code", 40), (_word(document, "title_ko", 200), _word(document, "title_en", 200))
    opens_at, closes_at = _instant(document, "opens"), _instant(document, "closes")
    if closes_at <= opens_at:
        raise refuse("closes", "마감이 시작보다 뒤여야 합니다", "must be later than the opening")
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    call = session.scalar(select(Call).where(Call.code == code))
    if call is not None and call.document_sha256 == sha256:
        return OpenedCall(code, call.opens_at, call.closes_at, created=False, changed=False)
    created = call is None
    if call is None:
        call = Call(code=code, created_at=at, next_number=1)
        session.add(call)
    else:
        require_same_meaning(parse_form(call.document), form, _answered(session, call))
        _require_same_way(call.document, document)
    call.title_ko, call.title_en = titles
    call.opens_at, call.closes_at = opens_at, closes_at
    call.document, call.document_sha256 = document, sha256
    session.flush()
    if created and "workflow" in document:
        install_workflow(session, call=call, section=document["workflow"], actor=actor, at=at)
    verb = "call.opened" if created else "call.changed"
    details = {"sha256": sha256, "opens": opens_at.isoformat(), "closes": closes_at.isoformat()}
    record_event(session, actor=actor, verb=verb, subject_kind="call", subject=code, at=at, details=details)
    return OpenedCall(code, opens_at, closes_at, created=created, changed=True)


def take_numbers(session: Session, call: Call, count: int) -> int:
    """Take `count` application numbers of a call and return the first.

    One relative UPDATE holds the row until the commit, so no two takers get the same number and an abandoned
    transaction leaves no gap.
    """
    after: int = session.scalars(
        update(Call)
        .where(Call.id == call.id)
        .values(next_number=Call.next_number + count)
        .returning(Call.next_number)
        .execution_options(synchronize_session=False)
    ).one()
    return after - count


def _word(document: Mapping[str, Any], key: str, limit: int) -> str:
    value = document.get(key)
    if not isinstance(value, str) or not value.strip() or len(value) > limit:
        raise refuse(key, f"1자에서 {limit}자까지 적습니다", f"1 to {limit} characters are needed")
    return value.strip()


def _instant(document: Mapping[str, Any], key: str) -> datetime:
    try:
        value = datetime.fromisoformat(str(document.get(key)))
    except ValueError:
        raise refuse(key, "날짜와 시각이 필요합니다", "a date and time is needed") from None
    return value if value.tzinfo is not None else value.replace(tzinfo=KST)


def _require_same_way(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    if before.get("workflow") != after.get("workflow"):
        raise refuse(
            "workflow",
            "열린 공모의 단계는 화면에서 두 사람이 바꿉니다",
            "the way of a call that is open is changed on its page, by two people",
        )


def _answered(session: Session, call: Call) -> set[str]:
    """Return the questions of a call that have an answer in any application."""
    drafts = session.scalars(select(Application.answers).where(Application.call_id == call.id))
    return {key for answers in drafts for key in answers}
