"""What a resolution says, whether its signature holds, and the rows of its PDF."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.committee.queries import ballot_page
from fundapp.committee.tables import Ballot, Decision, Meeting
from fundapp.core.access import Viewer
from fundapp.core.errors import NotFoundError
from fundapp.core.orm import canonical_json
from fundapp.core.quarters import KST, kst_date
from fundapp.core.signing import SigningKey, signature_valid
from fundapp.intake.tables import Call
from fundapp.reporting.tables import Resolution
from reports.formats import Locale
from reports.resolution import Dissent, GpuShare, ResolutionRows, render_resolution


@dataclass(frozen=True, slots=True)
class ResolutionPage:
    """A resolution as issued, with what checking it says.

    Attributes:
        text: The very text that was hashed and signed.
        hash_valid: Whether the content still has its hash.
        signature_valid: Whether the signature is of this content by the key named.
        own_key: Whether that key is this instance's present one.
    """

    decision_id: uuid.UUID
    content: Mapping[str, Any]
    sha256: str
    signature: str
    public_key: str
    text: str
    issued_by: str
    issued_at: datetime
    hash_valid: bool
    signature_valid: bool
    own_key: bool

    @property
    def valid(self) -> bool:
        """Whether content, hash and signature belong together."""
        return self.hash_valid and self.signature_valid


def resolution_content(session: Session, viewer: Viewer, decision_id: uuid.UUID) -> dict[str, Any]:
    """Return what a decision's resolution says, as JSON.

    Raises:
        NotFoundError: if the decision is absent or out of sight.
    """
    row = session.execute(
        select(Decision, Meeting, Call.code)
        .join(Ballot, Ballot.id == Decision.ballot_id)
        .join(Meeting, Meeting.id == Ballot.meeting_id)
        .join(Call, Call.id == Meeting.call_id)
        .where(Decision.id == decision_id)
    ).one_or_none()
    # An absent one is asked for like one out of sight, lest the time it takes should tell them apart.
    page = ballot_page(session, viewer, row[0].ballot_id if row else decision_id)
    if row is None:
        raise NotFoundError(decision=str(decision_id))
    decision, meeting, code = row
    return {
        "document": "axfund.resolution.v1",
        "decision": str(decision.id),
        "ballot": str(page.ballot_id),
        "call": code,
        "application": page.number,
        "company": page.company,
        "meeting": {
            "title": meeting.title,
            "kind": meeting.kind,
            "held_on": meeting.held_on.isoformat(),
        },
        "form": page.form,
        "rule": page.rule.as_document(),
        "proposed_krw": page.proposed_krw,
        "gpu": [line.as_document() for line in page.gpu_lines],
        "conditions": [condition.as_document() for condition in page.conditions],
        "outcome": decision.outcome,
        "tally": decision.tally,
        "recused": sorted([seat.name, seat.route] for seat in page.seats if seat.route),
        "dissent": sorted(
            [seat.name, seat.choice, seat.reason] for seat in page.seats if seat.choice in {"no", "abstain"}
        ),
        "amends": str(page.amends_id) if page.amends_id else None,
        "reopens": str(page.reopens_id) if page.reopens_id else None,
        "closed_by": decision.closed_by,
        "decided_at": decision.decided_at.isoformat(),
    }


def find_resolution(session: Session, viewer: Viewer, decision_id: uuid.UUID, *, secret: str) -> ResolutionPage | None:
    """Return a decision's resolution, checked; None before it was issued.

    Raises:
        NotFoundError: if the decision is absent or out of sight.
    """
    ballot_id = session.scalar(select(Decision.ballot_id).where(Decision.id == decision_id))
    # An absent one is asked for like one out of sight, lest the time it takes should tell them apart.
    ballot_page(session, viewer, ballot_id or decision_id)
    row = session.scalars(select(Resolution).where(Resolution.decision_id == decision_id)).one_or_none()
    if row is None:
        return None
    text = canonical_json(row.content).encode()
    return ResolutionPage(
        decision_id=decision_id,
        content=row.content,
        sha256=row.sha256,
        signature=row.signature,
        public_key=row.public_key,
        text=text.decode(),
        issued_by=row.issued_by,
        issued_at=row.issued_at,
        hash_valid=hashlib.sha256(text).hexdigest() == row.sha256,
        signature_valid=signature_valid(bytes.fromhex(row.public_key), text, bytes.fromhex(row.signature)),
        own_key=SigningKey.of_instance(secret).public.hex() == row.public_key,
    )


def print_resolution(page: ResolutionPage, *, locale: Locale) -> bytes:
    """Return a resolution as a tagged PDF; the same resolution always gives the same bytes."""
    return render_resolution(resolution_rows(page), locale)


def resolution_rows(page: ResolutionPage) -> ResolutionRows:
    """Return a resolution as the rows of its PDF."""
    said = page.content
    return ResolutionRows(
        number=said["application"],
        company=said["company"],
        call=said["call"],
        meeting=said["meeting"]["title"],
        held_on=date.fromisoformat(said["meeting"]["held_on"]),
        written=said["meeting"]["kind"] == "written",
        secret=said["form"] == "secret",
        outcome=said["outcome"],
        krw=said["proposed_krw"],
        gpu=tuple(GpuShare(line["sku"], line["region"], line["quarter"], line["hours_e4"]) for line in said["gpu"]),
        conditions=tuple((one["text"], one["due_on"] or "") for one in said["conditions"]),
        counts=tuple((name, said["tally"][name]) for name in _COUNTS),
        arithmetic_ko=said["tally"]["arithmetic_ko"],
        arithmetic_en=said["tally"]["arithmetic_en"],
        recused=tuple((name, route) for name, route in said["recused"]),
        dissent=tuple(Dissent(name, choice, reason or "") for name, choice, reason in said["dissent"]),
        again=said["reopens"] is not None,
        amended=said["amends"] is not None,
        closed_by=said["closed_by"],
        decided_at=_stamp(datetime.fromisoformat(said["decided_at"])),
        issued_on=kst_date(page.issued_at),
        sha256=page.sha256,
        signature=page.signature,
        public_key=page.public_key,
    )


_COUNTS = ("members", "recused", "entitled", "present", "quorum_needed", "yes", "no", "abstain")


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(KST):%Y-%m-%d %H:%M}"
