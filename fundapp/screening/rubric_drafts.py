"""Writing a rubric: an author drafts and proposes it, another person publishes it or sends it back."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import FourEyesError, InvalidInputError, NotFoundError, TransitionRefusedError
from fundapp.core.orm import new_id
from fundapp.core.quarters import kst_date
from fundapp.core.sessions import RetryTransactionError
from fundapp.screening.rubric_queries import newest_rubric
from fundapp.screening.rubric_text import read_document, write_rubric_text
from fundapp.screening.tables import PublishedRubric, RubricDraft, RubricVersion
from scoring import Rubric, RubricError, parse_rubric

LONGEST_VERSION = 80


def start_draft(session: Session, *, actor: Viewer, at: datetime) -> uuid.UUID:
    """Begin a draft from the rubric in force, under the next free version; return its id.

    Raises:
        ForbiddenError: if the actor may not edit rubrics, or is no person.
    """
    author = _require_person(actor, Verb.EDIT)
    document = read_document(newest_rubric(session).text)
    document["version"] = _free_version(session, kst_date(at).year)
    text = write_rubric_text(document)
    draft = RubricDraft(
        id=new_id(),
        state="open",
        version=document["version"],
        text=text,
        sha256=parse_rubric(text).sha256,
        edits=0,
        author_id=author,
        created_at=at,
        updated_at=at,
    )
    session.add(draft)
    session.flush()
    _record(session, draft, "rubric.drafted", actor, at)
    return draft.id


def save_draft(session: Session, *, draft_id: uuid.UUID, text: str, edits: int, actor: Viewer, at: datetime) -> None:
    """Replace a draft's text. Only its author does, so that whoever publishes has written none of it.

    Args:
        session: A writing session.
        draft_id: Which.
        text: The whole rubric in TOML.
        edits: How often it had been saved when the author began: somebody's other window loses nothing.
        actor: The author.
        at: Now.

    Raises:
        InvalidInputError: if the text is no rubric, or its version is taken.
        FourEyesError: if somebody else wrote it.
        TransitionRefusedError: if it is not in progress, or was saved meanwhile.
    """
    draft = _own(session, draft_id, actor)
    rubric = _read(text)
    _require_free(session, rubric, draft)
    changed = _update(
        session,
        draft,
        "open",
        RubricDraft.edits == edits,
        text=text,
        version=rubric.version,
        sha256=rubric.sha256,
        edits=edits + 1,
        updated_at=at,
    )
    if not changed:
        raise TransitionRefusedError(thing="rubric", state=draft.state, verb="edit")


def propose_draft(session: Session, *, draft_id: uuid.UUID, reason: str, actor: Viewer, at: datetime) -> None:
    """Ask for a second person, saying what the change is for; from then on the text stands still.

    Raises:
        InvalidInputError: without a reason, or if nothing differs from the rubric in force.
        FourEyesError: if somebody else wrote it.
        TransitionRefusedError: if it is not in progress.
    """
    why = _reason(reason)
    draft = _own(session, draft_id, actor)
    rubric = _read(draft.text)
    _require_free(session, rubric, draft)
    if _but_version(rubric) == _but_version(newest_rubric(session).rubric):
        raise InvalidInputError(
            field="reason",
            reason_ko="지금 쓰는 기준표와 다른 점이 없습니다",
            reason_en="nothing differs from the rubric in force",
        )
    changed = _update(session, draft, "open", state="proposed", reason=why, return_reason=None, updated_at=at)
    if not changed:
        raise TransitionRefusedError(thing="rubric", state=draft.state, verb="propose")
    _record(session, draft, "rubric.proposed", actor, at, reason=why)


def return_draft(session: Session, *, draft_id: uuid.UUID, reason: str, actor: Viewer, at: datetime) -> None:
    """Put a proposed draft back to work, with the reason: another person sends it back, or its author takes it back.

    Raises:
        InvalidInputError: without a reason.
        TransitionRefusedError: if it was not proposed.
    """
    _require_person(actor, Verb.APPROVE)
    why = _reason(reason)
    draft = _load(session, draft_id)
    if not _update(session, draft, "proposed", state="open", return_reason=why, updated_at=at):
        raise TransitionRefusedError(thing="rubric", state=draft.state, verb="returned")
    _record(session, draft, "rubric.returned", actor, at, reason=why)


def discard_draft(session: Session, *, draft_id: uuid.UUID, actor: Viewer, at: datetime) -> None:
    """Throw one's own draft away; what it said stays on record.

    Raises:
        FourEyesError: if somebody else wrote it.
        TransitionRefusedError: if it is not in progress.
    """
    draft = _own(session, draft_id, actor)
    if not _update(session, draft, "open", state="discarded", updated_at=at):
        raise TransitionRefusedError(thing="rubric", state=draft.state, verb="discard")
    _record(session, draft, "rubric.discarded", actor, at)


def publish_draft(
    session: Session, *, draft_id: uuid.UUID, sha256: str, reason: str, actor: Viewer, at: datetime
) -> None:
    """Put a proposed draft in force: what is scored from now on is scored by it. Nothing is scored here.

    Args:
        session: A writing session.
        draft_id: Which.
        sha256: The hash of what the actor has read.
        reason: Why it is right, in the actor's words.
        actor: An analyst who did not write it.
        at: Now.

    Raises:
        InvalidInputError: without a reason, or if its version is taken.
        FourEyesError: if the actor wrote it.
        TransitionRefusedError: if it was not proposed, or is no longer what the actor has read.
    """
    publisher = _require_person(actor, Verb.APPROVE)
    why = _reason(reason)
    draft = _load(session, draft_id)
    if draft.author_id == publisher:
        raise FourEyesError
    _require_free(session, _read(draft.text), draft)
    changed = _update(
        session,
        draft,
        "proposed",
        RubricDraft.sha256 == sha256,
        state="published",
        decided_by_id=publisher,
        updated_at=at,
    )
    if not changed:
        raise TransitionRefusedError(thing="rubric", state=draft.state, verb="publish")
    newest = session.scalar(select(func.max(PublishedRubric.number))) or 0
    session.add(
        PublishedRubric(
            sha256=draft.sha256,
            number=newest + 1,
            version=draft.version,
            text=draft.text,
            draft_id=draft.id,
            author_id=draft.author_id,
            published_by_id=publisher,
            reason=why,
            published_at=at,
        )
    )
    try:
        session.flush()
    except IntegrityError as error:
        # A rival published another draft first: start again and find it.
        raise RetryTransactionError from error
    _record(session, draft, "rubric.published", actor, at, reason=why, number=newest + 1)


def _require_person(actor: Viewer, verb: Verb) -> uuid.UUID:
    require(actor, verb, Thing(Kind.RUBRIC))
    if actor.person_id is None:
        raise FourEyesError
    return actor.person_id


def _load(session: Session, draft_id: uuid.UUID) -> RubricDraft:
    draft = session.get(RubricDraft, draft_id, populate_existing=True)
    if draft is None:
        raise NotFoundError
    return draft


def _own(session: Session, draft_id: uuid.UUID, actor: Viewer) -> RubricDraft:
    person = _require_person(actor, Verb.EDIT)
    draft = _load(session, draft_id)
    if draft.author_id != person:
        raise FourEyesError
    return draft


def _reason(text: str) -> str:
    if not (why := text.strip()):
        raise InvalidInputError(field="reason", reason_ko="사유를 적어 주세요", reason_en="a reason is needed")
    return why


def _read(text: str) -> Rubric:
    try:
        rubric = parse_rubric(text)
    except RubricError as error:
        raise InvalidInputError(field="text", reason_ko=error.message_ko, reason_en=error.message_en) from error
    if len(rubric.version) > LONGEST_VERSION:
        raise InvalidInputError(field="version", reason_ko="80자 안으로 적어 주세요", reason_en="at most 80 characters")
    return rubric


def _require_free(session: Session, rubric: Rubric, draft: RubricDraft) -> None:
    """Refuse a version that names another text already: two rubrics of one name could not be told apart."""
    if rubric.version in _taken(session, but=draft.id):
        raise InvalidInputError(
            field="version",
            reason_ko=f"이미 쓰인 판 이름입니다: {rubric.version}",
            reason_en=f"the version is taken: {rubric.version}",
        )


def _taken(session: Session, *, but: uuid.UUID | None = None) -> set[str]:
    used = set(session.scalars(select(RubricVersion.version)))
    used |= set(session.scalars(select(PublishedRubric.version).where(PublishedRubric.draft_id != but)))
    return used | {newest_rubric(session).rubric.version}


def _free_version(session: Session, year: int) -> str:
    used = _taken(session) | set(session.scalars(select(RubricDraft.version)))
    number = 1
    while f"{year}.{number}" in used:
        number += 1
    return f"{year}.{number}"


def _but_version(rubric: Rubric) -> dict[str, Any]:
    return {key: value for key, value in rubric.to_document().items() if key != "version"}


def _update(session: Session, draft: RubricDraft, was: str, *also: ColumnElement[bool], **values: object) -> bool:
    changed: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        update(RubricDraft).where(RubricDraft.id == draft.id, RubricDraft.state == was, *also).values(**values)
    )
    session.refresh(draft)
    return changed.rowcount == 1


def _record(session: Session, draft: RubricDraft, verb: str, actor: Viewer, at: datetime, **more: object) -> None:
    record_event(
        session,
        actor=actor,
        verb=verb,
        subject_kind="rubric",
        subject=draft.version,
        at=at,
        details={"draft": str(draft.id), "sha256": draft.sha256, **more},
    )
