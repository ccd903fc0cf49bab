"""What applicants and staff do: open calls, register companies, apply, withdraw."""

from fundapp.intake.actions.applications import (
    Receipt,
    SavedDraft,
    carry_answers,
    move_application,
    record_consent,
    save_answers,
    start_application,
    submit_application,
    withdraw_application,
)
from fundapp.intake.actions.calls import OpenedCall, open_call, take_numbers
from fundapp.intake.actions.certifying import (
    ask_certification,
    return_certification,
    sign_certification,
    withdraw_certification,
)
from fundapp.intake.actions.companies import join_company, register_company
from fundapp.intake.actions.documents import attach_document, detach_document, keep_document, remove_document
from fundapp.intake.actions.members import (
    accept_invitation,
    change_member_role,
    invite_member,
    remove_member,
    withdraw_invitation,
)
from fundapp.intake.actions.names import actor_name, answers_sha256, company_columns
from fundapp.intake.actions.workflows import discard_workflow, propose_workflow, publish_workflow

__all__ = [
    "OpenedCall",
    "Receipt",
    "SavedDraft",
    "accept_invitation",
    "actor_name",
    "answers_sha256",
    "ask_certification",
    "attach_document",
    "carry_answers",
    "change_member_role",
    "company_columns",
    "detach_document",
    "discard_workflow",
    "invite_member",
    "join_company",
    "keep_document",
    "move_application",
    "open_call",
    "propose_workflow",
    "publish_workflow",
    "record_consent",
    "register_company",
    "remove_document",
    "remove_member",
    "return_certification",
    "save_answers",
    "sign_certification",
    "start_application",
    "submit_application",
    "take_numbers",
    "withdraw_application",
    "withdraw_certification",
    "withdraw_invitation",
]
