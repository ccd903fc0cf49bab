"""The pledge before a meeting: related parties of every item first, then the meeting opens."""

from __future__ import annotations

import uuid

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from fundapp.committee.actions import declare_conflict, sign_meeting
from fundapp.committee.queries import (
    find_meeting_of,
    must_sign_meeting,
    unsigned_items,
    waiting_signals,
)
from fundapp.committee.queries.pledges import PledgeItem
from fundapp.core.errors import InvalidInputError, NotFoundError
from fundapp.web.committee.conflict_words import SIGNAL_WORDS
from fundapp.web.committee.door import blueprint
from fundapp.web.committee.dossier import load_parties
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.forms import KeyOnlyForm
from fundapp.web.shell.language import gettext
from fundapp.web.shell.redirects import safe_next
from fundapp.web.shell.viewer import viewer

_INVALID = 422
_OWN = frozenset({"committee.meeting_gate", "committee.sign"})
_LONGEST = 2000


@blueprint.before_request
def keep_shut() -> ResponseReturnValue | None:
    """Lead whoever votes to the pledge before anything of a meeting opens, whichever page of it was asked for.

    A ballot that is absent and one that is out of sight end here alike, after the same statement.
    """
    places = request.view_args or {}
    if request.endpoint in _OWN or not ({"meeting_id", "ballot_id"} & places.keys()):
        return None
    with db().read() as session:
        meeting_id = places.get("meeting_id") or find_meeting_of(session, viewer(), places["ballot_id"])
        if meeting_id is None:
            raise NotFoundError
        if not must_sign_meeting(session, viewer(), meeting_id):
            return None
    return redirect(url_for("committee.meeting_gate", meeting_id=meeting_id, to=_target()))


def _target() -> str | None:
    return request.path if request.method == "GET" else None


@blueprint.get("/meetings/<uuid:meeting_id>/pledge")
def meeting_gate(meeting_id: uuid.UUID) -> ResponseReturnValue:
    """Show the related parties of every item that the viewer has not signed for."""
    with db().read() as session:
        items = unsigned_items(session, viewer(), meeting_id)
        if not items:
            return redirect(url_for("committee.meeting", meeting_id=meeting_id))
        return _page(session, meeting_id, items, {})


@blueprint.post("/meetings/<uuid:meeting_id>/pledge")
def sign(meeting_id: uuid.UUID) -> ResponseReturnValue:
    """Sign for what was listed, and step back from what the viewer marked."""
    with db().read() as session:
        items = unsigned_items(session, viewer(), meeting_id)
        listed = [item for item in items if str(item.application_id) in request.form.getlist("item")]
        faults = _faults(listed)
        if not KeyOnlyForm().validate_on_submit() or faults:
            return _page(session, meeting_id, items, faults), _INVALID
    leaving = [item for item in listed if _answer(item) == "leave"]
    try:
        db().transaction(lambda s: _write(s, meeting_id, listed, leaving))
    except InvalidInputError:
        with db().read() as session:
            missing = {
                key: gettext("겹치는 항목이 이해충돌이 아닌 까닭을 적어 주세요.")
                for key in waiting_signals(session, [item.application_id for item in listed], viewer().person_id)
            }
            return _page(session, meeting_id, items, missing), _INVALID
    flash(gettext("안건 %(num)s건에 서약했습니다.", num=len(listed) - len(leaving)), "ok")
    onward = None if leaving else safe_next(request.form.get("to"))
    return redirect(onward or url_for("committee.meeting", meeting_id=meeting_id))


def _write(session: Session, meeting_id: uuid.UUID, listed: list[PledgeItem], leaving: list[PledgeItem]) -> None:
    me, at = viewer(), now()
    if me.person_id is None:
        return
    for item in leaving:
        declare_conflict(
            session,
            application_id=item.application_id,
            person_id=me.person_id,
            route="self_recusal",
            reason=_reason(item),
            actor=me,
            at=at,
        )
    staying = [item for item in listed if item not in leaving]
    sign_meeting(
        session,
        meeting_id=meeting_id,
        application_ids=[item.application_id for item in staying],
        actor=me,
        at=at,
        dismissals={item.application_id: _reason(item) for item in staying},
    )


def _answer(item: PledgeItem) -> str:
    return request.form.get(f"answer-{item.application_id}", "")


def _reason(item: PledgeItem) -> str:
    return request.form.get(f"reason-{item.application_id}", "").strip()[:_LONGEST]


def _faults(listed: list[PledgeItem]) -> dict[uuid.UUID, str]:
    """Return what is missing, by application: an answer, or the reason for stepping back."""
    faults = {}
    for item in listed:
        if _answer(item) not in {"none", "leave"}:
            faults[item.application_id] = gettext("하나를 골라 주세요.")
        elif _answer(item) == "leave" and not _reason(item):
            faults[item.application_id] = gettext("회피 사유를 적어 주세요.")
    return faults


def _page(session: Session, meeting_id: uuid.UUID, items: list[PledgeItem], faults: dict[uuid.UUID, str]) -> str:
    parties = [load_parties(session, viewer(), item.application_id) for item in items]
    signals = waiting_signals(session, [item.application_id for item in items], viewer().person_id)
    return render_template(
        "committee/meeting_gate.html",
        meeting_id=meeting_id,
        parties=parties,
        signals=signals,
        faults=faults,
        form=KeyOnlyForm(formdata=None),
        signal_words=SIGNAL_WORDS,
        to=request.values.get("to", ""),
        given=request.form,
    )
