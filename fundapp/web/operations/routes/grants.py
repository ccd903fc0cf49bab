"""GPU grants: a list by verdict, one page a grant, alerts that somebody has seen, and the meters behind."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from fundapp.core.access import Kind, Thing, Verb, may
from fundapp.core.quarters import utc_day
from fundapp.portfolio.actions import acknowledge_alert
from fundapp.portfolio.queries import (
    GrantFilter,
    GrantListRow,
    count_alerts,
    count_grants,
    count_verdicts,
    grant_page,
    list_alerts,
    list_grants,
    list_kinds,
    list_sources,
)
from fundapp.web.grants.shown import ALERT_WORDS, STATE_WORDS, VERDICT_WORDS, show_alert, show_burn, show_events
from fundapp.web.grants.utilisation import daily_cells, daily_columns, show_utilisation
from fundapp.web.operations.doing import act, may_open, say_faults
from fundapp.web.operations.door import blueprint
from fundapp.web.operations.forms import ReasonForm
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.downloads import Cell, Column, asked_download, table_download
from fundapp.web.shell.language import gettext
from fundapp.web.shell.pagination import PAGE_SIZE, Page, asked_page
from fundapp.web.shell.remembering import remembered_page
from fundapp.web.shell.viewer import viewer

_ALERTS_SHOWN = 3
_LONGEST_TEXT = 100


@blueprint.get("/grants")
@remembered_page
def grants_page() -> ResponseReturnValue:
    """List the grants, a page at a time; what needs attention stands above."""
    may_open(Kind.AWARD)
    asked, form, number = _asked(), asked_download(), asked_page()
    with db().read() as session:
        if form is not None:
            rows = list_grants(session, viewer(), asked)
            return table_download(gettext("GPU 배정"), _columns(), map(_cells, rows), form=form)
        counts = count_verdicts(session, viewer())
        page = _slice(session, asked, number, counts)
        skus, quarters = list_kinds(session)
        alert_count = count_alerts(session, viewer())
        alerts = list_alerts(session, viewer(), limit=_ALERTS_SHOWN) if alert_count else []
    return render_template(
        "operations/grants.html",
        page=page,
        asked=asked,
        counts=tuple(counts.items()),
        skus=skus,
        quarters=quarters,
        alerts=[show_alert(row) for row in alerts],
        alert_count=alert_count,
    )


def _asked() -> GrantFilter:
    asked = request.args
    verdict = asked.get("verdict", "")
    return GrantFilter(
        sku=asked.get("sku", "").strip().lower()[:_LONGEST_TEXT],
        quarter=asked.get("quarter", "").strip()[:_LONGEST_TEXT],
        verdict=verdict if verdict in VERDICT_WORDS else "",
        text=asked.get("q", "").strip()[:_LONGEST_TEXT],
    )


def _slice(session: Session, asked: GrantFilter, number: int, counts: Mapping[str, int]) -> Page[GrantListRow]:
    """Return the page asked for; beyond the end is the last one. Whatever is filtered by verdict only is counted."""
    if asked.sku or asked.quarter or asked.text:
        total = count_grants(session, viewer(), asked)
    else:
        total = counts.get(asked.verdict, 0) if asked.verdict else sum(counts.values())
    number = min(number, max(1, -(-total // PAGE_SIZE)))
    rows = list_grants(session, viewer(), asked, limit=PAGE_SIZE, offset=(number - 1) * PAGE_SIZE)
    return Page(rows, number, total)


def _columns() -> list[Column]:
    return [
        Column(gettext("협약")),
        Column(gettext("기업")),
        Column(gettext("종류")),
        Column(gettext("리전")),
        Column(gettext("분기")),
        Column(gettext("배정"), "hours"),
        Column(gettext("남은 시간"), "hours"),
        Column(gettext("28일 평균"), "hours"),
        Column(gettext("마지막 사용일"), "day"),
        Column(gettext("소진 예상"), "day"),
        Column(gettext("소멸 위험"), "hours"),
        Column(gettext("초과"), "hours"),
        Column(gettext("판정")),
        Column(gettext("판정 시각"), "instant"),
    ]


def _cells(row: GrantListRow) -> list[Cell]:
    return [
        row.award,
        row.company,
        row.sku.upper(),
        row.region,
        row.quarter,
        row.granted_e4,
        row.remaining_e4,
        row.pace_e4,
        row.usable_until,
        row.exhausted_on,
        row.at_risk_e4,
        row.overage_e4,
        str(VERDICT_WORDS[row.verdict][0]) if row.verdict else None,
        row.watched_at,
    ]


@blueprint.get("/grants/<uuid:grant_id>")
@remembered_page
def one_grant(grant_id: uuid.UUID) -> ResponseReturnValue:
    """Show one grant: what was left, what will become of it, how busy its GPUs were, what happened."""
    may_open(Kind.AWARD)
    form, today = asked_download(), utc_day(now())
    with db().read() as session:
        page = grant_page(session, viewer(), grant_id, today)
    one = page.figures
    if form is not None:
        name = f"{one.award}-{one.sku}-{one.quarter}"
        return table_download(name, daily_columns(), daily_cells(page), form=form)
    return render_template(
        "operations/grant.html",
        page=page,
        one=one,
        burn=show_burn([one], {one.account: page.movements}, today),
        busy=show_utilisation(page.utilisation),
        alerts=[show_alert(row) for row in page.alerts if row.state != "resolved"],
        events=show_events(page),
        may_answer=may(viewer(), Verb.RESOLVE, Thing(Kind.CHANGE)),
    )


@blueprint.post("/grants/<uuid:grant_id>/alerts/<uuid:alert_id>/acknowledge")
def acknowledge(grant_id: uuid.UUID, alert_id: uuid.UUID) -> ResponseReturnValue:
    """Note that somebody knows of an alert, with the reason why it may stand."""
    may_open(Kind.CHANGE, Verb.RESOLVE)
    form = ReasonForm()
    if not form.validate_on_submit():
        say_faults(form)
    else:
        act(
            lambda session: acknowledge_alert(
                session, alert_id=alert_id, reason=form.reason.data or "", actor=viewer(), at=now()
            ),
            gettext("알림을 확인했습니다. 더 나빠지면 다시 알립니다."),
            form,
        )
    return redirect(url_for(".one_grant", grant_id=grant_id))


@blueprint.get("/grants/alerts")
def alerts_page() -> ResponseReturnValue:
    """List the alerts that stand, or of one kind, the grave ones first; with `all`, settled ones too."""
    may_open(Kind.AWARD)
    kind, settled = request.args.get("kind", ""), request.args.get("all") == "1"
    asked = kind if kind in ALERT_WORDS else None
    with db().read() as session:
        total = count_alerts(session, viewer(), kind=asked, with_resolved=settled)
        number = min(asked_page(), max(1, -(-total // PAGE_SIZE)))
        rows = list_alerts(
            session,
            viewer(),
            kind=asked,
            with_resolved=settled,
            limit=PAGE_SIZE,
            offset=(number - 1) * PAGE_SIZE,
        )
    return render_template(
        "operations/grant_alerts.html",
        page=Page([show_alert(row) for row in rows], number, total),
        kind=asked,
        settled=settled,
        kinds=ALERT_WORDS,
        states=STATE_WORDS,
    )


@blueprint.get("/grants/meters")
def meters_page() -> ResponseReturnValue:
    """Show which servers measure GPU use, and whether they have been reached."""
    may_open(Kind.USAGE)
    with db().read() as session:
        sources = list_sources(session, viewer())
    return render_template("operations/grant_meters.html", sources=sources)
