"""The texts of mail to applicants as their pages show them, with what real letters were filled with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Thing, Verb, Viewer, require
from fundapp.core.quarters import kst_date
from fundapp.core.reminding import instant_words, left_words
from fundapp.intake.mail_texts import EXAMPLE, MAIL_KINDS, MailKind, MailTexts, find_kind
from fundapp.intake.queries import visible_to
from fundapp.intake.reminding import Values, by_language, newest_texts
from fundapp.intake.tables import Application, Call, Company, MailText


@dataclass(frozen=True, slots=True)
class MailTextRow:
    """A kind of mail with the version in force; 0 and nobody where the text that ships is."""

    kind: MailKind
    version: int
    saved_by: str | None
    saved_at: datetime | None


@dataclass(frozen=True, slots=True)
class MailTextVersion:
    """One version of a text."""

    version: int
    texts: MailTexts
    saved_by: str
    saved_at: datetime


@dataclass(frozen=True, slots=True)
class MailTextPage:
    """A kind of mail with the text in force and all that it has said, newest first."""

    kind: MailKind
    version: int
    texts: MailTexts
    versions: tuple[MailTextVersion, ...]


def list_mail_texts(session: Session, viewer: Viewer) -> list[MailTextRow]:
    """Return every kind of mail with who last changed it.

    Raises:
        ForbiddenError: unless the viewer may see texts of mail.
    """
    require(viewer, Verb.VIEW, Thing(Kind.MAIL_TEXT))
    newest = select(MailText.key, func.max(MailText.version).label("version")).group_by(MailText.key).subquery()
    rows = session.scalars(
        select(MailText).join(newest, (newest.c.key == MailText.key) & (newest.c.version == MailText.version))
    )
    saved = {row.key: row for row in rows}
    return [
        MailTextRow(kind, found.version, found.saved_by, found.saved_at)
        if (found := saved.get(key))
        else MailTextRow(kind, 0, None, None)
        for key, kind in MAIL_KINDS.items()
    ]


def mail_text_page(session: Session, viewer: Viewer, key: str) -> MailTextPage:
    """Return one kind of mail.

    Raises:
        ForbiddenError: unless the viewer may see texts of mail.
        NotFoundError: if there is no such kind.
    """
    require(viewer, Verb.VIEW, Thing(Kind.MAIL_TEXT))
    kind = find_kind(key)
    version, texts = newest_texts(session, key)
    rows = session.scalars(select(MailText).where(MailText.key == key).order_by(MailText.version.desc()))
    versions = tuple(
        MailTextVersion(
            row.version,
            MailTexts(row.subject_ko, row.body_ko, row.subject_en, row.body_en),
            row.saved_by,
            row.saved_at,
        )
        for row in rows
    )
    return MailTextPage(kind, version, texts, versions)


def example_values(session: Session, viewer: Viewer, *, at: datetime, public_url: str) -> Values:
    """Return what stands in the places of a preview: of the newest application that the viewer may see, else made up.

    What is due (`what`) is always made up: which question or document it would be, the mail alone knows.
    """
    row = session.execute(
        select(Application.id, Application.number, Company.name, Call.title_ko, Call.title_en, Call.closes_at)
        .join(Company, Company.id == Application.company_id)
        .join(Call, Call.id == Application.call_id)
        .where(visible_to(viewer))
        .order_by(Application.created_at.desc(), Application.id)
        .limit(1)
    ).one_or_none()
    if row is None:
        return EXAMPLE
    return by_language(
        company=row.name,
        number=row.number,
        call={"ko": row.title_ko, "en": row.title_en or row.title_ko},
        due=instant_words(row.closes_at),
        left=left_words(max(0, (kst_date(row.closes_at) - kst_date(at)).days)),
        what={language: EXAMPLE[language]["what"] for language in EXAMPLE},
        link=f"{public_url}/portal/applications/{row.id}/",
    )
