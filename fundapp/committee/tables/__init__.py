"""The committee's record: who was recused, who rated what, who voted how, what was decided."""

from fundapp.committee.tables.decisions import Condition, Decision
from fundapp.committee.tables.meetings import Ballot, Meeting, Vote
from fundapp.committee.tables.recusal import Conflict
from fundapp.committee.tables.reviews import Assignment, Review, Reviewing
from fundapp.committee.tables.views import SavedView

__all__ = [
    "Assignment",
    "Ballot",
    "Condition",
    "Conflict",
    "Decision",
    "Meeting",
    "Review",
    "Reviewing",
    "SavedView",
    "Vote",
]
