"""What the portal's pages show: one application with its call, its open problems and its tasks."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from fundapp.core.access import Viewer
from fundapp.core.errors import NotFoundError
from fundapp.core.orm import canonical_json
from fundapp.core.quarters import kst_date
from fundapp.intake.actions import answers_sha256
from fundapp.intake.actions.documents import FIELD, PROVING_STATES, document_problems
from fundapp.intake.answers import INCOMPLETE, problem, validate_answers
from fundapp.intake.call_terms import grace_of
from fundapp.intake.document_queries import AnsweredRequirement, documents_changed, list_documents
from fundapp.intake.form import FieldProblem, Form, Section
from fundapp.intake.queries import (
    ApplicationView,
    CallPage,
    SectionProgress,
    get_application,
    get_call,
    section_progress,
)
from fundapp.intake.rules import PURPOSES, counts_as
from fundapp.intake.standing_queries import Registration, registration_of

EDITABLE_STATES = frozenset({"draft", "submitted", "on_hold"})
WITHDRAWABLE_STATES = EDITABLE_STATES | {"eligible"}
_HOUR_SECONDS = 3600
_DAY_SECONDS = 24 * _HOUR_SECONDS


@dataclass(frozen=True, slots=True)
class Countdown:
    """The time left until a call closes, in whole days, hours and minutes; all 0 once it has closed."""

    days: int
    hours: int
    minutes: int
    phase: str


@dataclass(frozen=True, slots=True)
class Task:
    """One line of the task list; `state` is done, progress, check, todo or locked."""

    key: str
    title_ko: str
    title_en: str
    state: str
    answered: int = 0
    questions: int = 0
    problems: int = 0


@dataclass(frozen=True, slots=True)
class ApplicationPage:
    """An application as its own company sees it.

    Attributes:
        application: The application itself.
        call: Its call.
        problems: Everything that keeps it from being submitted, consents included.
        editable: Whether answers may be changed and sent now.
        changed: Whether the working answers differ from what was last submitted.
        countdown: Time until the call closes.
        papers: Which documents the call asks for, and what answers each now.
        registration: What the tax office said of the company.
    """

    application: ApplicationView
    call: CallPage
    problems: tuple[FieldProblem, ...]
    editable: bool
    changed: bool
    countdown: Countdown
    papers: tuple[AnsweredRequirement, ...]
    registration: Registration

    @property
    def form(self) -> Form:
        """The call's form."""
        return self.call.form

    @property
    def sendable(self) -> bool:
        """Whether sending it now would say something new and be received."""
        return self.editable and self.changed and not self.problems

    def find_section(self, key: str) -> Section:
        """Return one section of the form.

        Raises:
            NotFoundError: if the form has none of that key.
        """
        return self.form.find_section(key)


