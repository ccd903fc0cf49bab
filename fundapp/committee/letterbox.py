"""What a letter says about a decision, and to which addresses it goes."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.committee.rules import GpuLine
from fundapp.committee.rules.letters import DEFAULT_RULES, Language, LetterRule, choose_rule, fill
from fundapp.committee.tables import Condition, Conflict, Decision, LetterRules
from fundapp.core.quantities import HOUR
from fundapp.core.quarters import kst_date
from fundapp.identity.tables import Person
from fundapp.intake.call_terms import appeal_days
from fundapp.intake.newest import newest_answers
from fundapp.intake.tables import Application, Call, Company, Membership

_LONGEST = 140


@dataclass(frozen=True, slots=True)
class LetterTexts:
    """A letter as it will be sent."""

    subject_ko: str
    body_ko: str
    subject_en: str
    body_en: str


def load_rules(session: Session, call_id: uuid.UUID) -> tuple[int, tuple[LetterRule, ...]]:
    """Return the newest texts of a call with their version; 0 and those that ship where it has none."""
    found = session.scalars(
        select(LetterRules).where(LetterRules.call_id == call_id).order_by(LetterRules.version.desc()).limit(1)
    ).one_or_none()
    if found is None:
        return 0, DEFAULT_RULES
    return found.version, tuple(LetterRule.of_document(document) for document in found.rules)


def write_letter(session: Session, decision: Decision, rules: Sequence[LetterRule]) -> LetterTexts:
    """Return the letter about a decision: in each language the first text that fits, with its places filled."""
    application, company, call = session.execute(
        select(Application, Company, Call)
        .join(Company, Company.id == Application.company_id)
        .join(Call, Call.id == Application.call_id)
        .where(Application.id == decision.application_id)
    ).one()
    conditions = session.scalars(
        select(Condition).where(Condition.decision_id == decision.id).order_by(Condition.number)
    ).all()
    answers = submitted_answers(session, application.id)
    texts = {}
    for language in ("ko", "en"):
        rule = choose_rule(
            rules, outcome=decision.outcome, has_conditions=bool(conditions), language=_language(language)
        )
        values = {
            "company": company.name,
            "number": application.number,
            "solution": str(answers.get("solution_title") or application.number),
            "call": call.title_ko if language == "ko" else call.title_en,
            "decided_on": kst_date(decision.decided_at).isoformat(),
            "cash": _cash(decision.approved_krw, language),
            "gpu": _gpu(decision.gpu_lines, language),
            "conditions": "\n".join(_condition(one, language) for one in conditions) or "-",
            "appeal_days": str(appeal_days(call.document)),
        }
        subject = " ".join(fill(rule.subject, values).split())
        texts[language] = subject[:_LONGEST], fill(rule.body, values)
    return LetterTexts(*texts["ko"], *texts["en"])


def _language(code: str) -> Language:
    return "en" if code == "en" else "ko"


def submitted_answers(session: Session, application_id: uuid.UUID) -> Mapping[str, Any]:
    """Return the answers that were sent last; empty where nothing was."""
    found = session.execute(newest_answers(select(Application.id).where(Application.id == application_id)))
    row = found.one_or_none()
    return row.answers if row else {}


def _cash(krw: int, language: str) -> str:
    if not krw:
        return "없음" if language == "ko" else "none"
    return f"{krw:,}원" if language == "ko" else f"KRW {krw:,}"


def _gpu(documents: Sequence[Mapping[str, Any]], language: str) -> str:
    if not documents:
        return "없음" if language == "ko" else "none"
    lines = [GpuLine.of_document(document) for document in documents]
    unit = "GPU시간" if language == "ko" else "GPU-hours"
    return ", ".join(f"{one.sku.upper()} {one.quarter} {Decimal(one.hours_e4) / HOUR:,f} {unit}" for one in lines)


def _condition(one: Condition, language: str) -> str:
    due = "" if one.due_on is None else f" ({one.due_on}까지)" if language == "ko" else f" (by {one.due_on})"
    return f"{one.number}. {one.text}{due}"


def letter_addresses(session: Session, application_id: uuid.UUID) -> list[str]:
    """Return where a letter goes: the company's people and the contact of the application.

    Never the address of somebody who declared a conflict about it, whatever brought it into the list.
    """
    company = select(Application.company_id).where(Application.id == application_id).scalar_subquery()
    members = session.scalars(
        select(Person.email)
        .join(Membership, Membership.person_id == Person.id)
        .where(Membership.company_id == company, Person.active)
        .order_by(Person.email)
    ).all()
    contact = submitted_answers(session, application_id).get("contact_email")
    recused = {
        address.casefold()
        for address in session.scalars(
            select(Person.email)
            .join(Conflict, Conflict.person_id == Person.id)
            .where(Conflict.application_id == application_id)
        )
    }
    wanted = [*members, *([contact] if isinstance(contact, str) and contact.strip() else [])]
    unique = {address.strip().casefold(): address.strip() for address in reversed(wanted)}
    return [unique[key] for key in sorted(unique) if key not in recused]
