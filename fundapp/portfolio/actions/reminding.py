"""Everything that applicants and awarded companies are reminded of on one morning."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from fundapp.committee.actions import remind_inquiries
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.intake.actions import remind_deadlines, remind_documents
from fundapp.portfolio.actions.releases import remind_reports

_WORKS = {
    "deadlines": remind_deadlines,
    "documents": remind_documents,
    "inquiries": remind_inquiries,
    "reports": remind_reports,
}


def remind_applicants(session: Session, *, actor: Viewer, at: datetime, public_url: str) -> dict[str, int]:
    """Write what is due soon to those whom it waits for, once each; return how many mails are new, by what they are of.

    What an earlier run or another clock has mailed is not mailed again.
    """
    require(actor, Verb.PREPARE, Thing(Kind.AWARD))
    return {name: work(session, actor=actor, at=at, public_url=public_url) for name, work in _WORKS.items()}
