"""Awards put to the vote, with what the ledger holds for them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy.orm import Session

from fundapp.allocation.planning import split_cash
from fundapp.committee.actions import BallotTerms, propose
from fundapp.committee.rules import Form, GpuLine, ProposedCondition, Release, default_release
from fundapp.core.access import Viewer
from fundapp.core.errors import NotFoundError
from fundapp.core.orm import new_id
from fundapp.core.quantities import Quantity, gpu_commodity, imputed_value, won
from fundapp.core.quarters import kst_date
from fundapp.intake.tables import Application, Call
from fundapp.ledger.actions import hold, open_account
from fundapp.ledger.rules import Leg


def propose_award(
    session: Session,
    *,
    meeting_id: uuid.UUID,
    application_id: uuid.UUID,
    krw: int,
    gpu_lines: Sequence[GpuLine],
    conditions: Sequence[ProposedCondition],
    actor: Viewer,
    at: datetime,
    release: Release | None = None,
    form: Form | None = None,
) -> uuid.UUID:
    """Put an award to the vote and hold its cash, hours and imputed value until the vote, all or none.

    Arguments are those of `propose`, and `release`: how the hours are released, None for the call's `gpu_release`.

    Returns:
        The ballot.

    Raises:
        NotFoundError: if application or meeting is absent or out of sight, or there is no cash investor to pay.
        HeadroomExceededError: if cash or a pool has less than is to be held.
        TransitionRefusedError: if the application cannot be proposed now.
    """
    application = session.get(Application, application_id)
    if application is None:
        raise NotFoundError(application=str(application_id))
    gpu_lines = released(session, application, gpu_lines, release)
    ballot_id = new_id()
    hold_key = f"reserve:{ballot_id}"
    propose(
        session,
        meeting_id=meeting_id,
        application_id=application_id,
        krw=krw,
        gpu_lines=gpu_lines,
        conditions=conditions,
        hold_key=hold_key,
        actor=actor,
        at=at,
        terms=BallotTerms(ballot_id=ballot_id, form=form),
    )
    hold(
        session,
        key=hold_key,
        kind="reserve",
        legs=reserve_legs(session, application.number, krw, gpu_lines, kst_date(at)),
        effective_on=kst_date(at),
        actor=actor,
        at=at,
        source_ref=f"ballot:{ballot_id}",
    )
    return ballot_id


def released(
    session: Session, application: Application, gpu_lines: Sequence[GpuLine], release: Release | None
) -> list[GpuLine]:
    """Return lines released as asked for, or else as the call says."""
    chosen = release or default_release(session.get_one(Call, application.call_id).document)
    return [replace(line, release=chosen) for line in gpu_lines]


def reserve_legs(session: Session, number: str, krw: int, gpu_lines: Sequence[GpuLine], on: date) -> list[Leg]:
    """Return the transfers that reserve an award, and open the accounts they need."""
    reserved = f"reserved:{number}"
    legs = []
    if krw:
        legs += [Leg(payer, reserved, won(part)) for payer, part in split_cash(session, krw).items()]
    for line in gpu_lines:
        hours = Quantity(line.hours_e4, gpu_commodity(line.sku.upper()))
        legs += [Leg(line.account, reserved, q) for q in (hours, imputed_value(hours, line.rate_krw))]
    for commodity in sorted({leg.quantity.commodity for leg in legs}):
        open_account(session, reserved, commodity, on=on)
    return legs
