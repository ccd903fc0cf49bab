"""How GPU time in kind is recognised: for whoever reads reports to see, for finance to change."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Thing, Verb, require
from fundapp.core.errors import ForbiddenError, InvalidInputError, NotFoundError
from fundapp.core.idempotency import once
from fundapp.core.quarters import Quarter
from fundapp.reporting.actions import switch_recognition
from fundapp.reporting.recognition_pages import RecognitionPage, recognition_page
from fundapp.web.partners import shown
from fundapp.web.partners.capacity import blueprint
from fundapp.web.partners.forms import RecognitionForm
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.formats import quarter as quarter_words
from fundapp.web.shell.language import current_locale, gettext, lazy, pick
from fundapp.web.shell.remembering import remembered_page
from fundapp.web.shell.viewer import viewer

_REFUSED = 422
_OFFERED_QUARTERS = 4
POLICY_WORDS = {"at_delivery": lazy("인도한 때"), "at_grant": lazy("배정한 때")}

__all__ = ["blueprint"]


@blueprint.get("/reports/recognition")
@remembered_page
def recognition() -> ResponseReturnValue:
    """Show the policy, what the other would say today, and every change."""
    return _page(RecognitionForm(formdata=None))


@blueprint.post("/reports/recognition")
def switch() -> ResponseReturnValue:
    """Change the policy from a quarter on."""
    require(viewer(), Verb.FREEZE, Thing(Kind.REPORT))
    form = RecognitionForm()
    _offer(form, _found())
    if not form.validate_on_submit():
        return _page(form), _REFUSED
    try:
        db().transaction(lambda session: _switch(session, form))
    except InvalidInputError as error:
        form[str(error.details["field"])].errors = [
            pick(str(error.details["reason_ko"]), str(error.details["reason_en"]))
        ]
        return _page(form), _REFUSED
    flash(gettext("적었습니다. 그 분기의 보고서부터 새 방식을 밝힙니다."), "ok")
    return redirect(url_for(".recognition"))


def _switch(session: Session, form: RecognitionForm) -> None:
    actor, at = viewer(), now()
    policy, quarter, reason = form.policy.data or "", Quarter.parse(form.quarter.data or ""), form.reason.data or ""
    asked = {"policy": policy, "quarter": str(quarter), "reason": reason, "by": str(actor.person_id)}

    def work() -> dict[str, object]:
        number = switch_recognition(session, policy=policy, quarter=quarter, reason=reason, actor=actor, at=at)
        return {"change": number}

    once(session, key=form.key.data or "", verb="recognition.switched", request=asked, at=at, work=work)


def _found() -> RecognitionPage | None:
    with db().read() as session:
        try:
            return recognition_page(session, viewer(), at=now())
        except ForbiddenError:
            raise
        except NotFoundError:
            return None


def _page(form: RecognitionForm) -> str:
    page = _found()
    if page is None:
        return render_template("partners/unfounded.html")
    _offer(form, page)
    if form.policy.data is None:
        form.policy.data = "at_grant" if page.then == "at_delivery" else "at_delivery"
    return render_template("partners/recognition.html", page=page, form=form, words=POLICY_WORDS, shown=shown)


def _offer(form: RecognitionForm, page: RecognitionPage | None) -> None:
    quarters = [] if page is None else [page.earliest]
    while quarters and len(quarters) < _OFFERED_QUARTERS:
        quarters.append(quarters[-1].next)
    form.offer_quarters((str(one), quarter_words(one, current_locale())) for one in quarters)
