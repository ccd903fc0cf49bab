"""Changing how GPU time in kind is recognised, from a quarter on."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.allocation.tables import Fund
from fundapp.audit.actions import record_event
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import InvalidInputError, NotFoundError
from fundapp.core.quarters import Quarter
from fundapp.reporting.close_checks import closed_through
from fundapp.reporting.recognition import recognition_of
from fundapp.reporting.tables import FrozenQuarter, RecognitionChange

POLICIES = ("at_delivery", "at_grant")
LONGEST_REASON = 400


def switch_recognition(
    session: Session, *, policy: str, quarter: Quarter, reason: str, actor: Viewer, at: datetime
) -> int:
    """Recognise GPU time by another policy from a quarter on; return the change's number.

    Frozen and closed quarters keep the policy they were made with, so the quarter has to lie after them all. The new
    policy is stated on the cover and in the notes of each report from then on.

    Args:
        session: A writing session.
        policy: `at_delivery` or `at_grant`.
        quarter: The first quarter reported by it.
        reason: Up to 400 characters.
        actor: Finance, or the operator at the command line.
        at: Now.

    Raises:
        NotFoundError: if the fund has not been founded.
        InvalidInputError: for an unknown policy, one that holds already, a missing or long reason, or a quarter that
            is closed or has been frozen, or that does not lie after the changes before.
    """
    require(actor, Verb.FREEZE, Thing(Kind.REPORT))
    fund = session.get(Fund, 1)
    if fund is None:
        raise NotFoundError
    words = _require_words(policy, reason)
    _require_open(session, quarter)
    before = recognition_of(session, fund, quarter)
    if before == policy:
        raise InvalidInputError(field="policy", reason_ko="이미 쓰는 방식입니다", reason_en="holds already")
    number = (session.scalar(select(func.max(RecognitionChange.version))) or 0) + 1
    session.add(
        RecognitionChange(
            version=number,
            policy=policy,
            from_quarter=str(quarter),
            reason=words,
            changed_by=actor.name or actor.email,
            changed_at=at,
        )
    )
    session.flush()
    record_event(
        session,
        actor=actor,
        verb="recognition.switched",
        subject_kind="fund",
        subject=f"recognition/{number}",
        at=at,
        details={"before": before, "after": policy, "from_quarter": str(quarter), "reason": words},
    )
    return number


def _require_words(policy: str, reason: str) -> str:
    """Return the reason in single spaces."""
    words = " ".join(reason.split())
    if not 0 < len(words) <= LONGEST_REASON:
        raise InvalidInputError(
            field="reason", reason_ko="400자까지 적어 주세요", reason_en="needs 1 to 400 characters"
        )
    if policy not in POLICIES:
        raise InvalidInputError(
            field="policy",
            reason_ko="at_delivery 또는 at_grant여야 합니다",
            reason_en="must be at_delivery or at_grant",
        )
    return words


def _require_open(session: Session, quarter: Quarter) -> None:
    frozen = session.scalar(select(func.max(FrozenQuarter.quarter)))
    changed = session.scalar(select(func.max(RecognitionChange.from_quarter)))
    closed = closed_through(session)
    if (frozen is not None and str(quarter) <= frozen) or (closed is not None and quarter.first_day <= closed):
        raise InvalidInputError(
            field="quarter",
            reason_ko="확정하거나 마감한 분기는 그때의 방식을 지킵니다. 그 뒤의 분기를 적어 주세요",
            reason_en="must lie after all quarters that are frozen or closed: they keep their policy",
        )
    if changed is not None and str(quarter) < changed:
        raise InvalidInputError(
            field="quarter",
            reason_ko=f"{changed}부터 바꾸기로 한 것보다 앞설 수 없습니다",
            reason_en=f"may not lie before {changed}, from which a change is on record",
        )
