"""People and what they may be. Flask-Security signs them in through these classes."""

from __future__ import annotations

import uuid
from datetime import datetime

from flask_security import RoleMixin, UserMixin
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, Table, UniqueConstraint, Uuid, text
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
    """Somebody who can sign in; `confirmed_at` says since when their address is known to be theirs."""

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
    confirmed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    roles: Mapped[list[Role]] = relationship(  # type: ignore[assignment]  # the mixin's list is of mixins
        secondary=person_role, lazy="selectin"
    )


class MailReader(Base):
    """In which language somebody is written to, and until when they have seen what was written to them.

    Without a row it is Korean, and nothing has been seen.
    """

    __tablename__ = "mail_reader"
    __table_args__ = (CheckConstraint("language IN ('ko','en')", name="language"),)

    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    language: Mapped[str] = mapped_column(String(2), default="ko")
    seen_at: Mapped[datetime | None]


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


class AccountLink(Base):
    """A link sent by mail: 256 random bits of which only the hash is kept, good once and until `expires_at`.

    `email` is where it was sent: the address that following it proves.
    """

    __tablename__ = "account_link"
    __table_args__ = (
        CheckConstraint("purpose IN ('confirm','recover','move')", name="purpose"),
        CheckConstraint("expires_at > created_at", name="expires"),
        Index(
            "uq_account_link_open",
            "person_id",
            "purpose",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_account_link_person_id_created_at", "person_id", "created_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    purpose: Mapped[str] = mapped_column(String(10))
    email: Mapped[str] = mapped_column(String(320))
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class SecondFactor(Base):
    """The shared secret of somebody's one-time codes, sealed under the instance's key; on once a code was right.

    `last_counter` is the newest time step whose code was used: no code opens twice.
    """

    __tablename__ = "second_factor"

    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    sealed: Mapped[bytes]
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    last_counter: Mapped[int] = mapped_column(default=0)


class Passkey(Base):
    """A device that proves itself by a key of its own (Web Authentication); only the public half is kept.

    `asked_at` is when the challenge was put that it answered last: no answer to that or an earlier one opens again.
    """

    __tablename__ = "passkey"
    __table_args__ = (CheckConstraint("sign_count >= 0", name="sign_count"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    credential_id: Mapped[str] = mapped_column(String(1400), unique=True)
    public_key: Mapped[bytes]
    sign_count: Mapped[int]
    name: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]
    asked_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class RecoveryCode(Base):
    """A code that stands in once for a lost telephone; only its hash is kept."""

    __tablename__ = "recovery_code"
    __table_args__ = (UniqueConstraint("person_id", "code_sha256"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    code_sha256: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None]
