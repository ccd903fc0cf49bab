"""What the fund believes about judging: criteria, statistics, quorum, majority, and who may not take part."""

from fundapp.committee.rules.agenda import agenda_order
from fundapp.committee.rules.proposals import RELEASES, GpuLine, ProposedCondition, Release, default_release
from fundapp.committee.rules.recusal import ROUTES, Route, require_no_conflict
from fundapp.committee.rules.reviews import (
    CRITERIA,
    DOCKET_STATES,
    FULL_TENTHS,
    HIGHEST,
    LOWEST,
    REVIEWABLE,
    Criterion,
    Rating,
    require_complete,
    review_total,
)
from fundapp.committee.rules.statistics import (
    SEVERITY_FROM,
    TRIM_FROM,
    Statistics,
    adjusted_mean,
    severity_offsets,
    statistics_of,
    trimmed_mean,
)
from fundapp.committee.rules.voting import (
    CHOICES,
    VERB_OF_OUTCOME,
    AlreadyVotedError,
    BallotClosedError,
    Choice,
    Outcome,
    Tally,
    tally,
)

__all__ = [
    "CHOICES",
    "CRITERIA",
    "DOCKET_STATES",
    "FULL_TENTHS",
    "HIGHEST",
    "LOWEST",
    "RELEASES",
    "REVIEWABLE",
    "ROUTES",
    "SEVERITY_FROM",
    "TRIM_FROM",
    "VERB_OF_OUTCOME",
    "AlreadyVotedError",
    "BallotClosedError",
    "Choice",
    "Criterion",
    "GpuLine",
    "Outcome",
    "ProposedCondition",
    "Rating",
    "Release",
    "Route",
    "Statistics",
    "Tally",
    "adjusted_mean",
    "agenda_order",
    "default_release",
    "require_complete",
    "require_no_conflict",
    "review_total",
    "severity_offsets",
    "statistics_of",
    "tally",
    "trimmed_mean",
]
