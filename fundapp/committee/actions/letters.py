"""Decision letters: texts, a batch that one stages and another approves, sent together, and failures sent again."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.committee.entrance import enter, require_person
from fundapp.committee.letterbox import letter_addresses, load_rules, write_letter
from fundapp.committee.queries.ballot_state import stands
from fundapp.committee.rules.letters import LONGEST_BODY, LONGEST_SUBJECT, LetterRule, check_rules
from fundapp.committee.tables import Ballot, Conflict, Decision, Letter, LetterBatch, LetterMail, LetterRules
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import FourEyesError, InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.idempotency import once
from fundapp.core.outbox import OutboxMessage, enqueue_mail
from fundapp.intake.tables import Application, Call, Membership
from fundapp.intake.told import tell_resolutions


@dataclass(frozen=True, slots=True)
class SentBatch:
    """What sending did: letters told, mails queued, and letters for which there is no address."""

    letters: int
    mails: int
    without_address: int


def save_letter_rules(
    session: Session, *, call_code: str, rules: Sequence[LetterRule], actor: Viewer, at: datetime
) -> int:
    """Save a call's texts for letters as a new version and return it; the same texts again change nothing.

    Raises:
        NotFoundError: if there is no such call, or the actor may not.
        InvalidInputError: naming the text and what is wrong with it.
    """
    require(actor, Verb.PREPARE, Thing(Kind.LETTER))
    call_id = session.scalar(select(Call.id).where(Call.code == call_code).with_for_update())
    if call_id is None:
        raise NotFoundError(call=call_code)
    check_rules(rules)
    newest, known = load_rules(session, call_id)
    if newest and list(known) == list(rules):
        return newest
    session.add(
        LetterRules(
            call_id=call_id,
            version=newest + 1,
            rules=[rule.as_document() for rule in rules],
            saved_by=actor.name or actor.email,
            saved_at=at,
        )
    )
    session.flush()
    details = {"version": newest + 1, "texts": len(rules)}
    record_event(
        session, actor=actor, verb="letters.rules", subject_kind="call", subject=call_code, at=at, details=details
    )
    return newest + 1


def stage_letters(
    session: Session, *, call_code: str, outcomes: Sequence[str], key: str, actor: Viewer, at: datetime
) -> uuid.UUID:
    """Write a letter for each decision of a call that has none yet, and put them into one batch.

    What the actor is recused from is left out without a word; somebody else stages it.

    Args:
        session: A writing session.
        call_code: The call.
        outcomes: Of `carried`, `rejected`, `deferred`.
        key: Idempotency key of the request.
        actor: Analyst or chair.
        at: Now.

    Raises:
        NotFoundError: if there is no such call, or the actor may not.
        InvalidInputError: if no decision waits for a letter.
    """
    person_id = require_person(actor)
    require(actor, Verb.PREPARE, Thing(Kind.LETTER))
    call = session.scalars(select(Call).where(Call.code == call_code)).one_or_none()
    if call is None:
        raise NotFoundError(call=call_code)

    def work() -> dict[str, Any]:
        decisions = _unwritten(session, call.id, person_id, outcomes)
        if not decisions:
            raise InvalidInputError(
                field="outcomes", reason_ko="통지할 의결이 없습니다", reason_en="no decision waits for a letter"
            )
        version, rules = load_rules(session, call.id)
        batch = LetterBatch(
            call_id=call.id,
            rules_version=version,
            staged_by_id=person_id,
            staged_by=actor.name or actor.email,
            staged_at=at,
        )
        session.add(batch)
        session.flush()
        _write(session, batch, decisions, rules)
        _record(session, batch, "letters.staged", actor, at, letters=len(decisions))
        return {"id": str(batch.id)}

    request = {"call": call_code, "outcomes": sorted(outcomes)}
    return uuid.UUID(once(session, key=key, verb="letters.stage", request=request, at=at, work=work)["id"])


def _unwritten(
    session: Session, call_id: uuid.UUID, person_id: uuid.UUID, outcomes: Sequence[str]
) -> Sequence[Decision]:
    """Return the newest decision of each application that stands, where no letter about it lives."""
    written = select(Letter.id).where(Letter.decision_id == Decision.id, Letter.dropped_at.is_(None))
    recused = select(Conflict.application_id).where(Conflict.person_id == person_id)
    inside = select(Membership.company_id).where(Membership.person_id == person_id)
    ranked = (
        select(
            Decision.id,
            func.row_number()
            .over(partition_by=Decision.application_id, order_by=(Decision.decided_at.desc(), Decision.id.desc()))
            .label("place"),
        )
        .join(Application, Application.id == Decision.application_id)
        .where(Application.call_id == call_id, stands())
        .subquery()
    )
    return session.scalars(
        select(Decision)
        .join(ranked, ranked.c.id == Decision.id)
        .join(Application, Application.id == Decision.application_id)
        .join(Ballot, Ballot.id == Decision.ballot_id)
        .where(
            ranked.c.place == 1,
            Decision.outcome.in_(outcomes),
            ~written.exists(),
            Application.id.not_in(recused),
            Application.company_id.not_in(inside),
        )
        .order_by(Application.number)
    ).all()


def _write(session: Session, batch: LetterBatch, decisions: Iterable[Decision], rules: Sequence[LetterRule]) -> None:
    for decision in decisions:
        texts = write_letter(session, decision, rules)
        session.add(
            Letter(
                batch_id=batch.id,
                decision_id=decision.id,
                application_id=decision.application_id,
                subject_ko=texts.subject_ko,
                body_ko=texts.body_ko,
                subject_en=texts.subject_en,
                body_en=texts.body_en,
            )
        )
    try:
        session.flush()
    except IntegrityError as error:
        raise TransitionRefusedError(thing="letter_batch", state="staged", verb="stage") from error


def edit_letter(
    session: Session,
    *,
    letter_id: uuid.UUID,
    subject_ko: str,
    body_ko: str,
    subject_en: str,
    body_en: str,
    note: str,
    actor: Viewer,
    at: datetime,
) -> None:
    """Change one letter of a batch that has not been approved, with a note saying why.

    Raises:
        NotFoundError: if it is absent or out of sight, or the actor may not.
        InvalidInputError: for an empty or overlong text, or without a note.
        TransitionRefusedError: if the batch has been approved, sent or discarded.
    """
    person_id = require_person(actor)
    letter, batch = _load_letter(session, letter_id, actor)
    texts = {"subject_ko": subject_ko, "body_ko": body_ko, "subject_en": subject_en, "body_en": body_en}
    for field, text in texts.items():
        limit = LONGEST_SUBJECT if field.startswith("subject") else LONGEST_BODY
        if not text.strip() or len(text) > limit or (field.startswith("subject") and not text.isprintable()):
            raise InvalidInputError(
                field=field, reason_ko=f"1자에서 {limit:,}자까지 적습니다", reason_en=f"1 to {limit:,} characters"
            )
    if not note.strip():
        raise InvalidInputError(field="note", reason_ko="왜 고치는지 적어 주세요", reason_en="say why it is changed")
    _hold(session, batch, "staged", "edit")
    for field, text in texts.items():
        setattr(letter, field, text.strip())
    letter.edited_by_id, letter.edited_by, letter.edit_note = person_id, actor.name or actor.email, note.strip()
    session.flush()
    _record(session, batch, "letter.edited", actor, at, decision=str(letter.decision_id), note=note.strip())


def drop_letter(session: Session, *, letter_id: uuid.UUID, actor: Viewer, at: datetime) -> None:
    """Take one letter out of a batch that has not been approved; its decision waits for another one.

    Raises:
        NotFoundError, TransitionRefusedError: as `edit_letter`.
    """
    letter, batch = _load_letter(session, letter_id, actor)
    _hold(session, batch, "staged", "discard")
    letter.dropped_at = at
    session.flush()
    _record(session, batch, "letter.dropped", actor, at, decision=str(letter.decision_id))


def approve_batch(session: Session, *, batch_id: uuid.UUID, actor: Viewer, at: datetime) -> None:
    """Approve a batch as it stands; nobody approves what they staged or edited.

    Raises:
        NotFoundError: if it is absent, or holds a letter that the actor must not see.
        FourEyesError: if the actor staged it or edited one of its letters.
        InvalidInputError: if no letter is left in it.
        TransitionRefusedError: if it is not staged.
    """
    person_id = require_person(actor)
    batch, letters = _enter(session, batch_id, actor, Verb.APPROVE)
    _hold(session, batch, "staged", "approve")
    if person_id in {batch.staged_by_id, *(letter.edited_by_id for letter in letters)}:
        raise FourEyesError
    if not letters:
        raise InvalidInputError(field="letters", reason_ko="통지서가 없습니다", reason_en="there is no letter in it")
    _move(
        session,
        batch,
        "staged",
        "approve",
        state="approved",
        approved_by_id=person_id,
        approved_by=actor.name or actor.email,
        approved_at=at,
    )
    _record(session, batch, "letters.approved", actor, at, letters=len(letters))


def discard_batch(session: Session, *, batch_id: uuid.UUID, actor: Viewer, at: datetime) -> None:
    """Discard a batch that has not been sent; its decisions wait for letters again.

    Raises:
        NotFoundError: if it is absent or out of sight.
        TransitionRefusedError: if it has been sent or discarded.
    """
    batch, letters = _enter(session, batch_id, actor, Verb.PREPARE)
    state = batch.state if batch.state in {"staged", "approved"} else "staged"
    _move(session, batch, state, "discard", state="discarded", ended_by=actor.name or actor.email, ended_at=at)
    for letter in letters:
        letter.dropped_at = at
    session.flush()
    _record(session, batch, "letters.discarded", actor, at, letters=len(letters))


def send_batch(session: Session, *, batch_id: uuid.UUID, key: str, actor: Viewer, at: datetime) -> SentBatch:
    """Send an approved batch: every letter through the outbox, and every applicant told, in one transaction.

    Raises:
        NotFoundError: if it is absent or out of sight.
        TransitionRefusedError: if it has not been approved, or has been sent.
    """
    batch, letters = _enter(session, batch_id, actor, Verb.PREPARE)

    def work() -> dict[str, Any]:
        who = actor.name or actor.email
        _move(session, batch, "approved", "send", state="sent", ended_by=who, ended_at=at)
        mails = without = 0
        for letter in letters:
            letter.sent_at = at
            addresses = letter_addresses(session, letter.application_id)
            for address in addresses:
                _post(session, letter, address, 1, at)
            mails += len(addresses)
            without += not addresses
        session.flush()
        tell_resolutions(session, [letter.application_id for letter in letters], at=at)
        _record(session, batch, "letters.sent", actor, at, letters=len(letters), mails=mails)
        return {"letters": len(letters), "mails": mails, "without_address": without}

    return SentBatch(**once(session, key=key, verb="letters.send", request={"batch": str(batch_id)}, at=at, work=work))


def resend_failed(session: Session, *, batch_id: uuid.UUID, key: str, actor: Viewer, at: datetime) -> int:
    """Send the letters again whose last mail failed, to those addresses alone; return how many mails that is.

    Raises:
        NotFoundError: if the batch is absent or out of sight.
        TransitionRefusedError: if it has not been sent.
    """
    batch, letters = _enter(session, batch_id, actor, Verb.PREPARE)

    def work() -> dict[str, Any]:
        if batch.state != "sent":
            raise TransitionRefusedError(thing="letter_batch", state=batch.state, verb="resend")
        again = 0
        for letter in letters:
            allowed = set(letter_addresses(session, letter.application_id))
            for recipient, attempt in _failed(session, letter.id):
                if recipient in allowed:
                    _post(session, letter, recipient, attempt + 1, at)
                    again += 1
        session.flush()
        _record(session, batch, "letters.resent", actor, at, mails=again)
        return {"mails": again}

    request = {"batch": str(batch_id)}
    return int(once(session, key=key, verb="letters.resend", request=request, at=at, work=work)["mails"])


def _failed(session: Session, letter_id: uuid.UUID) -> list[tuple[str, int]]:
    """Return the addresses whose newest attempt failed, with its number."""
    rows = session.execute(
        select(LetterMail.recipient, LetterMail.attempt, OutboxMessage.state)
        .join(OutboxMessage, OutboxMessage.id == LetterMail.message_id)
        .where(LetterMail.letter_id == letter_id)
        .order_by(LetterMail.recipient, LetterMail.attempt)
    )
    newest = {row.recipient: (row.attempt, row.state) for row in rows}
    return [(recipient, attempt) for recipient, (attempt, state) in newest.items() if state == "failed"]


def _post(session: Session, letter: Letter, address: str, attempt: int, at: datetime) -> None:
    key = f"letter:{letter.id}:{attempt}:{address}"[:200]
    enqueue_mail(
        session,
        dedupe_key=key,
        recipient=address,
        subject=f"{letter.subject_ko} / {letter.subject_en}",
        body=f"{letter.body_ko}\n\n────────\n\n{letter.body_en}\n",
        at=at,
        about=[letter.application_id],
    )
    session.flush()
    message = session.scalars(select(OutboxMessage.id).where(OutboxMessage.dedupe_key == key)).one()
    session.add(LetterMail(message_id=message, letter_id=letter.id, recipient=address, attempt=attempt))


def _load_letter(session: Session, letter_id: uuid.UUID, actor: Viewer) -> tuple[Letter, LetterBatch]:
    letter = session.get(Letter, letter_id)
    if letter is None or letter.dropped_at is not None:
        raise NotFoundError(letter=str(letter_id))
    batch, _ = _enter(session, letter.batch_id, actor, Verb.PREPARE)
    return letter, batch


def _enter(session: Session, batch_id: uuid.UUID, actor: Viewer, verb: Verb) -> tuple[LetterBatch, Sequence[Letter]]:
    """Return a batch with its letters, each of which the actor may see: a batch is read whole or not at all."""
    batch = session.get(LetterBatch, batch_id)
    if batch is None:
        raise NotFoundError(batch=str(batch_id))
    require(actor, verb, Thing(Kind.LETTER))
    everything = session.scalars(
        select(Letter)
        .join(Application, Application.id == Letter.application_id)
        .where(Letter.batch_id == batch_id)
        .order_by(Application.number)
    ).all()
    for letter in everything:
        enter(session, letter.application_id, actor=actor, verb=verb, kind=Kind.LETTER)
    return batch, [letter for letter in everything if letter.dropped_at is None]


def _hold(session: Session, batch: LetterBatch, expected: str, verb: str) -> None:
    """Hold the batch's row until the commit, in the state expected: nobody approves what is being changed."""
    state = session.scalar(select(LetterBatch.state).where(LetterBatch.id == batch.id).with_for_update())
    if state != expected:
        raise TransitionRefusedError(thing="letter_batch", state=state, verb=verb)


def _move(session: Session, batch: LetterBatch, expected: str, verb: str, **changes: object) -> None:
    moved = session.execute(
        update(LetterBatch)
        .where(LetterBatch.id == batch.id, LetterBatch.state == expected)
        .values(**changes)
        .returning(LetterBatch.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if moved is None:
        state = session.scalar(select(LetterBatch.state).where(LetterBatch.id == batch.id))
        raise TransitionRefusedError(thing="letter_batch", state=state, verb=verb)
    session.refresh(batch)


def _record(session: Session, batch: LetterBatch, verb: str, actor: Viewer, at: datetime, **details: object) -> None:
    record_event(
        session, actor=actor, verb=verb, subject_kind="letter_batch", subject=str(batch.id), at=at, details=details
    )
