"""A call as its staff sees it: its questions, and how far the drafts are."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.quarters import kst_date
from fundapp.intake.answers import INCOMPLETE, validate_answers
from fundapp.intake.queries import get_call, section_progress
from fundapp.intake.tables import Application, Call


@dataclass(frozen=True, slots=True)
class DraftRow:
    """How far one draft is. A draft is its company's own: nothing says whose it is or what it holds.

    Attributes:
        done: Sections with an answer to everything that is required.
        sections: Sections that its answers ask.
        missing: Required answers that are not there yet.
        wrong: Answers that cannot be read.
    """

    number: str
    done: int
    sections: int
    missing: int
    wrong: int
    saved_at: datetime


def find_own_document(session: Session, viewer: Viewer, application_id: uuid.UUID) -> Mapping[str, Any] | None:
    """Return the document of the call that an application of one of the viewer's own companies belongs to."""
    return session.scalar(
        select(Call.document)
        .join(Application, Application.call_id == Call.id)
        .where(Application.id == application_id, Application.company_id.in_(viewer.company_ids))
    )


def list_drafts(session: Session, viewer: Viewer, call_code: str, *, at: datetime) -> list[DraftRow]:
    """Return the drafts of a call, the one saved last first.

    Raises:
        ForbiddenError: if the viewer may not change calls.
        NotFoundError: if there is no such call.
    """
    require(viewer, Verb.EDIT, Thing(Kind.CALL))
    form = get_call(session, call_code).form
    rows = session.execute(
        select(Application.number, Application.answers, Application.updated_at)
        .join(Call, Call.id == Application.call_id)
        .where(Call.code == call_code, Application.state == "draft", Application.id.not_in(viewer.recused_from))
        .order_by(Application.updated_at.desc(), Application.number)
    )
    found = []
    for number, answers, saved_at in rows:
        progress = [one for one in section_progress(form, answers) if one.questions]
        problems = validate_answers(form, answers, today=kst_date(at))
        missing = sum(problem.code in INCOMPLETE for problem in problems)
        done = sum(one.state == "completed" for one in progress)
        found.append(DraftRow(number, done, len(progress), missing, len(problems) - missing, saved_at))
    return found
