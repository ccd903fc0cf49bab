"""What pages and other rooms may ask the ledger, one module a noun."""

from fundapp.ledger.queries.balances import BalanceRow, balances, decimal_text, find_balance
from fundapp.ledger.queries.holds import HoldRow, find_holds, open_holds
from fundapp.ledger.queries.periods import PeriodRow, find_closed_through, list_periods
from fundapp.ledger.queries.rates import FxRow, RateRow, fx_on, list_fx, list_rates, rate_on, value_of
from fundapp.ledger.queries.transfers import TransferRow, count_transfers, transfers, transfers_under
from fundapp.ledger.queries.verification import Verification, verify

__all__ = [
    "BalanceRow",
    "FxRow",
    "HoldRow",
    "PeriodRow",
    "RateRow",
    "TransferRow",
    "Verification",
    "balances",
    "count_transfers",
    "decimal_text",
    "find_balance",
    "find_closed_through",
    "find_holds",
    "fx_on",
    "list_fx",
    "list_periods",
    "list_rates",
    "open_holds",
    "rate_on",
    "transfers",
    "transfers_under",
    "value_of",
    "verify",
]
