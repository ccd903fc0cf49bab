"""The register of conditions: what a company still owes before it gets anything."""

from __future__ import annotations

import uuid

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fundapp.committee.actions import meet_condition, waive_condition
from fundapp.committee.queries import list_conditions
from fundapp.core.access import Kind
from fundapp.core.quarters import kst_date
from fundapp.web.operations.doing import act, may_open, say_faults
from fundapp.web.operations.door import blueprint
from fundapp.web.operations.forms import ConditionForm
from fundapp.web.operations.listed import CONDITION_STATES, condition_cells, condition_columns
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.downloads import asked_download, table_download
from fundapp.web.shell.language import gettext
from fundapp.web.shell.pagination import Page, asked_page
from fundapp.web.shell.viewer import viewer


@blueprint.get("/conditions")
def conditions_page() -> ResponseReturnValue:
    """List conditions, those still open first."""
    may_open(Kind.CONDITION)
    with db().read() as session:
        rows = list_conditions(session, viewer())
    counts = {state: sum(row.state == state for row in rows) for state in CONDITION_STATES}
    asked = request.args.get("state", "")
    state = asked if asked in (*CONDITION_STATES, "all") else "open" if counts["open"] else "all"
    chosen = sorted(
        (row for row in rows if state in {row.state, "all"}),
        key=lambda row: (row.state != "open", row.due_on is None, row.due_on, row.application_number, row.number),
    )
    if form := asked_download():
        return table_download(gettext("이행조건"), condition_columns(), condition_cells(chosen), form=form)
    return render_template(
        "operations/conditions.html",
        page=Page.cut(chosen, asked_page()),
        counts=counts,
        state=state,
        today=kst_date(now()),
    )


@blueprint.post("/conditions/<uuid:condition_id>")
def resolve_condition(condition_id: uuid.UUID) -> ResponseReturnValue:
    """End a condition: met with evidence, or waived by the chair with a reason."""
    form = ConditionForm()
    text, actor, at = form.evidence.data or "", viewer(), now()
    if not form.validate_on_submit():
        say_faults(form)
    elif form.outcome.data == "waived":
        act(
            lambda session: waive_condition(session, condition_id=condition_id, reason=text, actor=actor, at=at),
            gettext("이행조건을 면제했습니다."),
        )
    else:
        act(
            lambda session: meet_condition(session, condition_id=condition_id, evidence=text, actor=actor, at=at),
            gettext("이행조건이 충족되었다고 기록했습니다."),
        )
    return redirect(url_for(".conditions_page"))
