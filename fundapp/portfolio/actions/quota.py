"""Noting what cloud quota was asked for, approved or denied."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import InvalidInputError
from fundapp.core.quarters import utc_day
from fundapp.portfolio.actions.moving import load_award
from fundapp.portfolio.rules.quota import vcpus_per_gpu
from fundapp.portfolio.tables import CloudQuota

STATES = ("requested", "approved", "denied")
_MOST_VCPUS = 10_000_000


@dataclass(frozen=True, slots=True)
class QuotaLine:
    """One statement about the vCPU quota of a subscription, region and VM family.

    Attributes:
        award: Number of the award it is for; None for quota of the fund itself.
        vcpus_per_gpu: None to take it from the table of common families.
        state: `requested`, `approved` or `denied`.
        source: Where this is known from, such as a ticket's number.
    """

    award: str | None
    subscription: str
    region: str
    vm_family: str
    sku: str
    vcpus: int
    vcpus_per_gpu: int | None
    state: str
    dated_on: date
    source: str


def record_quota(session: Session, *, line: QuotaLine, actor: Viewer, at: datetime) -> uuid.UUID:
    """Append a line; the newest of a subscription, region and family holds. Lines are never changed.

    Raises:
        NotFoundError: if the award is absent or the actor may not record quota.
        InvalidInputError: naming what is missing, or a family whose vCPUs a GPU have to be stated.
    """
    award = load_award(session, line.award)[0] if line.award else None
    about = Thing(Kind.USAGE, award.application_id, award.company_id) if award else Thing(Kind.USAGE)
    require(actor, Verb.EDIT, about)
    per_gpu = _check(line, utc_day(at))
    row = CloudQuota(
        award_id=award.id if award else None,
        subscription=line.subscription.strip().lower(),
        region=line.region.strip().lower(),
        vm_family=line.vm_family.strip(),
        sku=line.sku.strip().lower(),
        vcpus=line.vcpus,
        vcpus_per_gpu=per_gpu,
        state=line.state,
        dated_on=line.dated_on,
        source=line.source.strip(),
        recorded_by=actor.name or actor.email,
        recorded_at=at,
    )
    session.add(row)
    session.flush()
    record_event(
        session,
        actor=actor,
        verb="quota.recorded",
        subject_kind="quota",
        subject=line.award or "fund",
        at=at,
        details={"family": row.vm_family, "region": row.region, "vcpus": row.vcpus, "state": row.state},
    )
    return row.id


def _check(line: QuotaLine, today: date) -> int:
    for field in ("subscription", "region", "vm_family", "sku", "source"):
        if not getattr(line, field).strip():
            raise InvalidInputError(field=field, reason_ko="꼭 필요합니다", reason_en="is needed")
    if line.state not in STATES:
        raise InvalidInputError(
            field="state", reason_ko="상태를 골라 주세요", reason_en="requested, approved or denied"
        )
    if not 0 <= line.vcpus <= _MOST_VCPUS:
        raise InvalidInputError(field="vcpus", reason_ko="0 이상이어야 합니다", reason_en="must be 0 or more")
    if line.dated_on > today:
        raise InvalidInputError(
            field="dated_on", reason_ko="앞날일 수 없습니다", reason_en="must not lie in the future"
        )
    per_gpu = line.vcpus_per_gpu or vcpus_per_gpu(line.vm_family)
    if per_gpu is None or per_gpu <= 0:
        raise InvalidInputError(
            field="vcpus_per_gpu",
            reason_ko="모르는 VM 계열입니다. GPU 1장의 vCPU 수를 적어 주세요",
            reason_en="unknown VM family; state the vCPUs of one GPU",
        )
    return per_gpu
