"""What a page may ask the committee."""

from fundapp.committee.queries.blind import blind_ratings
from fundapp.committee.queries.decisions import (
    ConditionRow,
    ConflictRow,
    DecisionRow,
    list_conditions,
    list_conflicts,
    list_decisions,
    open_conditions,
)
from fundapp.committee.queries.docket import (
    SORT_KEYS,
    DocketFilter,
    DocketRow,
    Progress,
    SortKey,
    docket,
    my_progress,
    narrow,
    progress_in,
)
from fundapp.committee.queries.meetings import (
    AgendaItem,
    BallotPage,
    MeetingPage,
    MeetingRow,
    Seat,
    ballot_page,
    list_meetings,
    meeting_page,
)
from fundapp.committee.queries.people import Member, find_viewer, load_viewer, members
from fundapp.committee.queries.pledges import find_pledge
from fundapp.committee.queries.reviews import (
    OthersReview,
    ReviewerProgress,
    ReviewPage,
    ReviewVersion,
    review_page,
    review_totals,
    reviewer_progress,
)

__all__ = [
    "SORT_KEYS",
    "AgendaItem",
    "BallotPage",
    "ConditionRow",
    "ConflictRow",
    "DecisionRow",
    "DocketFilter",
    "DocketRow",
    "MeetingPage",
    "MeetingRow",
    "Member",
    "OthersReview",
    "Progress",
    "ReviewPage",
    "ReviewVersion",
    "ReviewerProgress",
    "Seat",
    "SortKey",
    "ballot_page",
    "blind_ratings",
    "docket",
    "find_pledge",
    "find_viewer",
    "list_conditions",
    "list_conflicts",
    "list_decisions",
    "list_meetings",
    "load_viewer",
    "meeting_page",
    "members",
    "my_progress",
    "narrow",
    "open_conditions",
    "progress_in",
    "review_page",
    "review_totals",
    "reviewer_progress",
]
