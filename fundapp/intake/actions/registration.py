"""Keeping what the tax office answered about companies."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.intake.actions.names import actor_name
from fundapp.intake.registry.nts import RegistryError, Status
from fundapp.intake.standing_queries import registration_of
from fundapp.intake.tables import RegistrationCheck

SOURCE = "nts"


def record_checks(
    session: Session,
    *,
    statuses: Mapping[uuid.UUID, Status],
    failures: Mapping[uuid.UUID, RegistryError],
    actor: Viewer,
    at: datetime,
) -> int:
    """Keep answers and failures; return how many companies changed from running to not, or back.

    A change is an event of its own in the record.
    """
    changed = 0
    for company_id in sorted({*statuses, *failures}):
        require(actor, Verb.CHECK, Thing(Kind.COMPANY, company_id=company_id))
        known = registration_of(session, company_id, most=1).known
        said = statuses.get(company_id)
        session.add(_row(company_id, said, failures.get(company_id), actor, at))
        if said is None or (known is not None and known.outcome == said.outcome):
            continue
        changed += known is not None
        session.flush()
        record_event(
            session,
            actor=actor,
            verb="company.registration",
            subject_kind="company",
            subject=str(company_id),
            at=at,
            details={"outcome": said.outcome, "before": known.outcome if known else None},
        )
    session.flush()
    return changed


def _row(
    company_id: uuid.UUID, said: Status | None, failure: RegistryError | None, actor: Viewer, at: datetime
) -> RegistrationCheck:
    return RegistrationCheck(
        company_id=company_id,
        source=SOURCE,
        outcome=said.outcome if said else "unread",
        tax_type=said.tax_type if said else None,
        ended_on=said.ended_on if said else None,
        matched=said.matched if said else None,
        failure=None if said else str(failure.details["reason_ko"])[:200] if failure else "",
        answer=dict(said.answer) if said else {},
        checked_by=actor_name(actor),
        checked_at=at,
    )
