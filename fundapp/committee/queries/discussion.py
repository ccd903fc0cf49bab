"""The discussion of an application as one viewer may read it, and what its applicant was asked."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from fundapp.committee.queries.audience import (
    Participant,
    comment_clause,
    discussion_sealed,
    list_participants,
)
from fundapp.committee.queries.masked import load_maskers
from fundapp.committee.queries.sight import in_sight
from fundapp.committee.tables import (
    Comment,
    CommentReader,
    CommentText,
    Inquiry,
    InquiryAnswer,
    InquiryQuestion,
    InquiryWithdrawal,
    QuestionStep,
)
from fundapp.core.access import Kind, Thing, Verb, Viewer, may, require
from fundapp.core.errors import NotFoundError
from fundapp.core.quarters import kst_date
from fundapp.identity.tables import Person
from fundapp.intake.masking import Masker
from fundapp.intake.tables import Application, Call


@dataclass(frozen=True, slots=True)
class Words:
    """One version of a comment's words."""

    version: int
    body: str
    at: datetime


@dataclass(frozen=True, slots=True)
class InquiryRow:
    """What the applicant was asked, and their answer if there is one."""

    inquiry_id: uuid.UUID
    body: str
    due_on: date | None
    asked_by: str
    at: datetime
    answer: str | None
    answered_at: datetime | None
    version: int | None
    questions: tuple[str, ...]
    withdrawn: str | None

    @property
    def late(self) -> bool:
        """Whether the answer came after its Korean day."""
        return is_late(self.due_on, self.answered_at)


@dataclass(frozen=True, slots=True)
class CommentRow:
    """One comment as its readers see it.

    Attributes:
        readers: Names of those whom a comment for named persons is for.
        words: Its newest words; None where it was taken back.
        earlier: What it said before, newest first; empty where it was taken back.
        resolved: Of a question, whether it is resolved; None for a comment.
        mine: Whether the viewer wrote it.
    """

    comment_id: uuid.UUID
    kind: str
    visibility: str
    author: str
    at: datetime
    readers: tuple[str, ...]
    words: Words | None
    earlier: tuple[Words, ...]
    resolved: bool | None
    resolved_by: str | None
    mine: bool
    inquiries: tuple[InquiryRow, ...]
    replies: tuple[CommentRow, ...] = ()


@dataclass(frozen=True, slots=True)
class DiscussionPage:
    """The discussion of an application.

    Attributes:
        sealed: Whether it waits for the viewer's own review, or for a later phase; nothing else is given then.
        participants: Who may take part and be called by name, the viewer left out.
    """

    application_id: uuid.UUID
    number: str
    sealed: bool
    threads: tuple[CommentRow, ...] = ()
    participants: tuple[Participant, ...] = ()
    open_questions: int = 0


def discussion_page(session: Session, viewer: Viewer, application_id: uuid.UUID) -> DiscussionPage:
    """Return the discussion of an application, in a number of statements that does not grow with it.

    Raises:
        NotFoundError: if the application is absent, out of sight, or the viewer is recused.
    """
    require(viewer, Verb.VIEW, Thing(Kind.DISCUSSION))
    among = select(Application.id).where(Application.id == application_id)
    number = session.scalar(select(Application.number).where(Application.id == application_id, in_sight(viewer)))
    if number is None:
        raise NotFoundError(application=str(application_id))
    if discussion_sealed(session, viewer, application_id):
        return DiscussionPage(application_id, number, sealed=True)
    masker = load_maskers(session, viewer, among).get(application_id)
    rows = _Reading(session, viewer, application_id, masker).rows()
    threads = tuple(row for row, parent in rows if parent is None)
    by_parent: defaultdict[uuid.UUID, list[CommentRow]] = defaultdict(list)
    for row, parent in rows:
        if parent is not None:
            by_parent[parent].append(row)
    asked = sum(1 for row, _ in rows if row.resolved is False and row.words is not None)
    people = [one for one in list_participants(session, application_id) if one.person_id != viewer.person_id]
    return DiscussionPage(
        application_id=application_id,
        number=number,
        sealed=False,
        threads=tuple(_with_replies(row, by_parent[row.comment_id]) for row in threads),
        participants=tuple(people),
        open_questions=asked,
    )


def _with_replies(row: CommentRow, replies: Sequence[CommentRow]) -> CommentRow:
    values = {name: getattr(row, name) for name in CommentRow.__slots__}
    return CommentRow(**{**values, "replies": tuple(replies)})


