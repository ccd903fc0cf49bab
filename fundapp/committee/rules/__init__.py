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
    ReviewsClosedError,
    require_complete,
    review_total,
)
from fundapp.committee.rules.statistics import (
    TRIM_FROM,
    Statistics,
    statistics_of,
    trimmed_mean,
)
from fundapp.committee.rules.terms import Official, Openness, Phase, ReviewTerms, review_terms
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
    "TRIM_FROM",
    "VERB_OF_OUTCOME",
    "AlreadyVotedError",
    "BallotClosedError",
    "Choice",
    "Criterion",
    "GpuLine",
    "Official",
    "Openness",
    "Outcome",
    "Phase",
    "ProposedCondition",
    "Rating",
    "Release",
    "ReviewTerms",
    "ReviewsClosedError",
    "Route",
    "Statistics",
    "Tally",
    "agenda_order",
    "default_release",
    "require_complete",
    "require_no_conflict",
    "review_terms",
    "review_total",
    "statistics_of",
    "tally",
    "trimmed_mean",
]
