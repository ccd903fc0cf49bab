"""What the fund believes about awards: how cash is split, when grants lapse, from where use is drawn."""

from fundapp.portfolio.rules.accounts import (
    digest,
    expired_account,
    grant_account,
    overage_account,
    slug,
    suspense_account,
    unmapped_account,
    used_account,
)
from fundapp.portfolio.rules.cash import (
    FIRST_MILESTONE,
    INSTRUMENTS,
    SECOND_MILESTONE,
    SECOND_TRANCHE_DAYS,
    ConditionsOpenError,
    PlannedTranche,
    TrancheNotReadyError,
    award_number,
    plan_tranches,
    split_by_cost,
    whole_won,
)
from fundapp.portfolio.rules.draws import Draw, Stock, after_draw, draw
from fundapp.portfolio.rules.grants import PoolMissingError, grant_expiry

__all__ = [
    "FIRST_MILESTONE",
    "INSTRUMENTS",
    "SECOND_MILESTONE",
    "SECOND_TRANCHE_DAYS",
    "ConditionsOpenError",
    "Draw",
    "PlannedTranche",
    "PoolMissingError",
    "Stock",
    "TrancheNotReadyError",
    "after_draw",
    "award_number",
    "digest",
    "draw",
    "expired_account",
    "grant_account",
    "grant_expiry",
    "overage_account",
    "plan_tranches",
    "slug",
    "split_by_cost",
    "suspense_account",
    "unmapped_account",
    "used_account",
    "whole_won",
]
