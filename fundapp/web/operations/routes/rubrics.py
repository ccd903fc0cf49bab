"""Rubrics: what is in force, drafts of what might be, and the second person who puts one in force."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Verb
from fundapp.core.errors import FundError, InvalidInputError, NotFoundError
from fundapp.screening.rubric_drafts import discard_draft, propose_draft, publish_draft, return_draft, save_draft
from fundapp.screening.rubric_drafts import start_draft as begin
from fundapp.screening.rubric_queries import (
    CallReplay,
    DraftView,
    ModelUnder,
    Moved,
    Served,
    find_model_under,
    get_draft,
    list_drafts,
    list_published,
    newest_rubric,
    replay_rubric,
)
from fundapp.screening.rubric_text import check_rubric, read_document, write_rubric_text
from fundapp.screening.rubrics import read_rubric
from fundapp.web.operations.doing import CONFLICT, REFUSED, act, may_open, once_for, say_faults
from fundapp.web.operations.door import blueprint
from fundapp.web.operations.forms import ReasonForm
from fundapp.web.operations.rubric_rows import (
    OPERATOR_WORDS,
    Sheet,
    add_rows,
    document_of,
    double_lists,
    field_choices,
    place_faults,
    sheet_of_document,
    sheet_of_form,
)
from fundapp.web.operations.shown import VERDICT_WORDS
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.downloads import Cell, Column, asked_download, table_download
from fundapp.web.shell.forms import KeyOnlyForm
from fundapp.web.shell.language import current_locale, gettext
from fundapp.web.shell.viewer import viewer

MOVES_SHOWN = 20


@blueprint.get("/rubrics")
def rubrics_page() -> ResponseReturnValue:
    """Show the rubric in force, drafts, and what was in force before."""
    may_open(Kind.RUBRIC)
    with db().read() as session:
        current = newest_rubric(session)
        drafts = list_drafts(session, viewer())
        published = list_published(session, viewer())
    sheet = sheet_of_document(read_document(current.text))
    return render_template(
        "operations/rubrics.html", current=current.rubric, drafts=drafts, published=published, **_words(sheet)
    )


@blueprint.get("/rubrics/versions/<int:number>")
def rubric_version(number: int) -> ResponseReturnValue:
    """Show a version that is or was in force."""
    may_open(Kind.RUBRIC)
    with db().read() as session:
        found = next((one for one in list_published(session, viewer()) if one.number == number), None)
    if found is None:
        raise NotFoundError
    sheet = sheet_of_document(read_document(found.text))
    return render_template("operations/rubric_version.html", one=found, **_words(sheet))


@blueprint.post("/rubrics/drafts")
def start_draft() -> ResponseReturnValue:
    """Begin a draft from the rubric in force."""
    may_open(Kind.RUBRIC, Verb.EDIT)
    form = KeyOnlyForm()
    begun: list[uuid.UUID] = []
    if not form.validate_on_submit():
        say_faults(form)
    elif act(
        once_for(form, lambda session: begun.append(begin(session, actor=viewer(), at=now()))),
        gettext("초안을 만들었습니다. 고친 뒤 다시 채점해 보고 저장하세요."),
    ):
        return redirect(url_for(".edit_draft", draft_id=begun[-1]) if begun else url_for(".rubrics_page"))
    return redirect(url_for(".rubrics_page"))


@blueprint.get("/rubrics/drafts/<uuid:draft_id>")
def one_draft(draft_id: uuid.UUID) -> ResponseReturnValue:
    """Show a draft with what it would do to all that was scored, and what can be done with it."""
    may_open(Kind.RUBRIC)
    may_open(Kind.SCORECARD)
    with db().read() as session:
        draft = get_draft(session, viewer(), draft_id)
        rubric = read_rubric(draft.text).rubric
        replays = replay_rubric(session, viewer(), rubric)
        model = find_model_under(session, viewer(), rubric)
    if form := asked_download():
        columns = [*_columns(), *(_served_columns() if model else [])]
        return table_download(gettext("기준표 비교"), columns, _cells(replays), form=form)
    sheet = sheet_of_document(read_document(draft.text))
    return render_template("operations/rubric_draft.html", one=draft, replays=replays, model=model, **_words(sheet))


@blueprint.route("/rubrics/drafts/<uuid:draft_id>/edit", methods=["GET", "POST"])
def edit_draft(draft_id: uuid.UUID) -> ResponseReturnValue:
    """Edit a draft: each change is first scored on all past applications, then saved."""
    may_open(Kind.RUBRIC, Verb.EDIT)
    with db().read() as session:
        draft = get_draft(session, viewer(), draft_id)
    if draft.author_id != viewer().person_id or draft.state != "open":
        return redirect(url_for(".one_draft", draft_id=draft_id))
    if request.method == "GET":
        return _editor(draft, sheet_of_document(read_document(draft.text)), draft.edits)
    sheet = sheet_of_form(request.form)
    edits = request.form.get("edits", "")
    seen = int(edits) if edits.isdecimal() and len(edits) < 10 else -1  # noqa: PLR2004 - an honest counter
    if wanted := request.form.get("more"):
        add_rows(sheet, wanted)
        return _editor(draft, sheet, seen, added=wanted)
    faults = double_lists(sheet)
    rubric, found = check_rubric(document_of(sheet))
    if rubric is None or faults:
        place_faults(sheet, [*faults, *found])
        return _editor(draft, sheet, seen), REFUSED
    if request.form.get("checked") != rubric.sha256:
        with db().read() as session:
            replays = replay_rubric(session, viewer(), rubric)
            model = find_model_under(session, viewer(), rubric)
        return _editor(draft, sheet, seen, replays=replays, model=model, checked=rubric.sha256)
    return _save(draft, sheet, seen)


def _save(draft: DraftView, sheet: Sheet, seen: int) -> ResponseReturnValue:
    text = write_rubric_text(document_of(sheet))
    try:
        db().transaction(
            lambda session: save_draft(session, draft_id=draft.id, text=text, edits=seen, actor=viewer(), at=now())
        )
    except InvalidInputError as error:
        reason = error.details["reason_en" if current_locale() == "en" else "reason_ko"]
        sheet.listed.append((str(error.details["field"]), str(reason)))
        return _editor(draft, sheet, seen), REFUSED
    except NotFoundError:
        raise
    except FundError as error:
        # What was typed stays on the page; the other window's save is there to compare with.
        sheet.listed.append(
            ("version", gettext("그사이 다른 창에서 저장했습니다.") + " " + error.message(current_locale()))
        )
        return _editor(draft, sheet, seen), CONFLICT
    flash(gettext("초안을 저장했습니다."), "ok")
    return redirect(url_for(".one_draft", draft_id=draft.id))


def _editor(
    draft: DraftView,
    sheet: Sheet,
    edits: int,
    *,
    replays: list[CallReplay] | None = None,
    model: ModelUnder | None = None,
    checked: str = "",
    added: str = "",
) -> str:
    return render_template(
        "operations/rubric_edit.html",
        one=draft,
        edits=edits,
        replays=replays,
        model=model,
        checked=checked,
        added=added,
        fields=field_choices(),
        **_words(sheet),
    )


def _words(sheet: Sheet) -> dict[str, Any]:
    return {
        "sheet": sheet,
        "labels": {key: label for _, choices in field_choices() for key, label in choices},
        "operators": OPERATOR_WORDS,
        "verdict_words": VERDICT_WORDS,
        "most": MOVES_SHOWN,
    }


@blueprint.post("/rubrics/drafts/<uuid:draft_id>/<any(propose,publish,return,discard):step>")
def step_draft(draft_id: uuid.UUID, step: str) -> ResponseReturnValue:
    """Propose a draft, put it in force, send it back, or throw it away."""
    may_open(Kind.RUBRIC, Verb.EDIT if step in {"propose", "discard"} else Verb.APPROVE)
    form = KeyOnlyForm() if step == "discard" else ReasonForm()
    if not form.validate_on_submit():
        say_faults(form)
        return redirect(url_for(".one_draft", draft_id=draft_id))
    reason = form.reason.data or "" if isinstance(form, ReasonForm) else ""
    said = {
        "propose": gettext("검토를 부탁했습니다. 다른 심사역이 공표하면 그때부터 이 기준표로 채점합니다."),
        "publish": gettext("공표했습니다. 지금부터 이 기준표로 채점합니다."),
        "return": gettext("작성 중으로 되돌렸습니다."),
        "discard": gettext("초안을 버렸습니다."),
    }[step]

    def work(session: Session) -> None:
        match step:
            case "propose":
                propose_draft(session, draft_id=draft_id, reason=reason, actor=viewer(), at=now())
            case "publish":
                read = request.form.get("sha256", "")
                publish_draft(session, draft_id=draft_id, sha256=read, reason=reason, actor=viewer(), at=now())
            case "return":
                return_draft(session, draft_id=draft_id, reason=reason, actor=viewer(), at=now())
            case _:
                discard_draft(session, draft_id=draft_id, actor=viewer(), at=now())

    done = act(work, said)
    if done and step in {"publish", "discard"}:
        return redirect(url_for(".rubrics_page"))
    return redirect(url_for(".one_draft", draft_id=draft_id))


def _columns() -> list[Column]:
    return [
        Column(gettext("공모")),
        Column(gettext("번호")),
        Column(gettext("기업")),
        Column(gettext("지금 점수")),
        Column(gettext("바뀐 점수")),
        Column(gettext("지금 순위"), "number"),
        Column(gettext("바뀐 순위"), "number"),
        Column(gettext("필수 요건")),
    ]


def _served_columns() -> list[Column]:
    return [
        Column(gettext("지금 위원회가 보는 점수")),
        Column(gettext("위원회가 볼 점수")),
        Column(gettext("지금 위원회가 보는 순위"), "number"),
        Column(gettext("위원회가 볼 순위"), "number"),
    ]


def _cells(replays: list[CallReplay]) -> Iterator[list[Cell]]:
    english = current_locale() == "en"
    for call in replays:
        for row in call.rows:
            changes = [
                f"{one.label_en if english else one.label_ko}: {one.before or '-'} → {one.after or '-'}"
                for one in row.knockouts
            ]
            seen = [] if row.served is None else _move_cells(row.served)
            yield [call.code, row.number, row.company, *_move_cells(row), ", ".join(changes), *seen]


def _move_cells(row: Moved | Served) -> list[Cell]:
    points = [f"{tenths // 10}.{tenths % 10}" for tenths in (row.before, row.after)]
    return [*points, row.rank_before, row.rank_after]
