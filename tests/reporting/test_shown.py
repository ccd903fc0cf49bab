from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from fund_factory import SIGNED_AT, Use, add_pool, decide, found_fund, write_usage
from sqlalchemy.orm import Session

from fundapp.core.access import SYSTEM, Viewer
from fundapp.core.errors import NotFoundError
from fundapp.core.quarters import Quarter
from fundapp.core.sessions import Database
from fundapp.portfolio.actions import import_usage, sign_award
from fundapp.reporting.actions import StoredFile, build_report, freeze_quarter
from fundapp.reporting.filing import format_of
from fundapp.reporting.queries import (
    dashboard,
    find_file,
    find_shelf,
    frozen_dashboard,
    get_report,
    read_file,
    show_moves,
    trace_figure,
)

Q3 = Quarter(2026, 3)
LATE = datetime(2026, 9, 30, 3, 0, tzinfo=UTC)
PARTNER = Viewer(None, name="p", roles=frozenset({"partner"}), investor="kt")
APPLICANT = Viewer(None, roles=frozenset({"applicant"}))


@pytest.fixture
def frozen(db: Database, tmp_path: Path) -> Database:
    """An award of 100,000,001 won and 400 h of 1,000 h at 5,200 won, of which 120.5 h were used."""

    def prepare(session: Session) -> None:
        found_fund(session)
        case = decide(session, hours=[(add_pool(session), 400)])
        sign_award(
            session,
            decision_id=case.decision_id,
            instrument="RCPS",
            key="sign",
            actor=SYSTEM,
            at=SIGNED_AT,
            signed_on=date(2026, 7, 1),
        )

    db.transaction(prepare)
    usage = write_usage(tmp_path / "usage.csv", [Use(date(2026, 8, 3), "120.5")])
    import_usage(db, usage, actor=SYSTEM, at=LATE)
    db.transaction(lambda s: freeze_quarter(s, quarter=Q3, actor=SYSTEM, at=LATE))
    return db


def test_a_frozen_quarter_leaves_the_headroom_that_the_ledger_leaves(frozen: Database) -> None:
    with frozen.read() as session:
        kept, today = frozen_dashboard(session, PARTNER, Q3), dashboard(session, PARTNER, at=LATE)
    assert (kept.cash, kept.gpu) == (today.cash, today.gpu)
    assert kept.cash.headroom_krw == 1_000_000_000 - 100_000_001
    assert (kept.gpu.headroom_hours_e4, kept.gpu.headroom_krw_e4) == (600 * 10_000, 600 * 5_200 * 10_000)


def test_tables_in_words_carry_unit_text_and_trail(frozen: Database) -> None:
    with frozen.read() as session:
        page = get_report(session, PARTNER, Q3)
    sheets = {sheet.key: sheet for chapter in page.chapters for sheet in chapter.sheets}
    head = sheets["headline"].heads[1]
    assert (head.label, head.unit, head.numeric) == ("합계", "억 원", True)
    paid = next(line for line in sheets["headline"].lines if line.key == "paid_in")
    assert [(entry.text, entry.figure) for entry in paid.entries[:2]] == [
        ("납입 (PI)", None),
        ("0.0", "total.paid_in"),
    ]
    assert sheets["conditions"].lines == ()


def test_a_sum_is_traced_to_the_flows_that_make_it(frozen: Database) -> None:
    with frozen.read() as session:
        trail = trace_figure(session, PARTNER, Q3, 1, "bridge.in_kind_in", locale="en")
        steps = show_moves(session, PARTNER, trail.steps)
    assert (trail.value, trail.sum_krw, trail.ties) == ("KRW 626,600", 626_600, True)
    assert [(step.on, step.amount_krw) for step in steps] == [(date(2026, 8, 3), 626_600)]
    assert [(move.commodity, move.amount) for move in steps[0].moves] == [
        ("GPUH.H100", 1_205_000),
        ("KRW-IMPUTED", 626_600 * 10_000),
    ]


def test_a_figure_that_rests_on_nothing_has_no_trail(frozen: Database) -> None:
    with frozen.read() as session, pytest.raises(NotFoundError):
        trace_figure(session, PARTNER, Q3, 1, "total.committed")


def test_an_applicant_has_no_trail_no_shelf_and_no_file(frozen: Database) -> None:
    with frozen.read() as session:
        for ask in (
            lambda: trace_figure(session, APPLICANT, Q3, 1, "total.paid_in"),
            lambda: find_shelf(session, APPLICANT, Q3, 1, "ko"),
            lambda: find_file(session, APPLICANT, Q3, 1, "report-2026Q3-v1-ko.pdf"),
            lambda: frozen_dashboard(session, APPLICANT, Q3, 1),
        ):
            with pytest.raises(NotFoundError):
                ask()


def test_the_shelf_holds_the_files_of_one_language(frozen: Database, tmp_path: Path) -> None:
    build_report(frozen, Q3, tmp_path / "out", files_url=str(tmp_path / "files"))
    with frozen.read() as session:
        korean, english = (find_shelf(session, PARTNER, Q3, 1, locale) for locale in ("ko", "en"))
    assert (korean.current, english.current, english.files) == (True, False, {})
    assert {"pdf", "xlsx", "json", "headline.csv", "account-kt.csv"} <= korean.files.keys()
    content = read_file(str(tmp_path / "files"), korean.files["json"])
    assert len(content) == korean.files["json"].bytes


def test_bytes_that_the_store_does_not_hold_are_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        read_file(str(tmp_path), StoredFile("a.pdf", "application/pdf", "0" * 64, 1))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("report-2026Q3-v1-ko.pdf", "pdf"),
        ("report-2026Q3-v1-ko-0a1b2c3d.pdf", "pdf"),
        ("report-2026Q3-v12-ko-02-account-kt.csv", "account-kt.csv"),
        ("report-2026Q3-v1-ko-02-account-kt-0a1b2c3d.csv", "account-kt.csv"),
        ("report-2026Q3-v1-ko-02-account-kt-deadbeef.csv", "account-kt.csv"),
        ("report-2026Q3-v1-en.pdf", None),
        ("../report-2026Q3-v1-ko.pdf", None),
    ],
)
def test_a_file_name_says_its_format(name: str, kind: str | None) -> None:
    assert format_of(name, "ko") == kind
