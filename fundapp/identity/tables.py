"""People and what they may be. Flask-Security signs them in through these classes."""

from __future__ import annotations

import uuid
from datetime import datetime

from flask_security import RoleMixin, UserMixin
from sqlalchemy import CheckConstraint, Column, ForeignKey, String, Table, Uuid
from sqlalchemy.orm import Mapped, mapped_column, relationship

from fundapp.core.access import Role as RoleName
from fundapp.core.orm import Base, new_id

_ROLES = ", ".join(f"'{role}'" for role in RoleName)

person_role = Table(
    "person_role",
    Base.metadata,
    Column("person_id", Uuid, ForeignKey("person.id"), primary_key=True),
    Column("role_id", Uuid, ForeignKey("role.id"), primary_key=True),
)


class Role(Base, RoleMixin):
    """One of the roles of the public contract."""

    __tablename__ = "role"
    __table_args__ = (CheckConstraint(f"name IN ({_ROLES})", name="name"),)

    id: Mapped[uuid.UUID] = mapped_column(  # type: ignore[assignment]  # the mixin means any key by int
        primary_key=True, default=new_id
    )
    name: Mapped[str] = mapped_column(String(20), unique=True)


class Person(Base, UserMixin):
    """Somebody who can sign in."""

    __tablename__ = "person"
    __table_args__ = (CheckConstraint("email = lower(email)", name="email_lower"),)

    id: Mapped[uuid.UUID] = mapped_column(  # type: ignore[assignment]  # the mixin means any key by int
        primary_key=True, default=new_id
    )
    email: Mapped[str] = mapped_column(String(320), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    password: Mapped[str | None] = mapped_column(String(255))
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True, default=lambda: uuid.uuid4().hex)
    investor: Mapped[str | None] = mapped_column(String(40))
    failed_logins: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    roles: Mapped[list[Role]] = relationship(  # type: ignore[assignment]  # the mixin's list is of mixins
        secondary=person_role, lazy="selectin"
    )


class ApiToken(Base):
    """A bearer token of the JSON API; only its hash is kept."""

    __tablename__ = "api_token"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    label: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
