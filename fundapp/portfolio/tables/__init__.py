"""Awards: cash in tranches, GPU grants, and what was used of them."""

from fundapp.portfolio.tables.awards import Award
from fundapp.portfolio.tables.cash import Tranche, Valuation
from fundapp.portfolio.tables.grants import Grant
from fundapp.portfolio.tables.usage import UsageDay, UsageImport

__all__ = [
    "Award",
    "Grant",
    "Tranche",
    "UsageDay",
    "UsageImport",
    "Valuation",
]
