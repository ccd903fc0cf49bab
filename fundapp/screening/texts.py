"""What an application's words show: the rubric's terms, whether they are stuffed in, and who wrote the same."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, true
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Thing, Verb, Viewer, may
from fundapp.core.errors import InputFileError
from fundapp.intake.newest import is_newest
from fundapp.intake.queries import company_shown, visible_to
from fundapp.intake.tables import Application, Company, Submission
from fundapp.screening.rubrics import read_rubric
from fundapp.screening.tables import RubricVersion, Scorecard
from scoring import CATALOGUE, Rubric, find_copies_of, find_stuffing, mark_terms
from scoring.operators import Operator
from scoring.textual.limits import LONGEST_TEXT, TextTooLongError

_TEXTS = ("solution_summary", "spc_link", "korean_ai_link")
"""What is compared between applicants: a title is too short to be copied."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text; `marked` if the rubric counts it as one of its terms."""

    text: str
    marked: bool


@dataclass(frozen=True, slots=True)
class MarkedText:
    """One text of an application, in pieces that joined together are the text.

    Attributes:
        stuffed_ko: Why it looks written for the dictionary, in Korean; empty if it does not. No points are taken away.
        stuffed_en: The same in English.
    """

    key: str
    label_ko: str
    label_en: str
    pieces: tuple[Piece, ...]
    stuffed_ko: str
    stuffed_en: str


@dataclass(frozen=True, slots=True)
class AlikeRow:
    """Another application of the call whose texts are nearly the same; `permille` of what either has is in both."""

    application_id: uuid.UUID
    number: str
    company: str
    permille: int


def mark_texts(session: Session, viewer: Viewer, application_id: uuid.UUID) -> list[MarkedText]:
    """Return the texts that the newest scorecard's rubric reads, with its terms marked; none without a scorecard.

    Whether a reviewer may see it before filing a review is the committee's rule and asked there.
    """
    if not may(viewer, Verb.VIEW, Thing(Kind.SCORECARD, application_id)):
        return []
    found = session.execute(
        select(Submission.answers, RubricVersion.text)
        .join(Scorecard, Scorecard.submission_id == Submission.id)
        .join(RubricVersion, RubricVersion.sha256 == Scorecard.rubric_sha256)
        .join(Application, Application.id == Scorecard.application_id)
        .where(Application.id == application_id, visible_to(viewer), _not_own(viewer))
        .order_by(Submission.version.desc(), Scorecard.version.desc())
        .limit(1)
    ).one_or_none()
    if found is None:
        return []
    try:
        return list(_marked(found[0], read_rubric(found[1]).rubric))
    except InputFileError:
        # A rubric of long ago that today's reader refuses; the scorecard itself needs no rubric to be shown.
        return []


def _marked(answers: Mapping[str, Any], rubric: Rubric) -> Iterator[MarkedText]:
    asked: dict[str, list[Any]] = {}
    for criterion in rubric.criteria:
        for rule in criterion.rules:
            if rule.operator is Operator.CONTAINS_ANY and isinstance(rule.value, tuple):
                asked.setdefault(rule.field, []).extend(rule.value)
    for key, concepts in asked.items():
        text = answers.get(key)
        if not isinstance(text, str) or not text.strip():
            continue
        label = CATALOGUE[key]
        try:
            stuffing = find_stuffing(text, concepts)
            pieces = tuple(_cut(text, [(mark.start, mark.end) for mark in mark_terms(text, {"": concepts})]))
        except TextTooLongError:
            continue
        why = (stuffing.reason_ko, stuffing.reason_en) if stuffing.suspected else ("", "")
        yield MarkedText(key, label.label_ko, label.label_en, pieces, *why)


def _cut(text: str, marks: list[tuple[int, int]]) -> Iterator[Piece]:
    at = 0
    for start, end in marks:
        if at < start:
            yield Piece(text[at:start], marked=False)
        yield Piece(text[start:end], marked=True)
        at = end
    if at < len(text):
        yield Piece(text[at:], marked=False)


def list_alike(session: Session, viewer: Viewer, application_id: uuid.UUID) -> list[AlikeRow]:
    """Return the applications of the same call whose texts are nearly this one's, most alike first.

    What the viewer is recused from or applies for is never read: nothing here tells that it exists.
    """
    if not may(viewer, Verb.VIEW, Thing(Kind.SCORECARD, application_id)):
        return []
    call_id = select(Application.call_id).where(Application.id == application_id).scalar_subquery()
    rows = session.execute(
        select(Application.id, Application.number, company_shown(viewer), Submission.answers)
        .join(Company, Company.id == Application.company_id)
        .join(Submission, is_newest())
        .where(Application.call_id == call_id, visible_to(viewer), _not_own(viewer))
    ).all()
    texts = {str(key): "\n".join(str(answers.get(name) or "") for name in _TEXTS) for key, _, _, answers in rows}
    mine = texts.pop(str(application_id), None)
    if mine is None:
        return []
    if len(mine) > LONGEST_TEXT:
        return []
    alike = dict(find_copies_of(mine, {key: text for key, text in texts.items() if len(text) <= LONGEST_TEXT}))
    named = {str(key): AlikeRow(key, number, company, 0) for key, number, company, _ in rows}
    return [
        AlikeRow(named[key].application_id, named[key].number, named[key].company, round(share * 1000))
        for key, share in alike.items()
    ]


def _not_own(viewer: Viewer) -> Any:  # noqa: ANN401 - a condition, or none
    # Nobody sees how their own company is judged, whatever other role they hold.
    return Application.company_id.not_in(viewer.company_ids) if viewer.company_ids else true()
