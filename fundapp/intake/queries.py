"""What pages may ask about calls and applications. Every answer is limited to what the viewer may see."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Text, and_, func, or_, select, type_coerce
from sqlalchemy.orm import Session

from fundapp.core.access import VIEWERS_KEPT, Role, Viewer, application_clause, may_see_names, names_clause, shown_name
from fundapp.core.errors import NotFoundError
from fundapp.core.orm import canonical_json
from fundapp.intake.form import Form, parse_form
from fundapp.intake.masking import PUBLIC_MAIL, AskedIdentity, Masker
from fundapp.intake.newest import is_newest, shown_answers
from fundapp.intake.rules import STATES
from fundapp.intake.tables import Application, Call, Company, Consent, Submission
from fundapp.intake.told import state_shown_to, visible_steps


@dataclass(frozen=True, slots=True)
class CallRow:
    """A call as a list shows it; `phase` is upcoming, open or closed at the asked instant."""

    code: str
    title_ko: str
    title_en: str
    opens_at: datetime
    closes_at: datetime
    phase: str


@dataclass(frozen=True, slots=True)
class CallPage:
    """A call with its document and form."""

    code: str
    title_ko: str
    title_en: str
    opens_at: datetime
    closes_at: datetime
    document: dict[str, Any]
    form: Form


@dataclass(frozen=True, slots=True)
class SubmissionRow:
    """One frozen version."""

    version: int
    sha256: str
    submitted_at: datetime
    submitted_by: str


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step of an application's history."""

    verb: str
    from_state: str
    to_state: str
    reason: str | None
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ApplicationRow:
    """An application as a list shows it."""

    id: uuid.UUID
    number: str
    call_code: str
    company_id: uuid.UUID
    company_name: str
    business_number: str | None
    region: str | None
    state: str
    solution_title: str
    sector: str
    requested_krw: int | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ApplicationView:
    """An application in full: answers, company, frozen versions, history, consents (purpose to given).

    `answers` are the working copy for the applicant's own company; for everybody else what was sent last.
    """

    id: uuid.UUID
    number: str
    call_code: str
    company_id: uuid.UUID
    company_name: str
    scheme: str
    identifier: str
    state: str
    revision: int
    answers: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    submissions: tuple[SubmissionRow, ...]
    history: tuple[StepRow, ...]
    consents: dict[str, bool]


@dataclass(frozen=True, slots=True)
class RelatedRow:
    """Another application; `shared` says what links it: phone, email, domain, corporate_number, company."""

    id: uuid.UUID
    number: str
    company_name: str
    shared: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SectionProgress:
    """How far one section is; `state` is not_started, in_progress or completed."""

    key: str
    title_ko: str
    title_en: str
    answered: int
    questions: int
    missing: tuple[str, ...]
    state: str


@lru_cache(VIEWERS_KEPT)
def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition under which the viewer may see a row of `Application`."""
    return application_clause(
        viewer,
        application_id=Application.id.expression,
        company_id=Application.company_id.expression,
        is_draft=Application.state == "draft",
    )


def counts_among(states: Collection[str]) -> ColumnElement[bool]:
    """Return the condition that a row of `Application` counts as standing in one of today's states: see `counts_as`."""
    others = set(STATES) - set(states)
    return Application.state.not_in(others) if "eligible" in states else Application.state.in_(states)


