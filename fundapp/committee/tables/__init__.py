"""The committee's record: who was recused, who rated what, who voted how, what was decided."""

from fundapp.committee.tables.ballots import Ballot, BallotVoter, Reopening, Vote
from fundapp.committee.tables.decisions import Condition, Decision
from fundapp.committee.tables.meetings import (
    Attendance,
    Meeting,
    MeetingStep,
    Minutes,
    MinutesApproval,
    WrittenConsent,
)
from fundapp.committee.tables.recusal import Conflict
from fundapp.committee.tables.reviews import Assignment, Review

__all__ = [
    "Assignment",
    "Attendance",
    "Ballot",
    "BallotVoter",
    "Condition",
    "Conflict",
    "Decision",
    "Meeting",
    "MeetingStep",
    "Minutes",
    "MinutesApproval",
    "Reopening",
    "Review",
    "Vote",
    "WrittenConsent",
]
