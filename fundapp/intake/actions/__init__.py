"""What applicants and staff do: open calls, register companies, apply, withdraw."""

from fundapp.intake.actions.amending import Amendment, Signature, amend_submission, preview_amendment
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
from fundapp.intake.actions.kinship import judge_kinship, merge_companies, undo_merge
from fundapp.intake.actions.mail_texts import save_mail_text
from fundapp.intake.actions.members import (
    accept_invitation,
    change_member_role,
    invite_member,
    remove_member,
    withdraw_invitation,
)
from fundapp.intake.actions.names import actor_name, answers_sha256, company_columns
from fundapp.intake.actions.registration import record_checks
from fundapp.intake.actions.reminders import remind_deadlines, remind_documents
from fundapp.intake.actions.standing import doubts_corporate_number, state_company
from fundapp.intake.actions.workflows import discard_workflow, propose_workflow, publish_workflow

__all__ = [
    "Amendment",
    "OpenedCall",
    "Receipt",
    "SavedDraft",
    "Signature",
    "accept_invitation",
    "actor_name",
    "amend_submission",
    "answers_sha256",
    "ask_certification",
    "attach_document",
    "carry_answers",
    "change_member_role",
    "company_columns",
    "detach_document",
    "discard_workflow",
    "doubts_corporate_number",
    "invite_member",
    "join_company",
    "judge_kinship",
    "keep_document",
    "merge_companies",
    "move_application",
    "open_call",
    "preview_amendment",
    "propose_workflow",
    "publish_workflow",
    "record_checks",
    "record_consent",
    "register_company",
    "remind_deadlines",
    "remind_documents",
    "remove_document",
    "remove_member",
    "return_certification",
    "save_answers",
    "save_mail_text",
    "sign_certification",
    "start_application",
    "state_company",
    "submit_application",
    "take_numbers",
    "undo_merge",
    "withdraw_application",
    "withdraw_certification",
    "withdraw_invitation",
]
