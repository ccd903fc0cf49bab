"""What a company asks about its GPU time: changes, progress reports, a place in the line, and its offers."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from decimal import Decimal

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session

from fundapp.core.errors import FundError, InvalidInputError, NotFoundError
from fundapp.portfolio.actions import (
    Asked,
    Wanted,
    accept_offer,
    decline_offer,
    file_progress_report,
    join_waitlist,
    leave_waitlist,
    request_change,
    withdraw_change,
)
from fundapp.portfolio.queries import (
    GrantChoice,
    OfferRow,
    award_page,
    find_offer,
    grant_choices,
    list_changes,
    list_notices,
    list_progress_reports,
    list_waitlist,
)
from fundapp.portfolio.rules import CHANGE_KINDS
from fundapp.web.grants.change_words import (
    KIND_NOTES,
    KIND_WORDS,
    NOTICE_WORDS,
    OFFER_WORDS,
    REPORT_WORDS,
    RULE_WORDS,
    STATE_WORDS,
    exact_hours,
)
from fundapp.web.portal.change_forms import AskForm, JoinForm, OfferForm, ReportForm
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.formats import hours_number, quarter
from fundapp.web.shell.forms import KeyOnlyForm
from fundapp.web.shell.language import current_locale, gettext, pick
from fundapp.web.shell.navigation import ROOMS
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.viewer import only, viewer

blueprint = Blueprint("portal_changes", __name__, url_prefix="/portal")
blueprint.before_request(only(*ROOMS["portal"]))

_REFUSED = 422
_AWARD = "/grants/<number>"


@blueprint.get(f"{_AWARD}/changes")
def requests(number: str) -> ResponseReturnValue:
    """Show what was asked for an award, what was decided, notices, and its places in the line."""
    with db().read() as session:
        grants = grant_choices(session, viewer(), number, now())
        changes = list_changes(session, viewer(), award=number)
        reports = list_progress_reports(session, viewer(), award=number)
        line = list_waitlist(session, viewer(), award=number)
        notices = list_notices(session, viewer(), award=number)
        held = award_page(session, viewer(), number).hold
    return render_template(
        "portal/changes.html",
        number=number,
        held=held,
        grants=grants,
        changes=changes,
        reports=reports,
        line=line,
        notices=notices,
        kinds=KIND_WORDS,
        states=STATE_WORDS,
        report_states=REPORT_WORDS,
        notice_states=NOTICE_WORDS,
        rules=RULE_WORDS,
    )


@blueprint.route(f"{_AWARD}/changes/new", methods=["GET", "POST"])
def ask(number: str) -> ResponseReturnValue:
    """Ask for a change of one grant."""
    grants = _grants(number)
    form = AskForm()
    form.offer(
        [(str(one.grant.id), _named(one)) for one in grants if one.usable],
        sorted(
            {
                (str(pool.id), f"{pool.sku.upper()} · {pool.region} · {pool.quarter}")
                for one in grants
                for pool in one.pools
            }
        ),
    )
    if request.method == "GET":
        asked = request.args.get("kind", "")
        form.kind.data = asked if asked in CHANGE_KINDS else CHANGE_KINDS[0]
        form.grant.data = request.args.get("grant") or form.grant.data
    elif form.validate_on_submit():
        try:
            change = _request(form)
        except NotFoundError:
            raise
        except InvalidInputError as error:
            _show(form, error, "reason")
        except FundError as error:
            form.kind.errors = [say_refusal(error)]
        else:
            flash(gettext("%(number)s 요청을 보냈습니다. 결정하면 메일로 알려 드립니다.", number=change), "ok")
            return redirect(url_for(".requests", number=number))
    page = render_template(
        "portal/change_new.html",
        number=number,
        form=form,
        grants=[one for one in grants if one.usable],
        notes=KIND_NOTES,
        kinds=KIND_WORDS,
    )
    return page, _REFUSED if form.errors else 200


def _named(one: GrantChoice) -> str:
    left = hours_number(one.grant.remaining_e4)
    name = f"{one.grant.sku.upper()} · {one.grant.region} · {quarter(one.grant.quarter, current_locale())}"
    return gettext("%(name)s · 남은 시간 %(left)s", name=name, left=left)


def _request(form: AskForm) -> str:
    kind = form.kind.data
    asked = Asked(
        kind=kind,
        reason=form.reason.data or "",
        hours_e4=None if kind == "extension" else exact_hours(form.hours.data),
        until=form.until.data if kind == "extension" else None,
        target_pool_id=_identifier(form.target.data) if kind == "transfer" else None,
    )
    grant_id = _identifier(form.grant.data)
    if grant_id is None:
        raise NotFoundError
    return (
        db()
        .transaction(
            lambda session: request_change(
                session, grant_id=grant_id, asked=asked, key=form.key.data or "", actor=viewer(), at=now()
            )
        )
        .number
    )


def _identifier(text: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        return None


@blueprint.post("/changes/<uuid:change_id>/withdraw")
def withdraw(change_id: uuid.UUID) -> ResponseReturnValue:
    """Take a request back before it is decided."""
    number = _own_award(request.form.get("award", ""))
    if KeyOnlyForm().validate_on_submit():
        _act(
            lambda session: withdraw_change(session, change_id=change_id, actor=viewer(), at=now()),
            gettext("요청을 취소했습니다."),
        )
    return redirect(url_for(".requests", number=number))


@blueprint.route(f"{_AWARD}/report", methods=["GET", "POST"])
def report(number: str) -> ResponseReturnValue:
    """File a progress report; the hours used so far are stated beside it."""
    grants = _grants(number)
    form = ReportForm()
    if form.validate_on_submit():
        text, key = form.text.data or "", form.key.data or ""
        try:
            db().transaction(
                lambda session: file_progress_report(
                    session, award=number, text=text, key=key, actor=viewer(), at=now()
                )
            )
        except NotFoundError:
            raise
        except InvalidInputError as error:
            _show(form, error, "text")
        except FundError:
            form.text.errors = [gettext("확인을 기다리는 보고가 있거나, 보고 뒤에 열릴 시간이 없습니다.")]
        else:
            flash(gettext("진행 보고를 올렸습니다. 확인하면 나머지 시간을 쓸 수 있습니다."), "ok")
            return redirect(url_for(".requests", number=number))
    with db().read() as session:
        reports = list_progress_reports(session, viewer(), award=number)
    page = render_template(
        "portal/report.html", number=number, form=form, grants=grants, reports=reports, states=REPORT_WORDS
    )
    return page, _REFUSED if form.errors else 200


@blueprint.route(f"{_AWARD}/waitlist", methods=["GET", "POST"])
def join(number: str) -> ResponseReturnValue:
    """Take a place in the line for hours."""
    grants = _grants(number)
    kinds = {(one.grant.sku, one.grant.region) for one in grants}
    kinds |= {(pool.sku, pool.region) for one in grants for pool in one.pools}
    quarters = {one.grant.quarter for one in grants if one.usable} | {
        pool.quarter for one in grants for pool in one.pools
    }
    form = JoinForm()
    form.offer(
        [(f"{sku}:{region}", f"{sku.upper()} · {region}") for sku, region in sorted(kinds)],
        [(one, quarter(one, current_locale())) for one in sorted(quarters)],
    )
    if form.validate_on_submit():
        try:
            _join(number, form)
        except NotFoundError:
            raise
        except InvalidInputError as error:
            _show(form, error, "wanted")
        else:
            flash(gettext("대기 명단에 올렸습니다. 차례가 오면 메일로 알려 드립니다."), "ok")
            return redirect(url_for(".requests", number=number))
    page = render_template("portal/waitlist.html", number=number, form=form)
    return page, _REFUSED if form.errors else 200


def _join(number: str, form: JoinForm) -> None:
    sku, _, region = form.kind.data.partition(":")
    wanted = Wanted(
        sku=sku,
        region=region,
        quarter=form.quarter.data or None,
        wanted_e4=exact_hours(form.wanted.data or Decimal(0), "wanted") or 0,
        minimum_e4=exact_hours(form.minimum.data or Decimal(0), "minimum") or 0,
    )
    db().transaction(
        lambda session: join_waitlist(
            session, award=number, wanted=wanted, key=form.key.data or "", actor=viewer(), at=now()
        )
    )


@blueprint.post("/waitlist/<uuid:entry_id>/leave")
def leave(entry_id: uuid.UUID) -> ResponseReturnValue:
    """Leave the line."""
    number = _own_award(request.form.get("award", ""))
    if KeyOnlyForm().validate_on_submit():
        _act(
            lambda session: leave_waitlist(session, entry_id=entry_id, actor=viewer(), at=now()),
            gettext("대기 명단에서 빠졌습니다."),
        )
    return redirect(url_for(".requests", number=number))


@blueprint.get("/offers/<uuid:offer_id>")
def offer(offer_id: uuid.UUID) -> ResponseReturnValue:
    """Show an offer and how long it is held."""
    with db().read() as session:
        found = find_offer(session, viewer(), offer_id)
    return _offer(found, OfferForm(formdata=None))


def _offer(found: OfferRow, form: OfferForm) -> str:
    return render_template(
        "portal/offer.html", offer=found, form=form, words=OFFER_WORDS, over=found.expires_at <= now()
    )


@blueprint.post("/offers/<uuid:offer_id>/accept")
def accept(offer_id: uuid.UUID) -> ResponseReturnValue:
    """Take the offered hours, or some of them."""
    form = OfferForm()
    with db().read() as session:
        found = find_offer(session, viewer(), offer_id)
    if not form.validate_on_submit():
        return _offer(found, form), _REFUSED
    try:
        taken = exact_hours(form.hours.data)
        db().transaction(
            lambda session: accept_offer(session, offer_id=offer_id, actor=viewer(), at=now(), hours_e4=taken)
        )
    except NotFoundError:
        raise
    except InvalidInputError as error:
        _show(form, error, "hours")
        return _offer(found, form), _REFUSED
    except FundError:
        flash(gettext("이미 답했거나 기한이 지난 제안입니다."), "err")
        return redirect(url_for(".offer", offer_id=offer_id))
    flash(gettext("시간을 받았습니다. 바로 쓸 수 있습니다."), "ok")
    return redirect(url_for(".requests", number=found.award))


@blueprint.post("/offers/<uuid:offer_id>/decline")
def decline(offer_id: uuid.UUID) -> ResponseReturnValue:
    """Let an offer go."""
    with db().read() as session:
        found = find_offer(session, viewer(), offer_id)
    if KeyOnlyForm().validate_on_submit():
        _act(
            lambda session: decline_offer(session, offer_id=offer_id, actor=viewer(), at=now()),
            gettext("제안을 사양했습니다."),
        )
    return redirect(url_for(".requests", number=found.award))


def _grants(number: str) -> list[GrantChoice]:
    with db().read() as session:
        return grant_choices(session, viewer(), number, now())


def _own_award(number: str) -> str:
    """Return the award's number, so that a redirect leads to a page of the viewer's own only."""
    _grants(number)
    return number


def _show(form: FlaskForm, error: InvalidInputError, fallback: str) -> None:
    name = str(error.details.get("field"))
    if name in form:
        form[name].errors = [pick(str(error.details["reason_ko"]), str(error.details["reason_en"]))]
    else:
        form[fallback].errors = [say_refusal(error)]


def _act(work: Callable[[Session], object], said: str) -> None:
    try:
        db().transaction(work)
    except NotFoundError:
        raise
    except FundError as error:
        flash(say_refusal(error), "err")
    else:
        flash(said, "ok")
