"""A second person of the company reads all answers on one page and signs, or sends back with a reason."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from flask import Blueprint, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from fundapp.core.access import Role
from fundapp.core.errors import FundError, NotFoundError
from fundapp.intake import actions, certifying
from fundapp.intake.certifying import CertificationState, WaitingRow
from fundapp.web.portal import companies, pages, shown
from fundapp.web.portal.door import rate_card
from fundapp.web.portal.forms import AskCertifierForm, SendBackForm, SignForm, options
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.forms import KeyOnlyForm
from fundapp.web.shell.language import gettext
from fundapp.web.shell.navigation import ROOMS
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.security import limiter
from fundapp.web.shell.viewer import only, viewer

blueprint = Blueprint("portal_certifying", __name__, url_prefix="/portal/applications/<uuid:application_id>/certify")
blueprint.before_request(only(*ROOMS["portal"]))
_REFUSED = 422


@blueprint.app_template_global()
def certification_of(application_id: uuid.UUID) -> CertificationState:
    """Return how one of the viewer's applications stands with its certifier."""
    with db().read() as session:
        return certifying.get_certification(session, viewer(), application_id)


@blueprint.app_template_global()
def waiting_for_me() -> list[WaitingRow]:
    """Return the applications that wait for the viewer's signature."""
    if not viewer().has(Role.APPLICANT) or not viewer().company_ids:
        return []
    with db().read() as session:
        return certifying.list_waiting(session, viewer())


@blueprint.app_template_global()
def ask_certifier_form(company_id: uuid.UUID) -> AskCertifierForm:
    """Return the form that asks one of the viewer's colleagues."""
    form = AskCertifierForm(formdata=None)
    with db().read() as session:
        members = companies.list_members(session, viewer(), company_id)
    others = [(str(one.person_id), one.name) for one in members if one.person_id != viewer().person_id]
    form.certifier.choices = options([("", gettext("고르세요")), *others] if others else [])
    return form


@blueprint.get("")
def certify(application_id: uuid.UUID) -> ResponseReturnValue:
    """Show all answers to whoever was asked to sign them."""
    return _page(application_id, SignForm(formdata=None), SendBackForm(formdata=None))


def _page(application_id: uuid.UUID, sign: SignForm, back: SendBackForm, refusal: str = "") -> str:
    with db().read() as session:
        page = pages.load_page(session, viewer(), application_id, now())
        state = certifying.get_certification(session, viewer(), application_id)
    if state.certifier_id != viewer().person_id:
        raise NotFoundError
    return render_template(
        "portal/certify.html",
        page=page,
        state=state,
        sign_form=sign,
        back_form=back,
        refusal=refusal,
        **shown.check_parts(page, rate_card(page)),
    )


@blueprint.post("/ask")
@limiter.limit("20 per hour")
def ask(application_id: uuid.UUID) -> ResponseReturnValue:
    """Ask a colleague to sign the application off."""
    actor, at = viewer(), now()
    with db().read() as session:
        page = pages.load_page(session, actor, application_id, at)
    form = AskCertifierForm()
    form.certifier.choices = ask_certifier_form(page.application.company_id).certifier.choices
    address = f"{current_app.config['PUBLIC_URL']}{url_for('.certify', application_id=application_id)}"
    if form.validate_on_submit():
        chosen = uuid.UUID(str(form.certifier.data))
        _try(
            lambda session: actions.ask_certification(
                session, actor=actor, at=at, application_id=application_id, certifier_id=chosen, address=address
            ),
            gettext("확인을 부탁하는 메일을 보냈습니다. 서명하면 제출할 수 있습니다."),
        )
    else:
        flash(gettext("확인할 사람을 골라 주세요"), "err")
    return redirect(url_for("portal.check", application_id=application_id))


@blueprint.post("/sign")
def sign(application_id: uuid.UUID) -> ResponseReturnValue:
    """Sign what the page showed."""
    actor, at, form = viewer(), now(), SignForm()
    if not form.validate_on_submit():
        return _page(application_id, form, SendBackForm(formdata=None)), _REFUSED
    content = form.content.data or ""
    return _answer(
        application_id,
        lambda session: actions.sign_certification(
            session, actor=actor, at=at, application_id=application_id, content=content
        ),
        gettext("서명했습니다. 부탁한 사람에게 알렸습니다."),
    )


@blueprint.post("/return")
def send_back(application_id: uuid.UUID) -> ResponseReturnValue:
    """Send the application back with a reason."""
    actor, at, form = viewer(), now(), SendBackForm()
    if not form.validate_on_submit():
        return _page(application_id, SignForm(formdata=None), form), _REFUSED
    reason = form.reason.data or ""
    return _answer(
        application_id,
        lambda session: actions.return_certification(
            session, actor=actor, at=at, application_id=application_id, reason=reason
        ),
        gettext("돌려보냈습니다. 부탁한 사람에게 사유를 알렸습니다."),
    )


@blueprint.post("/withdraw")
def withdraw(application_id: uuid.UUID) -> ResponseReturnValue:
    """Do without the second person again."""
    actor, at, form = viewer(), now(), KeyOnlyForm()
    if form.validate_on_submit():
        _try(
            lambda session: actions.withdraw_certification(session, actor=actor, at=at, application_id=application_id),
            gettext("확인 부탁을 거두었습니다."),
        )
    return redirect(url_for("portal.check", application_id=application_id))


def _answer(application_id: uuid.UUID, work: Callable[[Session], None], done: str) -> ResponseReturnValue:
    try:
        db().transaction(work)
    except NotFoundError:
        raise
    except FundError as error:
        refusal = say_refusal(error)
        return _page(application_id, SignForm(formdata=None), SendBackForm(formdata=None), refusal), _REFUSED
    flash(done, "ok")
    return redirect(url_for("portal.application", application_id=application_id))


def _try(work: Callable[[Session], None], done: str) -> None:
    try:
        db().transaction(work)
    except NotFoundError:
        raise
    except FundError as error:
        flash(say_refusal(error), "err")
    else:
        flash(done, "ok")
