"""GPU pools: what was given, and where each hour went."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from fundapp.allocation.actions import add_pool
from fundapp.allocation.queries import cash_headroom, list_investors, list_pools
from fundapp.core.access import Kind, Thing, Verb, may
from fundapp.core.errors import FundError, InvalidInputError, NotFoundError
from fundapp.web.operations.doing import REFUSED, may_open, show_fault
from fundapp.web.operations.door import blueprint
from fundapp.web.operations.forms import PoolForm
from fundapp.web.operations.stocked import show_pools
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.language import current_locale, gettext, pick
from fundapp.web.shell.viewer import viewer


@blueprint.get("/pools")
def pools_page() -> ResponseReturnValue:
    """Show every pool by SKU and quarter."""
    may_open(Kind.POOL)
    return _page(PoolForm())


def _page(form: PoolForm) -> str:
    with db().read() as session:
        pools = list_pools(session, viewer())
        cash = cash_headroom(session, viewer())
        investors = list_investors(session, viewer())
    given = [one for one in investors if one.kind == "in_kind"]
    form.offer_investors((one.code, pick(one.name_ko, one.name_en)) for one in given)
    return render_template(
        "operations/pools.html",
        shown=show_pools(pools),
        cash=cash,
        names={one.code: pick(one.name_ko, one.name_en) for one in investors},
        form=form if may(viewer(), Verb.EDIT, Thing(Kind.POOL)) else None,
    )


@blueprint.post("/pools")
def contribute() -> ResponseReturnValue:
    """Take in GPU time that an investor gives."""
    may_open(Kind.POOL, Verb.EDIT)
    form = PoolForm()
    with db().read() as session:
        form.offer_investors((one.code, one.name_ko) for one in list_investors(session, viewer()))
    if not form.validate_on_submit():
        return _page(form), REFUSED
    try:
        _contribute(form)
    except NotFoundError:
        raise
    except InvalidInputError as error:
        show_fault(form, error, "hours")
        return _page(form), REFUSED
    except FundError as error:
        form.hours.errors = [error.message(current_locale())]
        return _page(form), REFUSED
    flash(gettext("현물출자를 기록했습니다."), "ok")
    return redirect(url_for(".pools_page"))


def _contribute(form: PoolForm) -> None:
    db().transaction(
        lambda session: add_pool(
            session,
            investor=form.investor.data,
            sku=(form.sku.data or "").strip().lower(),
            region=(form.region.data or "").strip(),
            quarter=form.quarter.data or "",
            hours=form.to_hours(),
            rate_krw=form.rate_krw.data or 0,
            actor=viewer(),
            at=now(),
            key=form.key.data or "",
        )
    )
