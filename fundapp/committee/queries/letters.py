"""Letters and appeals as pages show them: batches with what mail became of them, and the applicant's own."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from fundapp.committee.letterbox import letter_addresses, load_rules
from fundapp.committee.queries.ballot_state import stands
from fundapp.committee.queries.sight import in_sight, require_sight
from fundapp.committee.rules.letters import AppealWindow, LetterRule, appeal_window
from fundapp.committee.tables import Appeal, Decision, Letter, LetterBatch, LetterMail
from fundapp.core.access import Kind, Role, Viewer
from fundapp.core.errors import NotFoundError
from fundapp.core.outbox import OutboxMessage
from fundapp.intake.call_terms import appeal_days
from fundapp.intake.tables import Application, Call, Company


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One batch of letters; the last four count its letters by what mail became of them."""

    batch_id: uuid.UUID
    call_code: str
    state: str
    staged_by: str
    staged_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    ended_by: str | None
    ended_at: datetime | None
    letters: int
    sent: int
    queued: int
    failed: int
    unaddressed: int


@dataclass(frozen=True, slots=True)
class MailRow:
    """The newest attempt to reach one address: `waiting`, `sent` or `failed` with the mail server's answer."""

    recipient: str
    attempt: int
    state: str
    answer: str | None
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class LetterRow:
    """One letter, as it will be sent or was.

    Attributes:
        recipients: Where it goes, or went.
        state: `staged`; once its batch was sent `sent`, `queued`, `failed`, or `unaddressed` without any address.
    """

    letter_id: uuid.UUID
    application_id: uuid.UUID
    number: str
    company: str
    outcome: str
    subject_ko: str
    body_ko: str
    subject_en: str
    body_en: str
    edited_by: str | None
    edited_by_id: uuid.UUID | None
    edit_note: str | None
    recipients: tuple[str, ...]
    mails: tuple[MailRow, ...]
    state: str


@dataclass(frozen=True, slots=True)
class BatchPage:
    """A batch with its letters."""

    row: BatchRow
    staged_by_id: uuid.UUID
    letters: tuple[LetterRow, ...]


@dataclass(frozen=True, slots=True)
class OwnLetter:
    """What an applicant was told last, and whether they may appeal; `appeal` is their own."""

    application_id: uuid.UUID
    number: str
    company: str
    outcome: str
    subject_ko: str
    body_ko: str
    subject_en: str
    body_en: str
    sent_at: datetime
    window: AppealWindow
    may_appeal: bool
    appeal: AppealRow | None


@dataclass(frozen=True, slots=True)
class AppealRow:
    """One appeal and what came of it."""

    appeal_id: uuid.UUID
    decision_id: uuid.UUID
    ballot_id: uuid.UUID
    number: str
    company: str
    outcome: str
    closed_by: str
    text: str
    state: str
    filed_by: str
    filed_at: datetime
    reason: str | None
    decided_by: str | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class LetterTexts:
    """A call's texts for letters; version 0 are those that ship."""

    version: int
    rules: tuple[LetterRule, ...]


def letter_texts(session: Session, viewer: Viewer, call_code: str) -> LetterTexts:
    """Return the texts that the next letters of a call are made from.

    Raises:
        NotFoundError: if there is no such call, or the viewer sees no letters.
    """
    require_sight(viewer, Kind.LETTER)
    call_id = session.scalar(select(Call.id).where(Call.code == call_code))
    if call_id is None:
        raise NotFoundError(call=call_code)
    return LetterTexts(*load_rules(session, call_id))


def count_unwritten(session: Session, viewer: Viewer, call_code: str) -> dict[str, int]:
    """Return how many decisions that the viewer may see have no letter, by outcome: the newest of each application."""
    require_sight(viewer, Kind.LETTER)
    written = select(Letter.id).where(Letter.decision_id == Decision.id, Letter.dropped_at.is_(None))
    rows = session.execute(
        select(Decision.application_id, Decision.outcome, written.exists())
        .join(Application, Application.id == Decision.application_id)
        .join(Call, Call.id == Application.call_id)
        .where(Call.code == call_code, in_sight(viewer), stands())
        .order_by(Decision.decided_at, Decision.id)
    )
    newest = {application: (outcome, done) for application, outcome, done in rows}
    counts: dict[str, int] = defaultdict(int)
    for outcome, done in newest.values():
        counts[outcome] += not done
    return dict(counts)


