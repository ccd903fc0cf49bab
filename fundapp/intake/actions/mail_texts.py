"""Saving what the mail that applicants get says."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fundapp.audit.actions import record_event
from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.errors import TransitionRefusedError
from fundapp.intake.mail_texts import MailTexts, check_texts
from fundapp.intake.reminding import newest_texts
from fundapp.intake.tables import MailText


def save_mail_text(session: Session, *, key: str, texts: MailTexts, base: int, actor: Viewer, at: datetime) -> int:
    """Save what a kind of mail says from now on as a new version; return it. What says the same changes nothing.

    Args:
        session: A writing session.
        key: Of `MAIL_KINDS`.
        texts: Subject and body in both languages.
        base: The version that was edited; 0 for the text that ships.
        actor: Analyst or administrator.
        at: Now.

    Raises:
        NotFoundError: if there is no such kind, or the actor may not.
        InvalidInputError: naming the field: an unknown place, a stray brace, nothing, too much.
        TransitionRefusedError: if somebody else saved a version meanwhile.
    """
    require(actor, Verb.EDIT, Thing(Kind.MAIL_TEXT))
    newest, known = newest_texts(session, key)
    check_texts(texts)
    if newest != base:
        raise TransitionRefusedError(thing="mail_text", state="newer", verb="save")
    if texts == known:
        return newest
    try:
        with session.begin_nested():
            session.add(
                MailText(
                    key=key,
                    version=newest + 1,
                    **texts.as_document(),
                    saved_by=actor.name or actor.email,
                    saved_at=at,
                )
            )
    except IntegrityError as error:
        raise TransitionRefusedError(thing="mail_text", state="newer", verb="save") from error
    record_event(
        session,
        actor=actor,
        verb="mail_text.saved",
        subject_kind="mail_text",
        subject=key,
        at=at,
        details={"version": newest + 1},
    )
    return newest + 1
