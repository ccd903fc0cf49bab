"""What the page of the recognition policy shows: which holds since when, what the other would say, who changed it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.allocation.tables import Fund
from fundapp.core.access import Viewer
from fundapp.core.errors import NotFoundError
from fundapp.core.quarters import Quarter, kst_date
from fundapp.reporting.close_checks import closed_through
from fundapp.reporting.collecting import collect_rows
from fundapp.reporting.recognition import recognition_of
from fundapp.reporting.sight import require_sight
from fundapp.reporting.tables import FrozenQuarter, RecognitionChange
from reports.figures import reckon
from reports.metrics import Multiples
from reports.rows import Policy

_POLICIES: tuple[Policy, Policy] = ("at_delivery", "at_grant")


@dataclass(frozen=True, slots=True)
class PolicySide:
    """The whole fund today under one policy.

    Attributes:
        in_kind_paid_krw: What of paid-in capital is GPU time.
        tvpi_range: Total TVPI with the GPU rate 20 percent higher, and 20 percent lower.
    """

    policy: Policy
    total: Multiples
    in_kind_paid_krw: int
    tvpi_range: tuple[Fraction | None, Fraction | None]


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One change on record."""

    policy: str
    from_quarter: str
    reason: str
    changed_by: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class RecognitionPage:
    """The policy of the present quarter and what can be chosen.

    Attributes:
        since: First quarter of the change that holds; None where it is the agreement's.
        sides: The fund today under the policy that holds, then under the other.
        changes: Newest first; those that begin later are among them.
        earliest: The first quarter from which a change may begin: after all that are frozen or closed, and not before
            one on record.
        then: The policy of that quarter as things stand.
    """

    quarter: Quarter
    policy: Policy
    agreed: str
    since: str | None
    as_of: date
    sides: tuple[PolicySide, PolicySide]
    changes: tuple[ChangeRow, ...]
    earliest: Quarter
    then: Policy


def recognition_page(session: Session, viewer: Viewer, *, at: datetime) -> RecognitionPage:
    """Return the policy of recognition with today's figures under both.

    Raises:
        NotFoundError: if the fund has not been founded, or the viewer may not see reports.
    """
    require_sight(session, viewer)
    fund = session.get(Fund, 1)
    if fund is None:
        raise NotFoundError
    today = kst_date(at)
    quarter = Quarter.of_date(today)
    policy = recognition_of(session, fund, quarter)
    changes = session.scalars(select(RecognitionChange).order_by(RecognitionChange.version.desc())).all()
    earliest = _earliest(session, quarter)
    return RecognitionPage(
        quarter=quarter,
        policy=policy,
        agreed=fund.recognition,
        since=next((one.from_quarter for one in changes if one.from_quarter <= str(quarter)), None),
        as_of=today,
        sides=(
            _side(session, quarter, today, policy),
            _side(session, quarter, today, next(one for one in _POLICIES if one != policy)),
        ),
        changes=tuple(
            ChangeRow(one.policy, one.from_quarter, one.reason, one.changed_by, one.changed_at) for one in changes
        ),
        earliest=earliest,
        then=recognition_of(session, fund, earliest),
    )


def _earliest(session: Session, present: Quarter) -> Quarter:
    frozen = session.scalar(select(func.max(FrozenQuarter.quarter)))
    changed = session.scalar(select(func.max(RecognitionChange.from_quarter)))
    closed = closed_through(session)
    after = [Quarter.parse(frozen).next] if frozen else []
    after += [Quarter.of_date(closed).next] if closed else []
    after += [Quarter.parse(changed)] if changed else []
    return max(after, default=present)


def _side(session: Session, quarter: Quarter, today: date, policy: Policy) -> PolicySide:
    figures = reckon(collect_rows(session, quarter, as_of=today, policy=policy))
    return PolicySide(
        policy,
        figures.total.multiples,
        figures.in_kind.multiples.paid_in_krw,
        (figures.tvpi_low, figures.tvpi_high),
    )
