"""What applicants are told by mail."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.access import Viewer
from fundapp.core.outbox import enqueue_mail
from fundapp.core.quarters import KST
from fundapp.intake.tables import Application, Company, Submission


def mail_receipt(
    session: Session, application_id: uuid.UUID, version: int, *, receipts: str, actor: Viewer, at: datetime
) -> None:
    """Mail the receipt of a version to whoever sent it and to the contact person, once each."""
    application = session.get_one(Application, application_id)
    company = session.get_one(Company, application.company_id)
    sha256 = session.scalars(
        select(Submission.sha256).where(Submission.application_id == application_id, Submission.version == version)
    ).one()
    received = at.astimezone(KST).strftime("%Y-%m-%d %H:%M:%S")
    lines = [
        f"{company.name} ({application.number})",
        f"제{version}판을 접수했습니다. / Version {version} has been received.",
        f"접수 시각 / Received: {received} KST",
        f"SHA-256: {sha256}",
    ]
    if receipts:
        lines += ["", f"접수증과 보낸 답 전부 / Receipt with all answers: {receipts}{version}.pdf"]
    for address in sorted({actor.email, str(application.answers.get("contact_email") or "")} - {""}):
        enqueue_mail(
            session,
            dedupe_key=f"receipt:{application_id}:{version}:{address}"[:200],
            recipient=address,
            subject=f"[{application.number}] 접수증 / Receipt",
            body="\n".join(lines) + "\n",
            at=at,
            about=[application_id],
        )
