"""The committee's record: who was recused, who rated what, who voted how, what was decided."""

from fundapp.committee.tables.decisions import Condition, Decision
from fundapp.committee.tables.discussion import (
    Comment,
    CommentReader,
    CommentText,
    Inquiry,
    InquiryAnswer,
    QuestionStep,
)
from fundapp.committee.tables.meetings import Ballot, Meeting, Vote
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
    "Ballot",
    "Comment",
    "CommentReader",
    "CommentText",
    "Condition",
    "Conflict",
    "Decision",
    "Inquiry",
    "InquiryAnswer",
    "Meeting",
    "QuestionStep",
    "Review",
    "ReviewDraft",
    "ReviewPhaseStep",
    "ReviewTermsRow",
    "Reviewing",
    "Vote",
]