class _Reading:
    """Reads what belongs to the comments that the viewer may read."""

    def __init__(self, session: Session, viewer: Viewer, application_id: uuid.UUID, masker: Masker | None) -> None:
        self.session = session
        self.viewer = viewer
        self.masker = masker
        self.comments = session.execute(
            select(Comment, Person.name)
            .join(Person, Person.id == Comment.author_id)
            .where(Comment.application_id == application_id, comment_clause(viewer))
            .order_by(Comment.at, Comment.id)
        ).all()
        self.ids = [comment.id for comment, _ in self.comments]

    def rows(self) -> list[tuple[CommentRow, uuid.UUID | None]]:
        """Return the comments in order, each with the one that it replies to."""
        texts, readers, steps = self._texts(), self._readers(), self._steps()
        inquiries = self._inquiries()
        return [
            (self._row(comment, author, texts, readers, steps, inquiries), comment.parent_id)
            for comment, author in self.comments
        ]

    def _row(
        self,
        comment: Comment,
        author: str,
        texts: dict[uuid.UUID, list[tuple[Words, bool]]],
        readers: dict[uuid.UUID, list[str]],
        steps: dict[uuid.UUID, tuple[bool, str]],
        inquiries: dict[uuid.UUID, list[InquiryRow]],
    ) -> CommentRow:
        versions = texts[comment.id]
        retracted = versions[-1][1]
        resolved, by = steps.get(comment.id, (False, None))
        question = comment.kind == "question"
        return CommentRow(
            comment_id=comment.id,
            kind=comment.kind,
            visibility=comment.visibility,
            author=author,
            at=comment.at,
            readers=tuple(readers.get(comment.id, ())),
            words=None if retracted else versions[-1][0],
            earlier=() if retracted else tuple(words for words, _ in versions[-2::-1]),
            resolved=resolved if question else None,
            resolved_by=by if question and resolved else None,
            mine=comment.author_id == self.viewer.person_id,
            inquiries=tuple(inquiries.get(comment.id, ())),
        )

    def _clean(self, text: str) -> str:
        return self.masker.text(text) if self.masker else text

    def _texts(self) -> dict[uuid.UUID, list[tuple[Words, bool]]]:
        found: defaultdict[uuid.UUID, list[tuple[Words, bool]]] = defaultdict(list)
        for row in self.session.scalars(
            select(CommentText).where(CommentText.comment_id.in_(self.ids)).order_by(CommentText.version)
        ):
            found[row.comment_id].append((Words(row.version, self._clean(row.body), row.at), not row.body))
        return found

    def _readers(self) -> dict[uuid.UUID, list[str]]:
        found: defaultdict[uuid.UUID, list[str]] = defaultdict(list)
        for comment_id, name in self.session.execute(
            select(CommentReader.comment_id, Person.name)
            .join(Person, Person.id == CommentReader.person_id)
            .where(CommentReader.comment_id.in_(self.ids))
            .order_by(Person.name)
        ):
            found[comment_id].append(name)
        return found

    def _steps(self) -> dict[uuid.UUID, tuple[bool, str]]:
        rows = self.session.execute(
            select(QuestionStep.comment_id, QuestionStep.resolved, Person.name)
            .join(Person, Person.id == QuestionStep.person_id)
            .where(QuestionStep.comment_id.in_(self.ids))
            .order_by(QuestionStep.step)
        )
        return {row.comment_id: (row.resolved, row.name) for row in rows}

    def _inquiries(self) -> dict[uuid.UUID, list[InquiryRow]]:
        found: defaultdict[uuid.UUID, list[InquiryRow]] = defaultdict(list)
        opened = _opened(self.session, select(Inquiry.id).where(Inquiry.comment_id.in_(self.ids)))
        for inquiry, asker, answer, answered_at, version, withdrawn in self.session.execute(
            select(
                Inquiry,
                Person.name,
                InquiryAnswer.body,
                InquiryAnswer.at,
                InquiryAnswer.version,
                InquiryWithdrawal.reason,
            )
            .join(Person, Person.id == Inquiry.asked_by_id)
            .outerjoin(InquiryAnswer, InquiryAnswer.inquiry_id == Inquiry.id)
            .outerjoin(InquiryWithdrawal, InquiryWithdrawal.inquiry_id == Inquiry.id)
            .where(Inquiry.comment_id.in_(self.ids))
            .order_by(Inquiry.at, Inquiry.id)
        ):
            found[inquiry.comment_id].append(
                InquiryRow(
                    inquiry_id=inquiry.id,
                    body=self._clean(inquiry.body),
                    due_on=inquiry.due_on,
                    asked_by=asker,
                    at=inquiry.at,
                    answer=self._clean(answer) if answer else None,
                    answered_at=answered_at,
                    version=version,
                    questions=tuple(opened[inquiry.id]),
                    withdrawn=self._clean(withdrawn) if withdrawn else None,
                )
            )
        return found


