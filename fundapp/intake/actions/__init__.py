"""What applicants and staff do: open calls, register companies, apply, withdraw."""

from fundapp.intake.actions.applications import (
    Receipt,
    SavedDraft,
    move_application,
    record_consent,
    save_answers,
    start_application,
    submit_application,
    withdraw_application,
)
from fundapp.intake.actions.calls import OpenedCall, open_call, take_numbers
from fundapp.intake.actions.companies import join_company, register_company
from fundapp.intake.actions.documents import attach_document, detach_document, keep_document, remove_document
from fundapp.intake.actions.names import actor_name, answers_sha256, company_columns
from fundapp.intake.actions.workflows import discard_workflow, propose_workflow, publish_workflow

__all__ = [
    "OpenedCall",
    "Receipt",
    "SavedDraft",
    "actor_name",
    "answers_sha256",
    "attach_document",
    "company_columns",
    "detach_document",
    "discard_workflow",
    "join_company",
    "keep_document",
    "move_application",
    "open_call",
    "propose_workflow",
    "publish_workflow",
    "record_consent",
    "register_company",
    "remove_document",
    "save_answers",
    "start_application",
    "submit_application",
    "take_numbers",
    "withdraw_application",
]
