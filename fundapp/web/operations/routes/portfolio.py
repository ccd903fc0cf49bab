"""Awards: sign what was carried, pay in two steps by two people, watch what is used, mark what it is worth."""

from __future__ import annotations

import uuid
from datetime import date

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Verb
from fundapp.core.errors import FundError, NotFoundError
from fundapp.core.quarters import Quarter, kst_date, utc_day
from fundapp.portfolio.actions import (
    disburse_tranche,
    free_held_hours,
    prepare_tranche,
    return_tranche,
    sign_award,
)
from fundapp.portfolio.queries import (
    AwardPage,
    PortfolioFilter,
    PortfolioSlice,
    award_cost,
    award_gpu,
    award_page,
    list_earlier,
    list_metrics,
    list_milestones,
    list_portfolio,
    portfolio_choices,
    portfolio_totals,
)
from fundapp.web.grants.shown import show_award
from fundapp.web.operations.doing import CONFLICT, REFUSED, act, may_open, say_faults
from fundapp.web.operations.door import blueprint
from fundapp.web.operations.forms import INSTRUMENT_WORDS, ReasonForm, TrancheForm
from fundapp.web.operations.forms.cash import SignScheduleForm
from fundapp.web.operations.forms.companies import (
    METRIC_WORDS,
    TRACK_WORDS,
    DoneForm,
    ExpectForm,
    MetricsForm,
    MilestoneForm,
)
from fundapp.web.operations.held import (
    STATE_WORDS,
    is_narrowed,
    multiple_hundredths,
    portfolio_cells,
    portfolio_columns,
    read_filter,
    show_lanes,
    show_metrics,
)
from fundapp.web.operations.reading import UnsignedRow, list_unsigned
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.downloads import asked_download, table_download
from fundapp.web.shell.forms import KeyOnlyForm
from fundapp.web.shell.language import gettext
from fundapp.web.shell.pagination import PAGE_SIZE, Page, asked_page
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.remembering import remembered_page
from fundapp.web.shell.viewer import viewer

_TRANCHE = "/portfolio/<number>/tranches/<uuid:tranche_id>"


@blueprint.get("/portfolio")
@remembered_page
def portfolio_page() -> ResponseReturnValue:
    """List the awards, and the decisions that wait to be signed."""
    may_open(Kind.AWARD)
    asked, form, today = read_filter(), asked_download(), kst_date(now())
    with db().read() as session:
        calls, skus = portfolio_choices(session, viewer())
        if form is not None:
            every = list_portfolio(session, viewer(), asked, today=today)
            cells = portfolio_cells(every.rows, skus)
            return table_download(gettext("포트폴리오"), portfolio_columns(skus), cells, form=form)
        found, number = _slice(session, asked, today, asked_page())
        totals = portfolio_totals(session, viewer())
        unsigned = list_unsigned(session, viewer())
    return render_template(
        "operations/portfolio.html",
        page=Page(found.rows, number, found.total),
        asked=asked,
        narrowed=is_narrowed(asked),
        calls=calls,
        skus=skus,
        states=STATE_WORDS,
        totals=totals,
        unsigned=unsigned,
        instruments=INSTRUMENT_WORDS,
        today=today,
    )


