"""Who acts for a company: its people, their roles, and invitations by mail."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from flask import Blueprint, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from fundapp.core.access import Role
from fundapp.core.errors import FundError, InvalidInputError, NotFoundError
from fundapp.intake import actions
from fundapp.intake.queries import get_application
from fundapp.web.portal import companies
from fundapp.web.portal.forms import InviteForm, MemberRoleForm
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.forms import KeyOnlyForm
from fundapp.web.shell.language import gettext, pick
from fundapp.web.shell.navigation import ROOMS
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.security import limiter
from fundapp.web.shell.viewer import only, viewer

blueprint = Blueprint("portal_members", __name__, url_prefix="/portal")
blueprint.before_request(only(*ROOMS["portal"]))
invitations = Blueprint("invitations", __name__, url_prefix="/invitations")

_REFUSED = 422
_ONE = "/companies/<uuid:company_id>/people"


@blueprint.app_template_global()
def own_companies() -> list[companies.CompanyRow]:
    """Return the companies that the viewer acts for."""
    if not viewer().has(Role.APPLICANT) or not viewer().company_ids:
        return []
    with db().read() as session:
        return companies.list_companies(session, viewer())


@blueprint.route("/applications/<uuid:application_id>/team", methods=["GET", "POST"])
@limiter.limit("20 per hour", methods=["POST"])
def team(application_id: uuid.UUID) -> ResponseReturnValue:
    """Show the people of an application's company, with the way back to it."""
    with db().read() as session:
        found = get_application(session, viewer(), application_id)
    return _people(found.company_id, url_for("portal.application", application_id=application_id))


@blueprint.route(_ONE, methods=["GET", "POST"])
@limiter.limit("20 per hour", methods=["POST"])
def people(company_id: uuid.UUID) -> ResponseReturnValue:
    """Show who acts for a company, and let an owner invite somebody."""
    return _people(company_id, url_for("portal.home"))


def _people(company_id: uuid.UUID, back: str) -> ResponseReturnValue:
    at, form = now(), InviteForm()
    with db().read() as session:
        company = companies.get_company(session, viewer(), company_id)
        members = companies.list_members(session, viewer(), company_id)
        waiting = companies.list_invitations(session, viewer(), company_id, at)
    owns = any(one.owns and one.person_id == viewer().person_id for one in members)
    if form.validate_on_submit() and owns and _invite(company_id, form):
        # The same words whether or not the address has an account: it is nobody's business here.
        flash(gettext("초대 메일을 보냈습니다. 7일 안에 받아들이면 함께 작성할 수 있습니다."), "ok")
        return redirect(url_for(".people", company_id=company_id))
    html = render_template(
        "portal/team.html", company=company, form=form, members=members, waiting=waiting, owns=owns, back=back
    )
    return html, _REFUSED if form.errors else 200


def _invite(company_id: uuid.UUID, form: InviteForm) -> bool:
    actor, at = viewer(), now()
    path = url_for("invitations.show", token="-").removesuffix("-")  # noqa: S106 - a place for one
    email, role = form.email.data or "", form.role.data or "member"
    address = f"{current_app.config['PUBLIC_URL']}{path}"
    try:
        db().transaction(
            lambda session: actions.invite_member(
                session, actor=actor, at=at, company_id=company_id, email=email, role=role, address=address
            )
        )
    except InvalidInputError as error:
        form.email.errors = [pick(str(error.details["reason_ko"]), str(error.details["reason_en"]))]
    except NotFoundError:
        raise
    except FundError as error:
        form.email.errors = [say_refusal(error)]
    return not form.errors


@blueprint.post(f"{_ONE}/<uuid:person_id>/role")
def change_role(company_id: uuid.UUID, person_id: uuid.UUID) -> ResponseReturnValue:
    """Make somebody an owner or a member."""
    actor, at, form = viewer(), now(), MemberRoleForm()
    if form.validate_on_submit():
        role = form.role.data or ""
        _try(
            lambda session: actions.change_member_role(
                session, actor=actor, at=at, company_id=company_id, person_id=person_id, role=role
            ),
            gettext("맡는 일을 바꿨습니다."),
        )
    return redirect(url_for(".people", company_id=company_id))


@blueprint.post(f"{_ONE}/<uuid:person_id>/remove")
def remove(company_id: uuid.UUID, person_id: uuid.UUID) -> ResponseReturnValue:
    """Let somebody act for the company no longer; whoever leaves by themselves comes back to their applications."""
    actor, at, form = viewer(), now(), KeyOnlyForm()
    left = False
    if form.validate_on_submit():
        left = _try(
            lambda session: actions.remove_member(
                session, actor=actor, at=at, company_id=company_id, person_id=person_id
            ),
            gettext("이제 이 기업의 신청서를 볼 수 없습니다.")
            if person_id == actor.person_id
            else gettext("내보냈습니다. 그 사람은 지금부터 신청서를 볼 수 없습니다."),
        )
    if left and person_id == actor.person_id:
        return redirect(url_for("portal.home"))
    return redirect(url_for(".people", company_id=company_id))


@blueprint.post(f"{_ONE}/invitations/<uuid:invitation_id>/withdraw")
def withdraw(company_id: uuid.UUID, invitation_id: uuid.UUID) -> ResponseReturnValue:
    """Take an invitation back."""
    actor, at, form = viewer(), now(), KeyOnlyForm()
    if form.validate_on_submit():
        _try(
            lambda session: actions.withdraw_invitation(session, actor=actor, at=at, invitation_id=invitation_id),
            gettext("초대를 거두었습니다."),
        )
    return redirect(url_for(".people", company_id=company_id))


@invitations.route("/<token>", methods=["GET", "POST"])
@limiter.limit("20 per minute", methods=["POST"])
def show(token: str) -> ResponseReturnValue:
    """Show an invitation to whoever holds its link, and let the person that it was sent to accept."""
    actor, at, form, refusal = viewer(), now(), KeyOnlyForm(), ""
    with db().read() as session:
        found = companies.find_invited(session, token, at)
    if form.validate_on_submit():
        try:
            db().transaction(lambda session: actions.accept_invitation(session, actor=actor, at=at, token=token))
        except NotFoundError:
            raise
        except FundError as error:
            refusal = say_refusal(error)
        else:
            flash(gettext("이제 함께 작성할 수 있습니다."), "ok")
            return redirect(url_for("portal.home"))
    page = render_template("portal/invitation.html", one=found, form=form, refusal=refusal)
    return page, _REFUSED if refusal else 200


def _try(work: Callable[[Session], None], done: str) -> bool:
    """Do something that may be refused, say which it was, and return whether it was done."""
    try:
        db().transaction(work)
    except NotFoundError:
        raise
    except FundError as error:
        flash(say_refusal(error), "err")
        return False
    flash(done, "ok")
    return True
