"""What applicants hand in, and the calls they hand it in to."""

from fundapp.intake.tables.applications import Application, DecisionNotice, Submission, Transition
from fundapp.intake.tables.certifying import Certification
from fundapp.intake.tables.documents import AttachedDocument, Document, SubmittedDocument
from fundapp.intake.tables.kinship import CompanyMerge, KinshipFinding, MergeUndone
from fundapp.intake.tables.listing import Listing, ListingText
from fundapp.intake.tables.mail_texts import MailText
from fundapp.intake.tables.parties import Call, Company, Consent, Invitation, Membership
from fundapp.intake.tables.standing import CompanyStatement, RegistrationCheck
from fundapp.intake.tables.workflow import BUILT_IN_WORKFLOW, WorkflowStage, WorkflowStep, WorkflowVersion

__all__ = [
    "BUILT_IN_WORKFLOW",
    "Application",
    "AttachedDocument",
    "Call",
    "Certification",
    "Company",
    "CompanyMerge",
    "CompanyStatement",
    "Consent",
    "DecisionNotice",
    "Document",
    "Invitation",
    "KinshipFinding",
    "Listing",
    "ListingText",
    "MailText",
    "Membership",
    "MergeUndone",
    "RegistrationCheck",
    "Submission",
    "SubmittedDocument",
    "Transition",
    "WorkflowStage",
    "WorkflowStep",
    "WorkflowVersion",
]