def _slice(session: Session, asked: PortfolioFilter, today: date, number: int) -> tuple[PortfolioSlice, int]:
    """Return a page of the list and its number; beyond the end is the last page."""
    found = list_portfolio(session, viewer(), asked, today=today, limit=PAGE_SIZE, offset=(number - 1) * PAGE_SIZE)
    if found.rows or not found.total:
        return found, number
    return _slice(session, asked, today, -(-found.total // PAGE_SIZE))


@blueprint.route("/decisions/<uuid:decision_id>/sign", methods=["GET", "POST"])
def sign(decision_id: uuid.UUID) -> ResponseReturnValue:
    """Turn a carried decision into an award; open conditions stand in the way."""
    may_open(Kind.AWARD, Verb.SIGN)
    with db().read() as session:
        found = next((one for one in list_unsigned(session, viewer()) if one.decision_id == decision_id), None)
        earlier = list_earlier(session, viewer(), decision_id) if found is not None else []
    if found is None:
        raise NotFoundError
    form = SignScheduleForm(data={"signed_on": kst_date(now()), "instrument": "RCPS"})
    form.offer(earlier)
    if not form.validate_on_submit():
        return _sign_page(found, form), REFUSED if form.errors else 200
    try:
        number = db().transaction(lambda session: _sign(session, decision_id, form))
    except NotFoundError:
        raise
    except FundError as error:
        form.instrument.errors = [say_refusal(error)]
        return _sign_page(found, form), CONFLICT
    flash(gettext("협약 %(number)s을 체결했습니다.", number=number), "ok")
    return redirect(url_for(".one_award", number=number))


def _sign_page(found: UnsignedRow, form: SignScheduleForm) -> str:
    return render_template("operations/sign.html", one=found, form=form)


def _sign(session: Session, decision_id: uuid.UUID, form: SignScheduleForm) -> str:
    return sign_award(
        session,
        decision_id=decision_id,
        instrument=form.instrument.data,
        key=form.key.data or "",
        actor=viewer(),
        at=now(),
        signed_on=form.to_day(),
        follows=form.follows.data or None,
        schedule=form.to_schedule(),
    ).number


@blueprint.get("/portfolio/<number>")
def one_award(number: str) -> ResponseReturnValue:
    """Show an award: cash, GPU time, conditions, marks."""
    may_open(Kind.AWARD)
    return _award(number)


def _load(number: str) -> AwardPage:
    with db().read() as session:
        return award_page(session, viewer(), number)


def _award(number: str) -> str:
    today = kst_date(now())
    with db().read() as session:
        page = award_page(session, viewer(), number)
        cost = award_cost(session, page.award)
        steps = list_milestones(session, viewer(), page.award.id)
        metrics = list_metrics(session, viewer(), page.award.id)
        gpu = award_gpu(session, viewer(), number, utc_day(now()))
    mark = page.valuations[0] if page.valuations else None
    return render_template(
        "operations/award.html",
        page=page,
        cost=cost,
        multiple=multiple_hundredths(cost, mark),
        lanes=show_lanes(steps),
        steps=steps,
        metrics=show_metrics(metrics),
        words={"track": TRACK_WORDS, "metric": METRIC_WORDS},
        today=today,
        forms_of={
            "milestone": MilestoneForm(formdata=None),
            "expect": ExpectForm(formdata=None),
            "done": DoneForm(formdata=None, data={"done_on": today}),
            "metrics": MetricsForm(formdata=None, data={"quarter": str(Quarter.of_date(today).previous)}),
        },
        gpu=show_award(gpu, utc_day(now())),
        instruments=INSTRUMENT_WORDS,
    )


def _require_tranche(number: str, tranche_id: uuid.UUID) -> None:
    if all(one.id != tranche_id for one in _load(number).tranches):
        raise NotFoundError


@blueprint.post("/portfolio/<number>/hours/free")
def free_hours(number: str) -> ResponseReturnValue:
    """Release the GPU time that a condition held back, now that it has ended."""
    if KeyOnlyForm().validate_on_submit():
        act(
            lambda session: free_held_hours(session, award=number, actor=viewer(), at=now()),
            gettext("미뤄 둔 GPU시간을 열었습니다."),
        )
    return redirect(url_for(".one_award", number=number))


@blueprint.post(f"{_TRANCHE}/prepare")
def prepare(number: str, tranche_id: uuid.UUID) -> ResponseReturnValue:
    """Propose a tranche for payment."""
    _require_tranche(number, tranche_id)
    form = TrancheForm()
    if not form.validate_on_submit():
        say_faults(form)
    else:
        act(
            lambda session: prepare_tranche(
                session, tranche_id=tranche_id, evidence=form.evidence.data, actor=viewer(), at=now()
            ),
            gettext("집행을 올렸습니다. 다른 사람이 승인하면 지급됩니다."),
            form,
        )
    return redirect(url_for(".one_award", number=number))


@blueprint.post(f"{_TRANCHE}/approve")
def approve(number: str, tranche_id: uuid.UUID) -> ResponseReturnValue:
    """Approve and pay a tranche that somebody else proposed."""
    _require_tranche(number, tranche_id)
    form = KeyOnlyForm()
    if not form.validate_on_submit():
        say_faults(form)
    else:
        act(
            lambda session: disburse_tranche(
                session, tranche_id=tranche_id, key=form.key.data or "", actor=viewer(), at=now()
            ),
            gettext("집행을 승인하고 지급했습니다."),
            form,
        )
    return redirect(url_for(".one_award", number=number))


@blueprint.post(f"{_TRANCHE}/return")
def send_back(number: str, tranche_id: uuid.UUID) -> ResponseReturnValue:
    """Send a proposed tranche back, with the reason."""
    _require_tranche(number, tranche_id)
    form = ReasonForm()
    if not form.validate_on_submit():
        say_faults(form)
    else:
        act(
            lambda session: return_tranche(
                session, tranche_id=tranche_id, reason=form.reason.data or "", actor=viewer(), at=now()
            ),
            gettext("집행을 돌려보냈습니다."),
            form,
        )
    return redirect(url_for(".one_award", number=number))
