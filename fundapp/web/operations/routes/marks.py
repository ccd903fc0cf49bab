"""Fair-value marks: what waits, what is missing, what stands still; prepared by one, approved by another."""

from __future__ import annotations

import uuid

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fundapp.core.access import Kind, Verb
from fundapp.core.quarters import Quarter
from fundapp.portfolio.actions import approve_valuation, prepare_valuation, return_valuation
from fundapp.portfolio.queries import AwardPage, get_draft, list_drafts, stale_marks, unvalued
from fundapp.portfolio.rules import TECHNIQUES
from fundapp.web.operations.doing import REFUSED, act, may_open, say_faults
from fundapp.web.operations.door import blueprint
from fundapp.web.operations.forms import ReasonForm
from fundapp.web.operations.forms.cash import MarkForm
from fundapp.web.operations.routes.cash import load_award, submit
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.downloads import Column, asked_download, table_download
from fundapp.web.shell.forms import KeyOnlyForm
from fundapp.web.shell.language import gettext, pick
from fundapp.web.shell.viewer import viewer


@blueprint.app_template_global("technique")
def technique(name: str) -> str:
    """Return a technique in the reader's language, from its code or from the name that a mark carries."""
    for code, words in TECHNIQUES.items():
        if name in {code, words[0]}:
            return pick(*words)
    return name


@blueprint.get("/cash/valuations")
def valuations_page() -> ResponseReturnValue:
    """Show what waits for approval, and for a quarter what is not valued and what stands still."""
    may_open(Kind.AWARD)
    quarter = _asked_quarter()
    with db().read() as session:
        drafts = list_drafts(session, viewer())
        missing, stale = unvalued(session, viewer(), quarter), stale_marks(session, viewer(), quarter)
    if kind := asked_download():
        columns = [Column(gettext("협약")), Column(gettext("기업")), Column(gettext("상태"))]
        cells = [
            (one.award, one.company, gettext("승인 대기") if one.waiting else gettext("평가 없음")) for one in missing
        ]
        cells += [(one.award, one.company, gettext("두 분기째 그대로")) for one in stale]
        return table_download(gettext("평가 점검"), columns, cells, form=kind)
    return render_template(
        "operations/cash_valuations.html", quarter=quarter, drafts=drafts, missing=missing, stale=stale
    )


def _asked_quarter() -> Quarter:
    try:
        return Quarter.parse(request.args.get("quarter", ""))
    except ValueError:
        return Quarter.of_instant_kst(now()).previous


@blueprint.route("/portfolio/<number>/cash/valuation", methods=["GET", "POST"])
def prepare_mark(number: str) -> ResponseReturnValue:
    """Prepare a fair value; somebody else approves it."""
    may_open(Kind.AWARD, Verb.PREPARE)
    page = load_award(number)
    form = MarkForm(data={"quarter": str(Quarter.of_instant_kst(now()).previous)})
    if form.validate_on_submit() and submit(
        form,
        lambda session: prepare_valuation(
            session,
            award_id=page.award.id,
            quarter=Quarter.parse(form.quarter.data or ""),
            mark=form.to_mark(),
            actor=viewer(),
            at=now(),
        ),
        gettext("평가를 올렸습니다. 다른 사람이 승인하면 기록됩니다."),
        "fair_value_krw",
    ):
        return redirect(url_for(".one_award", number=number))
    return _mark_page(page, form)


def _mark_page(page: AwardPage, form: MarkForm) -> ResponseReturnValue:
    body = render_template("operations/cash_mark.html", award=page.award, last=page.valuations[:1], form=form)
    return (body, REFUSED) if form.errors else body


@blueprint.get("/cash/valuations/<uuid:draft_id>")
def one_mark(draft_id: uuid.UUID) -> ResponseReturnValue:
    """Show a prepared mark with everything that it rests on."""
    may_open(Kind.AWARD)
    with db().read() as session:
        draft = get_draft(session, viewer(), draft_id)
    return render_template("operations/cash_valuation.html", one=draft)


@blueprint.post("/cash/valuations/<uuid:draft_id>/<any(approve,return):step>")
def decide_mark(draft_id: uuid.UUID, step: str) -> ResponseReturnValue:
    """Approve a prepared mark, or send it back."""
    may_open(Kind.AWARD, Verb.APPROVE)
    with db().read() as session:
        draft = get_draft(session, viewer(), draft_id)
    form = KeyOnlyForm() if step == "approve" else ReasonForm()
    if not form.validate_on_submit():
        say_faults(form)
    elif step == "approve":
        done = act(
            lambda session: approve_valuation(session, draft_id=draft_id, actor=viewer(), at=now()),
            gettext("공정가치를 승인하고 기록했습니다."),
        )
        if done:
            return redirect(url_for(".one_award", number=draft.award))
    else:
        act(
            lambda session: return_valuation(
                session, draft_id=draft_id, reason=form.reason.data or "", actor=viewer(), at=now()
            ),
            gettext("평가를 돌려보냈습니다."),
            form,
        )
    return redirect(url_for(".one_mark", draft_id=draft_id))
