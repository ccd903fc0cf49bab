"""What a page may ask the committee."""

from fundapp.committee.queries.agenda import AgendaEntry, AgendaPlan, ordered_ballots
from fundapp.committee.queries.ballots import BallotPage, ReopeningRow, Seat, ballot_page
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
)
from fundapp.committee.queries.meetings import (
    AgendaItem,
    Attendee,
    MeetingPage,
    MeetingRow,
    list_meetings,
    meeting_event,
    meeting_page,
)
from fundapp.committee.queries.minutes import MinutesPage, MinutesSection, MinutesVersion, minutes_page
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
    "AgendaEntry",
    "AgendaItem",
    "AgendaPlan",
    "Attendee",
    "BallotPage",
    "ConditionRow",
    "ConflictRow",
    "DecisionRow",
    "DocketFilter",
    "DocketRow",
    "MeetingPage",
    "MeetingRow",
    "Member",
    "MinutesPage",
    "MinutesSection",
    "MinutesVersion",
    "OthersReview",
    "Progress",
    "ReopeningRow",
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
    "meeting_event",
    "meeting_page",
    "members",
    "minutes_page",
    "my_progress",
    "open_conditions",
    "ordered_ballots",
    "review_page",
    "review_totals",
    "reviewer_progress",
]
