from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from fund_factory import Case, Use, add_person, add_pool, decide, found_fund
from report_scene import AFTER, AUGUST, END, PAID, Q3, collect, freeze, pay, set_up, sign, use
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from fundapp.committee.tables import Condition
from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.errors import InvalidInputError, NotFoundError
from fundapp.core.files import stored_path
from fundapp.core.sessions import Database
from fundapp.portfolio.actions import (
    expire_grants,
    prepare_tranche,
)
from fundapp.portfolio.tables import Award, Tranche
from fundapp.reporting.actions import STORED_IN, build_report, freeze_quarter, sign_report
from fundapp.reporting.documents import from_document, to_document
from fundapp.reporting.queries import (
    compare_versions,
    dashboard,
    find_shelf,
    freeze_checklist,
    get_report,
    list_reports,
    trace_figure,
)
from fundapp.reporting.rules import FreezeRefusedError
from fundapp.reporting.tables import FrozenQuarter, ReportFile
from reports.rows import Flow, Remark, inputs_sha256


def test_cash_is_paid_in_when_called_and_invested_when_paid(db: Database, tmp_path: Path) -> None:
    set_up(db)
    use(db, tmp_path, Use(AUGUST, "120.5"))
    cash = [row for row in collect(db).flows if row.basis == "cash"]
    day = date(2026, 7, 10)
    assert cash == [
        Flow(day, "contribution", 50_000_001, "cash", "capital_call:AW-2026-0001:1", "kt"),
        Flow(day, "disbursement", 50_000_001, "cash", "disbursement:AW-2026-0001:1", company="AW-2026-0001"),
    ]


def test_gpu_time_is_paid_in_when_delivered_at_the_rate_of_its_pool(db: Database, tmp_path: Path) -> None:
    set_up(db)
    use(db, tmp_path, Use(AUGUST, "120.5"))
    in_kind = [row for row in collect(db).flows if row.basis == "in_kind"]
    assert [(row.effective_on, row.kind, row.amount_krw, row.investor, row.company) for row in in_kind] == [
        (AUGUST, "contribution", 626_600, "microsoft", "AW-2026-0001")
    ]
    assert in_kind[0].reference.startswith("usage:AW-2026-0001:h100:koreacentral:2026-08-03:")


def test_a_payment_after_midnight_in_seoul_belongs_to_the_next_quarter(db: Database) -> None:
    scene = set_up(db)
    pay(db, scene.one, scene.two, 2, datetime(2026, 9, 30, 15, 30, tzinfo=UTC))
    assert collect(db).holdings[0].cash_cost_krw == 50_000_001
    assert collect(db, date(2026, 10, 1)).holdings[0].cash_cost_krw == 100_000_001


def test_use_on_the_last_utc_day_belongs_to_the_quarter_although_seoul_has_gone_on(
    db: Database, tmp_path: Path
) -> None:
    set_up(db)
    use(db, tmp_path, Use(date(2026, 9, 30), "10"), Use(date(2026, 10, 1), "3"))
    rows = collect(db)
    assert [(row.day, row.sku, row.hours_e4, row.award) for row in rows.usage_by_day] == [
        (date(2026, 9, 30), "H100", 100_000, "AW-2026-0001")
    ]
    assert rows.gpu_awards[0].used_hours_e4 == 100_000


def test_gpu_lines_add_up_by_pool(db: Database, tmp_path: Path) -> None:
    set_up(db)
    use(db, tmp_path, Use(AUGUST, "120.5"))
    db.transaction(lambda s: expire_grants(s, actor=SYSTEM, at=AFTER))
    line = collect(db, date(2026, 10, 12)).gpu[0]
    assert (line.contributed_hours_e4, line.allocated_hours_e4) == (10_000_000, 4_000_000)
    assert (line.delivered_hours_e4, line.expired_hours_e4, line.remaining_hours_e4) == (1_205_000, 2_795_000, 0)


def test_lapses_carry_the_day_they_lapsed_and_late_use_takes_them_back(db: Database, tmp_path: Path) -> None:
    """279.5 of 400 h lapse in October at 5,200 won; 10 h of them turn out to have been used in August."""
    set_up(db)
    use(db, tmp_path, Use(AUGUST, "120.5"))
    db.transaction(lambda s: expire_grants(s, actor=SYSTEM, at=AFTER))
    later = date(2026, 12, 31)
    (lapse,) = collect(db, later).lapses or ()
    assert (lapse.investor, lapse.value_krw_e4) == ("microsoft", 2_795_000 * 5_200)
    assert collect(db, lapse.lapsed_on - timedelta(days=1)).lapses == ()
    use(db, tmp_path, Use(AUGUST, "130.5"))
    rows = collect(db, later)
    assert sum(row.value_krw_e4 for row in rows.lapses or ()) == rows.gpu[0].expired_hours_e4 * 5_200


