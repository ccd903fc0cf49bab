"""What pages may ask about awards, GPU use and suspense."""

from fundapp.portfolio.queries.awards import (
    AwardPage,
    AwardRow,
    ConditionRow,
    PortfolioTotals,
    award_page,
    list_awards,
    portfolio_totals,
)
from fundapp.portfolio.queries.cash import TrancheRow, ValuationRow
from fundapp.portfolio.queries.grants import GrantRow, SkuHours
from fundapp.portfolio.queries.sight import award_clause
from fundapp.portfolio.queries.usage import (
    SuspenseRow,
    UsageImportRow,
    UsageRow,
    list_suspense,
    list_usage_imports,
    usage_by_day,
)

__all__ = [
    "AwardPage",
    "AwardRow",
    "ConditionRow",
    "GrantRow",
    "PortfolioTotals",
    "SkuHours",
    "SuspenseRow",
    "TrancheRow",
    "UsageImportRow",
    "UsageRow",
    "ValuationRow",
    "award_clause",
    "award_page",
    "list_awards",
    "list_suspense",
    "list_usage_imports",
    "portfolio_totals",
    "usage_by_day",
]
