"""What staff found about companies that look like one: looked at and dismissed, merged, and merged apart again."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import APPEND_ONLY, Base, new_id


class KinshipFinding(Base):
    """That somebody dismissed a likeness of two companies, with the signals it was about; or took that back."""

    __tablename__ = "kinship_finding"
    __table_args__ = (
        CheckConstraint("verdict IN ('dismissed','reopened')", name="verdict"),
        CheckConstraint("first_id < second_id", name="order"),
        Index("ix_kinship_finding_pair", "first_id", "second_id"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    first_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("company.id"))
    second_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("company.id"))
    verdict: Mapped[str] = mapped_column(String(10))
    signals: Mapped[list[Any]]
    reason: Mapped[str] = mapped_column(String(2000))
    found_by: Mapped[str] = mapped_column(String(120))
    found_at: Mapped[datetime]


class CompanyMerge(Base):
    """That one company was merged into another, and exactly what moved."""

    __tablename__ = "company_merge"
    __table_args__ = (
        CheckConstraint("survivor_id <> merged_id", name="two"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    survivor_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("company.id"), index=True)
    merged_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("company.id"), index=True)
    moved: Mapped[dict[str, Any]]
    reason: Mapped[str] = mapped_column(String(2000))
    merged_by: Mapped[str] = mapped_column(String(120))
    merged_at: Mapped[datetime]


class MergeUndone(Base):
    """That a merge was taken back; once."""

    __tablename__ = "company_merge_undone"
    __table_args__ = ({"info": APPEND_ONLY},)

    merge_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("company_merge.id"), primary_key=True)
    reason: Mapped[str] = mapped_column(String(2000))
    undone_by: Mapped[str] = mapped_column(String(120))
    undone_at: Mapped[datetime]