def test_a_version_frozen_before_lapses_were_dated_is_not_frozen_again_for_them(db: Database) -> None:
    set_up(db)
    kept = freeze(db)

    def forget(session: Session) -> None:
        frozen = session.scalars(select(FrozenQuarter)).one()
        rows = dataclasses.replace(from_document(frozen.inputs), lapses=None)
        session.expunge(frozen)
        session.add(
            FrozenQuarter(
                quarter=frozen.quarter,
                version=2,
                inputs=to_document(rows),
                inputs_sha256=inputs_sha256(rows),
                frozen_by="earlier",
                frozen_at=AFTER,
            )
        )

    db.transaction(forget)
    again = freeze(db)
    assert (kept.version, again.version, again.created) == (1, 2, False)


def test_overage_and_lapsed_time_never_count_as_paid_in(db: Database, tmp_path: Path) -> None:
    set_up(db)
    use(db, tmp_path, Use(AUGUST, "500"))
    rows = collect(db)
    assert sum(row.amount_krw for row in rows.flows if row.basis == "in_kind") == 400 * 5200
    assert [remark.kind for remark in rows.remarks] == ["note"]
    assert "100 GPU시간" in rows.remarks[0].text


def test_support_without_equity_leaves_net_asset_value(db: Database, tmp_path: Path) -> None:
    set_up(db, instrument="none")
    use(db, tmp_path, Use(AUGUST, "120.5"))
    freeze(db)
    with db.read() as session:
        page = get_report(session, SYSTEM_PARTNER, Q3)
    assert page.preview.figures.total.multiples.nav_krw == 0
    assert page.preview.figures.bridge.support_krw == 50_000_001 + 626_600


SYSTEM_PARTNER = Viewer(None, name="p", roles=frozenset({"partner"}), investor="kt")


def test_metrics_tie_to_the_ledger_and_the_bridge_leaves_no_won(db: Database, tmp_path: Path) -> None:
    set_up(db)
    use(db, tmp_path, Use(AUGUST, "120.5"))
    freeze(db)
    built = build_report(db, Q3, tmp_path / "out")
    assert built.metrics["total.paid_in"] == 50_000_001 + 626_600
    assert built.metrics["total.nav"] == 50_626_601
    assert built.metrics["bridge.cash_in"] == 50_000_001
    assert built.metrics["bridge.in_kind_in"] == 626_600
    assert built.metrics["bridge.closing"] == 50_626_601
    assert built.metrics["total.tvpi"] == "1.00000000"


def test_rows_survive_the_document_unchanged(db: Database, tmp_path: Path) -> None:
    set_up(db)
    use(db, tmp_path, Use(AUGUST, "120.5"))
    rows = collect(db)
    assert from_document(json.loads(json.dumps(to_document(rows)))) == rows


def test_freezing_again_without_changes_gives_the_same_version(db: Database, tmp_path: Path) -> None:
    set_up(db)
    use(db, tmp_path, Use(AUGUST, "120.5"))
    first = freeze(db)
    again = freeze(db)
    assert (first.version, first.created) == (1, True)
    assert (again.version, again.created, again.inputs_sha256) == (1, False, first.inputs_sha256)


def test_a_restated_quarter_is_a_new_version_that_says_what_changed(db: Database, tmp_path: Path) -> None:
    set_up(db)
    use(db, tmp_path, Use(AUGUST, "120.5"))
    freeze(db)
    use(db, tmp_path, Use(AUGUST, "100"))
    second, third = freeze(db), freeze(db)
    assert (second.version, second.created, third.version, third.created) == (2, True, 2, False)
    with db.read() as session:
        stored = session.scalars(select(FrozenQuarter).where(FrozenQuarter.version == 2)).one()
    errata = [remark.text for remark in from_document(stored.inputs).remarks if remark.kind == "erratum"]
    assert errata == ["1판 대비: 납입 50,626,601원 → 50,520,001원, NAV 50,626,601원 → 50,520,001원 (모두 66곳)"]


