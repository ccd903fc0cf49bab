"""GPU pools: what was given, where each hour went, what is given back, and cloud quota beside it."""

from __future__ import annotations

from decimal import Decimal

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from fundapp.allocation.actions import add_pool, return_pool_hours
from fundapp.allocation.queries import PoolRow, cash_headroom, list_investors, list_pools
from fundapp.core.access import Kind, Thing, Verb, may
from fundapp.core.errors import FundError, InvalidInputError, NotFoundError
from fundapp.core.quantities import Quantity, gpu_commodity
from fundapp.portfolio.actions import QuotaLine, record_quota
from fundapp.portfolio.queries import list_quota, quota_warnings
from fundapp.web.grants.change_words import QUOTA_WORDS, exact_hours
from fundapp.web.operations.doing import REFUSED, may_open, once_for, show_fault
from fundapp.web.operations.door import blueprint
from fundapp.web.operations.forms import PoolForm
from fundapp.web.operations.forms.changes import QuotaForm, ReturnForm
from fundapp.web.operations.stocked import show_pools
from fundapp.web.shell.clock import now
from fundapp.web.shell.database import db
from fundapp.web.shell.downloads import Cell, Column, asked_download, table_download
from fundapp.web.shell.language import gettext, pick
from fundapp.web.shell.refusals import say_refusal
from fundapp.web.shell.remembering import remembered_page
from fundapp.web.shell.viewer import viewer

_BACK, _QUOTA = "back-", "quota-"
"""Several forms on one page: their fields need names of their own."""


@blueprint.get("/pools")
@remembered_page
def pools_page() -> ResponseReturnValue:
    """Show every pool by SKU and quarter."""
    may_open(Kind.POOL)
    form = asked_download()
    if form is not None:
        with db().read() as session:
            rows = list_pools(session, viewer())
        return table_download(gettext("GPU 풀"), _columns(), map(_cells, rows), form=form)
    return _page(PoolForm(formdata=None))


def _page(form: PoolForm, giving_back: ReturnForm | None = None, quota: QuotaForm | None = None) -> str:
    with db().read() as session:
        pools = list_pools(session, viewer())
        cash = cash_headroom(session, viewer())
        investors = list_investors(session, viewer())
        lines = list_quota(session, viewer())
        warnings = quota_warnings(session, viewer(), now())
    given = [one for one in investors if one.kind == "in_kind"]
    form.offer_investors((one.code, pick(one.name_ko, one.name_en)) for one in given)
    giving_back = giving_back or ReturnForm(formdata=None, prefix=_BACK)
    giving_back.offer_pools(_choices(pools))
    changes = may(viewer(), Verb.EDIT, Thing(Kind.POOL))
    quota = quota or QuotaForm(formdata=None, prefix=_QUOTA)
    return render_template(
        "operations/pools.html",
        shown=show_pools(pools),
        cash=cash,
        names={one.code: pick(one.name_ko, one.name_en) for one in investors},
        form=form if changes else None,
        giving_back=giving_back if changes and pools else None,
        quota=quota if may(viewer(), Verb.EDIT, Thing(Kind.USAGE)) else None,
        lines=lines,
        warnings=warnings,
        quota_words=QUOTA_WORDS,
    )


def _choices(pools: list[PoolRow]) -> list[tuple[str, str]]:
    return [(row.account, f"{row.sku.upper()} {row.region} {row.quarter} · {row.investor}") for row in pools]


def _columns() -> list[Column]:
    return [
        Column(gettext("출자자")),
        Column(gettext("종류")),
        Column(gettext("리전")),
        Column(gettext("분기")),
        Column(gettext("출자"), "hours"),
        Column(gettext("돌려준 시간"), "hours"),
        Column(gettext("용량"), "hours"),
        Column(gettext("배정 약속"), "hours"),
        Column(gettext("보고 후 지급"), "hours"),
        Column(gettext("안건 예약"), "hours"),
        Column(gettext("대기자 제안"), "hours"),
        Column(gettext("소진"), "hours"),
        Column(gettext("만료"), "hours"),
        Column(gettext("여력"), "hours"),
        Column(gettext("협약 단가"), "won"),
    ]


def _cells(row: PoolRow) -> list[Cell]:
    return [
        row.investor,
        row.sku.upper(),
        row.region,
        row.quarter,
        row.contributed,
        row.returned,
        row.capacity,
        row.promised,
        row.unreleased,
        row.held,
        row.offered,
        row.used,
        row.expired,
        row.free,
        row.rate_krw,
    ]


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
        form.hours.errors = [say_refusal(error)]
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


@blueprint.post("/pools/returns")
def give_back() -> ResponseReturnValue:
    """Give free hours of a pool back to their contributor for good."""
    may_open(Kind.POOL, Verb.EDIT)
    form = ReturnForm(prefix=_BACK)
    with db().read() as session:
        form.offer_pools(_choices(list_pools(session, viewer())))
    if not form.validate_on_submit():
        return _page(PoolForm(formdata=None), giving_back=form), REFUSED
    try:
        _give_back(form)
    except NotFoundError:
        raise
    except InvalidInputError as error:
        show_fault(form, error, "hours")
        return _page(PoolForm(formdata=None), giving_back=form), REFUSED
    except FundError as error:
        form.hours.errors = [say_refusal(error)]
        return _page(PoolForm(formdata=None), giving_back=form), REFUSED
    flash(gettext("출자자에게 돌려준 시간을 기록했습니다."), "ok")
    return redirect(url_for(".pools_page"))


def _give_back(form: ReturnForm) -> None:
    account = form.account.data
    commodity = gpu_commodity(account.split(":")[2].upper())
    hours = Quantity(exact_hours(form.hours.data or Decimal(0)) or 0, commodity)
    db().transaction(
        lambda session: return_pool_hours(
            session,
            account=account,
            hours=hours,
            reason=form.reason.data or "",
            key=form.key.data or "",
            actor=viewer(),
            at=now(),
        )
    )


@blueprint.post("/pools/quota")
def note_quota() -> ResponseReturnValue:
    """Append a line about cloud quota."""
    may_open(Kind.USAGE, Verb.EDIT)
    form = QuotaForm(prefix=_QUOTA)
    if not form.validate_on_submit():
        return _page(PoolForm(formdata=None), quota=form), REFUSED
    line = QuotaLine(
        award=(form.award.data or "").strip().upper() or None,
        subscription=form.subscription.data or "",
        region=form.region.data or "",
        vm_family=form.vm_family.data or "",
        sku=form.sku.data or "",
        vcpus=form.vcpus.data or 0,
        vcpus_per_gpu=form.vcpus_per_gpu.data,
        state=form.state.data,
        dated_on=form.to_day(),
        source=form.source.data or "",
    )
    try:
        db().transaction(once_for(form, lambda session: record_quota(session, line=line, actor=viewer(), at=now())))
    except NotFoundError:
        form.award.errors = [gettext("그런 협약이 없습니다.")]
        return _page(PoolForm(formdata=None), quota=form), REFUSED
    except InvalidInputError as error:
        show_fault(form, error, "source")
        return _page(PoolForm(formdata=None), quota=form), REFUSED
    flash(gettext("클라우드 할당량을 기록했습니다."), "ok")
    return redirect(url_for(".pools_page", _anchor="quota"))
