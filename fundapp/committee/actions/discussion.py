"""Talking about an application: comments, versions, resolved questions. Nothing that was said is ever overwritten."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.committee.entrance import enter, require_person
from fundapp.committee.queries.audience import (
    comment_clause,
    discussion_sealed,
    list_participants,
    readers_of,
)
from fundapp.committee.rules.discussion import (
    COMMENT_KINDS,
    VISIBILITIES,
    CommentKind,
    QuestionMovedError,
    RetractedError,
    Visibility,
    clean_words,
    find_mentions,
)
from fundapp.committee.tables import Comment, CommentReader, CommentText, QuestionStep
from fundapp.core.access import Kind, Role, Verb, Viewer
from fundapp.core.errors import ForbiddenError, InvalidInputError, NotFoundError
from fundapp.core.idempotency import once
from fundapp.core.outbox import enqueue_mail
from fundapp.core.sessions import RetryTransactionError
from fundapp.intake.tables import Application


def post_comment(
    session: Session,
    *,
    application_id: uuid.UUID,
    text: str,
    kind: CommentKind,
    visibility: Visibility,
    named: Collection[uuid.UUID],
    reply_to: uuid.UUID | None,
    key: str,
    actor: Viewer,
    at: datetime,
) -> uuid.UUID:
    """Say something about an application; whoever is called by `@name` and may read it is told where, not what.

    Args:
        session: A writing session.
        application_id: About what.
        text: The words.
        kind: `comment`, or `question`, which can be resolved.
        visibility: `staff` for committee and staff, `committee` for its members alone, `named` for `named`.
        named: Whom a comment for named persons is for, as far as they may take part.
        reply_to: A comment to reply to; visibility and readers are then that one's.
        key: Of the form.
        actor: Who says it.
        at: Now.

    Raises:
        NotFoundError: if the application is absent or sealed, the actor is recused, or the comment is out of sight.
        InvalidInputError: naming what is missing or makes no sense.
        RetractedError: if what it replies to was taken back.
    """
    person_id = require_person(actor)
    application = _enter(session, application_id, actor)
    words = clean_words(text)
    above = _find_comment(session, reply_to, application_id, actor) if reply_to else None
    if above is not None:
        _require_standing(session, above.id)
        visibility, kind = _visibility(above.visibility), "comment"
        named = _readers(session, above.id) | {above.author_id}
    _require_sense(kind, visibility, named, actor)

    def work() -> dict[str, Any]:
        comment = Comment(
            application_id=application_id,
            parent_id=(above.parent_id or above.id) if above else None,
            kind=kind,
            visibility=visibility,
            author_id=person_id,
            at=at,
        )
        _write(session, comment, words, named)
        told = _tell_mentioned(session, application, comment, words, actor=actor, at=at)
        _record(session, application, "discussion.posted", comment.id, actor, at, kind=kind, told=told)
        return {"comment": str(comment.id)}

    said: list[Any] = [str(application_id), words, kind, visibility, sorted(map(str, named)), str(reply_to)]
    return uuid.UUID(once(session, key=key, verb="discussion.post", request=said, at=at, work=work)["comment"])


def _write(session: Session, comment: Comment, words: str, named: Collection[uuid.UUID]) -> None:
    """Write a comment with its first words and, if it is for named persons, who they are."""
    session.add(comment)
    session.flush()
    session.add(CommentText(comment_id=comment.id, version=1, body=words, at=comment.at))
    if comment.visibility == "named":
        known = {one.person_id for one in list_participants(session, comment.application_id)}
        readers = sorted((set(named) & known) | {comment.author_id})
        session.add_all(CommentReader(comment_id=comment.id, person_id=reader) for reader in readers)
    session.flush()


def edit_comment(session: Session, *, comment_id: uuid.UUID, text: str, key: str, actor: Viewer, at: datetime) -> None:
    """Say it better: a new version of one's own comment. The earlier ones stay.

    Raises:
        NotFoundError: if the comment is absent, out of sight, or somebody else's.
        RetractedError: if it was taken back.
    """
    comment, application = _own(session, comment_id, actor)
    words = clean_words(text)

    def work() -> dict[str, Any]:
        version = _append(session, comment.id, words, at=at)
        told = _tell_mentioned(session, application, comment, words, actor=actor, at=at)
        _record(session, application, "discussion.edited", comment.id, actor, at, version=version, told=told)
        return {"version": version}

    request = {"comment": str(comment_id), "text": words}
    once(session, key=key, verb="discussion.edit", request=request, at=at, work=work)


def retract_comment(session: Session, *, comment_id: uuid.UUID, key: str, actor: Viewer, at: datetime) -> None:
    """Take one's own comment back. Its words are shown to nobody any more; that there was one stays on the page.

    Raises:
        NotFoundError: if the comment is absent, out of sight, or somebody else's.
        RetractedError: if it was taken back already.
    """
    comment, application = _own(session, comment_id, actor)

    def work() -> dict[str, Any]:
        version = _append(session, comment.id, "", at=at)
        _record(session, application, "discussion.retracted", comment.id, actor, at, version=version)
        return {"version": version}

    once(session, key=key, verb="discussion.retract", request={"comment": str(comment_id)}, at=at, work=work)


def resolve_question(
    session: Session, *, comment_id: uuid.UUID, resolved: bool, key: str, actor: Viewer, at: datetime
) -> None:
    """Mark a question as resolved, or open it again; whoever reads it may do either.

    Raises:
        NotFoundError: if the comment is absent or out of sight, or is no question.
        QuestionMovedError: if it is in that state already.
    """
    person_id = require_person(actor)
    comment = _find_comment(session, comment_id, None, actor)
    application = _enter(session, comment.application_id, actor)
    if comment.kind != "question":
        raise NotFoundError(comment=str(comment_id))

    def work() -> dict[str, Any]:
        newest = session.scalars(
            select(QuestionStep)
            .where(QuestionStep.comment_id == comment_id)
            .order_by(QuestionStep.step.desc())
            .limit(1)
        ).one_or_none()
        if (newest.resolved if newest else False) == resolved:
            raise QuestionMovedError(state="moved", verb="resolve")
        step = newest.step + 1 if newest else 1
        row = QuestionStep(comment_id=comment_id, step=step, resolved=resolved, person_id=person_id, at=at)
        _add(session, row)
        verb = "discussion.resolved" if resolved else "discussion.reopened"
        _record(session, application, verb, comment_id, actor, at, step=step)
        return {"step": step}

    request = {"comment": str(comment_id), "resolved": resolved}
    once(session, key=key, verb="discussion.resolve", request=request, at=at, work=work)


def _enter(session: Session, application_id: uuid.UUID, actor: Viewer) -> Application:
    application = enter(session, application_id, actor=actor, verb=Verb.EDIT, kind=Kind.DISCUSSION)
    if discussion_sealed(session, actor, application_id):
        raise ForbiddenError(verb="edit", kind="discussion")
    return application


def _find_comment(session: Session, comment_id: uuid.UUID, application_id: uuid.UUID | None, actor: Viewer) -> Comment:
    wanted = [Comment.id == comment_id, comment_clause(actor)]
    if application_id is not None:
        wanted.append(Comment.application_id == application_id)
    comment = session.scalars(select(Comment).where(*wanted)).one_or_none()
    if comment is None:
        raise NotFoundError(comment=str(comment_id))
    return comment


def _own(session: Session, comment_id: uuid.UUID, actor: Viewer) -> tuple[Comment, Application]:
    person_id = require_person(actor)
    comment = _find_comment(session, comment_id, None, actor)
    application = _enter(session, comment.application_id, actor)
    if comment.author_id != person_id:
        raise ForbiddenError(verb="edit", kind="discussion")
    return comment, application


def _require_standing(session: Session, comment_id: uuid.UUID) -> int:
    """Return the newest version of a comment's words, unless they were taken back."""
    version, body = session.execute(
        select(CommentText.version, CommentText.body)
        .where(CommentText.comment_id == comment_id)
        .order_by(CommentText.version.desc())
        .limit(1)
    ).one()
    if not body:
        raise RetractedError(state="retracted", verb="edit")
    return int(version)


