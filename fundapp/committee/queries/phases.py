"""How a call is reviewed, and in which phase its review is."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import cast

from sqlalchemy import ColumnElement, ScalarSelect, Select, Text, and_, bindparam, case, func, select, type_coerce
from sqlalchemy.orm import Session, aliased

from fundapp.committee.rules import Official
from fundapp.committee.rules.terms import Openness, Phase, ReviewTerms, review_terms
from fundapp.committee.tables import ReviewPhaseStep, ReviewTermsRow
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import NotFoundError
from fundapp.core.sessions import once_a_look
from fundapp.intake.tables import BUILT_IN_WORKFLOW, Application, Call, WorkflowVersion
from fundapp.intake.ways import load_workflow
from fundapp.intake.workflow import Workflow


@dataclass(frozen=True, slots=True)
class Doors:
    """What the present phase of a call says about opening reviews and scores; the same for all of its applications."""

    others: Openness = "after_mine"
    machine: Openness = "after_mine"


@dataclass(frozen=True, slots=True)
class Holding:
    """What holds of a call now: the way of its applications, what its present phase leaves open, which score counts."""

    call_id: uuid.UUID
    workflow: Workflow
    doors: Doors
    official: Official


@dataclass(frozen=True, slots=True)
class PhaseStep:
    """That a phase began: by whom, when and why."""

    step: int
    key: str
    moved_by: str
    reason: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class PhasePage:
    """A call's phases with their record.

    Attributes:
        present: The phase that holds.
        following: What the secretary may move on to.
        steps: What happened, newest first.
        frozen_at: When the terms were fixed; None before any review is open.
    """

    call_code: str
    terms: ReviewTerms
    present: Phase
    following: tuple[Phase, ...]
    steps: tuple[PhaseStep, ...]
    frozen_at: datetime | None


# Said once: these stand on the way of every review and page of a case, and saying them took longer than asking.
_FROZEN = select(ReviewTermsRow.document).where(ReviewTermsRow.call_id == bindparam("call_id"))
FROZEN_TEXT = type_coerce(ReviewTermsRow.document, Text)
"""Fixed terms as they are stored, for `frozen_terms`."""
_REMEMBERED = 64
_PRESENT = (
    select(ReviewPhaseStep.key)
    .where(ReviewPhaseStep.call_id == bindparam("call_id"))
    .order_by(ReviewPhaseStep.step.desc())
    .limit(1)
)


def load_terms(session: Session, call_id: uuid.UUID) -> ReviewTerms:
    """Return how a call is reviewed: as it was fixed, or as its definition says while nothing is fixed."""
    frozen = session.scalar(_FROZEN, {"call_id": call_id})
    if frozen is not None:
        return ReviewTerms.of_document(frozen)
    return review_terms(session.get_one(Call, call_id).document)


@lru_cache(_REMEMBERED)
def frozen_terms(text: str) -> ReviewTerms:
    """Read fixed terms as they are stored: they never change, and every review filed asks for them."""
    return ReviewTerms.of_document(json.loads(text))


def present_phase(session: Session, call_id: uuid.UUID, terms: ReviewTerms | None = None) -> Phase:
    """Return the phase that a call's review is in; the first one before anything was recorded."""
    known = terms or load_terms(session, call_id)
    return known.phase_named(session.scalar(_PRESENT, {"call_id": call_id}))


def load_doors(session: Session, among: Select[uuid.UUID]) -> dict[uuid.UUID, Doors]:
    """Return what is open of the applications that a query selects, in one statement.

    Applications of calls without a recorded phase are left out: they follow the default of `Doors`.
    """
    rows = session.execute(
        select(Application.id, ReviewPhaseStep.others, ReviewPhaseStep.machine)
        .join(ReviewPhaseStep, ReviewPhaseStep.call_id == Application.call_id)
        .where(Application.id.in_(among), is_present_step())
    )
    return {key: Doors(cast("Openness", others), cast("Openness", machine)) for key, others, machine in rows}


def find_doors(session: Session, call_code: str) -> Doors:
    """Return what is open of all applications of a call, in one statement."""
    found = find_holding(session, call_code)
    return found.doors if found else Doors()


