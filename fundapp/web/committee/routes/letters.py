"""Decision letters: their texts, batches that two people send, and what mail became of them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from fundapp.committee.actions import (
    approve_batch,
    discard_batch,
    drop_letter,
    edit_letter,
    resend_failed,
    save_letter_rules,
    send_batch,
    stage_letters,
)
from fundapp.committee.queries import (
    BatchPage,
    LetterRow,
    batch_page,
    count_appeals,
    count_unwritten,
    letter_texts,
    list_batches,
)
from fundapp.committee.rules.letters import PLACEHOLDERS, LetterRule
from fundapp.core.access import Kind, Thing, Verb, require
from fundapp.core.errors import FundError, InvalidInputError, NotFoundError
from fundapp.intake.queries import CallRow
from fundapp.web.committee.board import find_call
from fundapp.web.committee.door import blueprint
from fundapp.web.committee.letter_forms import LetterForm, StageForm, read_rules
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.forms import KeyOnlyForm
from fundapp.web.shell.language import gettext, pick
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.viewer import viewer

_INVALID = 422


@blueprint.get("/letters")
def letters() -> ResponseReturnValue:
    """Show a call's batches of letters, and what waits for one."""
    return _letters(StageForm(formdata=None), _call())


def _call() -> CallRow:
    with db().read() as session:
        _, call = find_call(session, request.values.get("call"), now())
    if call is None:
        raise NotFoundError
    return call


def _letters(form: StageForm, call: CallRow) -> str:
    require(viewer(), Verb.VIEW, Thing(Kind.LETTER))
    with db().read() as session:
        calls, _ = find_call(session, call.code, now())
        rows = list_batches(session, viewer(), call.code)
        waiting = count_unwritten(session, viewer(), call.code)
        appeals = count_appeals(session, viewer())
    return render_template(
        "committee/letters.html", form=form, call=call, calls=calls, rows=rows, waiting=waiting, appeals=appeals
    )


@blueprint.post("/letters")
def stage() -> ResponseReturnValue:
    """Write the letters that are missing into a batch."""
    form, call = StageForm(), _call()
    if not form.validate_on_submit():
        return _letters(form, call), _INVALID
    outcomes = [str(outcome) for outcome in form.outcomes.data or []]
    try:
        batch_id = db().transaction(
            lambda s: stage_letters(
                s, call_code=call.code, outcomes=outcomes, key=str(form.key.data), actor=viewer(), at=now()
            )
        )
    except InvalidInputError as error:
        form.outcomes.errors = [pick(str(error.details["reason_ko"]), str(error.details["reason_en"]))]
        return _letters(form, call), _INVALID
    return redirect(url_for("committee.letter_batch", batch_id=batch_id))


@blueprint.get("/letters/texts")
def letter_rules() -> ResponseReturnValue:
    """Show the texts that letters are made from, in the order in which they are tried."""
    call = _call()
    with db().read() as session:
        texts = letter_texts(session, viewer(), call.code)
    return _rules(call, texts.rules, texts.version)


def _rules(call: CallRow, rules: Sequence[LetterRule], version: int, refusal: str = "") -> str:
    blank = LetterRule("any", "always", "ko", "", "")
    return render_template(
        "committee/letter_rules.html",
        call=call,
        rules=[*rules, blank, blank],
        version=version,
        refusal=refusal,
        places={name: pick(ko, en) for name, (ko, en) in PLACEHOLDERS.items()},
        form=KeyOnlyForm(formdata=None),
    )


@blueprint.post("/letters/texts")
def save_rules() -> ResponseReturnValue:
    """Save the texts as a new version."""
    call, rules = _call(), read_rules(request.form)
    if not KeyOnlyForm().validate_on_submit():
        return redirect(url_for("committee.letter_rules", call=call.code))
    try:
        version = db().transaction(
            lambda s: save_letter_rules(s, call_code=call.code, rules=rules, actor=viewer(), at=now())
        )
    except InvalidInputError as error:
        return _rules(call, rules, 0, pick(str(error.details["reason_ko"]), str(error.details["reason_en"]))), _INVALID
    flash(gettext("통지 글을 제%(n)s판으로 저장했습니다. 다음에 준비하는 통지부터 씁니다.", n=version), "ok")
    return redirect(url_for("committee.letter_rules", call=call.code))


@blueprint.get("/letters/<uuid:batch_id>")
def letter_batch(batch_id: uuid.UUID) -> ResponseReturnValue:
    """Show every letter of a batch, Korean beside English, as it will be sent or was."""
    page = _page(batch_id)
    mine = viewer().person_id in {page.staged_by_id, *(letter.edited_by_id for letter in page.letters)}
    return render_template("committee/letter_batch.html", page=page, row=page.row, mine=mine)


