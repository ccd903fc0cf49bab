"""When an account is closed for a while after wrong passwords. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

MAX_FAILURES = 5
LOCK_LENGTH = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Attempts:
    """Wrong passwords since the last right one, and until when the account is closed."""

    failures: int
    locked_until: datetime | None


def is_locked(attempts: Attempts, at: datetime) -> bool:
    """Return whether sign-in is refused at `at`, whatever the password."""
    return attempts.locked_until is not None and at < attempts.locked_until


def count_failure(attempts: Attempts, at: datetime) -> Attempts:
    """Return the attempts after one more wrong password; the fifth closes the account.

    The count starts anew when an earlier closing has run out.
    """
    expired = attempts.locked_until is not None and at >= attempts.locked_until
    failures = 1 if expired else attempts.failures + 1
    if failures >= MAX_FAILURES:
        return Attempts(failures, at + LOCK_LENGTH)
    return Attempts(failures, None)
