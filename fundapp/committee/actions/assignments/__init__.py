"""Giving reviews out and reminding of them: balanced, by hand, from a file."""

from fundapp.committee.actions.assignments.balanced import Assigned, Assigning, assign_reviewers
from fundapp.committee.actions.assignments.from_file import import_assignments
from fundapp.committee.actions.assignments.hand import add_reviewer, remove_reviewer, set_expertise
from fundapp.committee.actions.assignments.reminders import Reminded, remind_all, remind_reviewers

__all__ = [
    "Assigned",
    "Assigning",
    "Reminded",
    "add_reviewer",
    "assign_reviewers",
    "import_assignments",
    "remind_all",
    "remind_reviewers",
    "remove_reviewer",
    "set_expertise",
]