def list_batches(session: Session, viewer: Viewer, call_code: str | None = None) -> list[BatchRow]:
    """Return batches, newest first; one with a letter that the viewer must not see is not there.

    Raises:
        ForbiddenError: if the viewer sees no letters at all.
    """
    require_sight(viewer, Kind.LETTER)
    query = _batches(viewer)
    if call_code is not None:
        query = query.where(Call.code == call_code)
    found = session.execute(query.order_by(LetterBatch.staged_at.desc(), LetterBatch.id.desc())).all()
    ids = [batch.id for batch, _ in found]
    letters = _letters(session, Letter.batch_id.in_(ids))
    return [_batch_row(batch, code, letters.get(batch.id, [])) for batch, code in found]


def _batches(viewer: Viewer) -> Any:  # noqa: ANN401 - a statement of two entities
    hidden = (
        select(Letter.id)
        .join(Application, Application.id == Letter.application_id)
        .where(Letter.batch_id == LetterBatch.id, ~in_sight(viewer))
    )
    return select(LetterBatch, Call.code).join(Call, Call.id == LetterBatch.call_id).where(~hidden.exists())


def batch_page(session: Session, viewer: Viewer, batch_id: uuid.UUID) -> BatchPage:
    """Return a batch with every letter as it will be sent.

    Raises:
        NotFoundError: if it is absent, or holds a letter that the viewer must not see.
    """
    require_sight(viewer, Kind.LETTER)
    found = session.execute(_batches(viewer).where(LetterBatch.id == batch_id)).one_or_none()
    if found is None:
        raise NotFoundError(batch=str(batch_id))
    batch, code = found
    letters = _letters(session, Letter.batch_id == batch_id).get(batch_id, [])
    if batch.state not in {"sent", "discarded"}:
        letters = [_addressed(session, letter) for letter in letters]
    return BatchPage(_batch_row(batch, code, letters), batch.staged_by_id, tuple(letters))


def _addressed(session: Session, letter: LetterRow) -> LetterRow:
    values = {name: getattr(letter, name) for name in LetterRow.__slots__}
    return LetterRow(**values | {"recipients": tuple(letter_addresses(session, letter.application_id))})


def _letters(session: Session, wanted: ColumnElement[bool]) -> dict[uuid.UUID, list[LetterRow]]:
    rows = session.execute(
        select(Letter, Application.number, Company.name, Decision.outcome)
        .join(Application, Application.id == Letter.application_id)
        .join(Company, Company.id == Application.company_id)
        .join(Decision, Decision.id == Letter.decision_id)
        .where(wanted, Letter.dropped_at.is_(None))
        .order_by(Application.number)
    ).all()
    mails = _mails(session, [letter.id for letter, *_ in rows])
    by_batch: dict[uuid.UUID, list[LetterRow]] = defaultdict(list)
    for letter, number, company, outcome in rows:
        own = mails.get(letter.id, ())
        by_batch[letter.batch_id].append(
            LetterRow(
                letter_id=letter.id,
                application_id=letter.application_id,
                number=number,
                company=company,
                outcome=outcome,
                subject_ko=letter.subject_ko,
                body_ko=letter.body_ko,
                subject_en=letter.subject_en,
                body_en=letter.body_en,
                edited_by=letter.edited_by,
                edited_by_id=letter.edited_by_id,
                edit_note=letter.edit_note,
                recipients=tuple(mail.recipient for mail in own),
                mails=own,
                state=_state(letter, own),
            )
        )
    return by_batch


def _state(letter: Letter, mails: Sequence[MailRow]) -> str:
    if letter.sent_at is None:
        return "staged"
    states = {mail.state for mail in mails}
    return (
        "unaddressed" if not mails else "failed" if "failed" in states else "queued" if "waiting" in states else "sent"
    )


def _mails(session: Session, letters: Sequence[uuid.UUID]) -> dict[uuid.UUID, tuple[MailRow, ...]]:
    rows = session.execute(
        select(LetterMail.letter_id, LetterMail.recipient, LetterMail.attempt, OutboxMessage)
        .join(OutboxMessage, OutboxMessage.id == LetterMail.message_id)
        .where(LetterMail.letter_id.in_(letters))
        .order_by(LetterMail.recipient, LetterMail.attempt)
    )
    newest: dict[uuid.UUID, dict[str, MailRow]] = defaultdict(dict)
    for letter_id, recipient, attempt, message in rows:
        newest[letter_id][recipient] = MailRow(recipient, attempt, message.state, message.last_error, message.sent_at)
    return {letter_id: tuple(mails.values()) for letter_id, mails in newest.items()}


