"""What the fund does with awards: sign, pay, import use, lapse, value."""

from fundapp.portfolio.actions.awards import SignedAward, sign_award
from fundapp.portfolio.actions.grants import ExpiredGrants, expire_grants
from fundapp.portfolio.actions.tranches import disburse_tranche, prepare_tranche, return_tranche
from fundapp.portfolio.actions.valuations import record_valuation
from fundapp.portfolio.usage import UsageResult, import_usage

__all__ = [
    "ExpiredGrants",
    "SignedAward",
    "UsageResult",
    "disburse_tranche",
    "expire_grants",
    "import_usage",
    "prepare_tranche",
    "record_valuation",
    "return_tranche",
    "sign_award",
]
