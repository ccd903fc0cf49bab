"""Appeals against decisions: listed for the committee, decided with reasons."""

from __future__ import annotations

import uuid
from typing import Literal

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from fundapp.committee.actions import decide_appeal
from fundapp.committee.queries import list_appeals
from fundapp.core.errors import FundError, NotFoundError
from fundapp.web.committee.door import blueprint
from fundapp.web.committee.letter_forms import AppealForm
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.language import gettext
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.viewer import viewer

_INVALID = 422


@blueprint.get("/appeals")
def appeals() -> ResponseReturnValue:
    """List appeals, those that wait first."""
    return _appeals(AppealForm(formdata=None), None)


def _appeals(form: AppealForm, asked: uuid.UUID | None) -> str:
    with db().read() as session:
        rows = list_appeals(session, viewer())
    return render_template("committee/appeals.html", rows=rows, form=form, asked=asked)


@blueprint.post("/appeals/<uuid:appeal_id>")
def judge_appeal(appeal_id: uuid.UUID) -> ResponseReturnValue:
    """Uphold an appeal, or dismiss it; the applicant gets the reasons."""
    form = AppealForm()
    if not form.validate_on_submit():
        return _appeals(form, appeal_id), _INVALID
    outcome: Literal["upheld", "dismissed"] = "upheld" if form.outcome.data == "upheld" else "dismissed"
    try:
        db().transaction(
            lambda s: decide_appeal(
                s,
                appeal_id=appeal_id,
                outcome=outcome,
                reason=str(form.reason.data),
                key=str(form.key.data),
                actor=viewer(),
                at=now(),
            )
        )
    except NotFoundError:
        raise
    except FundError as error:
        flash(say_refusal(error), "err")
        return redirect(url_for("committee.appeals"))
    flash(gettext("이의신청을 결정하고 신청 기업에 알렸습니다."), "ok")
    return redirect(url_for("committee.appeals"))
