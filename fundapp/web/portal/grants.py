"""A company's own GPU time: what is left, what will become of it, and where to ask for a change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from flask import Blueprint, g, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from fundapp.core.access import Role
from fundapp.core.errors import NotFoundError
from fundapp.core.quarters import utc_day
from fundapp.portfolio.queries import GrantPage, award_gpu, award_pages, list_own_awards
from fundapp.portfolio.queries.waitlist import list_offers
from fundapp.web.grants.shown import (
    BurnShown,
    EventShown,
    remedy_address,
    request_address,
    show_alert,
    show_award,
    show_burn,
    show_events,
)
from fundapp.web.grants.utilisation import UtilisationShown, daily_cells, daily_columns, show_utilisation
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.downloads import Cell, Column, asked_download, table_download
from fundapp.web.shell.language import gettext
from fundapp.web.shell.navigation import ROOMS
from fundapp.web.shell.viewer import only, viewer

blueprint = Blueprint("portal_grants", __name__, url_prefix="/portal/grants")
blueprint.before_request(only(*ROOMS["portal"]))


@dataclass(frozen=True, slots=True)
class OwnGrant:
    """One grant of the company's with everything its part of the page shows."""

    page: GrantPage
    burn: BurnShown
    busy: UtilisationShown | None
    events: tuple[EventShown, ...]


@blueprint.app_template_global()
def holds_grants() -> bool:
    """Return whether the viewer's companies have GPU time; asked once a request, and of applicants only."""
    if "holds_grants" not in g:
        g.holds_grants = False
        if viewer().has(Role.APPLICANT) and viewer().company_ids:
            with db().read() as session:
                g.holds_grants = bool(list_own_awards(session, viewer()))
    return bool(g.holds_grants)


@blueprint.get("")
def home() -> ResponseReturnValue:
    """List the awards of the viewer's companies, with what their alerts say."""
    today = utc_day(now())
    with db().read() as session:
        numbers = [number for number, _ in list_own_awards(session, viewer())]
        awards = [award_gpu(session, viewer(), number, today) for number in numbers]
        offers = [one for one in list_offers(session, viewer(), state="open") if one.award in numbers]
    return render_template(
        "portal/grants.html",
        awards=[show_award(one, today) for one in awards],
        offers=offers,
        remedy=remedy_address,
    )


@blueprint.get("/<number>")
def award(number: str) -> ResponseReturnValue:
    """Show an award's GPU time, grant by grant."""
    today, form = utc_day(now()), asked_download()
    with db().read() as session:
        _require_own(session, number)
        pages = award_pages(session, viewer(), number, today)
        offers = list_offers(session, viewer(), state="open", award=number)
    if form is not None:
        return table_download(f"{number}-GPU", _columns(), _cells(pages), form=form)
    alerts = [show_alert(row) for page in pages for row in page.alerts if row.state != "resolved"]
    return render_template(
        "portal/grant.html",
        number=number,
        company=pages[0].company,
        own=[
            _shown(page, today) for page in sorted(pages, key=lambda page: page.figures.standing.usable_until < today)
        ],
        alerts=alerts,
        offers=offers,
        remedy=remedy_address,
        ask=request_address,
        today=today,
    )


def _require_own(session: Session, number: str) -> None:
    """Refuse awards of others even to somebody who may see them in another room: this one is the companies' own.

    Raises:
        NotFoundError: if the award is not of one of the viewer's companies, or has no GPU time.
    """
    if number not in {own for own, _ in list_own_awards(session, viewer())}:
        raise NotFoundError


def _shown(page: GrantPage, today: date) -> OwnGrant:
    one = page.figures
    return OwnGrant(
        page,
        show_burn([one], {one.account: page.movements}, today),
        show_utilisation(page.utilisation),
        show_events(page),
    )


def _columns() -> list[Column]:
    return [Column(gettext("종류")), Column(gettext("분기")), *daily_columns()]


def _cells(pages: Sequence[GrantPage]) -> Iterator[list[Cell]]:
    for page in pages:
        one = page.figures
        yield from ([one.sku.upper(), one.quarter, *cells] for cells in daily_cells(page))