def _page(batch_id: uuid.UUID) -> BatchPage:
    with db().read() as session:
        return batch_page(session, viewer(), batch_id)


@blueprint.route("/letters/<uuid:batch_id>/<uuid:letter_id>", methods=["GET", "POST"])
def one_letter(batch_id: uuid.UUID, letter_id: uuid.UUID) -> ResponseReturnValue:
    """Change one letter, with the reason."""
    require(viewer(), Verb.PREPARE, Thing(Kind.LETTER))
    letter = _find(_page(batch_id), letter_id)
    form = LetterForm()
    if request.method == "GET":
        form.show(letter)
        return _letter(batch_id, letter, form)
    if not form.validate_on_submit():
        return _letter(batch_id, letter, form), _INVALID
    try:
        db().transaction(
            lambda s: edit_letter(
                s,
                letter_id=letter_id,
                subject_ko=str(form.subject_ko.data),
                body_ko=str(form.body_ko.data).replace("\r\n", "\n"),
                subject_en=str(form.subject_en.data),
                body_en=str(form.body_en.data).replace("\r\n", "\n"),
                note=str(form.note.data),
                actor=viewer(),
                at=now(),
            )
        )
    except InvalidInputError as error:
        field = form[str(error.details["field"])]
        field.errors = [pick(str(error.details["reason_ko"]), str(error.details["reason_en"]))]
        return _letter(batch_id, letter, form), _INVALID
    flash(gettext("통지서를 고쳤습니다."), "ok")
    return redirect(url_for("committee.letter_batch", batch_id=batch_id))


def _find(page: BatchPage, letter_id: uuid.UUID) -> LetterRow:
    found = next((letter for letter in page.letters if letter.letter_id == letter_id), None)
    if found is None:
        raise NotFoundError
    return found


def _letter(batch_id: uuid.UUID, letter: LetterRow, form: LetterForm) -> str:
    return render_template("committee/letter.html", batch_id=batch_id, letter=letter, form=form)


def _act(batch_id: uuid.UUID, work: Callable[[Session], object], said: str) -> ResponseReturnValue:
    """Take one step with a batch; a refusal is said on its page."""
    if KeyOnlyForm().validate_on_submit():
        try:
            db().transaction(work)
            flash(said, "ok")
        except NotFoundError:
            raise
        except FundError as error:
            flash(say_refusal(error), "err")
    return redirect(url_for("committee.letter_batch", batch_id=batch_id))


@blueprint.post("/letters/<uuid:batch_id>/<uuid:letter_id>/drop")
def drop(batch_id: uuid.UUID, letter_id: uuid.UUID) -> ResponseReturnValue:
    """Take one letter out of its batch."""
    _find(_page(batch_id), letter_id)
    return _act(
        batch_id,
        lambda s: drop_letter(s, letter_id=letter_id, actor=viewer(), at=now()),
        gettext("통지서를 묶음에서 뺐습니다."),
    )


@blueprint.post("/letters/<uuid:batch_id>/approve")
def approve_letters(batch_id: uuid.UUID) -> ResponseReturnValue:
    """Approve a batch as the second person."""
    return _act(
        batch_id,
        lambda s: approve_batch(s, batch_id=batch_id, actor=viewer(), at=now()),
        gettext("승인했습니다. 이제 함께 보낼 수 있습니다."),
    )


@blueprint.post("/letters/<uuid:batch_id>/send")
def send_letters(batch_id: uuid.UUID) -> ResponseReturnValue:
    """Send a batch."""
    key = request.form.get("key", "")
    return _act(
        batch_id,
        lambda s: send_batch(s, batch_id=batch_id, key=key, actor=viewer(), at=now()),
        gettext("통지를 함께 보냈습니다. 신청 기업의 화면에도 이제 보입니다."),
    )


@blueprint.post("/letters/<uuid:batch_id>/resend")
def resend_letters(batch_id: uuid.UUID) -> ResponseReturnValue:
    """Send again what failed."""
    key = request.form.get("key", "")
    return _act(
        batch_id,
        lambda s: resend_failed(s, batch_id=batch_id, key=key, actor=viewer(), at=now()),
        gettext("실패한 메일만 다시 보냅니다."),
    )


@blueprint.post("/letters/<uuid:batch_id>/discard")
def discard_letters(batch_id: uuid.UUID) -> ResponseReturnValue:
    """Discard a batch that has not been sent."""
    return _act(
        batch_id,
        lambda s: discard_batch(s, batch_id=batch_id, actor=viewer(), at=now()),
        gettext("묶음을 버렸습니다. 의결은 다시 통지를 기다립니다."),
    )