def test_a_version_that_differs_by_a_reason_alone_names_both_reasons(db: Database, tmp_path: Path) -> None:
    set_up(db)
    use(db, tmp_path, Use(AUGUST, "4", tag=""))
    freeze(db, accept_suspense=True, reason="태그 확인 중")
    assert freeze(db, accept_suspense=True, reason="계정 확인 중").version == 2
    with db.read() as session:
        stored = session.scalars(select(FrozenQuarter).where(FrozenQuarter.version == 2)).one()
        found = compare_versions(session, SYSTEM, Q3, 1, 2)
    errata = [remark.text for remark in from_document(stored.inputs).remarks if remark.kind == "erratum"]
    assert errata == ["1판 대비: 주요 지표는 그대로이고 세부 내역이 바뀌었습니다 (모두 2곳)"]
    told = [(one.change, one.before, one.after) for one in found if one.line == "정책"]
    unmapped = "주인을 모르는 GPU 사용 4 GPU시간, 계정 1개"
    assert told == [
        ("added", "", f"{unmapped} (확정 사유: 계정 확인 중)"),
        ("removed", f"{unmapped} (확정 사유: 태그 확인 중)", ""),
    ]


def test_versions_that_differ_in_what_went_well_and_badly_name_the_sentences(db: Database) -> None:
    set_up(db)
    freeze(db, remarks=(Remark("highlight", "첫 집행"), Remark("lowlight", "사용 보고가 늦습니다")))
    freeze(db, remarks=(Remark("highlight", "첫 집행과 첫 협약"), Remark("lowlight", "사용 보고가 늦습니다")))
    with db.read() as session:
        found = compare_versions(session, SYSTEM, Q3, 1, 2)
    told = [(one.section, one.line, one.change, one.before, one.after) for one in found if not one.table_key]
    assert told == [(1, "잘된 점", "added", "", "첫 집행과 첫 협약"), (1, "잘된 점", "removed", "첫 집행", "")]


def test_a_report_is_built_from_what_was_frozen_and_not_from_what_came_later(db: Database, tmp_path: Path) -> None:
    set_up(db)
    use(db, tmp_path, Use(AUGUST, "120.5"))
    freeze(db)
    before = build_report(db, Q3, tmp_path / "one").files["json"]
    use(db, tmp_path, Use(AUGUST, "100"))
    after = build_report(db, Q3, tmp_path / "two").files["json"]
    assert before.read_bytes() == after.read_bytes()


