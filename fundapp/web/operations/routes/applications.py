"""One application: answers, frozen versions, score, history, and the judgement of a person about a knock-out."""

from __future__ import annotations

import uuid
from datetime import date

from flask import current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from fundapp.committee.actions import take_step
from fundapp.core.access import Kind, Role, Thing, Verb, may
from fundapp.core.errors import InvalidInputError, NotFoundError
from fundapp.core.quarters import kst_date
from fundapp.intake.document_queries import list_documents
from fundapp.intake.queries import ApplicationView, CallPage, get_application, get_call, related_applications
from fundapp.intake.registry.asking import check_company
from fundapp.intake.registry.nts import Service, TaxOffice
from fundapp.intake.rules import age_basis
from fundapp.intake.standing_queries import registration_of, standing_of
from fundapp.intake.way_queries import steps_here
from fundapp.screening.actions import judge_knockout
from fundapp.screening.facts import size_from
from fundapp.screening.queries import find_scorecard, list_judgements
from fundapp.screening.texts import list_alike, mark_texts
from fundapp.web.documents.shown import show_requirements
from fundapp.web.operations.doing import act, may_open, say_faults
from fundapp.web.operations.door import blueprint
from fundapp.web.operations.forms import JudgeForm, StepForm
from fundapp.web.operations.reading import find_award_number
from fundapp.web.operations.routes.pipeline import may_read_applications
from fundapp.web.operations.shown import (
    SHARED_WORDS,
    STEP_WORDS,
    VERDICT_WORDS,
    answer_sections,
    request_matrix,
    show_score,
)
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.forms import KeyOnlyForm
from fundapp.web.shell.language import gettext
from fundapp.web.shell.viewer import viewer

_ONE = "/applications/<uuid:application_id>"


def _require_sight(application: ApplicationView) -> None:
    """Raise unless the policy shows this very application: nobody reads here about a company of their own."""
    if application.company_id in viewer().company_ids:
        raise NotFoundError


@blueprint.get(_ONE)
def application_page(application_id: uuid.UUID) -> ResponseReturnValue:
    """Show an application with all that is known of it."""
    may_read_applications()
    with db().read() as session:
        found = get_application(session, viewer(), application_id)
        _require_sight(found)
        call = get_call(session, found.call_code)
        card = find_scorecard(session, viewer(), application_id)
        judgements = list_judgements(session, viewer(), application_id)
        related = related_applications(session, viewer(), application_id)
        award = find_award_number(session, viewer(), application_id)
        papers = show_requirements(list_documents(session, viewer(), application_id), kst_date(now()))
        registration = registration_of(session, found.company_id)
        standing = standing_of(session, application_id)
        own = [step for step in steps_here(session, application_id) if viewer().has(step.role or Role.ANALYST)]
    judging = found.state == "on_hold" and may(viewer(), Verb.OVERRIDE, Thing(Kind.SCORECARD, application_id))
    return render_template(
        "operations/application.html",
        one=found,
        call=call,
        sections=answer_sections(call.form, found.answers),
        matrix=request_matrix(found.answers),
        score=show_score(card.document) if card else None,
        judgements=judgements,
        related=related,
        award=award,
        papers=papers,
        form=JudgeForm() if judging else None,
        own_steps=own,
        registration=registration,
        sized=size_from(found.answers, _judged_on(call, found), standing),
        claim=standing.claim,
        askable=current_app.config["REGISTRY"] is not None and may(viewer(), Verb.CHECK, Thing(Kind.COMPANY)),
        steps=STEP_WORDS,
        shared=SHARED_WORDS,
        verdict_words=VERDICT_WORDS,
    )


def _judged_on(call: CallPage, application: ApplicationView) -> date:
    """Return the day that the company's size is judged for."""
    sent = application.submissions[-1].submitted_at if application.submissions else now()
    return age_basis(call.document.get("kind"), kst_date(call.closes_at), kst_date(sent))


@blueprint.post(f"{_ONE}/registration")
def check_registration(application_id: uuid.UUID) -> ResponseReturnValue:
    """Ask the tax office about the applicant now."""
    may_open(Kind.COMPANY, Verb.CHECK)
    if not KeyOnlyForm().validate():
        raise InvalidInputError(field="key", reason_ko="새로 고친 뒤 다시 보내세요", reason_en="reload and send again")
    service: Service | None = current_app.config["REGISTRY"]
    with db().read() as session:
        found = get_application(session, viewer(), application_id)
        _require_sight(found)
    if service is None:
        flash(gettext("국세청 조회가 설정되지 않아 확인하지 못했습니다."), "err")
    else:
        said = check_company(db(), TaxOffice(service), company_id=found.company_id, actor=viewer(), at=now())
        if said.outcome == "unread":
            flash(gettext("국세청에서 답을 받지 못했습니다. 잠시 뒤 다시 확인해 주세요."), "err")
        else:
            flash(gettext("국세청에 확인했습니다."), "ok")
    return redirect(url_for(".application_page", application_id=application_id))


@blueprint.post(f"{_ONE}/step")
def step(application_id: uuid.UUID) -> ResponseReturnValue:
    """Take a step that the call has added."""
    form = StepForm()
    if not form.validate_on_submit():
        say_faults(form)
    else:
        act(
            lambda session: take_step(
                session,
                application_id=application_id,
                verb=str(form.verb.data),
                reason=form.reason.data or "",
                key=str(form.key.data),
                actor=viewer(),
                at=now(),
            ),
            gettext("옮겼습니다."),
            form,
        )
    return redirect(url_for(".application_page", application_id=application_id))


@blueprint.get(f"{_ONE}/score")
def score_page(application_id: uuid.UUID) -> ResponseReturnValue:
    """Explain a score: points and reasons by criterion, what lifted it, what it lacks."""
    may_read_applications()
    with db().read() as session:
        found = get_application(session, viewer(), application_id)
        _require_sight(found)
        card = find_scorecard(session, viewer(), application_id)
        texts = mark_texts(session, viewer(), application_id)
        alike = list_alike(session, viewer(), application_id)
    if card is None:
        raise NotFoundError
    return render_template(
        "operations/score.html",
        one=found,
        card=card,
        score=show_score(card.document),
        texts=texts,
        alike=alike,
        verdict_words=VERDICT_WORDS,
    )


@blueprint.post(f"{_ONE}/judge")
def judge(application_id: uuid.UUID) -> ResponseReturnValue:
    """Let a person decide about what a knock-out stopped."""
    form = JudgeForm()
    if not form.validate_on_submit():
        say_faults(form)
    else:
        act(
            lambda session: judge_knockout(
                session,
                application_id=application_id,
                outcome=str(form.outcome.data),
                reason=form.reason.data or "",
                actor=viewer(),
                at=now(),
            ),
            gettext("판단을 기록했습니다."),
            form,
        )
    return redirect(url_for(".application_page", application_id=application_id))