def find_official(session: Session, call_code: str) -> Official:
    """Return which score of a call counts: as it was fixed, or as its definition says while nothing is fixed."""
    found = find_holding(session, call_code)
    return found.official if found else review_terms({}).official


def find_holding(session: Session, call_code: str) -> Holding | None:
    """Return what holds of a call now, in one statement and one more for a way of its own; None without the call."""

    def ask() -> Holding | None:
        session.flush()
        found = session.connection().execute(_HOLDING, {"call_code": call_code}).one_or_none()
        if found is None:
            return None
        return Holding(
            call_id=found.id,
            workflow=load_workflow(session, found.workflow_id or BUILT_IN_WORKFLOW),
            doors=Doors(found.others, found.machine) if found.others else Doors(),
            official=_defined_official(found.defined) if found.frozen is None else frozen_terms(found.frozen).official,
        )

    return once_a_look(session, ("holding", call_code), ask)


@lru_cache(_REMEMBERED)
def _defined_official(text: str) -> Official:
    """Return which score counts by a call's definition; the same text is read again at every look at its docket."""
    return review_terms(json.loads(text)).official


def is_present_step() -> ColumnElement[bool]:
    """Return the condition that a row of `ReviewPhaseStep` is the newest one of its call."""
    later = aliased(ReviewPhaseStep)
    newer = select(later.id).where(later.call_id == ReviewPhaseStep.call_id, later.step > ReviewPhaseStep.step)
    return ~newer.exists()


_HOLDING = (
    select(
        Call.id,
        WorkflowVersion.id.label("workflow_id"),
        ReviewPhaseStep.others,
        ReviewPhaseStep.machine,
        FROZEN_TEXT.label("frozen"),
        case((ReviewTermsRow.id.is_(None), type_coerce(Call.document, Text))).label("defined"),
    )
    .outerjoin(WorkflowVersion, and_(WorkflowVersion.call_id == Call.id, WorkflowVersion.state == "in_force"))
    .outerjoin(ReviewPhaseStep, and_(ReviewPhaseStep.call_id == Call.id, is_present_step()))
    .outerjoin(ReviewTermsRow, ReviewTermsRow.call_id == Call.id)
    .where(Call.code == bindparam("call_code"))
)


def phase_page(session: Session, viewer: Viewer, call_code: str) -> PhasePage:
    """Return the phases of a call with their record.

    Raises:
        NotFoundError: if there is no such call.
        ForbiddenError: if the viewer sees no reviews at all.
    """
    require(viewer, Verb.VIEW, Thing(Kind.REVIEW))
    call_id = session.scalar(select(Call.id).where(Call.code == call_code))
    if call_id is None:
        raise NotFoundError(call=call_code)
    terms = load_terms(session, call_id)
    present = present_phase(session, call_id, terms)
    steps = session.scalars(
        select(ReviewPhaseStep).where(ReviewPhaseStep.call_id == call_id).order_by(ReviewPhaseStep.step.desc())
    )
    place = terms.phases.index(present)
    return PhasePage(
        call_code=call_code,
        terms=terms,
        present=present,
        following=terms.phases[place + 1 :],
        steps=tuple(PhaseStep(one.step, one.key, one.moved_by, one.reason, one.at) for one in steps),
        frozen_at=session.scalar(select(ReviewTermsRow.frozen_at).where(ReviewTermsRow.call_id == call_id)),
    )


def unmasked_at(call_id: ColumnElement[uuid.UUID]) -> ScalarSelect[datetime]:
    """Select when the names of a call were last opened after a masked phase; NULL if they never were."""
    opened, before, between = aliased(ReviewPhaseStep), aliased(ReviewPhaseStep), aliased(ReviewPhaseStep)
    latest = select(func.max(between.step)).where(between.call_id == opened.call_id, between.step < opened.step)
    return (
        select(opened.at)
        .join(before, and_(before.call_id == opened.call_id, before.step == latest.scalar_subquery()))
        .where(opened.call_id == call_id, opened.names == "shown", before.names == "masked")
        .order_by(opened.step.desc())
        .limit(1)
        .scalar_subquery()
    )
