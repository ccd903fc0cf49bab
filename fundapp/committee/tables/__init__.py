"""The committee's record: who was recused, who rated what, who voted how, what was decided."""

from fundapp.committee.tables.assignments import Assignment, AssignmentEvent, Expertise, Reminder
from fundapp.committee.tables.decisions import Condition, Decision
from fundapp.committee.tables.interests import Affiliate, Interest, Signal, SignalAnswer
from fundapp.committee.tables.meetings import Ballot, Meeting, Vote
from fundapp.committee.tables.recusal import (
    Challenge,
    ChallengeVote,
    Conflict,
    LiftRequest,
    MeetingPledge,
    Recusal,
    RecusalLift,
)
from fundapp.committee.tables.reviews import Review

__all__ = [
    "Affiliate",
    "Assignment",
    "AssignmentEvent",
    "Ballot",
    "Challenge",
    "ChallengeVote",
    "Condition",
    "Conflict",
    "Decision",
    "Expertise",
    "Interest",
    "LiftRequest",
    "Meeting",
    "MeetingPledge",
    "Recusal",
    "RecusalLift",
    "Reminder",
    "Review",
    "Signal",
    "SignalAnswer",
    "Vote",
]
