"""One application: answers, frozen versions, score, history, and the judgement of a person about a knock-out."""

from __future__ import annotations

import uuid

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from fundapp.core.access import Kind, Thing, Verb, may
from fundapp.core.errors import NotFoundError
from fundapp.core.quarters import kst_date
from fundapp.intake.document_queries import list_documents
from fundapp.intake.queries import ApplicationView, get_application, get_call, related_applications
from fundapp.screening.actions import judge_knockout
from fundapp.screening.queries import find_scorecard, list_judgements
from fundapp.screening.texts import list_alike, mark_texts
from fundapp.web.documents.shown import show_requirements
from fundapp.web.operations.doing import act, say_faults
from fundapp.web.operations.door import blueprint
from fundapp.web.operations.forms import JudgeForm
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
        steps=STEP_WORDS,
        shared=SHARED_WORDS,
        verdict_words=VERDICT_WORDS,
    )


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