def _append(session: Session, comment_id: uuid.UUID, body: str, *, at: datetime) -> int:
    version = _require_standing(session, comment_id) + 1
    _add(session, CommentText(comment_id=comment_id, version=version, body=body, at=at))
    return version


def _add(session: Session, row: CommentText | QuestionStep) -> None:
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        # A rival took the next number: start again and see what they did.
        raise RetryTransactionError from error


def _readers(session: Session, comment_id: uuid.UUID) -> set[uuid.UUID]:
    return set(session.scalars(select(CommentReader.person_id).where(CommentReader.comment_id == comment_id)))


def _visibility(stored: str) -> Visibility:
    return next(one for one in VISIBILITIES if one == stored)


def _require_sense(kind: str, visibility: str, named: Collection[uuid.UUID], actor: Viewer) -> None:
    if kind not in COMMENT_KINDS:
        raise InvalidInputError(field="kind", reason_ko="알 수 없는 종류입니다", reason_en="unknown kind")
    if visibility not in VISIBILITIES:
        raise InvalidInputError(
            field="visibility", reason_ko="알 수 없는 공개 범위입니다", reason_en="unknown audience"
        )
    if visibility == "committee" and not actor.has(Role.COMMITTEE, Role.CHAIR):
        raise InvalidInputError(
            field="visibility", reason_ko="위원만 고를 수 있습니다", reason_en="only members may choose this"
        )
    if visibility == "named" and not set(named) - {actor.person_id}:
        raise InvalidInputError(field="named", reason_ko="읽을 사람을 골라 주세요", reason_en="choose who may read it")


def _tell_mentioned(
    session: Session, application: Application, comment: Comment, words: str, *, actor: Viewer, at: datetime
) -> list[str]:
    """Write to whoever is called by name and may read it; return their keys, in order.

    The mail names the application by its number alone: it leaves the house, and some readers judge blind.
    """
    everybody = list_participants(session, application.id)
    readers = readers_of(everybody, comment.visibility, _readers(session, comment.id))
    called = find_mentions(words, {one.person_id: one.name for one in readers if one.person_id != actor.person_id})
    told = sorted((one for one in readers if one.person_id in called), key=lambda one: one.email)
    who = actor.name or actor.email
    for one in told:
        enqueue_mail(
            session,
            dedupe_key=f"mention:{comment.id}:{one.person_id}",
            recipient=one.email,
            subject=f"{application.number} 논의에서 {who} 님이 불렀습니다",
            body="\n".join(
                [
                    f"{application.number} 안건의 논의에서 {who} 님이 이름을 불렀습니다. 내용은 심사 화면에서 봅니다.",
                    f"/committee/applications/{application.id}/discussion",
                    "",
                    f"{who} mentioned you in the discussion of {application.number}. Read it on the page.",
                ]
            ),
            at=at,
            about=[application.id],
        )
    return [str(one.person_id) for one in told]


def _record(
    session: Session,
    application: Application,
    verb: str,
    comment_id: uuid.UUID,
    actor: Viewer,
    at: datetime,
    **details: object,
) -> None:
    record_event(
        session,
        actor=actor,
        verb=verb,
        subject_kind="application",
        subject=application.number,
        at=at,
        details={"comment": str(comment_id), **details},
    )
