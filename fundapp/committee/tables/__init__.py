"""The committee's record: who was recused, who rated what, who voted how, what was decided."""

from fundapp.committee.tables.ballots import Ballot, BallotVoter, Reopening, Vote
from fundapp.committee.tables.decisions import Condition, Decision
from fundapp.committee.tables.discussion import (
    Comment,
    CommentReader,
    CommentText,
    Inquiry,
    InquiryAnswer,
    QuestionStep,
)
from fundapp.committee.tables.meetings import (
    Attendance,
    Meeting,
    MeetingStep,
    Minutes,
    MinutesApproval,
    WrittenConsent,
)
from fundapp.committee.tables.recusal import Conflict
from fundapp.committee.tables.reviews import (
    Assignment,
    Review,
    ReviewDraft,
    Reviewing,
    ReviewPhaseStep,
    ReviewTermsRow,
)

__all__ = [
    "Assignment",
    "Attendance",
    "Ballot",
    "BallotVoter",
    "Comment",
    "CommentReader",
    "CommentText",
    "Condition",
    "Conflict",
    "Decision",
    "Inquiry",
    "InquiryAnswer",
    "Meeting",
    "MeetingStep",
    "Minutes",
    "MinutesApproval",
    "QuestionStep",
    "Reopening",
    "Review",
    "ReviewDraft",
    "ReviewPhaseStep",
    "ReviewTermsRow",
    "Reviewing",
    "Vote",
    "WrittenConsent",
]
