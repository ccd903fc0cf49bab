"""What a page may ask the committee."""

from fundapp.committee.queries.blind import blind_ratings
from fundapp.committee.queries.calibration import (
    CalibratedRow,
    CalibrationPage,
    OfficialScores,
    calibration_page,
    official_scores,
    official_totals,
)
from fundapp.committee.queries.decisions import (
    ConditionRow,
    ConflictRow,
    DecisionRow,
    list_conditions,
    list_conflicts,
    list_decisions,
    open_conditions,
)
from fundapp.committee.queries.discussion import (
    AskedRow,
    CommentRow,
    DiscussionPage,
    count_comments,
    discussion_page,
    get_asked,
    list_asked,
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
from fundapp.committee.queries.drafts import DraftView, find_draft
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
from fundapp.committee.queries.phases import PhasePage, find_unmasked_at, phase_page
from fundapp.committee.queries.pledges import find_pledge
from fundapp.committee.queries.queue import find_next
from fundapp.committee.queries.reviews import (
    OthersReview,
    ReviewerProgress,
    ReviewPage,
    ReviewVersion,
    review_page,
    reviewer_progress,
)

__all__ = [
    "SORT_KEYS",
    "AgendaItem",
    "AskedRow",
    "BallotPage",
    "CalibratedRow",
    "CalibrationPage",
    "CommentRow",
    "ConditionRow",
    "ConflictRow",
    "DecisionRow",
    "DiscussionPage",
    "DocketFilter",
    "DocketRow",
    "DraftView",
    "MeetingPage",
    "MeetingRow",
    "Member",
    "OfficialScores",
    "OthersReview",
    "PhasePage",
    "Progress",
    "ReviewPage",
    "ReviewVersion",
    "ReviewerProgress",
    "Seat",
    "SortKey",
    "ballot_page",
    "blind_ratings",
    "calibration_page",
    "count_comments",
    "discussion_page",
    "docket",
    "find_draft",
    "find_next",
    "find_pledge",
    "find_unmasked_at",
    "find_viewer",
    "get_asked",
    "list_asked",
    "list_conditions",
    "list_conflicts",
    "list_decisions",
    "list_meetings",
    "load_viewer",
    "meeting_page",
    "members",
    "my_progress",
    "official_scores",
    "official_totals",
    "open_conditions",
    "phase_page",
    "review_page",
    "reviewer_progress",
]
