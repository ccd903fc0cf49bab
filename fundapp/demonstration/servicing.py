"""Act four: awards run. Terms and rounds are on file, a call is out, the company asks, somebody watches the hours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from fundapp.core.quantities import HOUR
from fundapp.core.quarters import Quarter, kst_date
from fundapp.demonstration.scenario import as_date
from fundapp.demonstration.stage import Stage
from fundapp.portfolio.actions import (
    Asked,
    QuotaLine,
    Reported,
    add_milestone,
    apply_overage_policy,
    approve_change,
    complete_milestone,
    draft_calls,
    expect_milestone,
    issue_call,
    record_metrics,
    record_quota,
    record_round,
    record_terms,
    request_change,
    watch_grants,
)
from fundapp.portfolio.queries import (
    AwardRow,
    award_page,
    list_awards,
    list_callable,
    list_capital_calls,
    list_changes,
    list_metrics,
    list_milestones,
    list_quota,
    load_rounds,
    load_terms,
)
from fundapp.portfolio.rules.ownership import Round
from fundapp.portfolio.tables import Grant


def serve(stage: Stage, number: str) -> None:
    """Play everything that happens to running awards; `number` is the application of the applicant's company."""
    with stage.database.read() as session:
        awards = sorted(
            list_awards(session, stage.one("finance"), call=stage.scenario.call), key=lambda row: row.number
        )
    own = next(award for award in awards if award.application_number == number)
    write_terms(stage, awards)
    develop(stage, own)
    call_second_tranches(stage, awards)
    note_quota(stage, awards)
    ask_for_changes(stage, own)
    watch(stage)


def _script(stage: Stage) -> dict[str, Any]:
    script: dict[str, Any] = stage.scenario.document["servicing"]
    return script


def write_terms(stage: Stage, awards: Sequence[AwardRow]) -> None:
    """File the terms of every agreement, and the financing round that it was part of."""
    analyst, at = stage.one("analyst"), stage.when("award_signing") + timedelta(days=1)
    for award in awards:
        if not award.committed_krw:
            continue

        def work(session: Session, award: AwardRow = award) -> None:
            if not load_terms(session, award.id):
                terms, note = _terms(_script(stage), award)
                record_terms(session, award_id=award.id, terms=terms, note=note, actor=analyst, at=at)
            if award.instrument == "RCPS" and not load_rounds(session, award.id):
                record_round(
                    session,
                    award_id=award.id,
                    name="Series A",
                    closed_on=award.signed_on,
                    figures=_round(_script(stage), award),
                    insider_only=False,
                    source="주주명부 (협약일 기준)",
                    actor=analyst,
                    at=at,
                )

        stage.write(work)


