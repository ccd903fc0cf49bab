"""What applicants are told by mail."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.access import Viewer
from fundapp.core.outbox import enqueue_mail
from fundapp.core.quarters import KST
from fundapp.identity.tables import Person
from fundapp.intake.tables import Application, Call, Company, Membership, Submission


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


def mail_extension(session: Session, call: Call, *, before: datetime, reason: str, at: datetime) -> None:
    """Tell everybody who acts for a company with a draft that the deadline of its call has moved, once each."""
    rows = session.execute(
        select(Person.email, Application.id)
        .join(Membership, Membership.person_id == Person.id)
        .join(Application, Application.company_id == Membership.company_id)
        .where(Application.call_id == call.id, Application.state == "draft", Person.active)
        .order_by(Person.email, Application.id)
    )
    drafts: dict[str, list[uuid.UUID]] = {}
    for address, application_id in rows:
        drafts.setdefault(address, []).append(application_id)
    old, new = (f"{one.astimezone(KST):%Y-%m-%d %H:%M}" for one in (before, call.closes_at))
    lines = [
        call.title_ko,
        "접수 마감이 늦춰졌습니다. 쓰고 있는 신청서는 그대로이고, 새 마감까지 제출하면 됩니다.",
        f"마감: {old} → {new} (한국 시각)",
        f"사유: {reason}",
        "",
        call.title_en,
        "The deadline has moved. Your draft is as you left it; submit it by the new deadline.",
        f"Deadline: {old} → {new} (Korean time)",
    ]
    for address, about in drafts.items():
        enqueue_mail(
            session,
            dedupe_key=f"extended:{call.id}:{call.closes_at.isoformat()}:{address}"[:200],
            recipient=address,
            subject=f"[{call.code}] 접수 마감 연장 / Deadline extended",
            body="\n".join(lines) + "\n",
            at=at,
            about=about,
        )
