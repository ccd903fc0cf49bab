"""Views of the docket that people keep."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fundapp.core.orm import Base, new_id


class SavedView(Base):
    """A named set of filters and an order, its owner's own or shared with the committee.

    `query` is what the address of the docket says. It holds no row: each viewer sees through it what they may see.
    """

    __tablename__ = "saved_view"
    __table_args__ = (UniqueConstraint("owner_id", "name"), CheckConstraint("length(name) > 0", name="name"))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    name: Mapped[str] = mapped_column(String(40))
    shared: Mapped[bool]
    query: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
