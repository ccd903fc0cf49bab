"""From the GPU lines of a decision to grants, with what was asked for and recommended beside what was awarded."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.allocation.tables import Plan, PlanAdoption, Pool
from fundapp.committee.rules import GpuLine
from fundapp.committee.tables import Ballot, Decision
from fundapp.core.quantities import HOUR, Quantity, gpu_commodity, imputed_value
from fundapp.core.quarters import Quarter
from fundapp.intake.answers import gpu_requests
from fundapp.intake.newest import newest_answers
from fundapp.intake.tables import Application, Call
from fundapp.ledger.actions import open_account
from fundapp.ledger.rules import Leg
from fundapp.portfolio.rules import (
    PoolMissingError,
    grant_account,
    grant_expiry,
    requested_by_slot,
    split_release,
    spread,
    unreleased_account,
)
from fundapp.portfolio.rules.grant_terms import grant_terms
from fundapp.portfolio.tables import Award, Grant

Slot = tuple[str, str]
"""SKU and quarter."""


@dataclass(frozen=True, slots=True)
class _Granted:
    """One grant to be made: its pool, its hours and how they are released."""

    pool: Pool
    hours_e4: int
    release: str


def grant_hours(session: Session, award: Award, decision: Decision, *, held: bool = False) -> list[Leg]:
    """Make the grants of an award and return the legs that fill them, hours and imputed value.

    Of a line that is released by halves, the second half goes to `unreleased:…` until a progress report is accepted.
    All hours go there where a condition of the decision holds them back.

    Raises:
        PoolMissingError: if GPU time was decided for which there is no pool.
    """
    granted = _find_pools(session, decision.gpu_lines)
    call = session.scalars(
        select(Call).join(Application, Application.call_id == Call.id).where(Application.id == award.application_id)
    ).one()
    grace = grant_terms(call.document).grace_days
    asked = _by_grant(_requested(session, award.application_id), granted)
    advised = _by_grant(_recommended(session, decision), granted)
    legs = []
    for one, requested, recommended in zip(granted, asked, advised, strict=True):
        pool, quarter = one.pool, Quarter.parse(one.pool.quarter)
        place = (award.number, pool.sku, pool.region, pool.quarter)
        session.add(
            Grant(
                award_id=award.id,
                pool_id=pool.id,
                sku=pool.sku,
                region=pool.region,
                quarter=pool.quarter,
                requested_e4=requested,
                recommended_e4=recommended,
                hours_e4=one.hours_e4,
                release=one.release,
                account=grant_account(*place),
                usable_until=quarter.last_day,
                expires_on=grant_expiry(quarter, grace),
            )
        )
        now, later = (0, one.hours_e4) if held else split_release(one.hours_e4, one.release)
        for account, hours_e4 in ((grant_account(*place), now), (unreleased_account(*place), later)):
            if hours_e4:
                legs += _filling(session, award, pool, account, hours_e4)
    session.flush()
    return legs


def _filling(session: Session, award: Award, pool: Pool, account: str, hours_e4: int) -> list[Leg]:
    hours = Quantity(hours_e4, gpu_commodity(pool.sku.upper()))
    legs = []
    for quantity in (hours, imputed_value(hours, pool.rate_krw)):
        open_account(session, account, quantity.commodity, on=award.signed_on)
        legs.append(Leg(pool.account, account, quantity))
    return legs


def _find_pools(session: Session, documents: Sequence[dict[str, Any]]) -> list[_Granted]:
    """Return one grant for each pool of a decision's lines, by account."""
    lines = [GpuLine.of_document(document) for document in documents]
    hours: dict[uuid.UUID, int] = defaultdict(int)
    for line in lines:
        hours[uuid.UUID(line.pool_id)] += line.hours_e4
    release = {uuid.UUID(line.pool_id): line.release for line in lines}
    pools = {pool.id: pool for pool in session.scalars(select(Pool).where(Pool.id.in_(hours)))}
    for line in lines:
        if uuid.UUID(line.pool_id) not in pools:
            raise PoolMissingError(sku=line.sku, region=line.region, quarter=line.quarter)
    return [
        _Granted(pool, hours[pool.id], release[pool.id])
        for pool in sorted(pools.values(), key=lambda pool: pool.account)
    ]


def _requested(session: Session, application_id: uuid.UUID) -> Mapping[Slot, int]:
    """Return the hours that the newest frozen submission asks for; nothing where nothing was submitted."""
    among = select(Application.id).where(Application.id == application_id)
    found = session.execute(newest_answers(among)).one_or_none()
    requests = gpu_requests(found.answers) if found else ()
    return requested_by_slot([(one.sku, one.quarter, one.hours.minor) for one in requests])


def _recommended(session: Session, decision: Decision) -> Mapping[Slot, int]:
    """Return the hours that the plan adopted for the decision's meeting recommends; empty without a plan."""
    plan = session.scalars(
        select(Plan)
        .join(PlanAdoption, PlanAdoption.plan_id == Plan.id)
        .join(Ballot, Ballot.meeting_id == PlanAdoption.meeting_id)
        .where(Ballot.id == decision.ballot_id)
    ).one_or_none()
    if plan is None:
        return {}
    number = session.scalars(select(Application.number).where(Application.id == decision.application_id)).one()
    hours: Mapping[str, Mapping[str, int]] = next(
        (award["gpu_hours"] for award in plan.result["awards"] if award["code"] == number), {}
    )
    return {(sku, quarter): whole * HOUR for sku, quarters in hours.items() for quarter, whole in quarters.items()}


def _by_grant(wanted: Mapping[Slot, int], granted: Sequence[_Granted]) -> list[int | None]:
    """Divide what was wanted by SKU and quarter over the grants, in their order."""
    parts: dict[uuid.UUID, int | None] = {}
    slots: defaultdict[Slot, list[_Granted]] = defaultdict(list)
    for one in granted:
        slots[one.pool.sku, one.pool.quarter].append(one)
    for slot, members in slots.items():
        for one, part in zip(members, spread(wanted.get(slot), [m.hours_e4 for m in members]), strict=True):
            parts[one.pool.id] = part
    return [parts[one.pool.id] for one in granted]