def _terms(script: dict[str, Any], award: AwardRow) -> tuple[dict[str, object], str]:
    """Return the terms of an award's instrument, and why they may buy a little less than was committed."""
    points, price = script["terms_bp"], script["share_price_krw"]
    years = {"maturity": award.signed_on.replace(year=award.signed_on.year + 5)}
    terms: dict[str, dict[str, object]] = {
        "RCPS": {
            "price_krw": price,
            "shares": award.committed_krw // price,
            "conversion_price_krw": price,
            "redemption_from": award.signed_on.replace(year=award.signed_on.year + 3),
            "redemption_interest_bp": points["redemption_interest_bp"],
            "liquidation_bp": points["liquidation_bp"],
        },
        "CB": {
            "principal_krw": award.committed_krw,
            "coupon_bp": points["coupon_bp"],
            "ytm_bp": points["ytm_bp"],
            "conversion_price_krw": price,
            **years,
        },
        "common": {"price_krw": price, "shares": award.committed_krw // price},
        "SAFE": {"valuation_cap_krw": award.committed_krw * 20, "discount_bp": points["discount_bp"]},
    }
    return terms.get(award.instrument, {}), "한 주에 못 미치는 금액은 자본잉여금으로 납입함"


def _round(script: dict[str, Any], award: AwardRow) -> Round:
    price = script["share_price_krw"]
    ours = award.committed_krw // price
    before = ours * script["pre_money_per_award"]
    return Round(
        pre_money_krw=before * price,
        new_money_krw=ours * price,
        price_krw=price,
        total_shares=before + ours,
        our_shares=ours,
    )


def develop(stage: Stage, award: AwardRow) -> None:
    """Agree on the steps of joint development, record those that are done, and file the company's quarters."""
    analyst, script = stage.one("analyst"), _script(stage)
    agreed, now = stage.when("award_signing") + timedelta(days=2), stage.when("usage_import") + timedelta(days=1)

    def work(session: Session) -> None:
        if not list_milestones(session, analyst, award.id):
            for line in script["milestones"]:
                _step(session, stage, award, line, agreed, now)
        if not list_metrics(session, analyst, award.id):
            for line in script["metrics"]:
                figures = {key: Reported(*value) for key, value in line.items() if key != "quarter"}
                quarter = Quarter.parse(line["quarter"])
                source = f"기업 제출 {kst_date(now)}"
                record_metrics(
                    session, award_id=award.id, quarter=quarter, figures=figures, source=source, actor=analyst, at=now
                )

    stage.write(work)


def _step(
    session: Session, stage: Stage, award: AwardRow, line: dict[str, Any], agreed: datetime, now: datetime
) -> None:
    analyst = stage.one("analyst")
    step = add_milestone(
        session,
        award_id=award.id,
        track=line["track"],
        text=line["text_ko"],
        planned_on=as_date(line["planned_on"]),
        actor=analyst,
        at=agreed,
    )
    if "done_on" in line:
        done = as_date(line["done_on"])
        complete_milestone(session, milestone_id=step, done_on=done, result=line["result_ko"], actor=analyst, at=now)
    elif "expected_on" in line:
        later = as_date(line["expected_on"])
        expect_milestone(session, milestone_id=step, expected_on=later, reason=line["result_ko"], actor=analyst, at=now)


def call_second_tranches(stage: Stage, awards: Sequence[AwardRow]) -> None:
    """Draft and issue a capital call for the second tranches of the first awards; KT has not paid it yet."""
    analyst, finance, script = stage.one("analyst"), stage.one("finance"), _script(stage)
    at = stage.when("usage_import") + timedelta(days=2)
    wanted = {award.number for award in [one for one in awards if one.committed_krw][: script["called_awards"]]}

    def work(session: Session) -> None:
        if any(call.note == script["call_note_ko"] for call in list_capital_calls(session, finance, at)):
            return
        due = [row.id for row in list_callable(session, analyst) if row.award in wanted]
        numbers = draft_calls(
            session,
            tranche_ids=due,
            due_on=as_date(script["call_due_on"]),
            note=script["call_note_ko"],
            actor=analyst,
            at=at,
        )
        for number in numbers:
            issue_call(session, number=number, actor=finance, at=at)

    stage.write(work)


def note_quota(stage: Stage, awards: Sequence[AwardRow]) -> None:
    """Note the vCPU quota that Microsoft approved for the first awards' subscriptions; the last is only requested."""
    finance, script = stage.one("finance"), _script(stage)
    at = stage.when("award_signing") + timedelta(days=3)
    chosen = [award for award in awards if award.gpu][: script["quota_awards"]]

    def work(session: Session) -> None:
        if list_quota(session, finance):
            return
        for place, award in enumerate(chosen):
            sku = award.gpu[0].sku
            record_quota(
                session,
                line=QuotaLine(
                    award=award.number,
                    subscription=f"{script['quota_subscription']}-{award.number.lower()}",
                    region="koreacentral",
                    vm_family=f"NC{sku.upper()}",
                    sku=sku,
                    vcpus=script["vcpus_per_gpu"] * 16,
                    vcpus_per_gpu=script["vcpus_per_gpu"],
                    state="requested" if place == len(chosen) - 1 else "approved",
                    dated_on=kst_date(at),
                    source="Azure 포털 할당량 요청",
                ),
                actor=finance,
                at=at,
            )

    stage.write(work)


def ask_for_changes(stage: Stage, award: AwardRow) -> None:
    """Let the company give some hours back, which staff accept, and ask for longer use, which is still open."""
    applicant, analyst = stage.one("applicant"), stage.one("analyst")
    at = stage.when("usage_import") + timedelta(days=3)
    with stage.database.read() as session:
        if list_changes(session, analyst, award=award.number):
            return
        grants = [
            grant for grant in award_page(session, analyst, award.number).grants if grant.usable_until > at.date()
        ]
    if not grants:
        return
    last = max(grants, key=lambda grant: (grant.quarter, grant.sku))
    key = f"demo:change:{award.number}"

    def work(session: Session) -> None:
        grant_id = session.query(Grant.id).filter(Grant.account == last.account).scalar()
        given = Asked(
            "early_return", "모델을 줄여 일부 시간을 쓰지 않게 됨", hours_e4=last.remaining_e4 // 10 // HOUR * HOUR
        )
        longer = Asked("extension", "말뭉치 검수가 늦어 두 달 더 씀", until=last.usable_until + timedelta(days=60))
        if given.hours_e4:
            back = request_change(session, grant_id=grant_id, asked=given, key=f"{key}:return", actor=applicant, at=at)
            approve_change(session, change_id=back.id, reason="남는 시간을 풀로 되돌림", actor=analyst, at=at)
        request_change(session, grant_id=grant_id, asked=longer, key=f"{key}:longer", actor=applicant, at=at)

    stage.write(work)


def watch(stage: Stage) -> None:
    """Do what the nightly jobs do: overage policy and alerts."""
    finance, at = stage.one("finance"), stage.when("usage_import") + timedelta(days=4)
    stage.write(lambda s: apply_overage_policy(s, actor=finance, at=at))
    stage.write(lambda s: watch_grants(s, actor=finance, at=at))