def test_the_same_history_in_another_database_on_another_day_gives_the_same_bytes(
    db: Database, sqlite_template: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "other.db"
    copy.write_bytes(sqlite_template.read_bytes())
    other = Database(f"sqlite:///{copy}")
    contents = []
    for place, database in enumerate((db, other)):
        set_up(database)
        use(database, tmp_path, Use(AUGUST, "120.5"), Use(AUGUST + timedelta(days=1), "3.25"))
        later = AFTER + timedelta(days=place)
        database.transaction(lambda s, later=later: freeze_quarter(s, quarter=Q3, actor=SYSTEM, at=later))
        files = build_report(database, Q3, tmp_path / str(place)).files
        contents.append([files["json"].read_bytes(), *(file.read_bytes() for file in files["csv"])])
    other.dispose()
    assert contents[0] == contents[1]


def test_no_random_identifier_is_frozen(db: Database, tmp_path: Path) -> None:
    set_up(db)
    use(db, tmp_path, Use(AUGUST, "120.5"))
    freeze(db)
    with db.read() as session:
        text = json.dumps(session.scalars(select(FrozenQuarter.inputs)).one())
        ids = [str(value) for value in session.scalars(select(Award.application_id)).all()]
    assert not [one for one in ids if one in text]
    assert "reserve:" not in text


def test_suspense_blocks_the_freeze_until_it_is_accepted_with_a_reason(db: Database, tmp_path: Path) -> None:
    set_up(db)
    use(db, tmp_path, Use(AUGUST, "4", tag=""))
    with pytest.raises(FreezeRefusedError, match="4 GPU-hours of 1 owners in suspense"):
        freeze(db)
    with pytest.raises(InvalidInputError):
        freeze(db, accept_suspense=True)
    assert freeze(db, accept_suspense=True, reason="태그 확인 중").created
    with db.read() as session:
        stored = session.scalars(select(FrozenQuarter.inputs)).one()
    notes = [remark.text for remark in from_document(stored).remarks]
    assert notes == ["주인을 모르는 GPU 사용 4 GPU시간, 계정 1개 (확정 사유: 태그 확인 중)"]


def test_accepted_suspense_stays_accepted_as_long_as_it_is_the_same(db: Database, tmp_path: Path) -> None:
    set_up(db)
    use(db, tmp_path, Use(AUGUST, "4", tag=""))
    freeze(db, accept_suspense=True, reason="태그 확인 중")
    again = freeze(db)
    assert (again.version, again.created) == (1, False)
    use(db, tmp_path, Use(AUGUST, "5", tag=""))
    with pytest.raises(FreezeRefusedError):
        freeze(db)


def test_suspense_of_another_quarter_does_not_block(db: Database, tmp_path: Path) -> None:
    set_up(db)
    use(db, tmp_path, Use(date(2026, 10, 1), "4", tag=""))
    assert freeze(db).created


def test_a_tranche_between_two_signatures_blocks_the_freeze(db: Database) -> None:
    def prepare(session: Session) -> tuple[Case, Viewer]:
        found_fund(session)
        return decide(session, hours=[(add_pool(session), 400)]), add_person(session, "Han", "finance")

    case, one = db.transaction(prepare)
    sign(db, case)
    with db.read() as session:
        first = session.scalars(select(Tranche).where(Tranche.number == 1)).one()
    assert first.due_on <= END
    db.transaction(lambda s: prepare_tranche(s, tranche_id=first.id, evidence="x", actor=one, at=PAID))
    with pytest.raises(FreezeRefusedError, match="AW-2026-0001/1"):
        freeze(db)
    with db.read() as session:
        assert [(check.key, check.ok) for check in freeze_checklist(session, SYSTEM, Q3)] == [
            ("suspense", True),
            ("tranches", False),
        ]


def test_a_tranche_that_is_due_after_the_quarter_is_no_matter_of_its_freeze(db: Database) -> None:
    scene = set_up(db)
    with db.read() as session:
        second = session.scalars(select(Tranche).where(Tranche.number == 2)).one()
    assert second.due_on > END
    db.transaction(lambda s: prepare_tranche(s, tranche_id=second.id, evidence="x", actor=scene.one, at=AFTER))
    assert freeze(db).created
    with db.read() as session:
        ready = {str(one): [check.ok for check in freeze_checklist(session, SYSTEM, one)] for one in (Q3, Q3.next)}
    assert ready == {"2026Q3": [True, True], "2026Q4": [True, False]}


def test_preparers_remarks_are_part_of_what_is_frozen(db: Database) -> None:
    set_up(db)
    assert freeze(db).version == 1
    assert freeze(db, remarks=(Remark("highlight", "첫 집행"),)).version == 2
    assert freeze(db).version == 2
    assert freeze(db, remarks=()).version == 3


def test_files_are_kept_by_hash_and_recorded_once(db: Database, tmp_path: Path) -> None:
    set_up(db)
    freeze(db)
    store = (tmp_path / "files").as_posix()
    built = build_report(db, Q3, tmp_path / "out", files_url=store)
    build_report(db, Q3, tmp_path / "again", files_url=store)
    with db.read() as session:
        rows = list(session.scalars(select(ReportFile)))
    # PDF, workbook, JSON, company pages; each table twice.
    assert len(rows) == 4 + 2 * len(built.files["csv"])
    for row in rows:
        content = Path(stored_path(store, STORED_IN, row.sha256)).read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (row.sha256, row.bytes)


def test_both_partners_and_the_fund_approve_and_the_files_of_each_state_are_kept(db: Database, tmp_path: Path) -> None:
    scene = set_up(db)
    freeze(db)
    build_report(db, Q3, tmp_path / "out")

    def work(session: Session) -> tuple[Viewer, Viewer]:
        kt = add_person(session, "Ko", "partner", investor="kt")
        return kt, add_person(session, "Mi", "partner", investor="microsoft")

    kt, microsoft = db.transaction(work)

    def put(side: str, actor: Viewer) -> str:
        return db.transaction(lambda s: sign_report(s, quarter=Q3, version=1, side=side, actor=actor, at=AFTER))

    with pytest.raises(NotFoundError):
        put("microsoft", kt)
    assert [put("fund", scene.one), put("kt", kt), put("kt", kt), put("microsoft", microsoft)] == [
        "reviewed",
        "reviewed",
        "reviewed",
        "approved",
    ]
    first = freeze(db)
    assert (first.version, first.created) == (1, False)
    build_report(db, Q3, tmp_path / "signed")
    with db.read() as session:
        page = get_report(session, kt, Q3)
        assert page.row.status == "approved"
        assert sum(file.name.endswith(".pdf") for file in page.files) == 4


def test_a_quarter_that_was_never_frozen_has_no_report(db: Database, tmp_path: Path) -> None:
    set_up(db)
    with pytest.raises(NotFoundError):
        build_report(db, Q3, tmp_path)


def test_an_applicant_sees_no_report_and_no_dashboard(db: Database) -> None:
    set_up(db)
    applicant = Viewer(None, roles=frozenset({"applicant"}))
    with db.read() as session:
        for ask in (list_reports, lambda s, v: dashboard(s, v, at=AFTER), lambda s, v: get_report(s, v, Q3)):
            with pytest.raises(NotFoundError):
                ask(session, applicant)


def everything(value: object) -> str:
    if is_dataclass(value) and not isinstance(value, type):
        return " ".join(everything(getattr(value, field.name)) for field in fields(value))
    if isinstance(value, dict):
        return " ".join(everything(item) for item in value.values())
    if isinstance(value, tuple | list):
        return " ".join(everything(item) for item in value)
    return str(value)


def test_partners_see_cash_and_gpu_side_by_side_and_no_applicant_that_is_not_funded(
    db: Database, tmp_path: Path
) -> None:
    set_up(db)
    use(db, tmp_path, Use(AUGUST, "120.5"))

    def work(session: Session) -> None:
        decide(session, business_number="2234567895", name="미협약상사", krw=30_000_000, conditions=("점검 통과",))

    db.transaction(work)
    with db.read() as session:
        shown = dashboard(session, SYSTEM_PARTNER, at=AFTER)
        assert session.scalars(select(Condition)).all() != []
    assert (shown.cash.committed_krw, shown.cash.paid_in_krw) == (1_000_000_000, 50_000_001)
    assert (shown.cash.awarded_krw, shown.cash.held_krw) == (100_000_001, 30_000_000)
    assert shown.cash.headroom_krw == 1_000_000_000 - 100_000_001 - 30_000_000
    assert (shown.gpu.contributed_hours_e4, shown.gpu.delivered_hours_e4) == (10_000_000, 1_205_000)
    assert shown.gpu.headroom_hours_e4 == 6_000_000
    assert shown.bridge.difference_krw == 0
    assert [(stage.stage, stage.count) for stage in shown.funnel][0::5] == [("applied", 2), ("awarded", 1)]
    assert {"value_bridge", "gpu_pool", "funnel"} <= shown.charts.keys()
    assert all(chart.page_svg.startswith("<svg") for chart in shown.charts.values())
    assert "가온시험" in everything(shown)
    assert "미협약상사" not in everything(shown)
    assert "비밀 과제" not in everything(shown)


def test_a_list_of_reports_takes_two_statements_however_long_it_is(db: Database) -> None:
    set_up(db)
    for place in range(3):
        freeze(db, remarks=(Remark("highlight", f"{place}"),))
    statements: list[str] = []

    def count(*args: object) -> None:
        statements.append(str(args[2]))

    event.listen(db.engine, "before_cursor_execute", count)
    with db.read() as session:
        rows = list_reports(session, SYSTEM_PARTNER)
    event.remove(db.engine, "before_cursor_execute", count)
    assert [(row.version, row.newest) for row in rows] == [(3, True), (2, False), (1, False)]
    assert len([one for one in statements if one.startswith("SELECT")]) == 2


def test_a_member_recused_from_a_funded_company_opens_no_report(db: Database) -> None:
    set_up(db)
    freeze(db)
    with db.read() as session:
        award = session.scalars(select(Award)).one()
        member = Viewer(None, roles=frozenset({"committee"}))
        recused = Viewer(None, roles=frozenset({"committee"}), recused_from=frozenset({award.application_id}))
        insider = Viewer(None, roles=frozenset({"committee"}), company_ids=frozenset({award.company_id}))
        questions = (
            list_reports,
            lambda s, v: dashboard(s, v, at=AFTER),
            lambda s, v: get_report(s, v, Q3),
            lambda s, v: trace_figure(s, v, Q3, 1, "total.paid_in"),
            lambda s, v: find_shelf(s, v, Q3, 1, "ko"),
        )
        for ask in questions[:3]:
            ask(session, member)
        for viewer in (recused, insider):
            for ask in questions:
                with pytest.raises(NotFoundError):
                    ask(session, viewer)
