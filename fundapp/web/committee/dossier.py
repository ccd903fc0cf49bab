"""What the review page shows beside the rubric: answers by section, facts as sums, history, related companies."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from fundapp.allocation.queries import pool_rates
from fundapp.committee.queries import (
    DraftView,
    ReviewPage,
    count_comments,
    find_draft,
    find_next,
    find_pledge,
    review_page,
)
from fundapp.committee.queries.queue import NextReview
from fundapp.core.access import Role, Viewer
from fundapp.core.quarters import kst_date
from fundapp.intake.answers import gpu_requests
from fundapp.intake.document_queries import list_documents
from fundapp.intake.form import Section
from fundapp.intake.masking import PUBLIC_MAIL
from fundapp.intake.queries import (
    ApplicationView,
    CallPage,
    RelatedRow,
    get_application,
    get_call,
    related_applications,
)
from fundapp.intake.rules import age_basis
from fundapp.intake.standing import Standing
from fundapp.intake.standing_queries import standing_of
from fundapp.intake.submitted import list_versions
from fundapp.screening.facts import size_from
from fundapp.screening.queries import ScorecardView, find_scorecard
from fundapp.screening.rules import age_in_months
from fundapp.screening.size_rules import Sized
from fundapp.screening.texts import AlikeRow, MarkedText, list_alike, mark_texts
from fundapp.web.committee.answered import answer_text
from fundapp.web.committee.board import requested_value
from fundapp.web.committee.versions import Step, version_steps
from fundapp.web.documents.shown import RequirementShown, show_requirements
from fundapp.web.shell.clock import now
from fundapp.web.shell.language import pick

PRIVATE = frozenset({"contact_email", "contact_phone"})
"""Answers for the fund's own staff; a reviewer judges without them."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One question and its answer in words; `long` for text of several lines."""

    label: str
    text: str
    long: bool


@dataclass(frozen=True, slots=True)
class Chapter:
    """One section of the form as it was answered."""

    key: str
    title: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is derived from the company's answers and its own statement.

    Attributes:
        months: Completed months from the company's beginning to the call's close.
        sized: Its size class with the arithmetic; related companies go by number where nobody may know who applies.
        claim: The class that the company takes itself to be of.
    """

    founded_on: date | None
    closes_on: date
    months: int | None
    sized: Sized
    claim: str | None


@dataclass(frozen=True, slots=True)
class Parties:
    """Whom a member has to know of before saying that there is no conflict.

    Attributes:
        number: Of the application.
        named: Whether the viewer may know who applies; while they judge blind, all of this is empty.
        same_domain: The mail domain that the viewer and the applicant's contact share; empty if none.
    """

    application_id: uuid.UUID
    number: str
    named: bool
    call_title: str
    company: str
    scheme: str
    identifier: str
    corporate_number: str
    contact: str
    region: str
    related: tuple[RelatedRow, ...]
    same_domain: str


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything on a review page.

    Attributes:
        gpu: Hours in ten-thousandths by SKU and quarter: `{sku: {quarter: hours}}`.
        scorecard: None while sealed, and where there is none.
        texts: Texts with the rubric's terms marked; none while sealed.
        alike: Applications whose texts are nearly the same; none while sealed.
        versions: The frozen versions, newest first, with what each one changed.
        draft: What the viewer has typed and not filed, and their note for themselves.
        comments: How many comments of the discussion the viewer may read; None while it is sealed.
        following: What waits for the viewer's review next, this one passed over.
        pledged_at: When the viewer pledged to have no interest.
        papers: What was handed in, by requirement.
    """

    page: ReviewPage
    application: ApplicationView
    call: CallPage
    chapters: tuple[Chapter, ...]
    facts: Facts
    gpu: Mapping[str, Mapping[str, int]]
    value_e4: int | None
    related: tuple[RelatedRow, ...]
    scorecard: ScorecardView | None
    texts: tuple[MarkedText, ...]
    alike: tuple[AlikeRow, ...]
    versions: tuple[Step, ...]
    draft: DraftView
    comments: int | None
    following: NextReview | None
    pledged_at: datetime | None
    papers: tuple[RequirementShown, ...]


def must_pledge(session: Session, viewer: Viewer, application_id: uuid.UUID) -> bool:
    """Say whether the conflict gate stands between the viewer and the dossier: it does for everybody who votes."""
    return pledges(viewer) and find_pledge(session, viewer, application_id) is None


