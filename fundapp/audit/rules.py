"""How an event is hashed."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

GENESIS = "0" * 64
_DOMAIN = "fund-audit-1"


def link_hash(previous: str, seq: int, at: datetime, content: dict[str, object]) -> str:
    """Return SHA-256 over domain, previous hash, number, instant (UTC) and canonical JSON of the content."""
    body = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    stamp = at.astimezone(UTC).isoformat(timespec="microseconds")
    return hashlib.sha256("\n".join((_DOMAIN, previous, str(seq), stamp, body)).encode()).hexdigest()