def count_down(opens_at: datetime, closes_at: datetime, at: datetime, grace: timedelta = timedelta()) -> Countdown:
    """Return what is left of a call's hours at `at`; in its grace, what was begun may still be finished."""
    left = max(0, int((closes_at - at).total_seconds()))
    phase = "upcoming" if at < opens_at else "open" if at <= closes_at else "closed"
    if phase == "closed" and at <= closes_at + grace:
        phase = "grace"
    return Countdown(left // _DAY_SECONDS, left % _DAY_SECONDS // _HOUR_SECONDS, left % _HOUR_SECONDS // 60, phase)


def load_page(session: Session, viewer: Viewer, application_id: uuid.UUID, at: datetime) -> ApplicationPage:
    """Return one of the viewer's own applications.

    Raises:
        NotFoundError: if there is none, or it is another company's, whatever other role the viewer holds.
    """
    application = get_application(session, viewer, application_id)
    if application.company_id not in viewer.company_ids:
        raise NotFoundError
    call = get_call(session, application.call_code)
    countdown = count_down(call.opens_at, call.closes_at, at, grace_of(call.document))
    last = application.submissions[-1] if application.submissions else None
    papers = list_documents(session, viewer, application_id)
    requirements = [one.requirement for one in papers]
    return ApplicationPage(
        application=application,
        call=call,
        problems=(
            *find_problems(call.form, application, at),
            *document_problems(session, application_id, requirements, kst_date(at)),
        ),
        editable=countdown.phase in {"open", "grace"} and application.state in EDITABLE_STATES,
        changed=last is None
        or last.sha256 != answers_sha256(call.form.asked_answers(application.answers))
        or documents_changed(session, application_id, requirements),
        countdown=countdown,
        papers=papers,
        registration=registration_of(session, application.company_id, most=1),
    )


def find_problems(form: Form, application: ApplicationView, at: datetime) -> Iterator[FieldProblem]:
    """Yield what submission would refuse."""
    yield from validate_answers(form, application.answers, today=kst_date(at))
    number = application.answers.get("business_number")
    if application.scheme == "brn" and number is not None and number != application.identifier:
        yield problem("business_number", "other_company")
    for purpose in PURPOSES:
        if purpose.required and not application.consents.get(purpose.key, False):
            yield problem(f"consent_{purpose.key}", "consent_required")


def section_of(form: Form, field: str) -> Section | None:
    """Return the section in which a question, or one cell of a GPU request, is asked."""
    return next((section for section in form.sections if field in _fields(section)), None)


def _fields(section: Section) -> set[str]:
    return {key for question in section.questions for key in (question.key, *(part.key for part in question.parts))}


def section_problems(page: ApplicationPage, section: Section) -> list[FieldProblem]:
    """Return the problems of one section's own questions.

    Leaving out "one of these plans is needed": it concerns several sections and is asked on the last page.
    """
    fields = _fields(section)
    required = {question.key for question in section.questions if question.required}
    return [
        found
        for found in page.problems
        if found.field in fields and (found.code != "required" or found.field in required)
    ]


def section_tasks(page: ApplicationPage) -> list[Task]:
    """Return one task a section, in order."""
    progress = section_progress(page.form, page.application.answers)
    pairs = zip(page.form.sections, progress, strict=True)
    return [_task(page, section, one) for section, one in pairs if one.questions]


def _task(page: ApplicationPage, section: Section, progress: SectionProgress) -> Task:
    problems = section_problems(page, section)
    unreadable = [found for found in problems if found.code not in INCOMPLETE]
    if unreadable:
        state = "check"
    elif progress.answered == 0:
        state = "todo"
    else:
        state = "progress" if problems else "done"
    return Task(
        key=section.key,
        title_ko=section.title_ko,
        title_en=section.title_en,
        state=state,
        answered=progress.answered,
        questions=progress.questions,
        problems=len(unreadable),
    )


def document_state(page: ApplicationPage) -> str:
    """Return the task state of the documents page: of those that belong to the application, then of later proof."""
    if any(found.field.startswith(FIELD) and found.code != "missing" for found in page.problems):
        return "check"
    proving = counts_as(page.application.state) in PROVING_STATES
    if all(
        one.documents
        for one in page.papers
        if one.requirement.required and (proving or one.requirement.stage == "submit")
    ):
        return "done"
    return "progress" if any(one.documents for one in page.papers) else "todo"


def consent_state(consents: Mapping[str, bool]) -> str:
    """Return the task state of the consent page."""
    if all(consents.get(purpose.key, False) for purpose in PURPOSES if purpose.required):
        return "done"
    return "progress" if consents else "todo"


def next_task(tasks: list[Task]) -> Task | None:
    """Return where to go on: first what must be corrected, then what was begun, then what was not."""
    for state in ("check", "progress", "todo"):
        for task in tasks:
            if task.state == state:
                return task
    return None


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage on an applicant's way; `state` is done, now, late or empty as the rail draws it."""

    key: str
    state: str
    at: datetime | None


_STAGES = ("draft", "received", "checked", "decided", "agreed")
_REACHED = {
    "draft": 0,
    "withdrawn": 0,
    "submitted": 1,
    "on_hold": 1,
    "ineligible": 2,
    "eligible": 2,
    "proposed": 2,
    "deferred": 2,
    "rejected": 3,
    "approved": 3,
    "awarded": 4,
}
_OWN_STAGE = 2  # a stage that the call has added stands before the committee
_STAGE_OF_VERB = {"submit": 1, "resubmit": 1, "pass_screening": 2, "release": 2, "declare_ineligible": 2}
_STAGE_OF_VERB |= {"approve": 3, "reject": 3, "award": 4}


def stages(application: ApplicationView) -> list[Stage]:
    """Return the stages of an application, with when each was reached."""
    reached = _REACHED.get(application.state, _OWN_STAGE)
    times: dict[int, datetime] = {0: application.created_at}
    for step in application.history:
        if step.verb in _STAGE_OF_VERB:
            times[_STAGE_OF_VERB[step.verb]] = step.at
    ended = application.state in {"awarded", "rejected", "ineligible", "withdrawn"}
    rows = []
    for number, key in enumerate(_STAGES):
        state = "done" if number < reached or (number == reached and ended) else "now" if number == reached else ""
        rows.append(Stage(key, state, times.get(number) if number <= reached else None))
    return rows


def stored_text(value: Any) -> str:  # noqa: ANN401 - a JSON value
    """Return a stored answer as one would type it again; rows as JSON."""
    if isinstance(value, list):
        return canonical_json(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
