"""What a company still owes after a decision: its conditions, and the evidence it hands in."""

from __future__ import annotations

import uuid

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from wtforms import TextAreaField
from wtforms.validators import DataRequired, Length, Optional

from fundapp.committee.actions import submit_evidence
from fundapp.committee.queries import ConditionPage, list_own_conditions, owes_conditions, own_condition_page
from fundapp.committee.rules import LONGEST_EVIDENCE
from fundapp.core.access import Role
from fundapp.core.errors import FundError, InvalidInputError, NotFoundError
from fundapp.core.quarters import kst_date
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.forms import KeyedForm
from fundapp.web.shell.language import gettext, lazy, pick
from fundapp.web.shell.navigation import ROOMS
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.viewer import only, viewer

blueprint = Blueprint("portal_conditions", __name__, url_prefix="/portal/conditions")
blueprint.before_request(only(*ROOMS["portal"]))
_REFUSED = 422
_LONGEST_LINKS = 5000


class OwnEvidenceForm(KeyedForm):
    """What a company shows for a condition."""

    text = TextAreaField(
        lazy("증빙 설명"), validators=[DataRequired(message=lazy("꼭 필요합니다")), Length(max=LONGEST_EVIDENCE)]
    )
    links = TextAreaField(lazy("자료 주소"), validators=[Optional(), Length(max=_LONGEST_LINKS)])


@blueprint.app_template_global()
def holds_conditions() -> bool:
    """Return whether the viewer's companies owe conditions; asked once a request, and of applicants only."""
    if "holds_conditions" not in g:
        g.holds_conditions = False
        if viewer().has(Role.APPLICANT) and viewer().company_ids:
            with db().read() as session:
                g.holds_conditions = owes_conditions(session, viewer())
    return bool(g.holds_conditions)


@blueprint.get("")
def home() -> ResponseReturnValue:
    """List the conditions of the viewer's companies, those still open first."""
    with db().read() as session:
        rows = list_own_conditions(session, viewer())
    rows.sort(key=lambda row: (row.state != "open", row.application_number, row.number))
    return render_template("portal/conditions.html", rows=rows, today=kst_date(now()))


@blueprint.get("/<uuid:condition_id>")
def one(condition_id: uuid.UUID) -> ResponseReturnValue:
    """Show one condition with the evidence handed in so far."""
    return _one(_load(condition_id), OwnEvidenceForm(formdata=None))


def _load(condition_id: uuid.UUID) -> ConditionPage:
    with db().read() as session:
        return own_condition_page(session, viewer(), condition_id)


def _one(page: ConditionPage, form: OwnEvidenceForm, refusal: str = "") -> str:
    return render_template(
        "portal/condition.html", page=page, row=page.row, form=form, refusal=refusal, today=kst_date(now())
    )


@blueprint.post("/<uuid:condition_id>")
def hand_in(condition_id: uuid.UUID) -> ResponseReturnValue:
    """Hand in evidence; what was typed stays on the page when it is refused."""
    form, page = OwnEvidenceForm(), _load(condition_id)
    if not form.validate_on_submit():
        return _one(page, form), _REFUSED
    try:
        db().transaction(
            lambda session: submit_evidence(
                session,
                condition_id=condition_id,
                text=str(form.text.data),
                links=(form.links.data or "").splitlines(),
                key=str(form.key.data),
                actor=viewer(),
                at=now(),
            )
        )
    except NotFoundError:
        raise
    except InvalidInputError as error:
        field = form[str(error.details["field"])]
        field.errors = [pick(str(error.details["reason_ko"]), str(error.details["reason_en"]))]
        return _one(page, form), _REFUSED
    except FundError as error:
        return _one(page, form, say_refusal(error)), _REFUSED
    flash(gettext("증빙을 냈습니다. 확인되면 이메일로 알려 드립니다."), "ok")
    return redirect(url_for(".one", condition_id=condition_id))