def pledges(viewer: Viewer) -> bool:
    """Say whether somebody has to pledge before they read an application: everybody who votes."""
    return viewer.has(Role.COMMITTEE, Role.CHAIR)


def load_parties(session: Session, viewer: Viewer, application_id: uuid.UUID) -> Parties:
    """Load who is behind an application.

    Raises:
        NotFoundError: if it is absent, out of sight, or the viewer is recused.
    """
    page = review_page(session, viewer, application_id)
    application = get_application(session, viewer, application_id)
    call = get_call(session, page.call_code)
    domain = str(page.answers.get("contact_email", "")).rpartition("@")[2] if page.named else ""
    own = viewer.email.rpartition("@")[2]
    return Parties(
        application_id=application_id,
        number=page.number,
        named=page.named,
        call_title=pick(call.title_ko, call.title_en),
        company=page.company,
        scheme=application.scheme,
        identifier=application.identifier,
        corporate_number=str(page.answers.get("corporate_number", "")) if page.named else "",
        contact=str(page.answers.get("contact_name", "")) if page.named else "",
        region=str(page.answers.get("region", "")),
        related=tuple(related_applications(session, viewer, application_id)),
        same_domain=domain if domain and domain == own and domain not in PUBLIC_MAIL else "",
    )


def load_dossier(session: Session, viewer: Viewer, application_id: uuid.UUID) -> Dossier:
    """Load the review page.

    Raises:
        NotFoundError: if it is absent, out of sight, or the viewer is recused.
    """
    page = review_page(session, viewer, application_id)
    call = get_call(session, page.call_code)
    gpu: dict[str, dict[str, int]] = {}
    requests = gpu_requests(page.answers)
    for request in requests:
        gpu.setdefault(request.sku.upper(), {})[request.quarter] = request.hours.minor
    application = get_application(session, viewer, application_id)
    submitted = application.submissions[-1].submitted_at if application.submissions else call.closes_at
    counted_to = age_basis(call.document.get("kind"), kst_date(call.closes_at), kst_date(submitted))
    standing = standing_of(session, application_id)
    return Dossier(
        page=page,
        application=application,
        call=call,
        chapters=tuple(_chapters(call.form.sections, page.answers, viewer)),
        facts=facts_of(page.answers, counted_to, standing if page.named else standing.without_names()),
        gpu=gpu,
        value_e4=requested_value(requests, pool_rates(session, viewer)),
        related=tuple(related_applications(session, viewer, application_id)),
        scorecard=None if page.score_sealed else find_scorecard(session, viewer, application_id),
        # The pieces of a marked text are cut where words are counted, which may be within a name.
        texts=() if page.score_sealed or not page.named else tuple(mark_texts(session, viewer, application_id)),
        alike=() if page.score_sealed else tuple(list_alike(session, viewer, application_id)),
        versions=tuple(version_steps(call.form, list_versions(session, viewer, application_id), _hidden(viewer))),
        draft=find_draft(session, viewer, application_id),
        comments=count_comments(session, viewer, application_id),
        following=find_next(session, viewer, page.call_code, application_id),
        pledged_at=find_pledge(session, viewer, application_id),
        papers=tuple(show_requirements(list_documents(session, viewer, application_id), kst_date(now()))),
    )


def facts_of(answers: Mapping[str, Any], closes_on: date, standing: Standing) -> Facts:
    """Derive age and size class, as of the day that the call closes."""
    sized = size_from(answers, closes_on, standing)
    return Facts(
        founded_on=sized.started_on,
        closes_on=closes_on,
        months=age_in_months(sized.started_on, closes_on) if sized.started_on else None,
        sized=sized,
        claim=standing.claim,
    )


def _hidden(viewer: Viewer) -> frozenset[str]:
    return frozenset() if viewer.has(Role.ANALYST) else PRIVATE


def _chapters(sections: Sequence[Section], answers: Mapping[str, Any], viewer: Viewer) -> list[Chapter]:
    hidden = _hidden(viewer)
    return [
        Chapter(
            key=section.key,
            title=pick(section.title_ko, section.title_en),
            answers=tuple(
                Answer(
                    pick(question.label_ko, question.label_en),
                    answer_text(question, answers.get(question.key)),
                    long=question.kind in {"textarea", "rows"},
                )
                for question in section.questions
                if question.key not in hidden and not question.parts
            ),
        )
        for section in sections
    ]
