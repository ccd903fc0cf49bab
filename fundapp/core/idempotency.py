"""A retry must not act twice: each unsafe form and call carries a key, stored with its input's hash and result."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import String, bindparam, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from fundapp.core.errors import IdempotencyConflictError
from fundapp.core.orm import APPEND_ONLY, Base, canonical_json
from fundapp.core.sessions import RetryTransactionError


class IdempotencyKey(Base):
    """One request that was carried out: its key, the hash of its input and its result."""

    __tablename__ = "idempotency_key"
    __table_args__ = ({"info": APPEND_ONLY},)

    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    verb: Mapped[str] = mapped_column(String(80))
    request_sha256: Mapped[str] = mapped_column(String(64))
    result: Mapped[dict[str, Any]]
    recorded_at: Mapped[datetime]


_STORED = select(IdempotencyKey.verb, IdempotencyKey.request_sha256, IdempotencyKey.result).where(
    IdempotencyKey.key == bindparam("key")
)
_KEEP = insert(IdempotencyKey)


def request_hash(request: object) -> str:
    """Return the SHA-256 of a JSON-able request in canonical form."""
    return hashlib.sha256(canonical_json(request).encode()).hexdigest()


def once(
    session: Session,
    *,
    key: str,
    verb: str,
    request: object,
    at: datetime,
    work: Callable[[], dict[str, Any]],
) -> dict[str, Any]:
    """Carry out `work` unless the key has been used; return its (stored) result.

    Raises:
        IdempotencyConflictError: if the key was used for another verb or other input.
    """
    digest = request_hash(request)
    session.flush()
    stored = session.connection().execute(_STORED, {"key": key}).one_or_none()
    if stored is not None:
        if (stored.verb, stored.request_sha256) != (verb, digest):
            raise IdempotencyConflictError(key=key)
        return dict(stored.result)
    result = work()
    session.flush()
    row = {"key": key, "verb": verb, "request_sha256": digest, "result": result, "recorded_at": at}
    try:
        session.connection().execute(_KEEP, row)
    except IntegrityError as error:
        # A rival with the same key committed first: start again and find its result.
        if "idempotency_key" in str(error.orig):
            raise RetryTransactionError from error
        raise
    return result