def count_comments(session: Session, viewer: Viewer, application_id: uuid.UUID) -> int | None:
    """Return how many comments the viewer may read; None while the discussion is sealed."""
    if not may(viewer, Verb.VIEW, Thing(Kind.DISCUSSION, application_id)):
        return None
    if discussion_sealed(session, viewer, application_id):
        return None
    return session.scalar(
        select(func.count())
        .select_from(Comment)
        .join(Application, Application.id == Comment.application_id)
        .where(Comment.application_id == application_id, comment_clause(viewer), in_sight(viewer))
    )


@dataclass(frozen=True, slots=True)
class AskedRow:
    """What an applicant was asked, as they see it: nobody of the fund is named."""

    inquiry_id: uuid.UUID
    application_id: uuid.UUID
    number: str
    call_title_ko: str
    call_title_en: str
    body: str
    due_on: date | None
    at: datetime
    answer: str | None
    answered_by: str | None
    answered_at: datetime | None
    version: int | None
    questions: tuple[str, ...]
    withdrawn: str | None

    @property
    def late(self) -> bool:
        """Whether the answer came after its Korean day."""
        return is_late(self.due_on, self.answered_at)


def is_late(due_on: date | None, answered_at: datetime | None) -> bool:
    """Whether an answer came after the Korean day by which it was wanted."""
    return due_on is not None and answered_at is not None and kst_date(answered_at) > due_on


def _opened(session: Session, among: Select[uuid.UUID]) -> defaultdict[uuid.UUID, list[str]]:
    """Return the questions of the form that inquiries opened, by inquiry."""
    found: defaultdict[uuid.UUID, list[str]] = defaultdict(list)
    for inquiry_id, field in session.execute(
        select(InquiryQuestion.inquiry_id, InquiryQuestion.field)
        .where(InquiryQuestion.inquiry_id.in_(among))
        .order_by(InquiryQuestion.field)
    ):
        found[inquiry_id].append(field)
    return found


def list_asked(session: Session, viewer: Viewer, application_id: uuid.UUID) -> list[AskedRow]:
    """Return what the viewer's own company was asked about an application, newest first."""
    rows = session.execute(
        select(
            Inquiry,
            InquiryAnswer.body,
            InquiryAnswer.at,
            InquiryAnswer.version,
            InquiryWithdrawal.reason,
            Person.name,
            Application,
            Call.title_ko,
            Call.title_en,
        )
        .join(Application, Application.id == Inquiry.application_id)
        .join(Call, Call.id == Application.call_id)
        .outerjoin(InquiryAnswer, InquiryAnswer.inquiry_id == Inquiry.id)
        .outerjoin(InquiryWithdrawal, InquiryWithdrawal.inquiry_id == Inquiry.id)
        .outerjoin(Person, Person.id == InquiryAnswer.answered_by_id)
        .where(Inquiry.application_id == application_id)
        .order_by(Inquiry.at.desc(), Inquiry.id.desc())
    ).all()
    opened = _opened(session, select(Inquiry.id).where(Inquiry.application_id == application_id)) if rows else {}
    return [
        AskedRow(
            inquiry_id=inquiry.id,
            application_id=application.id,
            number=application.number,
            call_title_ko=title_ko,
            call_title_en=title_en,
            body=inquiry.body,
            due_on=inquiry.due_on,
            at=inquiry.at,
            answer=answer,
            answered_by=name,
            answered_at=answered_at,
            version=version,
            questions=tuple(opened.get(inquiry.id, ())),
            withdrawn=withdrawn,
        )
        for inquiry, answer, answered_at, version, withdrawn, name, application, title_ko, title_en in rows
        if may(viewer, Verb.SUBMIT, Thing(Kind.INQUIRY, application.id, application.company_id))
    ]


def get_asked(session: Session, viewer: Viewer, inquiry_id: uuid.UUID) -> AskedRow:
    """Return one inquiry of the viewer's own company.

    Raises:
        NotFoundError: if there is none.
    """
    application_id = session.scalar(select(Inquiry.application_id).where(Inquiry.id == inquiry_id))
    rows = list_asked(session, viewer, application_id) if application_id else []
    found = next((row for row in rows if row.inquiry_id == inquiry_id), None)
    if found is None:
        raise NotFoundError(inquiry=str(inquiry_id))
    return found