def _batch_row(batch: LetterBatch, code: str, letters: Sequence[LetterRow]) -> BatchRow:
    def among(state: str) -> int:
        return sum(letter.state == state for letter in letters)

    return BatchRow(
        batch_id=batch.id,
        call_code=code,
        state=batch.state,
        staged_by=batch.staged_by,
        staged_at=batch.staged_at,
        approved_by=batch.approved_by,
        approved_at=batch.approved_at,
        ended_by=batch.ended_by,
        ended_at=batch.ended_at,
        letters=len(letters),
        sent=among("sent"),
        queued=among("queued"),
        failed=among("failed"),
        unaddressed=among("unaddressed"),
    )


def own_letter(session: Session, viewer: Viewer, application_id: uuid.UUID, at: datetime) -> OwnLetter | None:
    """Return what the applicant was told last about an application of their own; None before any letter.

    Raises:
        NotFoundError: if the application is not of one of the viewer's companies.
    """
    companies = viewer.company_ids if viewer.has(Role.APPLICANT) else frozenset[uuid.UUID]()
    # Asked in the same words whether it is there or not, so that nobody can tell the two apart.
    row = session.execute(
        select(Application, Company.name, Call.document)
        .join(Company, Company.id == Application.company_id)
        .join(Call, Call.id == Application.call_id)
        .where(
            Application.id == application_id,
            Application.company_id.in_(companies),
            Application.id.not_in(viewer.recused_from),
        )
    ).one_or_none()
    if row is None:
        raise NotFoundError
    application, company, document = row
    found = session.execute(
        select(Letter, Decision.outcome)
        .join(Decision, Decision.id == Letter.decision_id)
        .where(Letter.application_id == application_id, Letter.sent_at.is_not(None), Letter.dropped_at.is_(None))
        .order_by(Letter.sent_at.desc(), Letter.id.desc())
        .limit(1)
    ).one_or_none()
    if found is None or found[0].sent_at is None:
        return None
    letter, outcome, sent_at = found[0], found[1], found[0].sent_at
    window = appeal_window(sent_at, appeal_days(document))
    appeals = _appeals(session, Appeal.decision_id == letter.decision_id)
    return OwnLetter(
        application_id=application_id,
        number=application.number,
        company=company,
        outcome=outcome,
        subject_ko=letter.subject_ko,
        body_ko=letter.body_ko,
        subject_en=letter.subject_en,
        body_en=letter.body_en,
        sent_at=sent_at,
        window=window,
        may_appeal=not appeals and window.open_at(at),
        appeal=appeals[0] if appeals else None,
    )


def list_appeals(session: Session, viewer: Viewer) -> list[AppealRow]:
    """Return the appeals that the viewer may see: those that wait first, the oldest of them first.

    Raises:
        ForbiddenError: if the viewer sees no appeals at all.
    """
    require_sight(viewer, Kind.APPEAL)
    rows = _appeals(session, in_sight(viewer))
    return sorted(rows, key=lambda row: (row.state != "filed", row.filed_at))


def count_appeals(session: Session, viewer: Viewer) -> int:
    """Return how many appeals wait that the viewer may see."""
    require_sight(viewer, Kind.APPEAL)
    query = select(func.count(Appeal.id)).join(Application, Application.id == Appeal.application_id)
    return session.scalar(query.where(Appeal.state == "filed", in_sight(viewer))) or 0


def _appeals(session: Session, wanted: ColumnElement[bool]) -> list[AppealRow]:
    rows = session.execute(
        select(Appeal, Application.number, Company.name, Decision)
        .join(Decision, Decision.id == Appeal.decision_id)
        .join(Application, Application.id == Appeal.application_id)
        .join(Company, Company.id == Application.company_id)
        .where(wanted)
        .order_by(Appeal.filed_at, Appeal.id)
    )
    return [
        AppealRow(
            appeal_id=one.id,
            decision_id=one.decision_id,
            ballot_id=decision.ballot_id,
            number=number,
            company=company,
            outcome=decision.outcome,
            closed_by=decision.closed_by,
            text=one.text,
            state=one.state,
            filed_by=one.filed_by,
            filed_at=one.filed_at,
            reason=one.reason,
            decided_by=one.decided_by,
            decided_at=one.decided_at,
        )
        for one, number, company, decision in rows
    ]