@lru_cache(VIEWERS_KEPT)
def named_to(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition under which the viewer may know whose a row of `Application` is."""
    return names_clause(viewer, call_id=Application.call_id.expression, state=Application.state.expression)


@lru_cache(VIEWERS_KEPT)
def company_shown(viewer: Viewer) -> ColumnElement[str]:
    """Return what a company is called before the viewer, in a query that joins `Application` and `Company`."""
    return shown_name(
        viewer,
        call_id=Application.call_id.expression,
        state=Application.state.expression,
        name=Company.name.expression,
        number=Application.number.expression,
    )


def masker_of(document: Mapping[str, Any], answers: Mapping[str, Any], *, company: str, identifier: str) -> Masker:
    """Return what takes an applicant's identity out of texts.

    Args:
        document: The call's.
        answers: Everything that the applicant says, in which its spellings are looked for.
        company: Its name on record.
        identifier: Its number on record.
    """
    return Masker.of(AskedIdentity.of(parse_form(document), document), answers, company=company, identifier=identifier)


def list_calls(session: Session, at: datetime) -> list[CallRow]:
    """Return every call, the last to close first."""
    columns = (Call.code, Call.title_ko, Call.title_en, Call.opens_at, Call.closes_at)  # the document is long
    calls = session.connection().execute(select(*columns).order_by(Call.closes_at.desc(), Call.code))
    return [
        CallRow(
            call.code,
            call.title_ko,
            call.title_en,
            call.opens_at,
            call.closes_at,
            _phase(call.opens_at, call.closes_at, at),
        )
        for call in calls
    ]


def _phase(opens_at: datetime, closes_at: datetime, at: datetime) -> str:
    if at < opens_at:
        return "upcoming"
    return "open" if at <= closes_at else "closed"


def get_call(session: Session, code: str) -> CallPage:
    """Return one call.

    Raises:
        NotFoundError: if there is none.
    """
    call = session.scalar(select(Call).where(Call.code == code))
    if call is None:
        raise NotFoundError
    return CallPage(
        call.code,
        call.title_ko,
        call.title_en,
        call.opens_at,
        call.closes_at,
        call.document,
        parse_form(call.document),
    )


def find_application_id(session: Session, viewer: Viewer, number: str) -> uuid.UUID | None:
    """Return the key of the application with a number, if the viewer may see it."""
    return session.scalar(select(Application.id).where(Application.number == number, visible_to(viewer)))


@lru_cache(VIEWERS_KEPT)
def _list_query(viewer: Viewer) -> Select[Application, dict[str, Any], str, str, str, str | None, str, str]:
    answers = shown_answers(viewer)
    return (
        select(
            Application,
            answers,
            company_shown(viewer),
            Company.scheme,
            Company.identifier,
            Company.region,
            Call.code,
            state_shown_to(viewer),
        )
        .join(Company, Company.id == Application.company_id)
        .join(Call, Call.id == Application.call_id)
        .outerjoin(Submission, is_newest())
    )


def _list_row(row: Row[Application, dict[str, Any], str, str, str, str | None, str, str]) -> ApplicationRow:
    application, shown, name, scheme, identifier, region, code, state = row
    answers = shown or {}
    requested = answers.get("requested_krw")
    named = name != application.number
    return ApplicationRow(
        id=application.id,
        number=application.number,
        call_code=code,
        company_id=application.company_id,
        company_name=name,
        business_number=identifier if scheme == "brn" and named else None,
        region=region,
        state=state,
        solution_title=str(answers.get("solution_title", "")) if named else "",
        sector=str(answers.get("sector", "")),
        requested_krw=requested if isinstance(requested, int) else None,
        updated_at=application.updated_at,
    )


def list_my_applications(session: Session, viewer: Viewer) -> list[ApplicationRow]:
    """Return the applications of the viewer's own companies, newest first."""
    query = _list_query(viewer).where(visible_to(viewer), Application.company_id.in_(viewer.company_ids))
    return [_list_row(row) for row in session.execute(query.order_by(Application.created_at.desc(), Application.id))]


def _conditions(viewer: Viewer, call_code: str, states: Sequence[str], search: str) -> list[ColumnElement[bool]]:
    conditions = [visible_to(viewer), Call.code == call_code]
    if states:
        conditions.append(state_shown_to(viewer).in_(states))
    if word := search.strip():
        conditions.append(
            or_(
                and_(named_to(viewer), Company.name.icontains(word, autoescape=True)),
                and_(named_to(viewer), Company.identifier.contains(word.replace("-", ""), autoescape=True)),
                Application.number.icontains(word, autoescape=True),
            )
        )
    return conditions


def list_applications(
    session: Session,
    viewer: Viewer,
    call_code: str,
    *,
    states: Sequence[str] = (),
    search: str = "",
    limit: int | None = None,
    offset: int = 0,
) -> list[ApplicationRow]:
    """Return a call's applications by number.

    Args:
        session: The session.
        viewer: Who asks.
        call_code: The call.
        states: Only these states; all when empty.
        search: Part of the company's name, of its number or of the application's.
        limit: At most so many rows.
        offset: Leave out so many first.
    """
    query = _list_query(viewer).where(*_conditions(viewer, call_code, states, search)).order_by(Application.number)
    if limit is not None:
        query = query.limit(limit)
    return [_list_row(row) for row in session.execute(query.offset(offset))]


def count_applications(
    session: Session, viewer: Viewer, call_code: str, *, states: Sequence[str] = (), search: str = ""
) -> int:
    """Return how many rows `list_applications` has without a limit."""
    query = select(func.count()).select_from(Application).join(Company, Company.id == Application.company_id)
    query = query.join(Call, Call.id == Application.call_id)
    return session.scalar(query.where(*_conditions(viewer, call_code, states, search))) or 0


def funnel_counts(session: Session, viewer: Viewer, call_code: str) -> dict[str, int]:
    """Return how many visible applications of a call stand in each state; states without any are absent."""
    shown = state_shown_to(viewer).label("shown")
    query = (
        select(shown, func.count())
        .select_from(Application)
        .join(Call, Call.id == Application.call_id)
        .where(Call.code == call_code, visible_to(viewer))
        .group_by(shown)
    )
    return {state: count for state, count in session.execute(query)}  # noqa: C416 - dict() loses the types


def get_application(session: Session, viewer: Viewer, application_id: uuid.UUID) -> ApplicationView:
    """Return one application in full.

    Raises:
        NotFoundError: if there is none, or the viewer may not see it.
    """
    query = _list_query(viewer).where(Application.id == application_id, visible_to(viewer))
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFoundError
    application, shown, name, scheme, identifier, _, code, state = row
    frozen = session.scalars(
        select(Submission).where(Submission.application_id == application_id).order_by(Submission.version)
    )
    steps = visible_steps(session, application_id, own=application.company_id in viewer.company_ids)
    consents = session.scalars(
        select(Consent).where(Consent.application_id == application_id).order_by(Consent.at, Consent.id)
    )
    view = ApplicationView(
        id=application.id,
        number=application.number,
        call_code=code,
        company_id=application.company_id,
        company_name=name,
        scheme=scheme,
        identifier=identifier,
        state=state,
        revision=application.revision,
        answers=shown or {},
        created_at=application.created_at,
        updated_at=application.updated_at,
        submissions=tuple(SubmissionRow(one.version, one.sha256, one.submitted_at, one.submitted_by) for one in frozen),
        history=tuple(StepRow(one.verb, one.from_state, one.to_state, one.reason, one.actor, one.at) for one in steps),
        consents={one.purpose: one.given for one in consents},
    )
    own = viewer.has(Role.APPLICANT) and application.company_id in viewer.company_ids
    if own or may_see_names(viewer, call_id=application.call_id, state=application.state):
        return view
    return _without_names(session, view)


def _without_names(session: Session, view: ApplicationView) -> ApplicationView:
    """Take out who applies; whoever acted for the company goes unnamed, too."""
    company = session.get_one(Company, view.company_id)
    document = session.scalars(select(Call.document).where(Call.code == view.call_code)).one()
    masker = masker_of(document, view.answers, company=company.name, identifier=company.identifier)
    return replace(
        view,
        scheme="",
        identifier="",
        answers=masker.answers(view.answers),
        submissions=tuple(replace(one, submitted_by="") for one in view.submissions),
        history=tuple(
            replace(one, actor="", reason=masker.text(one.reason) if one.reason else None) for one in view.history
        ),
    )


def section_progress(form: Form, answers: Mapping[str, Any]) -> list[SectionProgress]:
    """Return how far each section is, derived from the answers alone."""
    progress = []
    asked = {question.key for question in form.asked_of(answers).questions}
    for section in form.sections:
        answered, missing = 0, []
        questions = [question for question in section.questions if question.key in asked]
        for question in questions:
            keys = [part.key for part in question.parts] or [question.key]
            if any(key in answers for key in keys):
                answered += 1
            elif question.required:
                missing.append(question.key)
        state = "not_started" if answered == 0 else "in_progress" if missing else "completed"
        progress.append(
            SectionProgress(
                section.key,
                section.title_ko,
                section.title_en,
                answered,
                len(questions),
                tuple(missing),
                state,
            )
        )
    return progress


def related_applications(session: Session, viewer: Viewer, application_id: uuid.UUID) -> list[RelatedRow]:
    """Return visible applications that share a contact, a mail domain, a corporate number or the company itself.

    None where the viewer may not know who applies.

    Answers are kept as canonical JSON text, so equal answers are equal pieces of text that SQL can look for; the
    pieces found are then compared answer by answer.

    Raises:
        NotFoundError: if the viewer may not see the application itself.
    """
    listed = _list_query(viewer).where(visible_to(viewer))
    own = session.execute(listed.where(Application.id == application_id)).one_or_none()
    if own is None:
        raise NotFoundError
    if not may_see_names(viewer, call_id=own[0].call_id, state=own[0].state):
        return []
    marks = _marks(own[1] or {})
    text = type_coerce(shown_answers(viewer), Text)
    pieces = [
        text.contains(f'"{field}":{canonical_json(marks[field])}', autoescape=True)
        for field in ("contact_phone", "contact_email", "corporate_number")
        if marks[field]
    ]
    if marks["domain"]:
        pieces.append(text.contains(f'@{marks["domain"]}"', autoescape=True))
    pieces.append(Application.company_id == own[0].company_id)
    # Who is judged blind is not named by what it shares with somebody who is not.
    query = listed.where(Application.id != application_id, or_(*pieces), named_to(viewer))
    related = []
    for other, shown, name, *_ in session.execute(query.order_by(Application.number)):
        theirs = _marks(shown or {})
        names = [label for field, label in _SHARED if marks[field] and marks[field] == theirs[field]]
        if other.company_id == own[0].company_id:
            names.append("company")
        if names:
            related.append(RelatedRow(other.id, other.number, name, tuple(names)))
    return related


_SHARED = (
    ("contact_phone", "phone"),
    ("contact_email", "email"),
    ("domain", "domain"),
    ("corporate_number", "corporate_number"),
)


def _marks(answers: Mapping[str, Any]) -> dict[str, str]:
    email = str(answers.get("contact_email", ""))
    domain = email.rpartition("@")[2]
    return {
        "contact_phone": str(answers.get("contact_phone", "")),
        "contact_email": email,
        "corporate_number": str(answers.get("corporate_number", "")),
        "domain": "" if domain in PUBLIC_MAIL else domain,
    }
