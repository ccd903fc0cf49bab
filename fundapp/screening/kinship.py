"""Companies that look like one, over all that the viewer may see: what they share, and whose texts are alike."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.intake.kinship import SIGNALS, Marks, in_order, shared_signals
from fundapp.intake.kinship_queries import FindingRow, barred_companies, newest_findings
from fundapp.intake.newest import is_newest
from fundapp.intake.queries import visible_to
from fundapp.intake.standing_queries import stated_by_submission
from fundapp.intake.tables import Application, AttachedDocument, Company, Document, Submission
from scoring import find_copies
from scoring.textual.limits import LONGEST_TEXT

_TEXTS = ("solution_summary", "spc_link", "korean_ai_link")


@dataclass(frozen=True, slots=True)
class KinRow:
    """A company of a pair, with its newest application."""

    company_id: uuid.UUID
    name: str
    identifier: str
    application_id: uuid.UUID
    number: str


@dataclass(frozen=True, slots=True)
class KinPair:
    """Two companies that share something.

    Attributes:
        signals: Kinds of sign, the strongest first.
        finding: What somebody found about the pair; None if nobody has looked.
        dismissed: Whether all of the signals were dismissed.
    """

    first: KinRow
    second: KinRow
    signals: tuple[str, ...]
    finding: FindingRow | None
    dismissed: bool


def list_kin(session: Session, viewer: Viewer) -> list[KinPair]:
    """Return the pairs of companies that look like one, undismissed ones first, in a constant number of statements.

    What the viewer is recused from or applies for is never read: nothing here tells that it exists.

    Raises:
        ForbiddenError: if the viewer may not see companies.
    """
    require(viewer, Verb.VIEW, Thing(Kind.COMPANY))
    rows = session.execute(
        select(Application, Company, Submission.answers, stated_by_submission().label("stated"))
        .join(Company, Company.id == Application.company_id)
        .join(Submission, is_newest())
        .where(visible_to(viewer), Company.id.not_in(barred_companies(session, viewer)))
        .order_by(Application.updated_at, Application.id)
    ).all()
    companies: dict[str, KinRow] = {}
    marks: defaultdict[str, Marks] = defaultdict(Marks)
    texts: dict[str, str] = {}
    for application, company, answers, stated in rows:
        key = str(company.id)
        companies[key] = KinRow(company.id, company.name, company.identifier, application.id, application.number)
        marks[key].add_answers({**answers, **_named(stated)})
        marks[key].add("business_number", company.identifier if company.scheme == "brn" else "")
        marks[key].add("corporate_number", company.corporate_number or "")
        text = "\n".join(str(answers.get(name) or "") for name in _TEXTS)
        if len(text) <= LONGEST_TEXT:
            texts[key] = text
    _mark_documents(session, marks)
    pairs = shared_signals(marks)
    for copy in find_copies(texts):
        first, second = sorted((copy.first, copy.second))
        pairs.setdefault((first, second), set()).add("text")
    findings = newest_findings(session)
    found = [_pair(companies[one], companies[other], signals, findings) for (one, other), signals in pairs.items()]
    return sorted(found, key=_rank)


def _named(stated: object) -> dict[str, object]:
    name = stated.get("representative") if isinstance(stated, dict) else None
    return {"representative": name} if name else {}


def _mark_documents(session: Session, marks: defaultdict[str, Marks]) -> None:
    query = select(Document.company_id, Document.sha256).join(
        AttachedDocument, AttachedDocument.document_id == Document.id
    )
    for company_id, sha256 in session.execute(query):
        if str(company_id) in marks:
            marks[str(company_id)].add("document", sha256)


def _pair(
    first: KinRow,
    second: KinRow,
    signals: set[str],
    findings: dict[tuple[uuid.UUID, uuid.UUID], FindingRow],
) -> KinPair:
    finding = findings.get((first.company_id, second.company_id))
    dismissed = finding is not None and finding.verdict == "dismissed" and signals <= finding.signals
    return KinPair(first, second, in_order(signals), finding, dismissed)


def _rank(pair: KinPair) -> tuple[bool, int, int, str, str]:
    strongest = SIGNALS.index(pair.signals[0])
    return pair.dismissed, strongest, -len(pair.signals), pair.first.name, pair.second.name
