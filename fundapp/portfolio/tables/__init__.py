"""Awards: cash in tranches, GPU grants, and what was used of them."""

from fundapp.portfolio.tables.awards import Award
from fundapp.portfolio.tables.calls import CapitalCall, CapitalCallLine
from fundapp.portfolio.tables.cash import Tranche, TrancheCondition, Valuation, ValuationDraft
from fundapp.portfolio.tables.changes import ChangeRequest, ProgressReport
from fundapp.portfolio.tables.companies import CodevelopmentMilestone, CompanyMetric
from fundapp.portfolio.tables.corrections import PaymentCorrection
from fundapp.portfolio.tables.grants import Grant, GrantHold
from fundapp.portfolio.tables.instruments import AwardFollowOn, AwardTerms, FinancingRound
from fundapp.portfolio.tables.metering import GrantAlert, GrantForecast, MeteringSource, UtilisationDay
from fundapp.portfolio.tables.overage import BlockRequest, CloudQuota, OverageCharge
from fundapp.portfolio.tables.proceeds import CashMovement
from fundapp.portfolio.tables.usage import GpuSizeLine, UsageCoverage, UsageDay, UsageImport, UsageOwner
from fundapp.portfolio.tables.waitlist import ReclaimNotice, WaitlistEntry, WaitlistOffer

__all__ = [
    "Award",
    "AwardFollowOn",
    "AwardTerms",
    "BlockRequest",
    "CapitalCall",
    "CapitalCallLine",
    "CashMovement",
    "ChangeRequest",
    "CloudQuota",
    "CodevelopmentMilestone",
    "CompanyMetric",
    "FinancingRound",
    "GpuSizeLine",
    "Grant",
    "GrantAlert",
    "GrantForecast",
    "GrantHold",
    "MeteringSource",
    "OverageCharge",
    "PaymentCorrection",
    "ProgressReport",
    "ReclaimNotice",
    "Tranche",
    "TrancheCondition",
    "UsageCoverage",
    "UsageDay",
    "UsageImport",
    "UsageOwner",
    "UtilisationDay",
    "Valuation",
    "ValuationDraft",
    "WaitlistEntry",
    "WaitlistOffer",
]
