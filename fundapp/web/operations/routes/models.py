"""Learned models: champion and challengers, verdicts, activation by two people, rollback, and what is watched."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from flask import Response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from fundapp.committee.queries import blind_ratings
from fundapp.core.access import Kind, Verb
from fundapp.core.quarters import kst_date
from fundapp.portfolio.queries import award_outcomes
from fundapp.reporting.model_cards import print_model_card
from fundapp.screening.actions import (
    approve_activation,
    ask_training,
    ask_verdict,
    propose_activation,
    rollback_model,
)
from fundapp.screening.labels import count_new_labels
from fundapp.screening.learning_queries import model_card, models_page, way_to_service
from fundapp.screening.request_queries import explainable_findings, model_requests
from fundapp.screening.watching import watch_scores
from fundapp.web.operations.doing import act, may_open, once_for, say_faults
from fundapp.web.operations.door import blueprint
from fundapp.web.operations.forms import ReasonForm
from fundapp.web.operations.forms.models import verdict_form
from fundapp.web.operations.watched import (
    check_reason,
    criterion_words,
    draw_calibration,
    draw_drift,
    draw_leniency,
    group_words,
    small_chance,
)
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.forms import KeyOnlyForm
from fundapp.web.shell.language import gettext
from fundapp.web.shell.remembering import remembered_page
from fundapp.web.shell.viewer import viewer


@blueprint.get("/models")
@remembered_page
def models() -> ResponseReturnValue:
    """Show what serves, what asks to, and whether scores still hold."""
    may_open(Kind.MODEL)
    with db().read() as session:
        page = models_page(session, viewer(), at=now())
        ratings, outcomes = blind_ratings(session), award_outcomes(session, at=now())
        watch = watch_scores(session, viewer(), ratings, outcomes)
        new_labels = count_new_labels(session, ratings, outcomes)
        asked = model_requests(session, viewer())
    return render_template(
        "operations/models.html",
        page=page,
        watch=watch,
        steps=way_to_service(page, *watch.labels),
        new_labels=new_labels,
        asked=asked,
        calibration=draw_calibration(watch),
        leniency=draw_leniency(watch),
        drift=draw_drift(watch),
        chance=small_chance,
        criteria=criterion_words(),
        groups=group_words(),
        check_reason=check_reason,
    )


@blueprint.get("/models/requests")
def asked_of_models() -> ResponseReturnValue:
    """Show how far requests have come; the page looks in on this while one is open."""
    may_open(Kind.MODEL)
    with db().read() as session:
        asked = model_requests(session, viewer())
    return render_template("operations/_model_requests.html", asked=asked)


@blueprint.post("/models/train")
def train_model() -> ResponseReturnValue:
    """Ask that a challenger be trained; the clock does it."""
    may_open(Kind.MODEL, Verb.PREPARE)
    form, actor, at = KeyOnlyForm(), viewer(), now()
    if not form.validate_on_submit():
        say_faults(form)
    else:
        act(
            once_for(
                form,
                lambda s: ask_training(
                    s, ratings=blind_ratings(s), outcomes=award_outcomes(s, at=at), actor=actor, at=at
                ),
            ),
            gettext("학습을 요청했습니다. 1분 안에 시작하고, 결과는 이 화면에 나옵니다."),
        )
    return redirect(url_for(".models"))


@blueprint.post("/models/<version>/judge")
def judge_model(version: str) -> ResponseReturnValue:
    """Ask that a model be put through the gate; the clock does it."""
    may_open(Kind.MODEL, Verb.PREPARE)
    actor, at = viewer(), now()
    with db().read() as session:
        form = verdict_form(explainable_findings(session, actor, version))
    if not form.validate_on_submit():
        say_faults(form)
    else:
        why = form.explained()
        act(
            once_for(form, lambda s: ask_verdict(s, version=version, explained=why, actor=actor, at=at)),
            gettext("판정을 요청했습니다. 1분 안에 시작하고, 결과는 이 화면에 나옵니다."),
        )
    return redirect(url_for(".models"))


@blueprint.get("/models/<version>")
def one_model(version: str) -> ResponseReturnValue:
    """Show a model's card: what it learned from, how good it is, whom it was judged for, who let it in."""
    may_open(Kind.MODEL)
    with db().read() as session:
        card = model_card(session, viewer(), version, at=now())
    ends = card.training["from"], card.training["until"]
    window = None if None in ends else tuple(kst_date(datetime.fromtimestamp(end, UTC)) for end in ends)
    return render_template(
        "operations/model.html",
        card=card,
        window=window,
        criteria=criterion_words(),
        groups=group_words(),
        check_reason=check_reason,
    )


@blueprint.get("/models/<version>/card-<any(ko, en):locale>.pdf")
def printed_model(version: str, locale: Literal["ko", "en"]) -> ResponseReturnValue:
    """Hand out a model's card as a PDF in one of the two languages."""
    may_open(Kind.MODEL)
    at = now()
    with db().read() as session:
        card = model_card(session, viewer(), version, at=at)
    answer = Response(print_model_card(card, at=at, locale=locale), content_type="application/pdf")
    answer.headers["Content-Disposition"] = f'attachment; filename="model-card-{card.row.version}-{locale}.pdf"'
    return answer


@blueprint.post("/models/<version>/propose")
def propose_model(version: str) -> ResponseReturnValue:
    """Ask, as the first person, that a model serve."""
    may_open(Kind.MODEL, Verb.PROPOSE)
    form, actor, at = ReasonForm(), viewer(), now()
    if not form.validate_on_submit():
        say_faults(form)
    else:
        why = form.reason.data or ""
        act(
            once_for(form, lambda s: propose_activation(s, version=version, reason=why, actor=actor, at=at)),
            gettext("활성화를 제안했습니다. 다른 사람이 승인하면 쓰입니다."),
        )
    return redirect(url_for(".models"))


@blueprint.post("/models/<version>/approve")
def approve_model(version: str) -> ResponseReturnValue:
    """Say so as the second person."""
    may_open(Kind.MODEL, Verb.APPROVE)
    form, actor, at = KeyOnlyForm(), viewer(), now()
    if not form.validate_on_submit():
        say_faults(form)
    else:
        act(
            once_for(form, lambda s: approve_activation(s, version=version, actor=actor, at=at)),
            gettext("모델을 활성화했습니다. 다음 채점부터 쓰입니다."),
        )
    return redirect(url_for(".models"))


@blueprint.post("/models/rollback")
def rollback() -> ResponseReturnValue:
    """Take back what serves, in one step."""
    may_open(Kind.MODEL, Verb.OVERRIDE)
    form, actor, at = ReasonForm(), viewer(), now()
    if not form.validate_on_submit():
        say_faults(form)
    else:
        why = form.reason.data or ""
        act(
            once_for(form, lambda s: rollback_model(s, reason=why, actor=actor, at=at)),
            gettext("모델을 되돌렸습니다."),
        )
    return redirect(url_for(".models"))
