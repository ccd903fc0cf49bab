"""A company's own page: its registration, what it says of itself, and the size class that follows from both."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Thing, Verb, require
from fundapp.core.errors import InvalidInputError
from fundapp.core.quarters import kst_date
from fundapp.intake import actions
from fundapp.intake.registry.asking import check_company
from fundapp.intake.registry.nts import Service, TaxOffice
from fundapp.intake.standing import Standing
from fundapp.intake.standing_queries import CompanyPage, get_company
from fundapp.intake.tables import Application, Call
from fundapp.screening.facts import reference_date, size_from
from fundapp.screening.size_revenue import Period, askable_period
from fundapp.screening.size_rules import Sized
from fundapp.web.portal import companies, company_forms
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.forms import KeyOnlyForm
from fundapp.web.shell.language import gettext, pick
from fundapp.web.shell.navigation import ROOMS
from fundapp.web.shell.security import limiter
from fundapp.web.shell.viewer import only, viewer

blueprint = Blueprint("portal_company", __name__, url_prefix="/portal/companies")
blueprint.before_request(only(*ROOMS["portal"]))

_REFUSED = 422


@dataclass(frozen=True, slots=True)
class SizedPage:
    """The size class by the newest application's figures.

    Attributes:
        number: Of that application; empty where there is none.
        sized: The class; without an application by no figures at all.
        period: The period that a company too young for a full business year is asked about.
    """

    number: str
    sized: Sized
    period: Period | None


@blueprint.get("/")
def listed() -> ResponseReturnValue:
    """List the companies that the viewer acts for; of a single one, its page."""
    with db().read() as session:
        own = companies.list_companies(session, viewer())
    if len(own) == 1:
        return redirect(url_for(".one", company_id=own[0].id))
    return render_template("portal/companies.html", own=own)


@blueprint.route("/<uuid:company_id>", methods=["GET", "POST"])
def one(company_id: uuid.UUID) -> ResponseReturnValue:
    """Show a company, and keep what it says of itself."""
    at = now()
    with db().read() as session:
        page = get_company(session, viewer(), company_id)
        sized = _sized(session, company_id, page.standing, at)
    if request.method == "POST":
        form = company_forms.standing_form(company_forms.rows_sent(request.form))()
        if form.validate_on_submit() and _keep(page, form, at):
            flash(gettext("기업 정보를 저장했습니다."), "ok")
            return redirect(url_for(".one", company_id=company_id))
        return _page(page, sized, form), _REFUSED
    form = company_forms.standing_form(company_forms.rows_for(page.standing))(
        data=company_forms.stored_fields(page.standing, page.corporate_number, sized.period)
    )
    return _page(page, sized, form)


@blueprint.post("/<uuid:company_id>/check")
@limiter.limit("20 per hour")
def check(company_id: uuid.UUID) -> ResponseReturnValue:
    """Ask the tax office about the company now."""
    if not KeyOnlyForm().validate():
        raise InvalidInputError(field="key", reason_ko="새로 고친 뒤 다시 보내세요", reason_en="reload and send again")
    require(viewer(), Verb.CHECK, Thing(Kind.COMPANY, company_id=company_id))
    with db().read() as session:
        get_company(session, viewer(), company_id)
    service: Service | None = current_app.config["REGISTRY"]
    if service is None:
        flash(gettext("국세청 조회가 설정되지 않아 확인하지 못했습니다."), "err")
        return redirect(url_for(".one", company_id=company_id))
    found = check_company(db(), TaxOffice(service), company_id=company_id, actor=viewer(), at=now())
    if found.outcome == "unread":
        flash(gettext("국세청에서 답을 받지 못했습니다. 잠시 뒤 다시 확인해 주세요."), "err")
    else:
        flash(gettext("국세청에 확인했습니다."), "ok")
    return redirect(url_for(".one", company_id=company_id) + "#registration")


def _page(page: CompanyPage, sized: SizedPage, form: company_forms.StandingForm) -> str:
    return render_template(
        "portal/company.html",
        page=page,
        sized=sized,
        form=form,
        doubtful=actions.doubts_corporate_number(page.corporate_number),
        askable=current_app.config["REGISTRY"] is not None,
    )


def _keep(page: CompanyPage, form: company_forms.StandingForm, at: datetime) -> bool:
    standing = form.to_standing()
    if standing is None:
        return False
    try:
        db().transaction(
            lambda session: actions.state_company(
                session,
                actor=viewer(),
                at=at,
                company_id=page.id,
                standing=standing,
                corporate_number=form.corporate_number.data,
                today=kst_date(at),
                key=form.key.data or "",
            )
        )
    except InvalidInputError as error:
        _blame(form, error)
        return False
    return True


def _blame(form: company_forms.StandingForm, error: InvalidInputError) -> None:
    name = str(error.details.get("field"))
    field = form[name if name in form else "has_related"]
    field.errors = [pick(str(error.details["reason_ko"]), str(error.details["reason_en"]))]


def _sized(session: Session, company_id: uuid.UUID, standing: Standing, at: datetime) -> SizedPage:
    row = session.execute(
        select(Application.number, Application.answers, Call)
        .join(Call, Call.id == Application.call_id)
        .where(Application.company_id == company_id, Application.state != "withdrawn")
        .order_by(Application.updated_at.desc())
        .limit(1)
    ).first()
    answers: dict[str, Any] = row.answers if row else {}
    on: date = reference_date(row.Call, at) if row else kst_date(at)
    sized = size_from(answers, on, standing)
    period = askable_period(sized.started_on, on, standing.closing_month, kst_date(at))
    return SizedPage(row.number if row else "", sized, period)
