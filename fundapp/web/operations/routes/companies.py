"""What staff write down about an awarded company: steps of the joint development, quarterly figures."""

from __future__ import annotations

import uuid

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from fundapp.core.errors import NotFoundError
from fundapp.core.quarters import Quarter
from fundapp.portfolio.actions import add_milestone, complete_milestone, expect_milestone, record_metrics
from fundapp.portfolio.queries import award_page, list_milestones
from fundapp.web.operations.doing import act, once_for, say_faults
from fundapp.web.operations.door import blueprint
from fundapp.web.operations.forms.companies import DoneForm, ExpectForm, MetricsForm, MilestoneForm
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.language import gettext
from fundapp.web.shell.viewer import viewer

_STEP = "/portfolio/<number>/milestones/<uuid:milestone_id>"


def _award_id(number: str) -> uuid.UUID:
    with db().read() as session:
        return award_page(session, viewer(), number).award.id


def _back(number: str, place: str) -> ResponseReturnValue:
    return redirect(url_for(".one_award", number=number, _anchor=place))


@blueprint.post("/portfolio/<number>/milestones")
def agree_milestone(number: str) -> ResponseReturnValue:
    """Agree on one more step of the joint development."""
    award_id, form = _award_id(number), MilestoneForm()
    if not form.validate_on_submit():
        say_faults(form)
    else:
        act(
            once_for(
                form,
                lambda session: add_milestone(
                    session,
                    award_id=award_id,
                    track=form.track.data,
                    text=form.text.data or "",
                    planned_on=form.to_day(),
                    actor=viewer(),
                    at=now(),
                ),
            ),
            gettext("공동 개발 단계를 더했습니다."),
            form,
        )
    return _back(number, "c-co")


def _require_step(number: str, milestone_id: uuid.UUID) -> None:
    award_id = _award_id(number)
    with db().read() as session:
        if all(step.id != milestone_id for step in list_milestones(session, viewer(), award_id)):
            raise NotFoundError


@blueprint.post(f"{_STEP}/expect")
def move_milestone(number: str, milestone_id: uuid.UUID) -> ResponseReturnValue:
    """Say when a step is expected now."""
    _require_step(number, milestone_id)
    form = ExpectForm()
    if not form.validate_on_submit():
        say_faults(form)
    else:
        act(
            lambda session: expect_milestone(
                session,
                milestone_id=milestone_id,
                expected_on=form.to_day(),
                reason=form.reason.data or "",
                actor=viewer(),
                at=now(),
            ),
            gettext("예정일을 바꿨습니다. 처음 예정일은 그대로 남습니다."),
            form,
        )
    return _back(number, "c-co")


@blueprint.post(f"{_STEP}/done")
def finish_milestone(number: str, milestone_id: uuid.UUID) -> ResponseReturnValue:
    """Record that a step is done."""
    _require_step(number, milestone_id)
    form = DoneForm()
    if not form.validate_on_submit():
        say_faults(form)
    else:
        act(
            lambda session: complete_milestone(
                session,
                milestone_id=milestone_id,
                done_on=form.to_day(),
                result=form.result.data or "",
                actor=viewer(),
                at=now(),
            ),
            gettext("단계를 마친 것으로 기록했습니다."),
            form,
        )
    return _back(number, "c-co")


@blueprint.post("/portfolio/<number>/metrics")
def report_metrics(number: str) -> ResponseReturnValue:
    """Record a quarter's figures of the company."""
    award_id, form = _award_id(number), MetricsForm()
    if not form.validate_on_submit():
        say_faults(form)
    else:
        act(
            lambda session: record_metrics(
                session,
                award_id=award_id,
                quarter=Quarter.parse(form.quarter.data or ""),
                figures=form.to_figures(),
                source=form.source.data or "",
                actor=viewer(),
                at=now(),
            ),
            gettext("분기 지표를 기록했습니다."),
            form,
        )
    return _back(number, "metrics")
