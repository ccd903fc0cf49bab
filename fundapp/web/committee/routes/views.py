"""Views of the docket that people keep: save, rename, share, throw away."""

from __future__ import annotations

import uuid

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from fundapp.committee.actions import change_view, delete_view, save_view
from fundapp.web.committee.board import Asked, docket_address
from fundapp.web.committee.door import blueprint
from fundapp.web.committee.forms import ViewForm
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.language import gettext
from fundapp.web.shell.viewer import viewer


@blueprint.post("/views")
def keep_view() -> ResponseReturnValue:
    """Keep the filters and the order of the page it was sent from."""
    form, asked = ViewForm(), Asked.of(MultiDict(request.form))
    if not form.validate_on_submit():
        flash(" ".join(form.problems()), "err")
        return redirect(docket_address(request.form.get("call"), asked))
    view_id = db().transaction(
        lambda s: save_view(
            s,
            name=form.to_name(),
            query=asked.query,
            shared=form.shared.data,
            key=str(form.key.data),
            actor=viewer(),
            at=now(),
        )
    )
    flash(gettext("보기를 저장했습니다."), "ok")
    return redirect(docket_address(request.form.get("call"), asked, kept=view_id))


@blueprint.post("/views/<uuid:view_id>")
def alter_view(view_id: uuid.UUID) -> ResponseReturnValue:
    """Rename or share a view, or throw it away."""
    form, asked, call = ViewForm(), Asked.of(MultiDict(request.form)), request.form.get("call")
    if request.form.get("then") == "delete":
        db().transaction(lambda s: delete_view(s, view_id=view_id, actor=viewer(), at=now()))
        flash(gettext("보기를 지웠습니다."), "ok")
        return redirect(url_for("committee.docket", call=call))
    if form.validate_on_submit():
        name, shared = form.to_name(), form.shared.data
        db().transaction(lambda s: change_view(s, view_id=view_id, name=name, shared=shared, actor=viewer(), at=now()))
        flash(gettext("보기를 고쳤습니다."), "ok")
    else:
        flash(" ".join(form.problems()), "err")
    return redirect(docket_address(call, asked, kept=view_id))
