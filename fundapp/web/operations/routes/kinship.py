"""Companies that look like one: the list with its reasons, a dismissal, a merge with its preview, and its undoing."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from fundapp.committee.actions import match_register
from fundapp.core.access import SYSTEM, Kind, Thing, Verb, may
from fundapp.core.errors import NotFoundError
from fundapp.intake.actions import judge_kinship, merge_companies, undo_merge
from fundapp.intake.kinship import SIGNALS
from fundapp.intake.kinship_queries import list_merges, preview_merge
from fundapp.screening.kinship import KinPair, KinRow, list_kin
from fundapp.web.operations.doing import REFUSED, act, may_open, once_for, say_faults
from fundapp.web.operations.door import blueprint
from fundapp.web.operations.forms.kinship import KinForm, MergeForm, UndoForm
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.language import gettext, lazy
from fundapp.web.shell.remembering import remembered_page
from fundapp.web.shell.viewer import viewer

SIGNAL_WORDS = {
    "business_number": lazy("사업자등록번호"),
    "corporate_number": lazy("법인등록번호"),
    "representative": lazy("대표자"),
    "phone": lazy("연락처"),
    "email": lazy("이메일"),
    "domain": lazy("메일 도메인"),
    "address": lazy("주소"),
    "document": lazy("같은 서류 파일"),
    "text": lazy("거의 같은 글"),
}
_VIEWS = ("open", "dismissed", "merged")


@dataclass(frozen=True, slots=True)
class _Two:
    survivor: KinRow
    merged: KinRow


@blueprint.get("/companies")
@remembered_page
def kin() -> ResponseReturnValue:
    """List pairs of companies that look like one, or the merges on record."""
    may_open(Kind.COMPANY)
    asked = request.args.get("view", "open")
    view = asked if asked in _VIEWS else "open"
    with db().read() as session:
        pairs = list_kin(session, viewer())
        merges = list_merges(session, viewer())
    counts = {
        "open": sum(not pair.dismissed for pair in pairs),
        "dismissed": sum(pair.dismissed for pair in pairs),
        "merged": len(merges),
    }
    return render_template(
        "operations/companies.html",
        view=view,
        counts=counts,
        pairs=[pair for pair in pairs if pair.dismissed == (view == "dismissed")],
        merges=merges,
        words=SIGNAL_WORDS,
        acting=may(viewer(), Verb.RESOLVE, Thing(Kind.COMPANY)),
    )


@blueprint.post("/companies/<any(dismissed,reopened):verdict>")
def judge_kin(verdict: str) -> ResponseReturnValue:
    """Dismiss a likeness, or take that back."""
    may_open(Kind.COMPANY, Verb.RESOLVE)
    form = KinForm()
    if not form.validate_on_submit():
        say_faults(form)
        return redirect(url_for(".kin"))
    pair = _seen(uuid.UUID(form.first.data), uuid.UUID(form.second.data))
    signals = [one for one in str(form.signals.data).split(",") if one in SIGNALS]
    act(
        once_for(
            form,
            lambda session: judge_kinship(
                session,
                first_id=pair.survivor.company_id,
                second_id=pair.merged.company_id,
                verdict=verdict,
                signals=signals,
                reason=form.reason.data or "",
                actor=viewer(),
                at=now(),
            ),
        ),
        gettext("넘긴 것으로 기록했습니다.") if verdict == "dismissed" else gettext("다시 볼 것으로 기록했습니다."),
        form,
    )
    return redirect(url_for(".kin"))


@blueprint.route("/companies/merge", methods=["GET", "POST"])
def merge_kin() -> ResponseReturnValue:
    """Show what a merge would move, and merge."""
    may_open(Kind.COMPANY, Verb.RESOLVE)
    form = MergeForm(request.form if request.method == "POST" else request.args)
    try:
        pair = _seen(uuid.UUID(form.survivor.data or ""), uuid.UUID(form.merged.data or ""))
    except ValueError as error:
        raise NotFoundError from error
    if request.method == "POST" and form.validate() and _merge(pair, form):
        return redirect(url_for(".kin", view="merged"))
    if request.method == "GET":
        form = MergeForm(None, survivor=form.survivor.data, merged=form.merged.data)
    with db().read() as session:
        preview = preview_merge(session, pair.survivor.company_id, pair.merged.company_id)
    html = render_template("operations/company_merge.html", pair=pair, preview=preview, form=form)
    return html, REFUSED if form.errors else 200


@blueprint.post("/companies/merges/<uuid:merge_id>/undo")
def undo_kin(merge_id: uuid.UUID) -> ResponseReturnValue:
    """Take a merge back."""
    may_open(Kind.COMPANY, Verb.RESOLVE)
    form = UndoForm()
    if not form.validate_on_submit():
        say_faults(form)
        return redirect(url_for(".kin", view="merged"))

    def work(session: Session) -> None:
        undo_merge(session, merge_id=merge_id, reason=form.reason.data or "", actor=viewer(), at=now())
        match_register(session, actor=SYSTEM, at=now())

    act(once_for(form, work), gettext("병합을 되돌렸습니다."), form)
    return redirect(url_for(".kin", view="merged"))


def _merge(pair: _Two, form: MergeForm) -> bool:
    def work(session: Session) -> None:
        merge_companies(
            session,
            survivor_id=pair.survivor.company_id,
            merged_id=pair.merged.company_id,
            reason=form.reason.data or "",
            actor=viewer(),
            at=now(),
        )
        # Whoever has an interest in the one that stays has it in what came to it.
        match_register(session, actor=SYSTEM, at=now())

    return act(once_for(form, work), gettext("두 기업을 병합했습니다."), form)


def _seen(first: uuid.UUID, second: uuid.UUID) -> _Two:
    """Return two companies of the list that the viewer may see; of a pair that is not on it nothing is said.

    Raises:
        NotFoundError: if they are no such pair.
    """
    with db().read() as session:
        pairs: list[KinPair] = list_kin(session, viewer())
    for pair in pairs:
        rows = {pair.first.company_id: pair.first, pair.second.company_id: pair.second}
        if first != second and {first, second} == set(rows):
            return _Two(rows[first], rows[second])
    raise NotFoundError
