"""Act three: awards are signed and paid, GPU time is used, valuations are made."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from fundapp.committee.queries import DecisionRow, list_decisions
from fundapp.core.quarters import Quarter, kst_date
from fundapp.demonstration.stage import Stage
from fundapp.portfolio.actions import (
    approve_valuation,
    call_expense,
    disburse_tranche,
    expire_grants,
    prepare_tranche,
    prepare_valuation,
    sign_award,
)
from fundapp.portfolio.queries import AwardRow, award_page, list_awards, list_usage_imports
from fundapp.portfolio.rules import Mark
from fundapp.portfolio.usage import import_usage

_INSTRUMENTS = ("RCPS", "RCPS", "CB", "SAFE")
_TECHNIQUES = (
    ("recent_price", "2분기 투자 가격을 기준점으로 두고 시범 고객 전환과 현금 소진을 다시 맞춤"),
    ("milestone", "계획한 이정표를 지나 진입 시점 가정을 상향함"),
    ("entry_price", "진입 뒤 바뀐 사정이 없어 투자 가격을 그대로 둠"),
)
_MILESTONE = "시범 고객 검증을 마치고 유료 전환을 준비함. 현금 소진은 계획 안에 있음"
_INPUT = {"name": "유료 전환 고객", "entry": "0곳", "now": "2곳", "source": "기업 분기 보고"}


def decisions(stage: Stage) -> list[DecisionRow]:
    """Return the call's decisions by application number."""
    with stage.database.read() as session:
        rows = list_decisions(session, stage.one("analyst"), stage.scenario.call)
    return sorted(rows, key=lambda row: row.number)


def sign(stage: Stage) -> None:
    """Sign an award for every carried decision, in the order of application numbers."""
    finance, at = stage.one("finance"), stage.when("award_signing")
    signed = {row.application_number for row in _awards(stage)}
    for decision in decisions(stage):
        if decision.outcome != "carried" or decision.number in signed:
            continue
        draw = stage.scenario.draw("instrument", decision.number)
        instrument = _INSTRUMENTS[int(draw * len(_INSTRUMENTS))] if decision.approved_krw else "none"
        stage.write(
            lambda s, d=decision, i=instrument: sign_award(  # type: ignore[misc]
                s,
                decision_id=d.decision_id,
                instrument=i,
                key=f"demo:sign:{d.number}",
                actor=finance,
                at=at,
                signed_on=kst_date(at),
            )
        )


def _awards(stage: Stage) -> list[AwardRow]:
    with stage.database.read() as session:
        rows = list_awards(session, stage.one("finance"), call=stage.scenario.call)
    return sorted(rows, key=lambda row: row.number)


def pay_first_tranches(stage: Stage) -> None:
    """Call the capital and pay each first tranche: the analyst prepares, finance approves."""
    analyst, finance = stage.one("analyst"), stage.one("finance")
    called, paid = stage.when("capital_call"), stage.when("first_tranche")
    for award in _awards(stage):
        with stage.database.read() as session:
            first = next(iter(award_page(session, finance, award.number).tranches), None)
        if first is None or first.state == "disbursed":
            continue

        def work(session: Session, award: AwardRow = award) -> None:
            tranche = next(iter(award_page(session, finance, award.number).tranches))
            if tranche.state == "planned":
                prepare_tranche(session, tranche_id=tranche.id, actor=analyst, at=called)
            disburse_tranche(session, tranche_id=tranche.id, key=f"demo:pay:{award.number}:1", actor=finance, at=paid)

        stage.write(work)


def charge_fee(stage: Stage) -> None:
    """Call and pay the quarter's management fee: so many basis points a year of the promised cash."""
    script = stage.scenario.document
    terms, at = script["management_fee"], stage.when("capital_call")
    promised = next(item for item in script["fund"]["commitments"] if item["form"] == "cash")
    yearly = promised["amount_krw"] * terms["rate_basis_points"] // 10_000
    stage.write(
        lambda s: call_expense(
            s,
            expense="management-fee",
            quarter=Quarter.parse(terms["first_period"]),
            amount_krw=yearly // 4,
            effective_on=kst_date(at),
            actor=stage.one("finance"),
            at=at,
        )
    )


def use(stage: Stage) -> int:
    """Import the usage exports in the order they arrived; let what was not used expire. Return the usage rows read.

    A file that has been read is not read again: a later file restates it, and reading the older one once more
    would put the older figures back.
    """
    finance = stage.one("finance")
    with stage.database.read() as session:
        read = {row.file_name for row in list_usage_imports(session, finance)}
    for place, path in enumerate(stage.scenario.usage_files):
        if path.name not in read:
            stage.tell(f"usage: {path.name}")
            at = stage.when("usage_import") + timedelta(minutes=5 * place)
            import_usage(stage.database, path, actor=finance, at=at)
    after = stage.when("usage_import") + timedelta(hours=2)
    stage.write(lambda s: expire_grants(s, actor=finance, at=after))
    with stage.database.read() as session:
        return sum(int(str(row.summary["usage_rows"])) for row in list_usage_imports(session, finance))


def value(stage: Stage) -> None:
    """Record a fair value for every third holding at the quarter's end; the others stand at cost."""
    quarter = Quarter.parse(stage.scenario.quarter)
    analyst, finance, at = stage.one("analyst"), stage.one("finance"), stage.when("usage_import") + timedelta(days=3)
    for award in _awards(stage):
        if not award.disbursed_krw or stage.scenario.draw("valued", award.number) > 1 / 3:
            continue
        with stage.database.read() as session:
            if award_page(session, finance, award.number).valuations:
                continue
        technique, note = _TECHNIQUES[int(stage.scenario.draw("technique", award.number) * len(_TECHNIQUES))]
        change = 0.85 + 0.4 * stage.scenario.draw("change", award.number)
        fair = award.disbursed_krw if technique == "entry_price" else int(round(award.disbursed_krw * change, -6))
        mark = Mark(
            fair_value_krw=fair,
            technique=technique,
            inputs=() if technique == "entry_price" else (_INPUT,),
            milestone_status=_MILESTONE,
            calibration_note=note,
            round_price_krw=award.disbursed_krw if technique == "recent_price" else None,
        )

        def work(session: Session, award: AwardRow = award, mark: Mark = mark) -> None:
            draft = prepare_valuation(session, award_id=award.id, quarter=quarter, mark=mark, actor=analyst, at=at)
            approve_valuation(session, draft_id=draft, actor=finance, at=at)

        stage.write(work)
