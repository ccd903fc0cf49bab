"""How an awarded company gets on: joint development and quarterly figures."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.access import Viewer
from fundapp.portfolio.queries.sight import award_clause
from fundapp.portfolio.tables import Award, CodevelopmentMilestone, CompanyMetric


@dataclass(frozen=True, slots=True)
class MilestoneRow:
    """One step of the joint development; `planned_on` was agreed, `expected_on` is what is thought now."""

    id: uuid.UUID
    track: str
    text: str
    planned_on: date
    expected_on: date
    done_on: date | None
    result: str | None
    done_by: str | None

    def state(self, today: date) -> str:
        """Return `done`, `late` (its day has passed, or it is expected later than agreed), or nothing."""
        if self.done_on is not None:
            return "done"
        return "late" if today > self.expected_on or self.expected_on > self.planned_on else ""

    @property
    def days_late(self) -> int:
        """Days that it was done, or is expected, after the day agreed; 0 when in time."""
        return max(0, ((self.done_on or self.expected_on) - self.planned_on).days)


@dataclass(frozen=True, slots=True)
class MetricRow:
    """The newest version of one figure of one quarter."""

    quarter: str
    metric: str
    version: int
    value: int
    planned: int | None
    source: str
    entered_by: str
    at: datetime


def list_milestones(session: Session, viewer: Viewer, award_id: uuid.UUID) -> tuple[MilestoneRow, ...]:
    """Return an award's steps, by the day agreed; nothing to those who may not see the award."""
    rows = session.scalars(
        select(CodevelopmentMilestone)
        .join(Award, Award.id == CodevelopmentMilestone.award_id)
        .where(Award.id == award_id, award_clause(viewer))
        .order_by(CodevelopmentMilestone.planned_on, CodevelopmentMilestone.id)
    )
    return tuple(
        MilestoneRow(
            id=row.id,
            track=row.track,
            text=row.text,
            planned_on=row.planned_on,
            expected_on=row.expected_on,
            done_on=row.done_on,
            result=row.result,
            done_by=row.done_by,
        )
        for row in rows
    )


def list_metrics(session: Session, viewer: Viewer, award_id: uuid.UUID) -> tuple[MetricRow, ...]:
    """Return the newest version of each figure of an award, by quarter; nothing to those who may not see it."""
    rows = session.scalars(
        select(CompanyMetric)
        .join(Award, Award.id == CompanyMetric.award_id)
        .where(Award.id == award_id, award_clause(viewer))
        .order_by(CompanyMetric.quarter, CompanyMetric.metric, CompanyMetric.version)
    )
    newest = {
        (row.quarter, row.metric): MetricRow(
            quarter=row.quarter,
            metric=row.metric,
            version=row.version,
            value=row.value,
            planned=row.planned,
            source=row.source,
            entered_by=row.entered_by,
            at=row.at,
        )
        for row in rows
    }
    return tuple(newest.values())
