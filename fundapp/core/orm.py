"""The declarative base, the column types that both databases share, and the marks tables carry."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import Any

import uuid_utils.compat as uuid_utils
from sqlalchemy import BigInteger, DateTime, MetaData, Text, Uuid
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

APPEND_ONLY = {"append_only": True}
"""`__table_args__` info of tables whose rows triggers keep from UPDATE and DELETE."""
WRITTEN_BY_ALL = {"written_by_all": True}
"""`__table_args__` info of the table that every change writes to: whoever holds it holds all others back."""


class Instant(TypeDecorator[datetime]):
    """An aware instant, stored in UTC; a naive value is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Convert to UTC before storing."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("refusing to store an instant without a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return an aware instant in UTC; SQLite forgets the zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class CanonicalText(str):
    """A JSON document that is written canonically already: a `Document` column keeps it as it is."""

    __slots__ = ()


class Document(TypeDecorator[Any]):
    """A JSON document kept as canonical text, so that its hash can be checked byte for byte."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ANN401, ARG002 - JSON
        """Serialise canonically."""
        if isinstance(value, CanonicalText):
            return str(value)
        return None if value is None else canonical_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ANN401, ARG002 - JSON
        """Parse."""
        return None if value is None else json.loads(value)


class Base(DeclarativeBase):
    """Base of all mapped classes."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        uuid.UUID: Uuid(),
        datetime: Instant(),
        int: BigInteger(),
        dict[str, Any]: Document(),
        list[Any]: Document(),
    }


def new_id() -> uuid.UUID:
    """Return a fresh UUIDv7: sortable by time, unguessable enough for a URL."""
    return uuid_utils.uuid7()


def canonical_json(value: object) -> str:
    """Serialise with sorted keys and no spaces; text stays readable, NaN is refused."""
    return _CANONICAL.encode(value)


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
"""Made once: every posting and every event asks."""
