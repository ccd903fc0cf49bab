"""Resolutions: what a decision says, hashed and signed once by the instance."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.orm import canonical_json
from fundapp.core.sessions import RetryTransactionError
from fundapp.core.signing import SigningKey
from fundapp.reporting.resolutions import resolution_content
from fundapp.reporting.tables import Resolution


def issue_resolution(
    session: Session, *, decision_id: uuid.UUID, secret: str, actor: Viewer, at: datetime
) -> uuid.UUID:
    """Write a decision down as a signed resolution; a second time, the first one is returned.

    Args:
        session: A writing session.
        decision_id: Of a closed ballot.
        secret: The instance's, from which the signing key is derived.
        actor: Analyst or chair.
        at: Now.

    Raises:
        NotFoundError: if the decision is absent, or the actor is recused or may not.
    """
    require(actor, Verb.PROPOSE, Thing(Kind.BALLOT))
    content = resolution_content(session, actor, decision_id)
    known = session.scalar(select(Resolution.id).where(Resolution.decision_id == decision_id))
    if known is not None:
        return known
    text = canonical_json(content).encode()
    key = SigningKey.of_instance(secret)
    row = Resolution(
        decision_id=decision_id,
        content=content,
        sha256=hashlib.sha256(text).hexdigest(),
        signature=key.sign(text).hex(),
        public_key=key.public.hex(),
        issued_by=actor.name or actor.email,
        issued_at=at,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise RetryTransactionError from error
    record_event(
        session,
        actor=actor,
        verb="resolution.issued",
        subject_kind="ballot",
        subject=content["ballot"],
        at=at,
        details={"sha256": row.sha256},
    )
    return row.id
