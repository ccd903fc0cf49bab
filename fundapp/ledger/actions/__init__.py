"""What the ledger does, one module a noun.

Balances change only by relative UPDATEs in account order, and the CHECK on the row decides: nothing here reads a
balance, computes and writes it back. That is what keeps eight processes from granting a pool twice at READ
COMMITTED, where read-check-write granted 2,400 of 1,000 hours.
"""

from fundapp.ledger.actions.accounts import Opening, open_account, open_accounts
from fundapp.ledger.actions.holds import expire_holds, hold, post_hold, void_hold
from fundapp.ledger.actions.periods import close_books, halt_postings
from fundapp.ledger.actions.postings import Posting, post, post_many, replace, reverse
from fundapp.ledger.actions.rates import set_fx, set_rate

__all__ = [
    "Opening",
    "Posting",
    "close_books",
    "expire_holds",
    "halt_postings",
    "hold",
    "open_account",
    "open_accounts",
    "post",
    "post_hold",
    "post_many",
    "replace",
    "reverse",
    "set_fx",
    "set_rate",
    "void_hold",
]
