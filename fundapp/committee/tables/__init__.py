"""The committee's record: who was recused, who rated what, who voted how, what was decided."""

from fundapp.committee.tables.conditions import (
    Condition,
    ConditionEvidence,
    EvidenceJudgement,
    Waiver,
    WaiverVote,
)
from fundapp.committee.tables.decisions import Decision
from fundapp.committee.tables.letters import Appeal, Letter, LetterBatch, LetterMail, LetterRules
from fundapp.committee.tables.meetings import Ballot, Meeting, Vote
from fundapp.committee.tables.recusal import Conflict
from fundapp.committee.tables.reviews import Assignment, Review

__all__ = [
    "Appeal",
    "Assignment",
    "Ballot",
    "Condition",
    "ConditionEvidence",
    "Conflict",
    "Decision",
    "EvidenceJudgement",
    "Letter",
    "LetterBatch",
    "LetterMail",
    "LetterRules",
    "Meeting",
    "Review",
    "Vote",
    "Waiver",
    "WaiverVote",
]
