"""What the workbench's actions share: the newest choices, the record, and who may touch a plan whole."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.allocation.rules import Choice
from fundapp.allocation.tables import PlanChoice
from fundapp.audit.actions import record_event
from fundapp.core.access import Viewer
from fundapp.core.errors import ConflictOfInterestError
from fundapp.intake.tables import Application


def newest_choice(session: Session, plan_id: uuid.UUID) -> PlanChoice | None:
    """Return the choices that hold for a plan, or None."""
    query = select(PlanChoice).where(PlanChoice.plan_id == plan_id).order_by(PlanChoice.revision.desc()).limit(1)
    return session.scalars(query).one_or_none()


def chosen_lines(found: PlanChoice | None) -> tuple[Choice, ...]:
    """Read the lines of choices; sorted by code."""
    if found is None:
        return ()
    return tuple(Choice(code, **line) for code, line in sorted(found.lines.items()))


def hidden_numbers(session: Session, viewer: Viewer) -> frozenset[str]:
    """Return the numbers of applications that this viewer may know nothing of: recused from, or their own company's."""
    return frozenset(
        session.scalars(
            select(Application.number).where(
                Application.id.in_(viewer.recused_from) | Application.company_id.in_(viewer.company_ids)
            )
        )
    )


def require_no_recusal(session: Session, numbers: Sequence[str], actor: Viewer) -> None:
    """Plans are made and adopted whole, so not by somebody who may not know of a part of them."""
    touched = session.scalar(
        select(Application.id)
        .where(
            Application.number.in_(numbers),
            Application.id.in_(actor.recused_from) | Application.company_id.in_(actor.company_ids),
        )
        .limit(1)
    )
    if touched is not None:
        raise ConflictOfInterestError


def note(session: Session, actor: Viewer, verb: str, plan: str, at: datetime, **details: object) -> None:
    """Write down what became of a plan."""
    record_event(session, actor=actor, verb=verb, subject_kind="plan", subject=plan, at=at, details=dict(details))
