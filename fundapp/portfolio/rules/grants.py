"""When grants lapse."""

from __future__ import annotations

from datetime import date, timedelta

from fundapp.core.errors import FundError
from fundapp.core.quarters import Quarter


class PoolMissingError(FundError):
    """A decision grants GPU time for which there is no pool."""

    code = "pool_missing"
    ko = "GPU 출자분이 없습니다: {sku} {region} {quarter}"
    en = "There is no pool: {sku} {region} {quarter}"


def grant_expiry(quarter: Quarter, grace_days: int) -> date:
    """Return the last UTC day on which a grant stands: the end of its quarter plus the call's grace."""
    return quarter.last_day + timedelta(days=grace_days)
