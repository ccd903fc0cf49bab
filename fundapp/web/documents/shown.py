"""Documents put into words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from fundapp.intake.document_queries import AnsweredRequirement, DocumentRow
from fundapp.intake.documents.kinds import FORMATS, MISFITS, Requirement
from fundapp.web.shell.formats import long_day
from fundapp.web.shell.language import current_locale, gettext, pick

_KILO = 1024


@dataclass(frozen=True, slots=True)
class DocumentShown:
    """One document in a list.

    Attributes:
        facts: Format, size, pages, dates: what one wants to know at a glance.
        misfit: Why it no longer fits; empty when it does.
        scanned: Whether somebody looked for malware.
        pages: How many of its pages can be looked at; 0 when none can.
    """

    row: DocumentRow
    facts: tuple[str, ...]
    misfit: str
    scanned: bool
    pages: int


@dataclass(frozen=True, slots=True)
class RequirementShown:
    """A requirement with what answers it."""

    requirement: Requirement
    title: str
    asked: tuple[str, ...]
    documents: tuple[DocumentShown, ...]

    @property
    def misfits(self) -> bool:
        """Whether a document no longer fits."""
        return any(one.misfit for one in self.documents)


def show_requirement(answered: AnsweredRequirement, today: date) -> RequirementShown:
    """Put a requirement and its documents into words of the present language."""
    wanted = answered.requirement
    return RequirementShown(
        requirement=wanted,
        title=pick(wanted.title_ko, wanted.title_en),
        asked=tuple(_asked(wanted)),
        documents=tuple(show_document(one, wanted, answered.misfit(one, today)) for one in answered.documents),
    )


def show_requirements(answered: Sequence[AnsweredRequirement], today: date) -> list[RequirementShown]:
    """Put the requirements of a call into words."""
    return [show_requirement(one, today) for one in answered]


def show_document(row: DocumentRow, wanted: Requirement | None = None, misfit: str | None = None) -> DocumentShown:
    """Put one document into words."""
    facts = [row.format.upper(), _size(row.bytes)]
    if row.pages is not None:
        facts.append(gettext("%(num)s쪽", num=row.pages))
    if row.issued_on is not None:
        facts.append(gettext("%(day)s 발급", day=long_day(row.issued_on, current_locale(), year=True)))
    until = row.good_until(wanted) if wanted else None
    if until is not None:
        facts.append(gettext("%(day)s까지 유효", day=long_day(until, current_locale(), year=True)))
    words = pick(*MISFITS[misfit]) if misfit else ""
    return DocumentShown(row, tuple(facts), words, row.scanned_by is not None, (row.pages or 0) if row.shown else 0)


def _asked(wanted: Requirement) -> list[str]:
    words = []
    if wanted.formats != FORMATS:
        words.append(", ".join(one.upper() for one in wanted.formats))
    if wanted.max_pages is not None:
        words.append(gettext("%(num)s쪽까지", num=wanted.max_pages))
    if wanted.valid_months is not None:
        words.append(gettext("발급 %(num)s개월 이내", num=wanted.valid_months))
    return words


def _size(count: int) -> str:
    if count < _KILO * _KILO:
        return f"{max(1, count // _KILO):,} KB"
    return f"{count / _KILO / _KILO:.1f} MB"
