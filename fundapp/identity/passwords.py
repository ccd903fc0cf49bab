"""Passwords: argon2id hashes, and what makes one acceptable.

Length decides, as ASVS 5.0 asks (6.2.1, 6.2.9): no composition rules, no forced change, long ones welcome. The
few words below are those that every guesser tries first and that are long enough to pass.
"""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH = 10
MAX_LENGTH = 256

_HASHER = PasswordHasher()
_COMMON = frozenset(
    {
        "1234567890", "0123456789", "9876543210", "1111111111", "0000000000", "12345678910", "123456789a",
        "password12", "password123", "password1234", "passw0rd123", "qwertyuiop", "qwerty12345", "1q2w3e4r5t",
        "1q2w3e4r5t6y", "asdfghjkl1", "iloveyou123", "abcdefghij", "abcd123456", "administrator", "admin12345",
        "welcome123", "letmein1234", "changeme123", "sksmsskdi12", "tkfkdgody12", "qlalfqjsgh", "qlalfqjsgh1",
    }
)  # fmt: skip


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password, in the PHC string format."""
    return _HASHER.hash(password)


def verify_password(password: str, password_hash: str | None) -> bool:
    """Return whether the password matches; without a hash the answer is no, after the same work."""
    try:
        _HASHER.verify(password_hash or _ABSENT, password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def find_password_fault(password: str, *, email: str = "") -> str | None:
    """Return why a password is not acceptable: `short`, `long`, `common` or `email`; None when it is."""
    if len(password) < MIN_LENGTH:
        return "short"
    if len(password) > MAX_LENGTH:
        return "long"
    plain = password.lower()
    if plain in _COMMON or len(set(plain)) == 1:
        return "common"
    local = email.lower().partition("@")[0]
    return "email" if plain == email.lower() or (local and plain == local) else None


_ABSENT = _HASHER.hash("nobody has this password")
"""Compared against when there is no such person, so that the answer takes as long as for a person."""
