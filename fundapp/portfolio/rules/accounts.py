"""The names of an award's accounts in the ledger."""

from __future__ import annotations

import hashlib
import re

_LONGEST_SLUG = 60


def slug(text: str) -> str:
    """Return a code for account paths: the last segment of a cloud resource id, lower case, safe signs only.

    Names that had to be changed or cut carry a digest, so that two of them never share an account.
    """
    last = text.strip().lower().rstrip("/").rsplit("/", 1)[-1]
    safe = re.sub(r"[^a-z0-9._-]+", "-", last).strip("-")[:_LONGEST_SLUG]
    return safe if safe == last and safe else f"{safe or 'owner'}-{digest(text)}"


def digest(text: str) -> str:
    """Return a short stable code of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def grant_account(award: str, sku: str, region: str, quarter: str) -> str:
    """Return the account of one grant."""
    return f"grant:{award}:{sku}:{region}:{quarter}"


def unreleased_account(award: str, sku: str, region: str, quarter: str) -> str:
    """Return the account of what is awarded but waits for a progress report."""
    return f"unreleased:{award}:{sku}:{region}:{quarter}"


def returned_account(investor: str, sku: str) -> str:
    """Return the account of GPU time given back to its contributor for good."""
    return f"returned:{investor}:{sku}"


def overage_account(award: str, sku: str, region: str, quarter: str) -> str:
    """Return the account that use beyond a quarter's grant comes from."""
    return f"overage:{award}:{sku}:{region}:{quarter}"


def used_account(award: str, sku: str) -> str:
    """Return the account of GPU time an award has used."""
    return f"used:{award}:{sku}"


def expired_account(investor: str, sku: str) -> str:
    """Return the account of lapsed GPU time of one investor."""
    return f"expired:{investor}:{sku}"


def suspense_account(sku: str) -> str:
    """Return the account that use by nobody known comes from."""
    return f"suspense:{sku}"


def unmapped_account(owner: str, sku: str) -> str:
    """Return the account of use by an owner without an award."""
    return f"unmapped:{owner}:{sku}"
